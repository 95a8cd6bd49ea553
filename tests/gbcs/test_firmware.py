"""Firmware images: the OTA header octet by octet, and the signature as OpenSSL sees it."""

import hashlib
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.gbcs import GbcsError
from bench.gbcs.firmware import OtaImage
from bench.pki import derive_private_key
from tests.tools import need

KEY, OTHER = derive_private_key("firmware", "supplier"), derive_private_key("firmware", "other")
CONTENT = bytes(range(256)) * 3
IMAGE = OtaImage(0x10C7, 0x0102, 0x01020304, CONTENT, (2, 7), b"METER").signed(KEY)


def test_header() -> None:
    octets = bytes(IMAGE)
    assert octets[:4] == bytes.fromhex("1EF1EE0B")  # file identifier 0BEEF11E, little endian (ZigBee OTA)
    assert octets[4:10] == bytes.fromhex("00013C000400")  # version 0100, 60 octets, hardware versions present
    assert octets[10:20] == bytes.fromhex("C7100201040302010200")  # maker, type, version, stack version
    assert octets[20:52] == b"METER" + bytes(27)
    assert struct.unpack_from("<IHH", octets, 52) == (len(octets), 2, 7)
    assert octets[60 : 60 + len(CONTENT)] == CONTENT
    assert octets[60 + len(CONTENT) :] == b"\x00\x40" + IMAGE.signature


def test_hash_is_over_the_manufacturers_image_alone() -> None:
    assert IMAGE.hash == hashlib.sha256(CONTENT).digest()
    assert replace(IMAGE, version=9, manufacturer=9).hash == IMAGE.hash


def test_round_trip() -> None:
    assert OtaImage.parse(bytes(IMAGE)) == IMAGE


def test_openssl_verifies_the_signature(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "content").write_bytes(CONTENT)
    r, s = int.from_bytes(IMAGE.signature[:32]), int.from_bytes(IMAGE.signature[32:])
    (tmp_path / "signature").write_bytes(encode_dss_signature(r, s))
    said = subprocess.run(
        [need("openssl"), "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "content"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "Verified OK"


def test_whose_signature_it_is() -> None:
    assert IMAGE.is_signed_by(KEY.public_key())
    assert not IMAGE.is_signed_by(OTHER.public_key())
    assert not replace(IMAGE, content=CONTENT + b"\0").is_signed_by(KEY.public_key())
    assert not replace(IMAGE, signature=bytes(64)).is_signed_by(KEY.public_key())


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "0 octets, at least 126 expected"),
        (b"\0" + bytes(IMAGE)[1:], "at 0: no OTA header"),
        (bytes(IMAGE)[:8] + b"\0\0" + bytes(IMAGE)[10:], "at 0: no OTA header"),
        (bytes(IMAGE)[:-1], "at 52: size 894, the image has 893 octets"),
        (bytes(IMAGE) + b"\0", "at 52: size 894, the image has 895 octets"),
        (bytes(IMAGE)[:829] + b"\x41" + bytes(IMAGE)[830:], "at 829: length of signature 65, expected 64"),
    ],
)
def test_what_is_no_image(octets: bytes, words: str) -> None:
    with pytest.raises(GbcsError, match=words):
        OtaImage.parse(octets)
