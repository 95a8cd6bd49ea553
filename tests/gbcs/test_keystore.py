"""Keystore: files, slots, secrets, and certificates that are not what their file name says."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDH, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.keystore import Keystore
from tests.gbcs.parties import BROKER, METER, SUPPLIER, keys, keystore
from tests.rtds import RTDS, needs_rtds


def write_key(path: Path, eui: Eui64, encoding: Encoding = Encoding.PEM, kind: str = "PKCS8") -> None:
    form = PrivateFormat.PKCS8 if kind == "PKCS8" else PrivateFormat.TraditionalOpenSSL
    path.write_bytes(keys(eui).agreement.private_bytes(encoding, form, NoEncryption()))


def write_public(path: Path, eui: Eui64) -> None:
    public = keys(eui).agreement.public_key()
    path.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def test_load(tmp_path: Path) -> None:
    write_key(tmp_path / f"{SUPPLIER.hex()}-ka.key", SUPPLIER)
    write_key(tmp_path / f"{BROKER.hex().upper()}-pp-ka.key", BROKER, Encoding.DER, "SEC1")
    write_public(tmp_path / f"{METER.hex()}-ka.pem", METER)
    (tmp_path / "README").write_text("not a key")
    store = Keystore.load(tmp_path)
    assert store.parties() == sorted([(SUPPLIER, "ka"), (BROKER, "pp-ka"), (METER, "ka")])
    assert store.private_key(SUPPLIER, "ka") is not None
    assert store.private_key(METER, "ka") is None
    assert store.certificate(METER, "ka") is None
    assert store.secret(SUPPLIER, METER) == store.secret(METER, SUPPLIER)
    assert store.secret(BROKER, METER, "pp-ka") == keystore(BROKER).secret(BROKER, METER)
    assert store.secret(BROKER, METER) is None
    assert "private" in repr(store)
    assert repr(keys(SUPPLIER).agreement.private_numbers().private_value) not in repr(store)


@pytest.mark.parametrize("content", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"])
def test_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    name = f"{SUPPLIER.hex()}-ka.pem"
    (tmp_path / name).write_bytes(content)
    with pytest.raises(GbcsError, match=name):
        Keystore.load(tmp_path)


def test_key_that_does_not_belong(tmp_path: Path) -> None:
    write_public(tmp_path / f"{METER.hex()}-ka.pem", METER)
    write_key(tmp_path / f"{METER.hex()}-ka.key", SUPPLIER)
    with pytest.raises(GbcsError, match="does not belong"):
        Keystore.load(tmp_path)


def test_other_curves_are_refused(tmp_path: Path) -> None:
    key = generate_private_key(SECP384R1())
    path = tmp_path / f"{METER.hex()}-ka.key"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(GbcsError):
        Keystore.load(tmp_path)
    with pytest.raises(GbcsError):
        Keystore().add(METER, "ka", public_key=key.public_key())
    with pytest.raises(GbcsError, match="usage"):
        Keystore().add(METER, "kb")


def test_a_new_key_replaces_its_secrets() -> None:
    store = keystore(SUPPLIER)
    before = store.secret(SUPPLIER, METER)
    store.add(METER, "ka", public_key=keys(BROKER).agreement.public_key())
    assert store.secret(SUPPLIER, METER) not in (None, before)


def test_a_private_key_counts_while_it_belongs_to_the_certificate_in_use() -> None:
    store = keystore(SUPPLIER, METER)
    assert store.private_key(METER, "ka") is not None
    store.add(METER, "ka", public_key=keys(BROKER).agreement.public_key())
    assert store.private_key(METER, "ka") is None
    expected = keys(SUPPLIER).agreement.exchange(ECDH(), keys(BROKER).agreement.public_key())
    assert store.secret(METER, SUPPLIER) == store.secret(SUPPLIER, METER) == expected


def test_close_wipes_the_secrets() -> None:
    with keystore(SUPPLIER) as store:
        secret = store.secret(SUPPLIER, METER)
        held = list(store._secrets.values())
    assert secret != bytes(32)
    assert held == [bytearray(32)]
    assert not store._secrets
    assert store.secret(SUPPLIER, METER) == secret


@needs_rtds
@pytest.mark.rtds
def test_the_subject_counts_not_the_file_name() -> None:
    assert RTDS
    store = Keystore.load(RTDS / "keystore")
    provider, supplier = Eui64.of("90B3D51F30000007"), Eui64.of("90B3D51F30030000")
    assert store.public_key(provider, "ka") is None
    assert store.private_key(provider, "ka") is None
    assert store.private_key(supplier, "ka") is not None
    assert store.private_key(provider, "ds") is not None
    assert store.access_control_brokers() == [Eui64.of("90B3D51F30000002")]
    assert Eui64.of("ABABABABABABABAB") in store.unnamed_parties()
    assert store.is_device(Eui64.of("00DB1234567890A0"))
    assert not store.is_device(supplier)
