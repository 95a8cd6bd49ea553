"""Readings a gas meter keeps: each midnight, before a change of payment mode, and how they are answered."""

from itertools import pairwise

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import (
    ReadActiveImportProfileData,
    ReadLogPeriod,
    ReadPrepaymentDailyReadLog,
    RetrieveCoMOrTariffTriggeredBillingDataLog,
    RetrieveImportDailyReadLog,
    UpdatePaymentMode,
)
from bench.gbcs import Message
from bench.gbcs.gbz import Gbz
from bench.gbcs.times import from_zigbee_utc
from bench.han_point import frame
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.days import midnight
from testcases.gas_steps import BALANCE, POUND, WAKE, registers, to_prepayment, whole_days

CHANGE_OF_MODE = 1 << 14
NOT_FOUND = 0x8B
DAYS = 3


def midnights(clock):
    """The log period that takes in the last midnights, UTC."""
    period = whole_days(clock, DAYS - 1)
    return ReadLogPeriod(start=period.start, end=period.end)


@testcase(
    "GAS-601",
    "The register of each midnight, UTC, is kept: what a day has used is what its half hours have",
    rules=["R-GPF-004", "R-TIM-001", "R-ENC-001"],
    requirements=["IN.03.2"],
    use_cases=["GCS16a", "GCS17"],
    devices=["GSME"],
)
def test_midnights(gsme, gas, clock, gas_suppliers, expect):
    supplier, period = gas_suppliers.losing, midnights(clock)
    log = gas.ask(RetrieveImportDailyReadLog(period=period), gsme, as_user=supplier)
    halves = gas.ask(ReadActiveImportProfileData(period=period), gsme, as_user=supplier).samples()

    found = [number for number, status in enumerate(log.statuses) if status == 0]
    expect("readings", len(found)).equals(DAYS)
    for number in found:
        expect(f"whether reading {number + 1} is encrypted", log.encrypted[number]).equals(True, rule="R-ENC-001")
    readings = [log.fields(number) for number in found]
    for earlier, later in pairwise(readings):
        expect("seconds between two readings", later["time"] - earlier["time"]).equals(86400, rule="R-TIM-001")
        expect("time of day of a reading (s)", later["time"] % 86400).equals(0, rule="R-TIM-001")
    used = readings[-1]["summation"] - readings[0]["summation"]
    of_halves = sum(litres for at, litres in halves if period.start < at <= period.end)
    expect("litres of all days, by half hours", of_halves).lies_between(used - 1, used + 1)


@testcase(
    "GAS-602",
    "A reading holds the registers that the tariff uses, and they add up to the total",
    rules=["R-GPF-005"],
    requirements=["PC.08"],
    use_cases=["GCS16a"],
    devices=["GSME"],
)
def test_registers_of_a_reading(gsme, gas, clock, gas_suppliers, expect):
    log = gas.ask(RetrieveImportDailyReadLog(period=midnights(clock)), gsme, as_user=gas_suppliers.losing)

    reading = log.fields(0)
    tiers = [row["tier"] for row in reading["tiers"]]
    expect("sum of the registers by time (litres)", sum(tiers)).equals(reading["summation"])


@testcase(
    "GAS-603",
    "Every part of a long read is answered in order with its own number, whether there is a reading for it or not",
    rules=["R-RSP-014", "R-RSP-013b", "R-RSP-015"],
    requirements=["ELS-Q24-E2EMSG"],
    use_cases=["GCS16a"],
    devices=["GSME"],
)
def test_parts_of_a_read(gsme, local, clock, timeline, gas_suppliers, expect):
    body = RetrieveImportDailyReadLog(period=midnights(clock))
    command = local.command(body, gsme, as_user=gas_suppliers.losing)
    delivered = local.deliver(command, "a read of 31 daily readings")

    seen = timeline.expect(answer_to(command), within=WAKE + minutes(5), after=delivered)
    asked = [one.tsn for one in Gbz.parse(command.payload).components]
    answers = Gbz.parse(Message.parse(seen.raw).payload).components
    expect("numbers of the answers", [one.tsn for one in answers]).equals(asked)
    empty = [one for one in answers if not one.encrypted]
    expect("parts without a reading", len(empty)).equals(len(asked) - DAYS, rule="R-RSP-013b")
    statuses = {one.payload[1] for one in empty}
    expect("their status", statuses).equals({NOT_FOUND}, rule="R-RSP-015")


