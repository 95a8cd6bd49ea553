"""Firmware on its way: the maker's image of the rig, signed by a supplier for a meter, to the DCC (11.1, 11.4)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.dcc.bodies import UpdateFirmware, UpdatePPMIDFirmware
from bench.dcc_point import DccPoint
from bench.device_message import DeviceMessage
from bench.errors import BenchError, NotRun
from bench.gbcs import Eui64, GbcsError, Keystore, Message
from bench.gbcs.decode import decode
from bench.gbcs.firmware import OtaImage
from bench.observation import Observation
from bench.parties import Device, Party


class FirmwarePoint:
    """Images of the rig, by device."""

    def __init__(self, dcc: DccPoint, keystore: Keystore, acb: Party, images: Mapping[Eui64, Path]) -> None:
        self._dcc, self._keystore, self._images = dcc, keystore, images
        self._acb = Device("dcc", "DCC", acb.eui)

    def image(self, device: Device) -> OtaImage:
        """Return the maker's newer image for a device. Raises NotRun when the rig has none."""
        path = self._images.get(device.eui)
        if path is None:
            raise NotRun(f"the rig has no firmware image for {device} (key 'firmware')")
        try:
            return OtaImage.parse(path.read_bytes())
        except (GbcsError, OSError) as problem:
            raise BenchError(f"devices.{device.name}.firmware: {path.name}: {problem}") from None

    def signed(self, image: OtaImage, supplier: Party) -> OtaImage:
        """Return an image signed by a supplier."""
        key = self._keystore.private_key(supplier.eui, "ds")
        if key is None:
            raise NotRun(f"the key store has no signing key of {supplier.name}")
        return image.signed(key)

    def distribute(self, image: OtaImage | bytes, device: Device, *, as_user: Party) -> Observation:
        """Hand an image to the DCC for a device; returns the place on the timeline. Raises Inconclusive if refused."""
        version = f"{image.version:08X}" if isinstance(image, OtaImage) else "00000000"
        update = UpdatePPMIDFirmware if device.type == "PPMID" else UpdateFirmware
        body = update(image=bytes(image), version=version, devices=str(device.eui))
        sent = self._dcc.send(body, self._acb, as_user=as_user)
        sent.insist()
        return sent.posted

    def told_hash(self, seen: Observation) -> str:
        """Return the hash in an alert about an image, hexadecimal."""
        payload = decode(Message.parse(bytes.fromhex(seen.data["gbcs"])), Keystore())["payload"]
        return str(payload.get("manufacturer_image_hash", "")).lower()

    def alerted(self, seen: Observation) -> dict[str, Any]:
        """Return what the outcome alert of an activation says: execution_time, originator_counter, outcome."""
        found: dict[str, Any] = decode(Message.parse(bytes.fromhex(seen.data["gbcs"])), Keystore())["payload"]
        return found

    def outcome(self, message: DeviceMessage) -> tuple[int, str] | None:
        """Return response code and version (hexadecimal) in an answer or alert of CS06, None where it only accepts."""
        outcome = decode(message.message, Keystore())["payload"]["outcome"]
        if not isinstance(outcome, dict):
            return None
        return outcome["response_code"], str(outcome["firmware_version"]).lower()
