"""How each builder of several commands is read back, for `bench.dcc.correlate`."""

from collections.abc import Callable
from typing import Any

from bench.dcc.errors import CorrelationError
from bench.dcc.payload import Context, find
from bench.dcc.reading import Calls, Commands, moment, same, zigbee
from bench.dcc.record import Date
from bench.dcc.value_readers import by_index


def _day_commands(
    context: Context, commands: Commands, kind: int, wanted: list[tuple[int, list[tuple[int, int]]]]
) -> None:
    for label, actions in wanted:
        where, seen, _ = commands.fields("0707:01", "to_client")
        _calendar(commands, where, seen, kind, command=0)
        same(f"{where} day", label, seen["dayId"])
        same(f"{where} times", actions, [(row["startMin"], row["tierOrFlag"]) for row in seen["switchTimes"]])


def _calendar(commands: Commands, where: str, seen: dict[str, Any], kind: int | None, command: int | None) -> None:
    same(f"{where} provider", 0, seen["providerId"])
    commands.event(where, "calendarId", seen["calendarId"])
    if kind is not None:
        same(f"{where} calendar type", kind, seen["calendarType"])
    if command is not None:
        same(f"{where} part", (command, 1), (seen["cmdIndex"], seen["nCommands"]))


def gas_tariff_days(context: Context, commands: Commands) -> None:
    """One tier a day."""
    days = context.body.gas.switching.days.profiles
    _day_commands(context, commands, 0, [(day.label, [(0, 0 if day.tou is None else day.tou)]) for day in days])


def gas_non_disablement_days(context: Context, commands: Commands) -> None:
    """Starts and stops."""
    wanted = [
        (
            day.label,
            [(each.start.hour * 60 + each.start.minute, {"START": 1, "STOP": 0}[each.action]) for each in day.actions],
        )
        for day in context.body.gas.calendar.days.profiles
    ]
    _day_commands(context, commands, 3, wanted)


def gas_weeks(context: Context, commands: Commands, path: str) -> None:
    """Days of each week."""
    for week in find(context, path).profiles:
        where, seen, _ = commands.fields("0707:02", "to_client")
        _calendar(commands, where, seen, None, None)
        same(f"{where} week", week.label, seen["weekId"])
        same(f"{where} days", by_index(week.days), [row["dayRef"] for row in seen["days"]])


def _date4(octets: bytes) -> Date:
    year, *parts = (None if part == 0xFF else part for part in octets)
    return Date(None if year is None else year + 1900, *parts)


def gas_seasons(context: Context, commands: Commands, path: str) -> None:
    """Start and week of each season."""
    where, seen, _ = commands.fields("0707:03", "to_client")
    _calendar(commands, where, seen, None, 0)
    wanted = [(each.start.date, each.week_name) for each in find(context, path).seasons]
    same(f"{where} seasons", wanted, [(_date4(row["date"]), row["weekRef"]) for row in seen["entries"]])


def _start(context: Context) -> int:
    return zigbee("end" if context.execution == "never" else context.execution)


def gas_special_days(context: Context, commands: Commands, path: str, kind: str) -> None:
    """Date and day profile."""
    where, seen, _ = commands.fields("0707:04", "to_client")
    _calendar(commands, where, seen, int(kind), 0)
    same(f"{where} start", _start(context), seen["start"])
    wanted = [(each.date.date, each.day_name) for each in find(context, path).days]
    same(f"{where} days", wanted, [(_date4(row["date"]), row["dayRef"]) for row in seen["entries"]])


def _currency(name: str) -> int:
    return 826 if name == "GBP" else 978


def gas_tariff_information(context: Context, commands: Commands) -> None:
    """Currency, standing charge, how many tiers or thresholds."""
    where, seen, _ = commands.fields("0700:04", "to_client")
    prices = context.body.prices.gas
    blocks = 0
    if prices.tou is None:
        full = hasattr(context.body, "gas")
        blocks = len(context.body.gas.thresholds.thresholds) if full else prices.block.number_of_thresholds
    wanted = {
        "providerId": 0, "issuerEventId": commands.issued, "issuerTariffId": 1, "start": zigbee(context.execution),
        "tariffTypeAndScheme": 0x10 if prices.tou is None else 0, "label": b"",
        "nTiers": 0 if prices.tou is None else len(prices.tou.prices), "nBlockThresholds": blocks, "unit": 0,
        "currency": _currency(prices.currency), "trailDigit": 0x50, "standingCharge": prices.standing_charge,
        "tierBlockMode": 0xFF, "thrMultiplier": 1, "thrDivisor": 1000,
    }  # fmt: skip
    for name, value in wanted.items():
        same(f"{where} {name}", value, seen[name])


def _price_header(context: Context, where: str, seen: dict[str, Any], control: int) -> None:
    wanted = (0, _start(context), 1, 0, 1, control)
    names = ("providerId", "start", "issuerTariffId", "cmdIndex", "nCommands", "subPayloadCtl")
    for name, value in zip(names, wanted, strict=True):
        same(f"{where} {name}", value, seen[name])


