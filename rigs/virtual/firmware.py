"""Firmware of a device: the image it runs, the one it holds, activation now or later (GBCS 11)."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bench.gbcs import GbcsError
from bench.gbcs.axdr import octets
from bench.gbcs.clock_text import from_iso
from bench.gbcs.firmware import OtaImage
from bench.gbcs.trust_anchors import KeyUsage, Role
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.exchange import Exchange
    from rigs.virtual.gbcs_device import GbcsDevice

ACTIVATE, READ_VERSION = 0x0012, 0x0129
ACTIVATED_ALERT = 0x00CA
SUCCESS, NO_IMAGE, WRONG_HASH = 0, 1, 2
DONE, NOT_DONE, VERSION_CHANGED = 0x8F66, 0x8F67, 0x8F43
RECEIVED, REJECTED, NOT_VERIFIED = 0x8F72, 0x8F1C, 0x8F1B
LATER = "future dated or cancelled"
MAKER, HARDWARE = 0x1234, 1
IMAGE_TYPES = {"ESME": 0x0101, "GSME": 0x0102, "PPMID": 0x0084}
RECEIPTS = {"ESME": 0x00CE, "GSME": 0x00CF}

Named = dict[str, Any]


@dataclass(frozen=True)
class Waiting:
    """An activation that waits for its time."""

    at: datetime
    counter: int
    image_hash: bytes


class Firmware:
    """The running version and the image that may be activated."""

    def __init__(self, device: "GbcsDevice", version: bytes = b"\x01\x00\x00\x00") -> None:
        self._device = device
        self.version = version
        self.damaged = False  #: whether the running image has lost a bit
        self.image: OtaImage | None = None
        self.waiting: Waiting | None = None
        device.der_commands[ACTIVATE] = lambda exchange, asked: self.activate(exchange, asked)  # noqa: PLW0108
        device.der_commands[READ_VERSION] = lambda exchange, asked: self.read_version()

    @rule("R-IDN-003", "R-FWU-018")
    def shown_version(self) -> bytes:
        """Return the version as it is shown: the four octets of its OTA file."""
        return self.version

    @rule("R-FWU-021")
    def read_version(self) -> Named:
        """Return the version of the image that runs, of a PPMID or HCALCS (CS08)."""
        return {"firmware_version": self.version.hex(), "response_code": SUCCESS}

    def told_to_hub(self) -> tuple[int, int, int, int]:
        """Return what the device says when it asks the hub for an image: maker, type, version and hardware version."""
        return MAKER, IMAGE_TYPES[self._device.kind], int.from_bytes(self.version), HARDWARE

    @rule("R-FWU-006", "R-FWU-007", "R-FWU-008")
    def receive(self, image: bytes) -> bool:
        """Keep an image that fits in place of an earlier one, drop any other; log and tell its hash."""
        device = self._device
        try:
            received = OtaImage.parse(image)
        except GbcsError:
            device.logs.add(device.logs.security, REJECTED)
            self.tell(REJECTED, bytes(32))
            return False
        fits = self.fits(received) and self.is_authorised(received) and self.takes_version(received)
        if fits:
            self.image = received
        device.logs.add(device.logs.security, RECEIVED if fits else REJECTED)
        self.tell(RECEIVED if fits else REJECTED, received.hash)
        return fits

    @rule("R-FWU-002", "R-FWU-005")
    def fits(self, image: OtaImage) -> bool:
        """Whether an image is of the maker, for this type of device and its hardware."""
        low, high = image.hardware
        right = (image.manufacturer, image.image_type) == (MAKER, IMAGE_TYPES.get(self._device.kind))
        return right and low <= HARDWARE <= high

    @rule("R-FWU-016")
    def verify(self) -> None:
        """Look at power on whether the running image is as it was installed; log and tell that it is not."""
        if self.damaged:
            self._device.logs.add(self._device.logs.security, NOT_VERIFIED)
            self._device.alert(NOT_VERIFIED, Role.SUPPLIER)

    @rule("R-FWU-017")
    def takes_version(self, image: OtaImage) -> bool:
        """Whether an image is taken by its version: an older one is, too."""
        return True

    @rule("R-FWU-001", "R-FWU-005")
    def is_authorised(self, image: OtaImage) -> bool:
        """Whether the supplier of the meter signed the manufacturer's image."""
        key = self._device.anchors.key(Role.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)
        return key is not None and image.is_signed_by(key)

    @rule("R-FWU-003", "R-FWU-006", "R-FWU-007", "R-ALT-021")
    def tell(self, code: int, image_hash: bytes) -> None:
        """Tell the supplier what became of an image, with the hash of the manufacturer's image."""
        device = self._device
        length = b"" if device.kind == "ESME" else b"\x09\x20"  # a GBZ alert names type and length itself
        device.alert(code, Role.SUPPLIER, [octets(length + image_hash)], RECEIPTS[device.kind])

    @rule("R-FWU-009", "R-FWU-010", "R-FWU-011", "R-FWU-012")
    def activate(self, exchange: "Exchange", asked: Named) -> Named | None:
        """Activate the held image now, at a time, or withdraw an activation."""
        counter = exchange.command.counter
        if asked["originator_counter"] != counter:
            self._device.refuse_format()
            return None
        when, image_hash = asked.get("execution_time", "now"), bytes.fromhex(asked["image_hash"])
        if when == "now":
            return {"outcome": self.outcome(self.execute(image_hash))}
        self.waiting = None
        if when != "never":
            self.waiting = waiting = Waiting(from_iso(when), counter, image_hash)
            self._device.at(waiting.at, lambda: self.fall_due(waiting))
        return {"outcome": LATER}

    @rule("R-CRD-056")
    def supplier_changed(self) -> None:
        """Withdraw an activation that the losing supplier left waiting; the image stays."""
        self.waiting = None

    @rule("R-FUT-011", "R-FUT-015", "R-FUT-016")
    def fall_due(self, waiting: Waiting) -> None:
        """Execute an activation whose time has come and report it."""
        device = self._device
        if self.waiting is not waiting:
            return
        self.waiting = None
        code = self.execute(waiting.image_hash)
        event = DONE if code == SUCCESS else NOT_DONE
        device.logs.add(device.logs.event, event)
        shown = {
            "alert_code": f"{event:04X}",
            "execution_time": waiting.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "originator_counter": waiting.counter,
            "outcome": self.outcome(code),
        }
        device.der_alert(ACTIVATED_ALERT, Role.SUPPLIER, shown)

    @rule("R-FWU-013", "R-FWU-014", "R-FWU-015")
    def execute(self, image_hash: bytes) -> int:
        """Start the held image; everything else stays as it is. Returns the response code."""
        image = self.image
        if image is None:
            return NO_IMAGE
        if image.hash != image_hash:
            return WRONG_HASH
        self.version, self.image = image.version.to_bytes(4), None
        self.note_change()
        return SUCCESS

    @rule("R-EVT-022", "R-FWU-014")
    def note_change(self) -> None:
        """Write into the security log that another version runs; the supplier hears of it by CS06 alone."""
        self._device.logs.add(self._device.logs.security, VERSION_CHANGED)

    def outcome(self, code: int) -> Named:
        """Return an outcome as a message shows it: code, and the version that runs now."""
        return {"response_code": code, "firmware_version": self.version.hex()}
