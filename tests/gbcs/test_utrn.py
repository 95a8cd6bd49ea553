"""Top-up tokens against the worked examples of the published reference keys, and what is wrong with others."""

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.gbcs import utrn
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.keystore import Keystore
from bench.gbcs.utrn import Ptut, ValueClass
from bench.gbcs.utrn_command import run_build, run_check
from tests.rtds import RTDS, needs_rtds

SUPPLIER = Eui64.of("90B3D51F30010000")
ESME, GSME = Eui64.of("00DB1234567890A0"), Eui64.of("00DB1234567890A1")
POUNDS, PENNIES = ValueClass.POUNDS, ValueClass.PENNIES
EXAMPLES = [
    (ESME, 1, POUNDS, 100, "0000A064D51CA60B", "73943333457189043313"),
    (ESME, 4, PENNIES, 1234, "000204D23855D663", "73947252416745201637"),
    (ESME, 1, POUNDS, 8191, "0000BFFFAE316057", "73943680956463432551"),
    (ESME, 3, POUNDS, 10, "0001A00A9CD029E3", "73946144332040217315"),
    (ESME, 5, POUNDS, 10, "0002A00A26972203", "73948959061972833313"),
    (GSME, 6, PENNIES, 1250, "000304E2FF674C64", "73950067887105178605"),
]
SECRET = bytes(range(32))


@pytest.mark.parametrize("example", EXAMPLES)
def test_digits_and_bits_agree(example: tuple[Eui64, int, ValueClass, int, str, str]) -> None:
    _, counter, unit, value, ptut, digits = example
    found = utrn.ptut_of(digits)
    assert bytes(found) == bytes.fromhex(ptut)
    assert (found.truncated_counter, found.value_class, found.value) == (counter, unit, value)
    assert utrn.utrn_of(Ptut.parse(bytes.fromhex(ptut))) == digits
    assert found.pence == value * (100 if unit is POUNDS else 1)


@needs_rtds
@pytest.mark.rtds
@pytest.mark.parametrize("example", EXAMPLES)
def test_worked_examples(example: tuple[Eui64, int, ValueClass, int, str, str]) -> None:
    device, counter, unit, value, _, digits = example
    assert RTDS
    with Keystore.load(RTDS / "keystore") as store:
        secret = utrn.prepayment_secret(store, SUPPLIER, device)
    assert secret
    assert utrn.build(secret, SUPPLIER, device, counter, value, unit) == digits
    found = utrn.check(digits, secret, SUPPLIER, device, highest=counter - 1)
    assert (found.authentic, found.utrn_counter) == (True, counter)
    assert not utrn.check(digits, secret, SUPPLIER, device, highest=counter + 1024).authentic
    other = GSME if device == ESME else ESME
    assert not utrn.check(digits, secret, SUPPLIER, other).authentic


def test_further_check_digits() -> None:
    assert utrn.is_valid("74301825837596672005")
    assert not utrn.is_valid("12345678910121314156")
    with pytest.raises(GbcsError, match="check digit"):
        utrn.ptut_of("12345678910121314156")


@pytest.mark.parametrize(
    ("truncated", "highest", "expected"),
    [
        (812, 2458896167, 2458896172),
        (807, 2458896167, 2458896167),
        (0, 1023, 1024),
        (1023, 1024, 1023),
        (512, 1024, 1536),
        (513, 1024, 513),
        (1023, 0, -1),
    ],
)
def test_counter_recovery(truncated: int, highest: int, expected: int) -> None:
    assert utrn.recover_counter(truncated, highest) == expected


@settings(deadline=None, max_examples=200)
@given(st.integers(0, (1 << 32) - 1), st.integers(-511, 511))
def test_counters_near_the_highest_are_recovered(highest: int, step: int) -> None:
    assert utrn.recover_counter((highest + step) % 1024, highest) == highest + step


@settings(deadline=None, max_examples=100)
@given(st.integers(0, (1 << 32) - 1), st.integers(0, 8191), st.sampled_from([POUNDS, PENNIES]), st.data())
def test_a_wrong_or_swapped_digit_is_noticed(counter: int, value: int, unit: ValueClass, data: st.DataObject) -> None:
    digits = utrn.build(SECRET, SUPPLIER, ESME, counter, value, unit)
    assert utrn.check(digits, SECRET, SUPPLIER, ESME, highest=counter).authentic
    place = data.draw(st.integers(0, 19))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != digits[place]]))
    assert not utrn.is_valid(digits[:place] + other + digits[place + 1 :])
    if place < 19 and digits[place] != digits[place + 1]:
        assert not utrn.is_valid(digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :])


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=30) | st.text("0123456789 -", min_size=18, max_size=24))
def test_any_text_is_a_token_or_an_error(text: str) -> None:
    try:
        found = utrn.ptut_of(text)
    except GbcsError as error:
        assert "\n" not in str(error)
    else:
        assert utrn.utrn_of(found) == "".join(text.replace("-", " ").split())


@pytest.mark.parametrize(("counter", "value"), [(-1, 1), (1 << 32, 1), (1, 8192), (1, -1)])
def test_what_does_not_fit_is_refused(counter: int, value: int) -> None:
    with pytest.raises(GbcsError):
        utrn.build(SECRET, SUPPLIER, ESME, counter, value, POUNDS)


@needs_rtds
@pytest.mark.rtds
def test_command_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert RTDS
    keys = RTDS / "keystore"
    out = io.StringIO()
    assert run_build(str(SUPPLIER), str(ESME), 4, "12.34", "pence", keys, out) == 0
    assert run_build(str(SUPPLIER), str(ESME), 3 << 32, "10.00", "pounds", keys, out) == 0
    assert out.getvalue().split() == ["73947252416745201637", "73946144332040217315"]
    out = io.StringIO()
    assert run_check("7394-6144-3320-4021-7315", str(SUPPLIER), str(ESME), keys, 2, out) == 0
    assert out.getvalue().splitlines()[1:] == [
        "value: 10 pounds",
        "counter: 3 (low ten bits 3, nearest to 2)",
        "mac: valid",
        f"supplier: {SUPPLIER}",
        f"device: {ESME}",
    ]
    out = io.StringIO()
    assert run_check("73950067887105178605", None, None, keys, 0, out) == 0
    assert out.getvalue().splitlines()[-1] == f"device: {GSME}"
    assert run_check("73946144332040217315", str(SUPPLIER), str(GSME), keys, 0, io.StringIO()) == 1
    assert run_check("12345678910121314156", str(SUPPLIER), str(ESME), keys, 0, io.StringIO()) == 1
    assert run_check("73946144332040217315", None, None, None, 0, io.StringIO()) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("xx", str(ESME), 1, "1", "pounds"), "--supplier"),
        ((str(SUPPLIER), str(ESME), -1, "1", "pounds"), "--counter"),
        ((str(SUPPLIER), str(ESME), 1, "1.50", "pounds"), "--value"),
        ((str(SUPPLIER), str(ESME), 1, "nan", "pence"), "--value"),
        ((str(SUPPLIER), str(ESME), 1, "1e999999999", "pence"), "--value"),
        ((str(SUPPLIER), str(ESME), 1, "x", "pence"), "--value"),
        ((str(SUPPLIER), str(ESME), 1, "1", "euros"), "--class"),
        ((str(SUPPLIER), str(ESME), 1, "1", "pounds"), "--keys"),
    ],
)
def test_usage_errors_are_one_line(
    arguments: tuple[str, str, int, str, str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_build(*arguments, tmp_path, io.StringIO()) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
