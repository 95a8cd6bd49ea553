"""How each builder of DLMS values is read back, for `bench.dcc.correlate`."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

from bench.dcc.bodies import DAYS
from bench.dcc.errors import DuisError
from bench.dcc.payload import Context, find
from bench.dcc.reading import moment, plain, same, signature
from bench.dcc.record import Date
from bench.gbcs.axdr import Data


def _rows(where: str, data: Data, types: str) -> list[Any]:
    """The rows of an array of structures of these types."""
    kind = signature(data)
    same(f"{where} type", f"array[structure[{types}]]" if data.value else "array[]", kind)
    return list(plain(data))


def _date(octets: bytes) -> Date | bytes:
    """A DLMS date; the octets if it is none."""
    if len(octets) != 5:
        return octets
    year, parts = int.from_bytes(octets[:2]), [None if part == 0xFF else part for part in octets[2:]]
    return Date(None if year == 0xFFFF else year, *parts)


def _time(octets: bytes) -> time | bytes:
    try:
        hour, minute, second, hundredths = octets
        return time(hour, minute, second, hundredths * 10000)
    except ValueError:
        return octets


def by_index(days: Any) -> list[int]:
    """Values by their index, as day profiles of Monday to Sunday."""
    found = sorted(days, key=lambda each: each.index)
    if [each.index for each in found] != list(range(1, len(found) + 1)):
        raise DuisError(f"the indexes {', '.join(str(each.index) for each in found)} are not 1 and so on")
    return [each.value for each in found]


def seasons(context: Context, where: str, data: Data, path: str) -> None:
    """Name, start date, week profile."""
    rows = _rows(where, data, "octet-string, octet-string, octet-string")
    wanted = [(each.label, each.start.date, bytes((each.week_name,))) for each in find(context, path).seasons.seasons]
    for _, start, _ in rows:
        same(f"{where} time of a season", bytes.fromhex("000000008000FF"), start[5:])
    same(where, wanted, [(name.decode("ascii", "replace"), _date(start[:5]), week) for name, start, week in rows])


def weeks(context: Context, where: str, data: Data, path: str) -> None:
    """Name and day profiles."""
    rows = _rows(where, data, ", ".join(["octet-string"] + ["unsigned"] * 7))
    wanted = [[bytes((each.label,)), *by_index(each.days)] for each in find(context, path).weeks.profiles]
    same(where, wanted, rows)


def day_profiles(context: Context, where: str, data: Data, path: str, offset: str) -> None:
    """Switching times and tariff registers."""
    rows = _rows(where, data, "unsigned, array[structure[octet-string, octet-string, long-unsigned]]")
    wanted = []
    for day in find(context, path).days.profiles:
        actions = [
            (each.start, ("block", each.block) if each.tou is None else ("tou", each.tou)) for each in day.schedule
        ]
        wanted.append((day.label, actions))
    seen = []
    for label, actions in rows:
        read = []
        for at, table, script in actions:
            same(f"{where} script table", bytes.fromhex("00000A0064FF"), table)
            register = script - int(offset)
            block = offset == "0" and script > 100
            read.append((_time(at), ("block", script - 100) if block else ("tou", register)))
        seen.append((label, read))
    same(where, wanted, seen)


def _special(where: str, data: Data, wanted: list[tuple[Date, int]]) -> None:
    rows = _rows(where, data, "long-unsigned, octet-string, unsigned")
    same(f"{where} numbers", list(range(1, len(wanted) + 1)), [number for number, _, _ in rows])
    same(where, wanted, [(_date(date), day) for _, date, day in rows])


def special_days(context: Context, where: str, data: Data, path: str) -> None:
    """Date and day profile."""
    _special(where, data, [(each.date.date, each.day_name) for each in find(context, path).days])


def non_disablement_days(context: Context, where: str, data: Data) -> None:
    """Date and its own number."""
    days = sorted(context.body.electricity.calendar.special_days.days, key=lambda day: day.index)
    _special(where, data, [(each.date.date, each.index) for each in days])


def _number(day: Any) -> int:
    return int(day.index if hasattr(day, "index") else day.identifier)


def auxiliary_special_days(context: Context, where: str, data: Data, path: str) -> None:
    """Date and its own number."""
    days = sorted(find(context, path) or (), key=_number)
    _special(where, data, [(each.date, _number(each)) for each in days])


def thresholds(context: Context, where: str, data: Data, register: str) -> None:
    """Block thresholds of one register."""
    same(f"{where} type", "array[double-long-unsigned]", signature(data))
    for each in context.body.electricity.thresholds.thresholds:
        if each.index == int(register):
            same(where, by_index(each.thresholds), plain(data))
            return
    raise DuisError(f"ThresholdMatrix: no Thresholds with index {register}")


_CHARGE = (
    "structure[structure[integer, integer], structure[long-unsigned, octet-string, integer], "
    "array[structure[octet-string, long]]]"
)


def _charge(where: str, data: Data, scale: int, commodity: list[Any]) -> dict[bytes, int]:
    same(f"{where} type", _CHARGE, signature(data))
    scales, what, rows = plain(data)
    same(f"{where} commodity", commodity, what)
    same(f"{where} scales", [commodity[0], scale], scales)
    same(f"{where} indexes", len(rows), len({index for index, _ in rows}))
    same(f"{where} order", sorted(index for index, _ in rows), [index for index, _ in rows])
    return dict(rows)


_NOTHING = [0, bytes(6), 0]


def standing_charge(context: Context, where: str, data: Data) -> None:
    """One charge and its scale."""
    prices = context.body.prices.electricity
    seen = _charge(where, data, prices.standing_charge_scale, _NOTHING)
    same(where, {b"": prices.standing_charge}, seen)


def debt_recovery(context: Context, where: str, data: Data, path: str) -> None:
    """One rate and its scale."""
    recovery = find(context, path)
    same(where, {b"": recovery.rate}, _charge(where, data, recovery.scale, _NOTHING))


def price_matrix(context: Context, where: str, data: Data) -> None:
    """Prices by time-of-use register, and by block and register."""
    prices = context.body.prices.electricity
    seen = _charge(where, data, prices.price_scale, [3, bytes.fromhex("0100010800FF"), 2])
    indexes = [*range(1, 49), *(high + low for high in (0xA0, 0xB0, 0xC0, 0xD0) for low in range(1, 9))]
    same(f"{where} indexes", [bytes((each,)) for each in indexes], list(seen))
    wanted = dict.fromkeys(indexes, 0)
    for tariff in (prices.hybrid, prices.tou, prices.block):
        for each in getattr(tariff, "tou", ()):
            wanted[each.index] = each.value
        for register in getattr(tariff, "blocks", ()):
            for block in register.prices:
                wanted[0x90 + 16 * block.index + register.index] = block.value
    same(where, wanted, {index[0]: price for index, price in seen.items()})


def secondary_price_matrix(context: Context, where: str, data: Data) -> None:
    """Prices of four registers."""
    prices = context.body.prices
    seen = _charge(where, data, prices.price_scale, [3, bytes.fromhex("0114010800FF"), 2])
    wanted = dict.fromkeys(range(1, 5), 0) | {each.index: each.value for each in prices.prices}
    same(where, wanted, {index[0]: price for index, price in seen.items()})


def account_mode(context: Context, where: str, data: Data, mode: str) -> None:
    """Credit 1 or prepayment 2."""
    same(f"{where} type", "structure[enum, enum]", signature(data))
    same(where, [1 if context.body.credit else 2, 1], plain(data))


def _charges(where: str, data: Data) -> list[tuple[str, str, str]]:
    rows = _rows(where, data, "octet-string, octet-string, bit-string")
    groups = bytes.fromhex("000013"), b"\xff"
    read = []
    for credit, charge, (count, mask) in rows:
        for name in (credit, charge):
            same(f"{where} logical name", groups, (name[:3], name[5:]))
        same(f"{where} bits", (3, 0), (count, mask[0] & 0x1F))
        read.append((f"{credit[3]}.{credit[4]}", f"{charge[3]}.{charge[4]}", f"{mask[0] >> 5:03b}"))
    return read


def credit_charges(context: Context, where: str, data: Data) -> None:
    """Prices and standing charge, and secondary prices where there is a second element."""
    seen = _charges(where, data)
    wanted = [("10.0", "20.0", "111"), ("10.0", "20.4", "111")]
    twin = [("10.0", "20.5", "111")] if len(seen) > len(wanted) else []
    same(where, wanted + twin, seen)


def prepayment_charges(context: Context, where: str, data: Data) -> None:
    """All charges by credit; time debts as the request suspends them."""
    mode, seen = context.body.prepayment, _charges(where, data)
    debts = "110" if mode.suspend_debt_disabled else "111"
    order = [("10.0", "20.0"), ("10.0", "20.4"), ("10.0", "20.1"), ("10.0", "20.2"), ("10.0", "20.3"),
             ("10.1", "20.3"), ("10.1", "20.0"), ("10.1", "20.4"), ("10.1", "20.1"), ("10.1", "20.2")]  # fmt: skip
    if mode.suspend_debt_emergency:
        order = order[:8]
    if len(seen) > len(order):
        order += [("10.0", "20.5"), ("10.1", "20.5")]
    wanted = [(credit, charge, debts if charge in ("20.1", "20.2") else "111") for credit, charge in order]
    same(where, wanted, seen)


_ENTRY = (
    "long-unsigned, boolean, octet-string, long-unsigned, octet-string, long-unsigned, bit-string, bit-string, "
    "octet-string, octet-string"
)


def _bits(value: tuple[int, bytes]) -> list[int]:
    count, octets = value
    text = "".join(f"{octet:08b}" for octet in octets)
    same("unused bits", "0" * (len(text) - count), text[count:])
    return [number for number, bit in enumerate(text[:count], 1) if bit == "1"]


def _schedule(where: str, data: Data, table: str, special: int) -> list[tuple[Any, ...]]:
    """Script, time, weekdays, special days, begin and end of each entry."""
    read = []
    for number, row in enumerate(_rows(where, data, _ENTRY), 1):
        index, enabled, script_table, script, at, window, week, days, start, end = row
        same(f"{where} entry", [number, True, bytes.fromhex(table), 0xFFFF], [index, enabled, script_table, window])
        same(f"{where} bits", (7, special), (week[0], days[0]))
        read.append((script, _time(at), [DAYS[bit - 1] for bit in _bits(week)], _bits(days), _date(start), _date(end)))
    return read


def _named(applicability: Any) -> list[str]:
    return sorted({each.day for each in applicability.days}, key=DAYS.index)


def non_disablement_schedule(context: Context, where: str, data: Data) -> None:
    """Start 32, stop 33, when."""
    calendar = context.body.electricity.calendar
    wanted = [
        (
            {"START": 32, "STOP": 33}[each.script],
            each.at.switch_time,
            _named(each.week_days),
            sorted({day.day for day in each.special_days.days}),
            each.at.start,
            each.at.end,
        )
        for each in calendar.schedule
    ]
    same(where, wanted, _schedule(where, data, "00000A006AFF", len(calendar.special_days.days)))


def _auxiliary(context: Context, where: str, data: Data, script: Callable[[Any], int], mark: str) -> None:
    body = context.body
    special = 0 if body.special_days is None else len(body.special_days.days)
    wanted = [
        (
            script(each.action),
            each.at.switch_time,
            _named(each.week_days),
            sorted({getattr(day, mark) for day in each.special_days}),
            each.at.start.date,
            each.at.end.date,
        )
        for each in body.schedule
    ]
    same(where, wanted, _schedule(where, data, "00000A0067FF", special))


def switch_schedule(context: Context, where: str, data: Data) -> None:
    """Switch and what is done with it."""
    _auxiliary(context, where, data, lambda action: action.index * 256 + (1 if action.activate else 2), "index")


def controller_schedule(context: Context, where: str, data: Data) -> None:
    """Controller, direction and level."""

    def script(action: Any) -> int:
        return int((0x2080 if action.from_load else 0x1080) + action.controller * 256 + action.level)

    _auxiliary(context, where, data, script, "identifier")


def maximum_demand_schedule(context: Context, where: str, data: Data) -> None:
    """Start and end of the time of day."""
    schedule = context.body.schedule
    seen = _rows(where, data, _ENTRY)
    rest = [bytes.fromhex("00000A8064FF"), 0xFFFF, (7, b"\xfe"), (0, b""), bytes.fromhex("000001FFFF"), b"\xff" * 5]
    for row in seen:
        same(f"{where} entry", rest, [row[2], *row[5:]])
    wanted = [(0, True, 1, schedule.start), (1, True, 2, schedule.end)]
    same(where, wanted, [(row[0], row[1], row[3], _time(row[4])) for row in seen])


def power_thresholds(context: Context, where: str, data: Data) -> None:
    """Two thresholds."""
    same(f"{where} type", "array[double-long-unsigned]", signature(data))
    same(where, [context.body.low_medium, context.body.medium_high], plain(data))


def billing_dates(context: Context, where: str, data: Data) -> None:
    """Time of day, and days with wildcards."""
    calendar = context.body.electricity
    rows = _rows(where, data, "octet-string, octet-string")
    yearly = [*calendar.quarterly, *calendar.half_yearly, *([calendar.yearly] if calendar.yearly else [])]
    days = [Date(None, int(text[:2]), int(text[3:])) for text in yearly]
    if not days:
        days = [Date(None, None, calendar.monthly, calendar.weekly)]
    same(where, [(calendar.time, day) for day in days], [(_time(at), _date(date)) for at, date in rows])


def daily_reset(context: Context, where: str, data: Data) -> None:
    """Every midnight, or never."""
    rows = _rows(where, data, "octet-string, octet-string")
    same(where, [[bytes(4), b"\xff" * 5]] if context.body.reset else [], rows)


def clock_window(context: Context, where: str, data: Data) -> None:
    """Never, start, end."""
    same(f"{where} type", "structure[octet-string, octet-string, octet-string]", signature(data))
    start = context.body.current
    end = start + timedelta(seconds=context.body.tolerance)
    same(where, ["never", start, end], [moment(each) for each in plain(data)])


def event_bits(context: Context, where: str, data: Data, path: str) -> None:
    """Which events are meant, and which of them are on; codes by their low octet."""
    same(f"{where} type", "bit-string", signature(data))
    count, octets = plain(data)
    same(f"{where} bits", 512, count)
    set_bits = [512 - bit for bit in _bits((512, octets))]
    seen = {bit - 256: bit - 256 in set_bits for bit in set_bits if bit >= 256}
    same(f"{where} events on but not meant", [], [bit for bit in set_bits if bit < 256 and bit not in seen])
    same(where, {code & 0xFF: on for code, on in find(context, path).events.items()}, seen)


def import_mpans(context: Context, where: str, data: Data) -> None:
    """Digits of one or two MPANs."""
    same(f"{where} type", "octet-string", signature(data))
    digits = plain(data).decode("ascii", "backslashreplace")
    mpans = context.body.mpans
    same(where, [mpans.primary, mpans.secondary or ""], [digits[:13], digits[13:]])


def hub_join(context: Context, where: str, data: Data) -> None:
    """Device and install code."""
    same(f"{where} type", "structure[octet-string, enum, octet-string, enum]", signature(data))
    same(where, [bytes(context.body.device), 1, context.body.whitelist.install_code, 0], plain(data))


def hub_log(context: Context, where: str, data: Data) -> None:
    """Known to the DCC alone."""
    raise DuisError("RestoreHANDeviceLog: the log of the old hub is not in the request, so it cannot be checked")


#: of the settings in the reference data: B bit-string, L long-unsigned, U unsigned
_SUB_GHZ_TYPES = "structure[{}]".format(
    ", ".join({"B": "bit-string", "L": "long-unsigned", "U": "unsigned"}[one] for one in "BBBBLLULUULULLL")
)


def sub_ghz_settings(context: Context, where: str, data: Data) -> None:
    """The settings of the request, in order; it does not say what stands in the places of those it leaves out."""
    same(f"{where} type", _SUB_GHZ_TYPES, signature(data))
    try:
        asked = [int(text, 0) for _, text in context.body.settings]
    except ValueError as problem:
        raise DuisError(f"SetCHFSubGHzConfiguration: {problem}") from None
    masks, numbers = plain(data)[:4], plain(data)[4:]
    seen = [int.from_bytes(octets) for _, octets in masks] + numbers
    same(where, asked, seen[: len(asked)])


#: reader by the name the catalogue uses
VALUE_READERS: dict[str, Callable[..., None]] = {
    reader.__name__: reader
    for reader in (
        account_mode, auxiliary_special_days, billing_dates, clock_window, controller_schedule, credit_charges,
        daily_reset, day_profiles, debt_recovery, event_bits, hub_join, hub_log, import_mpans,
        maximum_demand_schedule, non_disablement_days, non_disablement_schedule, power_thresholds, prepayment_charges,
        price_matrix, seasons, secondary_price_matrix, special_days, standing_charge, sub_ghz_settings,
        switch_schedule, thresholds, weeks,
    )
}  # fmt: skip
