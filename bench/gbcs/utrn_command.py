"""`bench utrn build` and `bench utrn check`: top-up tokens with the keys of a folder (GBCS 14)."""

import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bench.gbcs import utrn
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64

if TYPE_CHECKING:
    from bench.gbcs.keystore import Keystore

OK, FAILED, USAGE = 0, 1, 2


class _UsageError(Exception):
    """What the user asked for cannot be done as asked."""


def run_build(supplier: str, device: str, counter: int, value: str, value_class: str, keys: Path, out: TextIO) -> int:
    """Write the 20 digits of a token to `out`.

    `counter` is the UTRN counter, 32 bits, or an originator counter whose low 32 bits are zero; `value` is in pounds
    (``10.00``), also for tokens in pence; `value_class` is ``pounds`` or ``pence``. Returns 0, or 2 with one line on
    standard error.
    """
    try:
        party, meter = _eui(supplier, "--supplier"), _eui(device, "--device")
        number = _counter(counter)
        amount, unit = _amount(value, value_class)
        with _keystore(keys) as store:
            token = utrn.build(_secret(store, party, meter), party, meter, number, amount, unit)
    except (_UsageError, GbcsError) as error:
        print(f"bench utrn build: {error}", file=sys.stderr)
        return USAGE
    out.write(f"{token}\n")
    return OK


def run_check(
    token: str, supplier: str | None, device: str | None, keys: Path | None, highest: int, out: TextIO
) -> int:
    """Write what a token says to `out`: check digit, value, counter and, with parties and keys, whether it is good.

    Without the parties every pair in `keys` is tried. `highest` is the highest UTRN counter the meter knows.
    Returns 0 if nothing is wrong with the token, 1 if something is, 2 with one line on standard error for misuse.
    """
    try:
        pairs = _pairs(supplier, device, keys)
        if not 0 <= highest < 1 << 32:
            raise _UsageError(f"--highest {highest} does not fit 32 bits")
    except (_UsageError, GbcsError) as error:
        print(f"bench utrn check: {error}", file=sys.stderr)
        return USAGE
    try:
        ptut = utrn.ptut_of(token)
    except GbcsError as error:
        out.write(f"invalid: {error}\n")
        return FAILED
    counter = utrn.recover_counter(ptut.truncated_counter, highest)
    unit = {0: "pence", 1: "pounds"}.get(ptut.value_class, f"value class {ptut.value_class}")
    out.write(f"check digit: valid\nvalue: {ptut.value} {unit}\n")
    out.write(f"counter: {counter} (low ten bits {ptut.truncated_counter}, nearest to {highest})\n")
    if not pairs:
        out.write("mac: unknown\n")
        return OK
    for party, meter, secret in pairs:
        if utrn.check(token, secret, party, meter, highest).authentic:
            out.write(f"mac: valid\nsupplier: {party}\ndevice: {meter}\n")
            return OK
    out.write("mac: invalid\n")
    return FAILED


def _pairs(supplier: str | None, device: str | None, keys: Path | None) -> list[tuple[Eui64, Eui64, bytes]]:
    """Suppliers, meters and their secrets to try: those named, else every pair whose keys are there."""
    if keys is None:
        return []
    party = None if supplier is None else _eui(supplier, "--supplier")
    meter = None if device is None else _eui(device, "--device")
    with _keystore(keys) as store:
        if party is not None and meter is not None:
            return [(party, meter, _secret(store, party, meter))]
        slots = store.parties()
        suppliers = [eui for eui, usage in slots if usage == "pp-ka" and party in (None, eui)]
        meters = [eui for eui, usage in slots if usage == "ka" and meter in (None, eui) and store.is_device(eui)]
        found = []
        for one in suppliers:
            for other in meters:
                secret = utrn.prepayment_secret(store, one, other)
                if secret is not None:
                    found.append((one, other, secret))
    if not found:
        raise _UsageError("no prepayment keys in --keys: pp-ka of a supplier, ka of a meter, one of them private")
    return found


def _eui(text: str, option: str) -> Eui64:
    try:
        return Eui64.of(text)
    except GbcsError:
        raise _UsageError(f"{option} {text!r} is no EUI-64; give 16 hex digits") from None


def _counter(counter: int) -> int:
    if counter >= 1 << 32 and not counter & 0xFFFFFFFF:
        counter >>= 32
    if not 0 <= counter < 1 << 32:
        raise _UsageError(f"--counter {counter} does not fit 32 bits")
    return counter


def _amount(value: str, value_class: str) -> tuple[int, utrn.ValueClass]:
    classes = {"pounds": utrn.ValueClass.POUNDS, "pence": utrn.ValueClass.PENNIES}
    unit = classes.get(value_class)
    if unit is None:
        raise _UsageError(f"--class {value_class!r}, expected pounds or pence")
    try:
        pounds = Decimal(value)
        amount = pounds if unit is utrn.ValueClass.POUNDS else pounds * 100
        whole = int(amount) if amount.is_finite() and abs(amount) < 1 << 32 else -1
    except (InvalidOperation, ArithmeticError, ValueError):
        raise _UsageError(f"--value {value!r} is no amount") from None
    if whole != amount or not 0 <= whole <= utrn.LARGEST_VALUE:
        limit = "8191.00 in whole pounds" if unit is utrn.ValueClass.POUNDS else "81.91 in whole pence"
        raise _UsageError(f"--value {value} with --class {value_class}: expected 0 to {limit}")
    return whole, unit


def _keystore(keys: Path) -> "Keystore":
    from bench.gbcs.keystore import Keystore

    if not keys.is_dir():
        raise _UsageError(f"--keys {keys} is no directory")
    try:
        return Keystore.load(keys)
    except OSError as error:
        raise _UsageError(f"--keys {keys} cannot be read ({error.strerror})") from None


def _secret(store: "Keystore", supplier: Eui64, device: Eui64) -> bytes:
    secret = utrn.prepayment_secret(store, supplier, device)
    if secret is None:
        raise _UsageError(f"no prepayment keys of {supplier} and {device} in --keys: pp-ka of one, ka of the other")
    return secret
