"""Cryptography against known answers and against itself with generated keys."""

import hashlib
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicNumbers,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.gbcs import crypto
from bench.gbcs.check import check
from bench.gbcs.dlms import AccessRequest, Spec, long_invoke_id, u16
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.keystore import Keystore
from bench.gbcs.message import Cra, Message
from tests.gbcs.parties import BROKER, METER, SUPPLIER, keys, keystore

# published values of ECS42 and ECS52 (supplier, ESME) and of GBCS section 18.4
RTDS_SUPPLIER, ESME = Eui64.of("90B3D51F30010000"), Eui64.of("00DB1234567890A0")
ECS42 = Message(
    Cra.COMMAND,
    1000,
    RTDS_SUPPLIER,
    ESME,
    0x004F,
    bytes(AccessRequest(long_invoke_id(1000), [Spec(3, 9, bytes.fromhex("00000A006AFF"), 1)], [u16(51)])),
)
ECS42_SIGNATURE = bytes.fromhex(
    "A76D84F6E53D8D1B7B58B8B4A69C06A1C449C48B2742AE7D9C96D24BA8E4E7C9"
    "D7FBF0595F1DFCE16F42AE59167191D02B8E5C67A50EC442A30A0A5B701D0E58"
)
ECS42_Z = bytes.fromhex("ED342441DF01551A6BEAFF3B54ADC981F4C6A7E71DFF4C3E1CC80B3C9F4E5AC0")
ECS52_Z = bytes.fromhex("42DA8FAD4C8C9D613976F39F1E79CCC88571EFA43933D57146B533BC6D253E0F")


def test_signed_octets_hash_to_the_published_digest() -> None:
    digest = hashlib.sha256(ECS42.signed_octets).hexdigest().upper()
    assert digest == "0598FBD5AB7C8F579E1DA3195FDE9AFA742C34B7EE1AF4D658E85ED03CE5EAE2"


def test_command_key_and_tag() -> None:
    key = crypto.derive_key(ECS42_Z, RTDS_SUPPLIER, crypto.COMMAND, 1000, ESME)
    assert key.hex().upper() == "EC1D51BD8F8BF0CDD2314CF396CC12C0"
    signed = replace(ECS42, signature=ECS42_SIGNATURE)
    tag = crypto.gmac(key, RTDS_SUPPLIER, signed.maced_octets)
    assert tag.hex().upper() == "EFD36E695298259FADF662FAA5E56E2E"
    assert crypto.add_mac(signed, ECS42_Z).mac == tag[:12]


def test_response_key_and_tag() -> None:
    key = crypto.derive_key(ECS52_Z, ESME, crypto.RESPONSE, 1000, RTDS_SUPPLIER)
    assert key.hex().upper() == "D288091F13F120DA8D2649C3AA543058"
    payload = bytes.fromhex("DA200003E8000001090401 23ABCD 010100")
    response = Message(Cra.RESPONSE, 1000, ESME, RTDS_SUPPLIER, 0x0059, payload)
    assert crypto.add_mac(response, ECS52_Z).mac == bytes.fromhex("3BA27AAC07F946BFD463702F")


@pytest.mark.parametrize(
    ("secret", "inputs", "key"),
    [
        (ECS42_Z, (RTDS_SUPPLIER, 1, 0x0000000100000000, ESME), "6A93E360717394015DF93E031218C9A6"),
        (ECS52_Z, (ESME, 2, 0x0000000100000000, RTDS_SUPPLIER), "03FD30815577C49EB7E3834B63EF8302"),
        (ECS52_Z, (ESME, 3, 0x7D1, RTDS_SUPPLIER), "558FB1FA6660AF0D9E8365C47804B8FA"),
        (ECS52_Z, (ESME, 4, 0x3E8, RTDS_SUPPLIER), "12CB821C471EC2144C68E12A5657F9FD"),
    ],
)
def test_derived_keys(secret: bytes, inputs: tuple[Eui64, int, int, Eui64], key: str) -> None:
    assert crypto.derive_key(secret, *inputs).hex().upper() == key


def section_18_4() -> Keystore:
    store = Keystore()
    supplier, broker, device = (Eui64.of(text) for text in ("123456789ABCDEF0", "ABABABABABABABAB", "FFFFFFFFFFFFFFFE"))
    scalar = 0x3D9DFB332EB4D6D606D74718553E5E61B392B0FC4C90CE6AA4CEDA817E8011B1
    store.add(supplier, "ka", private_key=derive_private_key(scalar, SECP256R1()))
    scalar = 0xE4A6CFB431471CFCAE491FD566D19C87082CF9FA7722D7FA24B2B3F5669DBEFB
    store.add(broker, "ka", private_key=derive_private_key(scalar, SECP256R1()))
    x = 0x2DB45A3F21889438B42C8F464C75292BACF5FDDB5DA0B492501B299CBFE92D8F
    y = 0xDB90FC8FF4026129838B1BCAD1402CAE47FE7D8084E409A41AFCE16D63579C5F
    store.add(device, "ka", public_key=EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key())
    return store


