"""The hub's end of the OTA cluster: it holds one image a device until that has fetched it (GBCS 11.3, 11.4, 11.6)."""

import struct
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bench.gbcs import Eui64, GbcsError
from bench.gbcs.firmware import OtaImage
from bench.gbcs.trust_anchors import Role
from bench.han.errors import HanError
from bench.han.zcl import ZclFrame
from rigs.virtual import ota
from rigs.virtual.rules import rule
from rigs.virtual.world import Process

if TYPE_CHECKING:
    from rigs.virtual.hub import Hub, HubFunction
    from rigs.virtual.hub_log import HubLog

TRANSFER_ALERT, TRANSFERRED, NOT_TRANSFERRED = 0x0128, 0x8F8A, 0x8F89  #: message and alert codes of CCS08
DELIVERED, DISCARDED, WRONG_HARDWARE, TRANSFER_FAILED = 0, 1, 2, 3
NOTIFY_AGAIN = timedelta(minutes=2)
PATIENCE = timedelta(minutes=20)  #: with an always-on device that does not fetch what is there for it


@dataclass(eq=False)
class Held:
    """An image for a device; `reported` says whether the broker is told what becomes of it (PPMID, HCALCS)."""

    image: bytes
    offer: ota.Offer
    reported: bool


class OtaServer:
    """Images for the devices of the hub's log. They survive a loss of the hub's supply."""

    def __init__(self, hub: "Hub", chf: "HubFunction", log: "HubLog") -> None:
        self._hub, self._chf, self._log = hub, chf, log
        self.images: dict[Eui64, Held] = {}
        self._sequence = 0

    def distribute(self, device: Eui64, image: bytes, *, reported: bool) -> None:
        """Take an image from the WAN, in place of an earlier one for the same device."""
        offer = ota.offered(image)
        if offer is None or not self.is_known(device):
            if reported:
                self.report(device, image, DISCARDED)
            return
        self.images[device] = held = Held(image, offer, reported)
        if device not in self._hub.sleepy:
            self._hub.world.process(self._notify(device, held))
            self._hub.world.after(PATIENCE, lambda: self._give_up(device, held))

    @rule("R-FWU-022")
    def is_known(self, device: Eui64) -> bool:
        """Whether the hub keeps an image for a device: it is in its log."""
        return device in self._log.entries

    @rule("R-FWU-022")
    def fits_hardware(self, image: bytes, hardware: int) -> bool:
        """Whether a PPMID or HCALCS of a hardware version is given an image; a meter judges for itself."""
        try:
            low, high = OtaImage.parse(image).hardware
        except GbcsError:
            return True
        return low <= hardware <= high

    @rule("R-FWU-004", "R-GSM-007")
    def flagged(self, device: Eui64) -> bool:
        """Whether the flags for a sleeping meter say that there is an image."""
        return device in self.images

    @rule("R-FWU-004")
    def _notify(self, device: Eui64, held: Held) -> Process:
        """Tell an always-on device that there is an image, until it has heard."""
        while self.images.get(device) is held:
            short = next((one for one, eui in self._hub.node.partners.items() if eui == device), None)
            if short is not None and self._hub.powered():
                self._sequence = (self._sequence + 1) & 0xFF
                frame = ota.notification(held.offer.file, self._sequence)
                if (yield from self._hub.node.send(short, ota.CLUSTER, bytes(frame))):
                    return
            yield self._hub.world.wait(NOTIFY_AGAIN)

    def _give_up(self, device: Eui64, held: Held) -> None:
        if self.images.get(device) is held:
            self._close(device, TRANSFER_FAILED)

    def _close(self, device: Eui64, code: int) -> None:
        held = self.images.pop(device)
        if held.reported:
            self.report(device, held.image, code)

    @rule("R-FWU-020")
    def report(self, device: Eui64, image: bytes, code: int) -> None:
        """Tell the broker, signed, what became of the image of a PPMID or HCALCS (CCS08)."""
        offer = ota.offered(image)
        shown = {
            "alert_code": f"{TRANSFERRED if code == DELIVERED else NOT_TRANSFERRED:04X}",
            "time": self._chf.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "device": str(device),
            "firmware_version": f"{0 if offer is None else offer.file.version:08x}",
            "response_code": code,
        }
        self._chf.der_alert(TRANSFER_ALERT, Role.ACCESS_CONTROL_BROKER, shown)

    def from_han(self, asdu: bytes, partner: int) -> None:
        """Take a frame of a device and answer it."""
        device = Eui64(self._hub.node.partners[partner])
        try:
            frame = ZclFrame.parse(asdu)
            answer = self.answer(device, frame)
        except (HanError, struct.error):
            return
        if answer is not None:
            command, payload = answer
            told = ZclFrame.cluster(command, frame.sequence, payload, from_server=True)
            self._hub.world.process(self._hub.node.send(partner, ota.CLUSTER, bytes(told)))

    def answer(self, device: Eui64, frame: ZclFrame) -> tuple[int, bytes] | None:
        """Return command and payload of the answer to a device."""
        held = self.images.get(device)
        match frame.command:
            case ota.QUERY:
                hardware = int.from_bytes(frame.payload[9:11], "little")
                if held is not None and held.reported and not self.fits_hardware(held.image, hardware):
                    self._close(device, WRONG_HARDWARE)
                    held = None
                return ota.QUERY_ANSWER, ota.query_answer(None if held is None else held.offer)
            case ota.BLOCK if held is not None:
                offset, most = struct.unpack("<IB", frame.payload[9:14])
                return ota.BLOCK_ANSWER, self.block(held, offset, most)
            case ota.BLOCK:
                return ota.BLOCK_ANSWER, bytes((ota.ABORT,))
            case ota.END if held is not None:
                self._close(device, DELIVERED if frame.payload[0] == ota.SUCCESS else TRANSFER_FAILED)
                now = self._hub.world.now
                return ota.END_ANSWER, ota.end_answer(held.offer.file, now, now if held.reported else None)
        return None

    @rule("R-FWU-004", "R-FWU-019")
    def block(self, held: Held, offset: int, most: int) -> bytes:
        """Return the octets of an image from an offset on, as many as the device takes."""
        return ota.block_answer(held.offer.file, offset, held.image[offset : offset + min(most, ota.MOST_DATA)])
