"""Images of the rig: found, signed by a supplier, or told clearly why not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.errors import BenchError, NotRun
from bench.firmware_point import FirmwarePoint
from bench.gbcs import Eui64, Keystore
from bench.gbcs.firmware import OtaImage
from bench.parties import Device, Party
from bench.pki import TestSmki

SMKI = TestSmki.generate("firmware point", datetime(2028, 1, 1, tzinfo=UTC))
METER = Device("esme", "ESME", Eui64.of("00-15-5F-00-55-66-77-88"))
SUPPLIER = Party("supplier A", SMKI.identities.supplier)
STRANGER = Party("nobody", Eui64.of("00-15-5F-00-00-00-00-01"))
IMAGE = OtaImage(1, 2, 3, b"image", (1, 1))


def point(images: dict[Eui64, Path], store: Keystore | None = None) -> FirmwarePoint:
    """The point without a DCC: nothing is sent here."""
    acb = Party("broker", SMKI.identities.acb)
    return FirmwarePoint(None, store or SMKI.keystore(), acb, images)  # type: ignore[arg-type]


def test_image_of_the_rig_signed_by_a_supplier(tmp_path: Path) -> None:
    file = tmp_path / "esme.ota"
    file.write_bytes(bytes(IMAGE))
    firmware = point({METER.eui: file})
    signed = firmware.signed(firmware.image(METER), SUPPLIER)
    key = SMKI.party(SUPPLIER.eui).private_keys["ds"].public_key()
    assert signed.is_signed_by(key)
    assert signed.content == b"image"


def test_rig_without_image_does_not_run() -> None:
    with pytest.raises(NotRun, match=r"no firmware image for ESME .* \(key 'firmware'\)"):
        point({}).image(METER)


def test_damaged_or_missing_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "esme.ota"
    with pytest.raises(BenchError, match=r"devices\.esme\.firmware: esme\.ota: "):
        point({METER.eui: file}).image(METER)
    file.write_bytes(b"no image")
    with pytest.raises(BenchError, match=r"devices\.esme\.firmware: esme\.ota: firmware image: 8 octets"):
        point({METER.eui: file}).image(METER)


def test_supplier_without_key_does_not_run() -> None:
    with pytest.raises(NotRun, match="no signing key of nobody"):
        point({}).signed(IMAGE, STRANGER)