@pytest.mark.parametrize(
    "octets",
    [
        "DD000000000000541100000000DF0901000000000000000208123456789ABCDEF008FFFFFFFFFFFFFFFE0002002220"
        "D920000002000102000100005E2C0302 02 01090C07DF0105FF000000008000FF000F1DD00D6745EBD8E0A663A4",
        "DD000000000000401100000000DF0902000000000000000208FFFFFFFFFFFFFFFE08123456789ABCDEF0000200220C"
        "DA2000000200000100010200000B3C1B312CEAE9C130060E29",
    ],
)
def test_section_18_4_vectors(octets: str) -> None:
    message = Message.parse(bytes.fromhex(octets))
    assert check(message, section_18_4()).mac == "valid"
    assert check(message, section_18_4(), Eui64.of("ABABABABABABABAB")).mac == "valid"
    assert check(replace(message, counter=3), section_18_4()).mac == "invalid"
    assert check(message, Keystore()).mac == "unknown"


def test_both_sides_agree_on_the_secret() -> None:
    a, b = keys(BROKER).agreement, keys(METER).agreement
    assert crypto.shared_secret(a, b.public_key()) == crypto.shared_secret(b, a.public_key())


def protected_command() -> Message:
    secret = crypto.shared_secret(keys(BROKER).agreement, keys(METER).agreement.public_key())
    unsigned = Message(Cra.COMMAND, 5, SUPPLIER, METER, 0x004F, ECS42.payload)
    return crypto.add_mac(crypto.sign(unsigned, keys(SUPPLIER).signing), secret)


@pytest.mark.parametrize("holder", [BROKER, METER])
def test_either_private_half_verifies_a_command(holder: Eui64) -> None:
    found = check(protected_command(), keystore(holder), BROKER)
    assert (found.mac, found.signature) == ("valid", "valid")


def test_missing_keys_are_unknown_not_invalid() -> None:
    message = protected_command()
    assert check(message) == check(message, Keystore()) == check(message, Keystore(), BROKER)
    assert (check(message).mac, check(message).signature) == ("unknown", "unknown")
    assert check(message, keystore(), BROKER).mac == "unknown"
    bare = replace(message, signature=None, mac=None)
    assert (check(bare).mac, check(bare).signature) == ("absent", "absent")


def test_the_wrong_broker_is_invalid() -> None:
    assert check(protected_command(), keystore(SUPPLIER, BROKER), SUPPLIER).mac == "invalid"


def test_every_flipped_bit_is_detected() -> None:
    octets, store = bytes(protected_command()), keystore(BROKER)
    for place in range(len(octets)):
        for bit in range(8):
            flipped = bytearray(octets)
            flipped[place] ^= 1 << bit
            try:
                found = check(Message.parse(flipped), store, BROKER)
            except GbcsError:
                continue
            assert "valid" not in (found.mac, found.signature) or place >= len(octets) - 12
            assert found.mac != "valid"


def test_deterministic_signature() -> None:
    signed = crypto.sign(ECS42, keys(SUPPLIER).signing)
    assert signed == crypto.sign(ECS42, keys(SUPPLIER).signing)
    assert crypto.verify_signature(signed, keys(SUPPLIER).signing.public_key())
    assert not crypto.verify_signature(signed, keys(METER).signing.public_key())
    assert not crypto.verify_signature(ECS42, keys(SUPPLIER).signing.public_key())
    assert not crypto.verify_signature(replace(ECS42, signature=bytes(64)), keys(SUPPLIER).signing.public_key())


@pytest.mark.parametrize("plaintext", [b"", b"\x02\x00", bytes(500)])
def test_encryption(plaintext: bytes) -> None:
    sealed = crypto.encrypt(plaintext, ECS52_Z, METER, 9, SUPPLIER)
    assert sealed.startswith(bytes.fromhex("3100000000"))
    assert len(sealed) == 5 + len(plaintext) + 12
    assert crypto.decrypt(sealed, ECS52_Z, METER, 9, SUPPLIER) == plaintext
    for place in range(len(sealed)):
        flipped = bytearray(sealed)
        flipped[place] ^= 1
        with pytest.raises(GbcsError):
            crypto.decrypt(bytes(flipped), ECS52_Z, METER, 9, SUPPLIER)
    for wrong in (sealed[:16], b""):
        with pytest.raises(GbcsError):
            crypto.decrypt(wrong, ECS52_Z, METER, 9, SUPPLIER)
    with pytest.raises(GbcsError):
        crypto.decrypt(sealed, ECS52_Z, METER, 10, SUPPLIER)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_openssl_verifies_our_signature(tmp_path: Path) -> None:
    signed = crypto.sign(ECS42, keys(SUPPLIER).signing)
    assert signed.signature
    r, s = (int.from_bytes(signed.signature[at : at + 32], "big") for at in (0, 32))
    public = keys(SUPPLIER).signing.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for name, data in (("key", public), ("signature", encode_dss_signature(r, s)), ("data", signed.signed_octets)):
        (tmp_path / name).write_bytes(data)
    arguments = ["openssl", "dgst", "-sha256", "-verify", "key", "-signature", "signature", "data"]
    assert subprocess.run(arguments, cwd=tmp_path, capture_output=True, check=False).returncode == 0
