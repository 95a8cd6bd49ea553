"""The gas proxy: its copy of the meter, how old it may be, and what it learns from messages that pass."""

from decimal import Decimal

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import (
    ClearEventLog,
    DisableSupply,
    ReadActiveImportProfileData,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    ReadMeterBalance,
    ReadSupplyStatus,
    ReadTariffPrimaryElement,
    RetrieveDailyConsumptionLog,
    UpdateDeviceConfigurationGasConversion,
)
from bench.expecting import precondition
from bench.testcase import testcase
from testcases.gas_steps import (
    BILL,
    STATUS,
    VOLUME,
    event_log,
    past_wake,
    volume,
    whole_days,
)
from testcases.joining.conftest import gas_log  # noqa: F401 - a fixture
from testcases.joining.own_log import GPF, METHOD_B, SUCCESS

CLEARED, CLEARED_EVENT_LOG = 0x8F52, 0x08
PRICE, STANDING_CHARGE = "0700:0410", "0700:0301"  #: 1e-5 pounds a kWh, a day
PRICE_DECIMALS = "0700:0617"


@testcase(
    "GAS-301",
    "The proxy's register is the meter's of the last half hour, with its time",
    rules=["R-GPF-001", "R-GPF-013", "R-GPF-015", "R-RSP-011"],
    requirements=["GS.02", "SFA-12-MIRROR"],
    use_cases=["GCS13a"],
    devices=["GPF", "GSME"],
)
def test_register(gsme, gpf, gas, at_the_meter, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    at_the_meter.set_taps(2)
    past_wake(clock)
    clock.sleep(minutes(20))
    mirrored = gas.ask(ReadInstantaneousImportRegisters(), gpf, as_user=supplier)
    at_wake = clock.now().replace(second=0, microsecond=0)
    at_wake = at_wake.replace(minute=at_wake.minute // 30 * 30)
    expect("time in the header", mirrored.time).lies_between(at_wake, at_wake + minutes(1), rule="R-GPF-015")
    expect("clock status", mirrored.clock_status).is_one_of((0, 4), rule="R-RSP-011")
    now = volume(gas, gsme, supplier)  # at the next wake: half an hour later
    expect("what the meter is ahead (litres)", now - mirrored.attributes[VOLUME]).lies_between(980, 1020)
    past_wake(clock)
    later = volume(gas, gpf, supplier)
    expect("the proxy's register after that wake", later).satisfies("not below the meter's", lambda one: one >= now)


@testcase(
    "GAS-302",
    "Half hours in the proxy are those of the meter",
    rules=["R-GPF-002", "R-GPF-001", "R-GPF-013"],
    requirements=["SFA-12-MIRROR"],
    use_cases=["GCS17"],
    devices=["GPF", "GSME"],
)
def test_half_hours(gsme, gpf, gas, at_the_meter, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    for flow in (0.4, 1.2, 0.0, 3.0):
        at_the_meter.set_taps(flow)
        past_wake(clock)
    latest = clock.now().replace(minute=clock.now().minute // 30 * 30, second=0, microsecond=0)
    period = ReadLogPeriod(start=clock.now() - hours(8), end=clock.now())
    copy = dict(gas.ask(ReadActiveImportProfileData(period=period), gpf, as_user=supplier).samples())
    own = dict(gas.ask(ReadActiveImportProfileData(period=period), gsme, as_user=supplier).samples())
    expect("half hours in the copy", len(copy)).satisfies("ten at least", lambda count: count >= 10)
    expect("half hours of the copy", copy).equals({at: own.get(at) for at in copy})
    expect("latest half hour of the copy", max(copy)).equals(latest, rule="R-GPF-013")


@testcase(
    "GAS-303",
    "Half hours missed while the link was down are fetched afterwards",
    rules=["R-GPF-002"],
    requirements=["SFA-12-MIRROR"],
    use_cases=["GCS17"],
    devices=["GPF", "GSME"],
)
def test_gap_filled(gsme, gpf, gas, gas_link, at_the_meter, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    at_the_meter.set_taps(1)
    began = clock.now().replace(microsecond=0)
    past_wake(clock)
    gas_link.black_out()
    for flow in (1, 3, 0, 0.5, 4):
        at_the_meter.set_taps(flow)
        clock.sleep(hours(1))
    gas_link.settle()
    for _ in range(3):
        past_wake(clock)
    period = ReadLogPeriod(start=began, end=clock.now())
    copy = gas.ask(ReadActiveImportProfileData(period=period), gpf, as_user=supplier).samples()
    own = gas.ask(ReadActiveImportProfileData(period=period), gsme, as_user=supplier).samples()
    expect("half hours in the proxy after the gap", copy).equals(own[: len(copy)])
    expect("number of half hours", len(copy)).satisfies("twelve at least", lambda count: count >= 12)


@testcase(
    "GAS-304",
    "The daily consumption is the difference of two midnights, UTC",
    rules=["R-GPF-003", "R-GPF-014"],
    use_cases=["GCS61", "GCS17"],
    devices=["GPF"],
)
def test_days(gpf, gas, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    period = whole_days(clock, 4)
    days = gas.ask(RetrieveDailyConsumptionLog(period=period), gpf, as_user=supplier).samples()
    halves = gas.ask(ReadActiveImportProfileData(period=period), gpf, as_user=supplier).samples()
    expect("days in the log", len(days)).satisfies("three at least", lambda count: count >= 3)
    for day, litres in days:
        of_day = sum(one for at, one in halves if day < at <= day + hours(24))
        expect(f"litres of {day:%Y-%m-%d}", litres).equals(of_day)


@testcase(
    "GAS-305",
    "The state of the valve reaches the proxy with the next wake, not before it has changed",
    rules=["R-GPF-013", "R-GPF-001"],
    use_cases=["GCS32", "GCS33"],
    devices=["GPF", "GSME"],
)
def test_valve_state(gsme, gpf, gas, dcc, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    past_wake(clock)
    sent = dcc.send(DisableSupply(), gsme, as_user=supplier)
    before = gas.ask(ReadSupplyStatus(), gpf, as_user=supplier).attributes[STATUS]
    expect("state in the copy while the command waits", before).equals(2)
    sent.response()
    past_wake(clock)
    after = gas.ask(ReadSupplyStatus(), gpf, as_user=supplier).attributes[STATUS]
    expect("state in the copy after the next wake", after).equals(0)


@testcase(
    "GAS-306",
    "A tapped-off clearing clears the proxy's event log too, once the meter has done it",
    rules=["R-TOM-001", "R-TOM-002", "R-HUB-019", "R-GAS-019"],
    use_cases=["CS11", "CS10a", "CS10b"],
    devices=["GPF", "GSME"],
)
def test_tapped_clearing(gsme, gpf, gas, dcc, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    began = clock.now()
    volume(gas, gpf, supplier)
    past_wake(clock)
    sent = dcc.send(ClearEventLog(), gsme, as_user=supplier)
    waiting = event_log(gas, gpf, supplier, began, clock.now())
    expect("entries in the proxy's log while the command waits", len(waiting)).satisfies("some", bool, "R-TOM-002")
    answer = gas.read(sent.response())
    expect("logs the meter has cleared", answer.fields()["cleared"]).equals(0x08, rule="R-GAS-019")
    security = event_log(gas, gpf, supplier, began, clock.now(), "Security")
    expect("entries 8F52 in the proxy's security log", security.count(CLEARED)).equals(1, rule="R-TOM-001")
    own = event_log(gas, gsme, supplier, began, clock.now(), "Security")
    expect("entries 8F52 in the meter's security log", own.count(CLEARED)).equals(1, rule="R-GAS-019")


@testcase(
    "GAS-394",
    "Clearing the meter's event log empties it and the proxy's, and leaves in the security log of both what was there",
    rules=["R-GAS-019", "R-HUB-019", "R-TOM-001"],
    use_cases=["CS11", "CS10a", "CS10b"],
    devices=["GPF", "GSME"],
)
def test_cleared(gsme, gpf, gas, clock, gas_suppliers, expect):
    supplier, began = gas_suppliers.losing, clock.now()
    conversion = UpdateDeviceConfigurationGasConversion(
        calorific_value=Decimal("39.5"), conversion_factor=Decimal("1.02264")
    )
    for number in (1, 2):
        gas.ask(conversion, gsme, as_user=supplier)  # both log it: the meter that obeys and the proxy that looks
        at = clock.now()
        for device in (gsme, gpf):
            precondition(event_log(gas, device, supplier, at - hours(1), at), "there are entries in the event log")
        at = clock.now()
        answer = gas.ask(ClearEventLog(), gsme, as_user=supplier)
        expect("logs that were cleared", answer.fields()["cleared"]).equals(CLEARED_EVENT_LOG)
        for device in (gsme, gpf):
            rule = "R-GAS-019" if device is gsme else "R-TOM-001"
            left = event_log(gas, device, supplier, began - hours(1), at - seconds(1))
            expect(f"entries of {device}'s event log from before", left).equals([], rule=rule)
            security = event_log(gas, device, supplier, began, clock.now(), "Security")
            expect(f"entries 8F52 in {device}'s security log", security.count(CLEARED)).equals(number, rule=rule)


@testcase(
    "GAS-307",
    "A new calorific value counts from now on, in the meter's money as well",
    rules=["R-GAS-001", "R-GAS-002"],
    requirements=["GS.01"],
    use_cases=["GCS23", "GCS60a"],
    devices=["GSME"],
)
def test_calorific_value(gsme, gas, at_the_meter, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    at_the_meter.set_taps(6)

    def half_hour():
        bills = [gas.ask(ReadMeterBalance(), gsme, as_user=supplier).attributes[BILL] for _ in range(2)]
        return bills[1] - bills[0]

    before = half_hour()
    owed = gas.ask(ReadMeterBalance(), gsme, as_user=supplier).attributes[BILL]
    doubled = UpdateDeviceConfigurationGasConversion(
        calorific_value=Decimal("79.0"), conversion_factor=Decimal("1.02264")
    )
    changed = gas.ask(doubled, gsme, as_user=supplier)
    expect("result of the change", changed.statuses).equals([0, 0])
    now = gas.ask(ReadMeterBalance(), gsme, as_user=supplier).attributes[BILL]
    expect("what the change itself costs", now - owed).satisfies(
        "not more than use", lambda more: more <= 4 * before, rule="R-GAS-002"
    )
    standing = 28_000 / 48
    ratio = (half_hour() - standing) / (before - standing)
    expect("cost of half an hour, to that before", round(ratio, 2)).lies_between(1.95, 2.05)


@testcase(
    "GAS-309",
    "Gas is charged by its energy: volume, calorific value and conversion factor, at the price in force",
    rules=["R-GAS-001", "R-TAR-009", "R-TAR-012"],
    requirements=["GS.01", "ELS-Q51-BALANCE"],
    use_cases=["GCS60a", "GCS21f"],
    devices=["GSME"],
)
def test_energy(gsme, gas, at_the_meter, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    tariff = gas.ask(ReadTariffPrimaryElement(), gsme, as_user=supplier).attributes
    expect("decimals of a price", tariff[PRICE_DECIMALS] >> 4).equals(5, rule="R-TAR-012")
    set_to = UpdateDeviceConfigurationGasConversion(
        calorific_value=Decimal("39.5"), conversion_factor=Decimal("1.02264")
    )
    gas.ask(set_to, gsme, as_user=supplier)
    at_the_meter.set_taps(6)
    first = gas.ask(ReadMeterBalance(), gsme, as_user=supplier)
    second = gas.ask(ReadMeterBalance(), gsme, as_user=supplier)

    hours_between = (second.seen.time - first.seen.time) / hours(1)
    kilowatt_hours = 6 * hours_between * 39.5 * 1.02264 / 3.6
    charged = kilowatt_hours * tariff[PRICE] + tariff[STANDING_CHARGE] * hours_between / 24
    expect("charged for half an hour (1/1000 p)", second.attributes[BILL] - first.attributes[BILL]).lies_between(
        round(0.98 * charged), round(1.02 * charged)
    )


@testcase(
    "GAS-397",
    "New values of calorific value and conversion factor count for what flows from the change on, to the minute",
    rules=["R-GAS-002", "R-GAS-001"],
    requirements=["GS.01"],
    use_cases=["GCS23", "GCS60a"],
    devices=["GSME"],
)
@pytest.mark.parametrize("changed", ["calorific value", "conversion factor"])
def test_from_the_change_on(changed, gsme, gas, at_the_meter, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    tariff = gas.ask(ReadTariffPrimaryElement(), gsme, as_user=supplier).attributes

    def convert(calorific_value, factor):
        """Set both values; returns when, and the kWh in a cubic metre."""
        body = UpdateDeviceConfigurationGasConversion(
            calorific_value=Decimal(str(calorific_value)), conversion_factor=Decimal(str(factor))
        )
        return gas.ask(body, gsme, as_user=supplier).seen.time, calorific_value * factor / 3.6

    _, before = convert(39.5, 1.02264)
    at_the_meter.set_taps(6)
    first = gas.ask(ReadMeterBalance(), gsme, as_user=supplier)
    at, after = convert(80.1, 1.02264) if changed == "calorific value" else convert(39.5, 2.04528)
    second = gas.ask(ReadMeterBalance(), gsme, as_user=supplier)

    old, new = (at - first.seen.time) / hours(1), (second.seen.time - at) / hours(1)
    due = 6 * (old * before + new * after) * tariff[PRICE] + tariff[STANDING_CHARGE] * (old + new) / 24
    expect("charged (1/1000 p)", second.attributes[BILL] - first.attributes[BILL]).lies_between(
        round(0.98 * due), round(1.02 * due)
    )


@testcase(
    "GAS-308",
    "The proxy answers at once, asleep as the meter may be",
    rules=["R-GPF-013"],
    requirements=["SFA-12-MIRROR"],
    use_cases=["GCS13a"],
    devices=["GPF"],
)
def test_answers_at_once(gpf, gas, clock, gas_suppliers, expect):
    past_wake(clock)
    began = clock.now()
    volume(gas, gpf, gas_suppliers.losing)
    expect("time until the answer", clock.now() - began).satisfies("under a minute", lambda time: time < seconds(60))


@testcase(
    "GAS-331",
    "A meter that is not joined with the proxy tells it no readings; joined again, it does",
    rules=["R-HAN-055"],
    use_cases=["CS04B", "CS03B", "GCS13a"],
    devices=["GSME", "GPF"],
)
def test_not_joined(gsme, gpf, gas, gas_log, han, at_the_meter, clock, gas_suppliers, expect):  # noqa: F811
    supplier = gas_suppliers.losing
    at_the_meter.set_taps(2)
    expect("result of unjoining the proxy", gas_log.unjoin("CS04B", gpf.eui)).equals(SUCCESS, rule="R-HAN-049")
    told = volume(gas, gpf, supplier)
    with han.never("cmd == report_attributes and src == gsme and cluster in (metering, prepayment, price)"):
        past_wake(clock)
        past_wake(clock)
    expect("the proxy's register (litres)", volume(gas, gpf, supplier)).equals(told)

    result = gas_log.join("CS03B", gpf.eui, GPF, METHOD_B)
    expect("result of the join", result).equals(SUCCESS, rule="R-HAN-045")
    past_wake(clock)
    expect("the proxy's register after that", volume(gas, gpf, supplier)).satisfies(
        "to be higher", lambda litres: litres > told
    )
