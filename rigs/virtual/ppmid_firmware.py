"""Firmware of a PPMID: it takes an image that fits into use by itself, and tells the broker (GBCS 11.6 to 11.9)."""

from typing import TYPE_CHECKING

from bench.gbcs import GbcsError
from bench.gbcs.firmware import OtaImage
from bench.gbcs.trust_anchors import Role
from rigs.virtual.firmware import Firmware
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.ppmid import Ppmid

ACTIVATION_ALERT, ACTIVATION = 0x012B, 0x8F8B  #: message and alert code of CS09
DONE, FAILED = 0, 1


class PpmidFirmware(Firmware):
    """The image that runs. No supplier signs one, and none activates it."""

    def __init__(self, ppmid: "Ppmid", version: bytes = b"\x01\x00\x00\x00") -> None:
        super().__init__(ppmid, version)
        self._ppmid = ppmid

    def receive(self, image: bytes) -> bool:
        """Take an image over at once if it fits, else run on; tell which in either case."""
        try:
            received = OtaImage.parse(image)
        except GbcsError:
            self.report(FAILED)
            return False
        if not self.fits(received):
            self.report(FAILED)
            return False
        self.start(received)
        self.report(DONE)
        return True

    @rule("R-FWU-021", "R-FWU-013")
    def start(self, image: OtaImage) -> None:
        """Run an image from now on; joins and whatever else is kept stay as they are."""
        self.version = image.version.to_bytes(4)

    @rule("R-FWU-021")
    def report(self, code: int) -> None:
        """Tell the broker, signed, whether a new image runs, and which version it is now (CS09)."""
        ppmid = self._ppmid
        shown = {
            "alert_code": f"{ACTIVATION:04X}",
            "time": ppmid.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "firmware_version": self.version.hex(),
            "response_code": code,
        }
        ppmid.der_alert(ACTIVATION_ALERT, Role.ACCESS_CONTROL_BROKER, shown)