@testcase(
    "GAS-604",
    "In prepayment the balances of midnight are kept as well, and only then; the meter wakes all night",
    rules=["R-GPF-006", "R-GSM-001"],
    requirements=["PC.06"],
    use_cases=["GCS03", "GCS16b"],
    devices=["GSME"],
)
def test_prepayment_midnight(gsme, gas, han, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    before = gas.ask(ReadPrepaymentDailyReadLog(period=midnights(clock)), gsme, as_user=supplier)
    expect("readings of days in credit mode", before.statuses.count(0)).equals(0)
    to_prepayment(gas, gsme, supplier, 10)

    def next_midnight():
        end_of_day = midnight(clock, -1)
        clock.sleep_until(end_of_day + minutes(1))
        return end_of_day

    def readings(since, until):
        return gas.ask(ReadPrepaymentDailyReadLog(period=ReadLogPeriod(start=since, end=until)), gsme, as_user=supplier)

    first, second = next_midnight(), next_midnight()
    heard = timeline.find(frame(src="GSME", what="ReportAttributes"), after=first - minutes(60))
    gaps = [later.time - earlier.time for earlier, later in pairwise(heard)]
    expect("longest silence of the meter round the clock", max(gaps)).satisfies(
        "not above half an hour", lambda gap: gap <= minutes(30.5), "R-GSM-001"
    )
    log = readings(first, second)
    now = registers(gas, gsme, supplier)[BALANCE]
    expect("readings of two midnights", log.statuses.count(0)).equals(2)
    times, balances = ([log.fields(number)[name] for number in (0, 1)] for name in ("time", "creditRemaining"))
    expect("times of them", [from_zigbee_utc(at) for at in times]).equals([first, second])
    expect("balance of the latter (1/1000 p)", balances[1]).lies_between(now, now + POUND // 2)
    expect("balance of the former", balances[0]).satisfies("to be higher", lambda one: one > balances[1])

    gas.ask(UpdatePaymentMode(credit=True), gsme, as_user=supplier)
    third = next_midnight()
    log = readings(third, third)
    expect("readings of a midnight in credit mode again", log.statuses.count(0)).equals(0)


@testcase(
    "GAS-605",
    "A change of payment mode keeps a reading from before it, and names the cause",
    rules=["R-GPF-008", "R-PPM-003", "R-GPF-007"],
    requirements=["PC.01"],
    use_cases=["GCS02", "GCS03", "GCS15b"],
    devices=["GSME"],
)
def test_reading_before_a_change_of_mode(gsme, gas, clock, gas_suppliers, expect):
    supplier, began = gas_suppliers.losing, clock.now().replace(microsecond=0)
    to_prepayment(gas, gsme, supplier, 10)
    between = clock.now()
    gas.ask(UpdatePaymentMode(credit=True), gsme, as_user=supplier)
    changed = clock.now()

    period = ReadLogPeriod(start=began, end=clock.now() + hours(1))
    log = gas.ask(RetrieveCoMOrTariffTriggeredBillingDataLog(period=period), gsme, as_user=supplier)
    readings = [log.fields(number) for number, status in enumerate(log.statuses) if status == 0]
    expect("causes of the readings", [one["cause"] for one in readings]).equals([CHANGE_OF_MODE] * 4)
    times = sorted({from_zigbee_utc(one["time"]) for one in readings})
    expect("times of the readings", len(times)).equals(2, rule="R-PPM-003")
    for at, (since, until) in zip(times, ((began, between), (between, changed)), strict=True):
        expect("time of a reading", at).lies_between(since - seconds(1), until, rule="R-PPM-003")
    balances = [one["creditRemaining"] for one in readings if "creditRemaining" in one]
    expect("balances before each change (1/1000 p)", len(balances)).equals(2, rule="R-PPM-003")
    expect("the second of them", balances[1]).lies_between(9 * POUND, 10 * POUND, rule="R-PPM-003")