def gas_block_thresholds(context: Context, commands: Commands) -> None:
    """Thresholds of a block tariff."""
    if context.body.prices.gas.tou is not None:
        return
    where, seen, _ = commands.fields("0700:06", "to_client")
    _price_header(context, where, seen, 1)
    wanted = by_index(context.body.gas.thresholds.thresholds)
    same(f"{where} thresholds", wanted, [row["threshold"] for row in seen["thresholds"]])


def gas_price_matrix(context: Context, commands: Commands) -> None:
    """Prices by tier, or by block from 0 on."""
    where, seen, _ = commands.fields("0700:05", "to_client")
    prices = context.body.prices.gas
    _price_header(context, where, seen, 0 if prices.tou is None else 1)
    tariff, first = (prices.block, 1) if prices.tou is None else (prices.tou, 0)
    wanted = sorted((each.index - first, each.value) for each in tariff.prices)
    same(f"{where} prices", wanted, [(row["tierBlockId"], row["price"]) for row in seen["prices"]])


def gas_behaviours(context: Context, commands: Commands) -> None:
    """Every event once, with the behaviour asked for; the grouping is the DCC's."""
    wanted: dict[int, int] = {}
    for code, each in context.body.gas.events:
        flags = ((each.event_log, 0x03), (each.wan_alert, 0x08), (each.han_alert, 0x10), (each.alarm, 0x40))
        wanted[code] = sum(value for word, value in flags if word == "Enable")
    seen: dict[int, int] = {}
    for _ in set(wanted.values()):
        where, values, _since = commands.fields("0708:04", "to_client")
        same(f"{where} start and control", (0, 0), (values["start"], values["control"]))
        for row in values["events"]:
            if row["eventId"] in seen:
                raise CorrelationError(where, "every event once", f"{row['eventId']:04X} again")
            seen[row["eventId"]] = values["config"]
    same("behaviour of events", wanted, seen)


def switch_labels(context: Context, calls: Calls) -> None:
    """Description of each switch named."""
    for each in sorted(context.body.descriptions, key=lambda each: each.index):
        where, seen = calls.value("set", f"1:0-0:94.44.0.1{each.index}:2", "visible-string")
        same(f"{where} value", each.description, seen.decode("ascii", "backslashreplace"))


def switch_types(context: Context, calls: Calls) -> None:
    """HAN device behind a switch, or none."""
    for each in sorted(context.body.switches, key=lambda each: each.index):
        where, seen = calls.value("set", f"1:0-0:94.44.0.2{each.index}:2", "octet-string")
        same(f"{where} value", bytes(8) if each.alcs else bytes(each.hcalcs), seen)


def _switch(calls: Calls, number: int, script: int, duration: tuple[int, int] | None) -> None:
    if duration is not None:
        attribute, minutes = duration
        where, seen = calls.value("set", f"1:0-0:94.44.{116 + number}.{attribute}:2", "long-unsigned")
        same(f"{where} duration", minutes, seen)
    where, seen = calls.value("action", "9:0-0:10.0.103.255:1", "long-unsigned")
    same(f"{where} script", number * 256 + script, seen)


def activate_switches(context: Context, calls: Calls) -> None:
    """Duration and script 11."""
    for each in sorted(context.body.switches, key=lambda each: each.index):
        _switch(calls, each.index, 0x11, (1, each.duration))


def deactivate_switches(context: Context, calls: Calls) -> None:
    """Duration and script 12."""
    for each in sorted(context.body.switches, key=lambda each: each.index):
        _switch(calls, each.index, 0x12, (2, each.duration))


def reset_switches(context: Context, calls: Calls) -> None:
    """Script 20."""
    for each in sorted(context.body.switches, key=lambda each: each.index):
        _switch(calls, each.index, 0x20, None)


def boost_associations(context: Context, calls: Calls, value: str) -> None:
    """The switches named."""
    for each in sorted(context.body.switches, key=lambda each: each.index):
        if each.value:
            where, seen = calls.value("set", f"1:0-0:94.44.6.{each.index}:2", "boolean")
            same(f"{where} value", value == "true", seen)


def controller_state(context: Context, calls: Calls, first: str, table: str) -> None:
    """Start, end and level."""
    body = context.body
    for attribute, at in ((int(first), body.start), (int(first) + 1, body.end)):
        where, seen = calls.value("set", f"1:0-0:94.44.{116 + body.controller}.{attribute}:2", "octet-string")
        same(f"{where} time", at, moment(seen))
    where, seen = calls.value("action", f"9:0-0:10.0.{table}.255:1", "long-unsigned")
    same(f"{where} script", (0x2000 if body.from_load else 0x1000) + body.controller * 256 + body.level, seen)


#: reader by the name the catalogue uses
SEQUENCE_READERS: dict[str, Callable[..., None]] = {
    reader.__name__: reader
    for reader in (
        activate_switches, boost_associations, controller_state, deactivate_switches, gas_behaviours,
        gas_block_thresholds, gas_non_disablement_days, gas_price_matrix, gas_seasons, gas_special_days,
        gas_tariff_days, gas_tariff_information, gas_weeks, reset_switches, switch_labels, switch_types,
    )
}  # fmt: skip
