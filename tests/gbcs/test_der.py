"""DER elements and the credentials payloads made of them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.gbcs import der
from bench.gbcs.credentials import (
    CellDetails,
    CredentialsDetails,
    KeyUsage,
    ProvideCredentials,
    Replacement,
    ReplacementResult,
    Role,
    RoleDetails,
    SeqChange,
    TrustAnchorCell,
    UpdateCredentials,
    UpdateCredentialsAlert,
    UpdateCredentialsResponse,
    UpdateOutcome,
)
from bench.gbcs.der import Tlv
from bench.gbcs.errors import GbcsError
from tests.gbcs.parties import BROKER, SUPPLIER

AT = datetime(2030, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tlv", "octets"),
    [
        (der.integer(0), "020100"),
        (der.integer(127), "02017F"),
        (der.integer(128), "02020080"),
        (der.integer(0x8F66), "0203008F66"),
        (der.integer(-128), "020180"),
        (der.integer(-129), "0202FF7F"),
        (der.integer(1000, 0x83), "830203E8"),
        (der.enumerated(10), "0A010A"),
        (der.null(), "0500"),
        (KeyUsage.DIGITAL_SIGNATURE.to_der(), "03020780"),
        (KeyUsage.KEY_AGREEMENT.to_der(), "03020308"),
        (KeyUsage.KEY_CERT_SIGN.to_der(), "03020204"),
        (der.generalized_time(AT), "180F" + b"20300115000000Z".hex()),
        (der.generalized_time("never"), "180F" + b"99991231235959Z".hex()),
        (der.sequence([der.octets(bytes(126))]), "308180 047E" + "00" * 126),
        (der.sequence([der.octets(bytes(126))], long_form=True), "30820080 047E" + "00" * 126),
        (der.sequence([der.octets(bytes(1))], long_form=True), "3003 040100"),
        (der.octets(bytes(256)), "04820100" + "00" * 256),
    ],
)
def test_elements(tlv: Tlv, octets: str) -> None:
    raw = bytes.fromhex(octets)
    assert bytes(tlv) == raw
    assert Tlv.parse(raw) == tlv
    for size in range(len(raw)):
        with pytest.raises(GbcsError):
            Tlv.parse(raw[:size])
    with pytest.raises(GbcsError):
        Tlv.parse(raw + b"\0")


@pytest.mark.parametrize("octets", ["0282000105", "02820001 05", "0281017F", "0484000000 00"])
def test_length_forms_are_kept(octets: str) -> None:
    raw = bytes.fromhex(octets)
    try:
        tlv = Tlv.parse(raw)
    except GbcsError:
        return
    assert tlv.long_form
    assert bytes(tlv) == raw


@pytest.mark.parametrize("octets", ["1F8101 00", "0480", "0485 0000000001 00", "04FF"])
def test_bad_elements(octets: str) -> None:
    with pytest.raises(GbcsError):
        Tlv.parse(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("read", "octets"),
    [
        (der.as_integer, "02020001"),
        (der.as_integer, "0200"),
        (der.as_integer, "0211" + "01" * 17),
        (der.as_integer, "040100"),
        (der.as_time, "180F" + b"20301315000000Z".hex()),
        (der.as_time, "180E" + b"2030011500000Z".hex()),
        (der.as_sequence, "0500"),
        (der.as_sequence, "30020400" + ""),
    ],
)
def test_bad_values(read: Any, octets: str) -> None:
    tlv = Tlv.parse(bytes.fromhex(octets))
    if read is der.as_sequence and tlv.tag == der.SEQUENCE:
        assert len(read(tlv)) == 1
        return
    with pytest.raises(GbcsError):
        read(tlv)


@settings(deadline=None)
@given(st.integers(-(1 << 90), 1 << 90))
def test_integers_round_trip(number: int) -> None:
    assert der.as_integer(Tlv.parse(bytes(der.integer(number)))) == number


CELL = TrustAnchorCell(Role.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)
TOP_UP = TrustAnchorCell(Role.SUPPLIER, KeyUsage.KEY_AGREEMENT, 1)
OUTCOME = UpdateOutcome(
    1000,
    2,
    [SeqChange(Role.SUPPLIER, 7, [(0, 8)]), SeqChange(Role.LOAD_CONTROLLER, 9)],
    [
        ReplacementResult(CELL, 0, SUPPLIER, bytes(8), BROKER, bytes(range(8))),
        ReplacementResult(TOP_UP, 10, SUPPLIER, bytes(8), SUPPLIER, bytes(8)),
    ],
)
CERTIFICATE = bytes(der.sequence([der.octets(bytes(300))]))
PAYLOADS = [
    ProvideCredentials(CELL, [Role.ROOT, Role.SUPPLIER, Role.OTHER]),
    CredentialsDetails([RoleDetails(Role.ROOT, 25)]),
    CredentialsDetails(
        [RoleDetails(Role.SUPPLIER, 0, 1 << 40, [CellDetails(KeyUsage.KEY_AGREEMENT, 1, SUPPLIER, bytes(8))] * 4)]
    ),
    UpdateCredentials(4, 1000),
    UpdateCredentials(
        mode=2,
        authorising_seq=1000,
        authorising_cell=CELL,
        apply_time_checks=False,
        plaintext_symmetric_key=bytes(16),
        new_party_floor=0,
        specialist_floors=[(0, 5)],
        other_party_changes=[SeqChange(Role.SUPPLIER, 1)],
        replacements=[Replacement(CERTIFICATE, CELL), Replacement(CERTIFICATE, TOP_UP)],
        path=[CERTIFICATE],
        execution_time=AT,
    ),
    UpdateCredentials(7, 6000, CELL, execution_time="never"),
    UpdateCredentialsResponse(),
    UpdateCredentialsResponse(OUTCOME),
    UpdateCredentialsAlert(0x8F66, AT, OUTCOME),
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: type(payload).__name__)
def test_credentials_round_trip_and_truncation(payload: Any) -> None:
    octets = bytes(payload)
    assert type(payload).parse(octets) == payload
    for size in range(len(octets)):
        with pytest.raises(GbcsError):
            type(payload).parse(octets[:size])


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: type(payload).__name__)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_credentials_with_wrong_octets(payload: Any, data: st.DataObject) -> None:
    octets = bytearray(bytes(payload))
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = type(payload).parse(bytes(octets))
    except GbcsError:
        return
    bytes(found)


def test_annotated_layouts() -> None:
    assert bytes(ProvideCredentials(CELL, [Role.SUPPLIER])).hex() == "300e3007020102030207803003020102"
    assert bytes(UpdateCredentialsResponse()).hex() == "30020500"
    assert bytes(UpdateCredentials(4, 1000)).hex() == "300d3007020104830203e830003000"
    assert bytes(UpdateCredentialsResponse(OUTCOME)).startswith(bytes.fromhex("308200"))
    assert bytes(UpdateCredentialsResponse(OUTCOME, long_form=False)).startswith(bytes.fromhex("3081"))


@pytest.mark.parametrize("long_form", [True, False])
def test_the_length_form_survives(long_form: bool) -> None:
    octets = bytes(UpdateCredentialsResponse(OUTCOME, long_form))
    assert bytes(UpdateCredentialsResponse.parse(octets)) == octets


def test_explicit_defaults_survive() -> None:
    octets = bytes.fromhex("3011 300A 020102 03020780 020100 3003 020102")
    found = ProvideCredentials.parse(octets)
    assert found.authorising == CELL
    assert bytes(found) == octets
    octets = bytes.fromhex("3010 300A 020104 810100 830203E8 3000 3000")
    update = UpdateCredentials.parse(octets)
    assert update.apply_time_checks
    assert bytes(update) == octets


@pytest.mark.parametrize(
    "octets",
    [
        "300D 3007 020104 830203E8 0500 3000",
        "300A 3003 020104 3000 3000 0500" + "",
        "3010 300A 020104 830203E8 810100 3000 3000",
        "3010 300A 020104 810102 830203E8 3000 3000",
        "300A 3003 020104 3000 3000",
        "3006 3000 3000 3000",
    ],
)
def test_bad_replacement_controls(octets: str) -> None:
    with pytest.raises(GbcsError):
        UpdateCredentials.parse(bytes.fromhex(octets))


def test_unknown_roles_and_usages() -> None:
    with pytest.raises(GbcsError, match="role 9"):
        ProvideCredentials.parse(bytes.fromhex("300e3007020109030207803003020102"))
    with pytest.raises(GbcsError, match="key usage"):
        ProvideCredentials.parse(bytes.fromhex("300e30070201020302038030030201" + "02"))
