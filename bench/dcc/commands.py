"""Builders of as many commands as a request asks for: gas calendars and prices, auxiliary load switches.

A builder takes the context and the words the catalogue puts behind its name, and gives DLMS calls or ZCL commands.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from bench.dcc.dlms_values import in_order, level_script
from bench.dcc.errors import DuisError
from bench.dcc.payload import ZIGBEE_END, Context, find, split_object, zigbee_moment
from bench.dcc.record import Date
from bench.gbcs import dlms
from bench.gbcs.axdr import Data
from bench.gbcs.dlms import Spec


@dataclass(frozen=True, slots=True)
class ZclCommand:
    """A ZCL command by the names of its fields (``bench/gbcs/tables/zcl_commands.csv``); a field left out is zero."""

    cluster: int
    to_server: bool
    command: int
    fields: Mapping[str, Any]
    from_date_time: int | None = None


Call = tuple[Spec, Data]
Commands = Sequence[Call | ZclCommand]

_TARIFF_ID = 1
_CURRENCIES = {"GBP": 826, "ECB": 978}  #: ISO 4217


def put(name: str, value: Data) -> Call:
    """Write an attribute."""
    return Spec(dlms.SET, *split_object(name)), value


def act(name: str, value: Data) -> Call:
    """Invoke a method."""
    return Spec(dlms.ACTION, *split_object(name)), value


def date4(date: Date) -> bytes:
    """ZCL date: year less 1900, month, day, weekday; FF for what is not given."""
    year = 0xFF if date.year is None else date.year - 1900
    if not 0 <= year <= 0xFF:
        raise DuisError(f"year {date.year}: a gas meter knows 1900 to 2154")
    return bytes((year, *(0xFF if part is None else part for part in date[1:])))


def _calendar(context: Context, command: int, **fields: Any) -> ZclCommand:
    common = {"issuerEventId": context.issued, "calendarId": context.issued}
    return ZclCommand(0x0707, False, command, common | fields)


def _day(context: Context, kind: int, number: int, actions: Iterable[tuple[int, int]]) -> ZclCommand:
    times = [{"startMin": minute, "tierOrFlag": flag} for minute, flag in actions]
    return _calendar(context, 0x01, dayId=number, n=len(times), nCommands=1, calendarType=kind, switchTimes=times)


def gas_tariff_days(context: Context) -> Commands:
    """Publish Day Profile: one tier, or the blocks (0), from midnight on."""
    days = context.body.gas.switching.days.profiles
    return [_day(context, 0, day.label, [(0, 0 if day.block else day.tou)]) for day in days]


def _minutes(at: time) -> int:
    if at.second or at.microsecond:
        raise DuisError(f"{at}: a gas meter switches at whole minutes")
    return at.hour * 60 + at.minute


def gas_non_disablement_days(context: Context) -> Commands:
    """Publish Day Profile: 1 from where non-disablement starts, 0 from where it stops."""
    days = context.body.gas.calendar.days.profiles
    return [
        _day(context, 3, day.label, [(_minutes(each.start), int(each.action == "START")) for each in day.actions])
        for day in days
    ]


def gas_weeks(context: Context, path: str) -> Commands:
    """Publish Week Profile."""
    return [
        _calendar(context, 0x02, weekId=week.label, days=[{"dayRef": day.value} for day in in_order(week.days)])
        for week in find(context, path).profiles
    ]


def gas_seasons(context: Context, path: str) -> Commands:
    """Publish Seasons."""
    rows = [{"date": date4(each.start.date), "weekRef": each.week_name} for each in find(context, path).seasons]
    return [_calendar(context, 0x03, nCommands=1, entries=rows)]


def _start(context: Context) -> int:
    """When a calendar or price holds from; cancelled: the end of time."""
    return ZIGBEE_END if context.execution == "never" else zigbee_moment(context.execution)


def gas_special_days(context: Context, path: str, kind: str) -> Commands:
    """Publish Special Days."""
    rows = [{"date": date4(each.date.date), "dayRef": each.day_name} for each in find(context, path).days]
    return [
        _calendar(context, 0x04, start=_start(context), calendarType=int(kind), n=len(rows), nCommands=1, entries=rows)
    ]


def gas_tariff_information(context: Context) -> Commands:
    """Publish Tariff Information: time of use (00) with its tiers, or blocks (10) with their thresholds."""
    prices = context.body.prices.gas
    thresholds = 0
    if prices.block is not None:
        tariff = getattr(context.body, "gas", None)
        matrix = None if tariff is None else tariff.thresholds.thresholds
        thresholds = prices.block.number_of_thresholds if matrix is None else len(matrix)
    fields = {
        "issuerEventId": context.issued,
        "issuerTariffId": _TARIFF_ID,
        "start": zigbee_moment(context.execution),
        "tariffTypeAndScheme": 0x00 if prices.block is None else 0x10,
        "nTiers": 0 if prices.tou is None else len(prices.tou.prices),
        "nBlockThresholds": thresholds,
        "currency": _CURRENCIES[prices.currency],
        "trailDigit": 0x50,
        "standingCharge": prices.standing_charge,
        "tierBlockMode": 0xFF,
        "thrMultiplier": 1,
        "thrDivisor": 1000,
    }
    return [ZclCommand(0x0700, False, 0x04, fields)]


def gas_block_thresholds(context: Context) -> Commands:
    """Publish Block Thresholds, of a block tariff only."""
    if context.body.prices.gas.block is None:
        return []
    rows = [{"threshold": each.value} for each in in_order(context.body.gas.thresholds.thresholds)]
    fields = {
        "issuerEventId": context.issued,
        "start": _start(context),
        "issuerTariffId": _TARIFF_ID,
        "nCommands": 1,
        "subPayloadCtl": 1,
        "n": len(rows),
        "thresholds": rows,
    }
    return [ZclCommand(0x0700, False, 0x06, fields)]


def gas_price_matrix(context: Context) -> Commands:
    """Publish Price Matrix: tiers from 1 on (control 1), or blocks from 0 on (control 0)."""
    prices = context.body.prices.gas
    tou = prices.tou is not None
    tariff = prices.tou or prices.block
    rows = [
        {"tierBlockId": each.index if tou else each.index - 1, "price": each.value} for each in in_order(tariff.prices)
    ]
    fields = {
        "issuerEventId": context.issued,
        "start": _start(context),
        "issuerTariffId": _TARIFF_ID,
        "nCommands": 1,
        "subPayloadCtl": int(tou),
        "prices": rows,
    }
    return [ZclCommand(0x0700, False, 0x05, fields)]


_LOGGED, _WAN, _HAN, _ALARM = 0x03, 0x08, 0x10, 0x40  #: event configuration (ZigBee Device Management)


def gas_behaviours(context: Context) -> Commands:
    """Set Event Configuration, one for each combination of behaviours, in the order the reference data has."""
    groups: dict[tuple[bool, bool, bool, bool], list[int]] = {}
    for code, behaviour in context.body.gas.events:
        words = (behaviour.han_alert, behaviour.wan_alert, behaviour.event_log, behaviour.alarm)
        han, wan, log, alarm = (word == "Enable" for word in words)
        groups.setdefault((not han, not wan, log, alarm), []).append(code)
    commands = []
    for (no_han, no_wan, log, alarm), codes in sorted(groups.items()):
        config = _LOGGED * log | _WAN * (not no_wan) | _HAN * (not no_han) | _ALARM * alarm
        fields = {
            "issuerEventId": context.issued,
            "config": config,
            "n": len(codes),
            "events": [{"eventId": code} for code in codes],
        }
        commands.append(ZclCommand(0x0708, False, 0x04, fields))
    return commands


def switch_labels(context: Context) -> Commands:
    """Descriptions of the auxiliary load control switches that are given one."""
    return [
        put(f"1:0-0:94.44.0.{10 + each.index}:2", dlms.visible(each.description))
        for each in in_order(context.body.descriptions)
    ]


def switch_types(context: Context) -> Commands:
    """EUI-64 of HAN switches, zeros for those of the meter itself."""
    return [
        put(f"1:0-0:94.44.0.{20 + each.index}:2", dlms.octets(bytes(8) if each.hcalcs is None else each.hcalcs))
        for each in in_order(context.body.switches)
    ]


_SWITCH_SCRIPTS = "9:0-0:10.0.103.255:1"


def _switches(context: Context, attribute: int, script: int) -> Commands:
    commands: list[Call] = []
    for each in in_order(context.body.switches):
        if attribute:
            commands.append(put(f"1:0-0:94.44.{116 + each.index}.{attribute}:2", dlms.u16(each.duration)))
        commands.append(act(_SWITCH_SCRIPTS, dlms.u16(each.index << 8 | script)))
    return commands


def activate_switches(context: Context) -> Commands:
    """How long, then the script that activates the switch."""
    return _switches(context, 1, 0x11)


def deactivate_switches(context: Context) -> Commands:
    """How long, then the script that deactivates the switch."""
    return _switches(context, 2, 0x12)


def reset_switches(context: Context) -> Commands:
    """The script that gives the switch back to its calendar."""
    return _switches(context, 0, 0x20)


def boost_associations(context: Context, value: str) -> Commands:
    """Which switches the boost button works on; a switch whose element says false is left alone."""
    return [
        put(f"1:0-0:94.44.6.{each.index}:2", dlms.boolean(value == "true"))
        for each in in_order(context.body.switches)
        if each.value
    ]


def controller_state(context: Context, first: str, table: str) -> Commands:
    """Start and end of a state or limit of an auxiliary controller, then the script of its level."""
    body = context.body
    group = 116 + body.controller
    times = (body.start, body.end)
    commands = [
        put(f"1:0-0:94.44.{group}.{attribute}:2", dlms.octets(dlms.date_time(at)))
        for attribute, at in enumerate(times, int(first))
    ]
    script = level_script(body.controller, body.level, body.from_load)
    return [*commands, act(f"9:0-0:10.0.{table}.255:1", dlms.u16(script))]


#: builder by the name the catalogue uses
COMMANDS: dict[str, Callable[..., Commands]] = {
    builder.__name__: builder
    for builder in (
        activate_switches, boost_associations, controller_state, deactivate_switches, gas_behaviours,
        gas_block_thresholds, gas_non_disablement_days, gas_price_matrix, gas_seasons, gas_special_days,
        gas_tariff_days, gas_tariff_information, gas_weeks, reset_switches, switch_labels, switch_types,
    )
}  # fmt: skip
