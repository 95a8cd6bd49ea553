"""`bench pki`: make, import, check."""

import io
import json
import stat
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bench.gbcs import Keystore
from bench.pki import PkiError, TestSmki, private_key_pem
from bench.pki.boxed import choose, read_boxed
from bench.pki.pki_command import PASSPHRASE, check, import_store, make
from tests.rtds import RTDS, needs_rtds

DAY = datetime(2025, 1, 1, tzinfo=UTC)
DEVICE = "00-DB-12-34-56-78-90-A0"


def made(folder):
    make(folder, "seed", [DEVICE], DAY, io.StringIO())
    return folder


def said(action, *arguments):
    out = io.StringIO()
    return action(*arguments, out), out.getvalue()


def test_made_smki_is_complete_and_right(tmp_path):
    code, text = said(check, [made(tmp_path / "pki")], None, DAY)
    assert code == 0
    assert text.count("chains to") == text.count("\n") - 1  # all but the root itself
    for word in ("SUPPLIER", "NETWORK_OPERATOR", "ACCESS_CONTROL_BROKER", "TRANSITIONAL_COS", "RECOVERY", DEVICE):
        assert word in text


def test_private_keys_are_for_the_owner_and_never_printed(tmp_path, monkeypatch):
    out = io.StringIO()
    make(tmp_path / "plain", "seed", [], DAY, out)
    assert "PRIVATE" not in out.getvalue()
    keys = list((tmp_path / "plain").glob("*.key"))
    assert keys and all(stat.S_IMODE(key.stat().st_mode) == 0o600 for key in keys)
    monkeypatch.setenv(PASSPHRASE, "correct horse")
    make(tmp_path / "sealed", "seed", [], DAY, out)
    assert all(b"ENCRYPTED PRIVATE KEY" in key.read_bytes() for key in (tmp_path / "sealed").glob("*.key"))


FOREIGN = TestSmki.generate("other", DAY, name="OTHER")
SPOILT = {
    "truncated": (lambda pem: pem[:100], "not"),
    "foreign": (
        lambda pem: FOREIGN.party(FOREIGN.identities.supplier).certificates["ds"].public_bytes(Encoding.PEM),
        "issuer",
    ),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_wrong_certificate_is_named(tmp_path, how):
    spoil, words = SPOILT[how]
    folder = made(tmp_path / "pki")
    path = folder / "90b3d51f30010000-ds.pem"
    path.write_bytes(spoil(path.read_bytes()))
    try:
        code, text = said(check, [folder], None, DAY)
    except PkiError as problem:
        code, text = 1, str(problem)
    assert code == 1 and path.name in text and words in text


def test_expired_at_a_day(tmp_path):
    code, text = said(check, [made(tmp_path / "pki")], None, datetime(2040, 1, 1, tzinfo=UTC))
    assert code == 1 and "WRONG: expired" in text


def boxed(smki, name="Z1"):
    party = smki.party(smki.identities.supplier)
    store = {"digitalSignature": {}, "keyAgreement": {}}
    for usage, kind, label, role in (
        ("ds", "digitalSignature", "supplier-ds", 2),
        ("ka", "keyAgreement", "supplier-ka", 2),
        ("pp-ka", "keyAgreement", "supplierPP-ka", 2),
        ("xml", "digitalSignature", "xml-sign", 135),
    ):
        certificate = party.certificates[usage]
        store[kind][str(certificate.serial_number)] = {
            "certificate": certificate.public_bytes(Encoding.PEM).decode(),
            "privateKey": private_key_pem(party.private_keys[usage]).decode(),
            "name": f"{name}-{label}",
            "role": role,
        }
    return {bytes(party.eui).hex(): store}


def test_json_key_store_is_imported(tmp_path):
    smki = TestSmki.generate("seed", DAY)
    source = tmp_path / "store.json"
    source.write_text(json.dumps(boxed(smki)))
    code, _ = said(import_store, source, tmp_path / "keys", None)
    assert code == 0
    store = Keystore.load(tmp_path / "keys")
    supplier = smki.identities.supplier
    for usage in ("ds", "ka", "pp-ka", "xml"):
        assert store.certificate(supplier, usage) == smki.party(supplier).certificates[usage]
        held = store.private_key(supplier, usage)
        assert held.private_numbers() == smki.party(supplier).private_keys[usage].private_numbers()


def test_a_set_is_chosen_by_name_else_the_newest():
    old, new = TestSmki.generate("old", DAY), TestSmki.generate("new", DAY.replace(year=2026))
    both = read_boxed(json.dumps(boxed(old)).encode())[0] + read_boxed(json.dumps(boxed(new, "Z1b")).encode())[0]
    assert {one.set_name for one in choose(both) if one.usage != "xml"} == {"Z1b"}
    assert {one.set_name for one in choose(both, "Z1") if one.usage != "xml"} == {"Z1"}


def test_bad_entries_are_left_out_and_named():
    table = boxed(TestSmki.generate("seed", DAY))
    (eui,) = table
    table[eui]["keyAgreement"]["7"] = {"certificate": "nonsense", "role": 2, "name": "Z1-x"}
    credentials, problems = read_boxed(json.dumps(table).encode())
    assert len(credentials) == 4 and len(problems) == 1 and " 7: not a certificate" in problems[0]


@pytest.mark.parametrize("data", [b"", b"[]", b'{"x": 1}', b'{"00db1234567890a0": []}', b"[" * 100000])
def test_what_is_no_key_store_is_one_line(data):
    with pytest.raises(PkiError, match="key store"):
        read_boxed(data)


@needs_rtds
def test_reference_key_store_is_imported(tmp_path):
    code, text = said(import_store, RTDS / "keystore", tmp_path / "keys", None)
    assert code == 0 and "415 certificates" in text
