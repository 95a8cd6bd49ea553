"""Maximum demand: the mean of half hours of the clock, within the time of day that is set, until it is reset.

The peaks are made with auxiliary switch 1, with the load behind it; what is right follows from what the source reads.
"""

from dataclasses import replace
from typing import NamedTuple

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import (
    ActivateAuxiliaryLoad,
    ReadMaximumDemandExportRegisters,
    ReadMaximumDemandImportRegisters,
    ResetMaximumDemandRegisters,
    SetMaximumDemandConfigurableTimePeriod,
)
from bench.dcc.bodies.settings import MaximumDemandTimePeriodSchedule
from bench.dcc.bodies.supply import SwitchDuration
from bench.gbcs.axdr import Data
from bench.gbcs.dlms import AccessRequest, AccessResponse
from bench.gbcs.times import parse_date_time
from bench.local_point import answer_to
from bench.testcase import meters, testcase

HALF_HOUR = minutes(30)
REQUIREMENTS = ["SFA-19-MDREGS"]
WATTS = (0, 27)  #: scaler and unit
ACCURACY = 0.03


class Maximum(NamedTuple):
    """One register as it is read."""

    reset_at: object
    watts: int
    unit: tuple
    captured_at: object


class DemandPoint:
    """The maximum demand of the meter as the network operator sees it, and peaks on the feed."""

    def __init__(self, dut, dcc, clock, mains, supplier, operator):
        self._dut, self._dcc, self._clock, self._mains = dut, dcc, clock, mains
        self._supplier, self._operator = supplier, operator
        self.base = mains.sample().power

    def _ask(self, body):
        return self._dcc.ask(body, self._dut, as_user=self._operator)

    def read(self):
        """Read import, configured import and export (4.12.1, 4.12.2)."""
        imported = self._ask(ReadMaximumDemandImportRegisters())
        exported = self._ask(ReadMaximumDemandExportRegisters())
        return (
            *imported.items(lambda data: (_maximum(data[0], data[2:5]), _maximum(data[1], data[5:8]))),
            exported.items(lambda data: _maximum(data[0], data[1:4])),
        )

    def period(self):
        """Read the configured time of day: (script, hour, days) of each entry."""
        return self._ask(ReadMaximumDemandImportRegisters()).items(
            lambda data: [(row[3].value, row[4].value[0], row[6].value) for row in data[8].value]
        )

    def reset(self, **registers):
        """Reset the registers named (6.18.2); the results."""
        chosen = {"import_value": False, "export_value": False, "configured_import_value": False} | registers
        return self._dcc.ask(ResetMaximumDemandRegisters(**chosen), self._dut, as_user=self._operator).results

    def reset_all(self):
        """Reset every register."""
        self.reset(import_value=True, export_value=True, configured_import_value=True)

    def set_period(self, start, end):
        """Set the time of day of the configured register (6.18.1)."""
        schedule = MaximumDemandTimePeriodSchedule(start=start.time(), end=end.time())
        self._ask(SetMaximumDemandConfigurableTimePeriod(schedule=schedule))

    def next_half_hour(self):
        """Wait until a half hour of the clock begins; returns that instant."""
        now = self._clock.now()
        start = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0) + HALF_HOUR
        self._clock.sleep_until(start)
        return start

    def peak(self, length):
        """Close the switch for some minutes; returns the power meanwhile (W)."""
        body = ActivateAuxiliaryLoad(switches=(SwitchDuration(index=1, duration=length),))
        self._dcc.ask(body, self._dut, as_user=self._supplier)
        power = self._mains.sample().power
        self._clock.sleep(minutes(length) + seconds(5))
        return power


def _maximum(reset_at, register):
    value, unit, captured = register
    scaler, code = (member.value for member in unit.value)
    return Maximum(parse_date_time(reset_at.value), value.value, (scaler, code), parse_date_time(captured.value))


def near(expect, what, watts, wanted, rule=""):
    """State that a power is what follows from the readings of the source."""
    expect(what, watts).lies_between(round(wanted * (1 - ACCURACY)), round(wanted * (1 + ACCURACY)), rule=rule)


@pytest.fixture
def demand(dut, dcc, clock, mains, switched_load, suppliers, network_operator):
    """The registers, all of them zero."""
    point = DemandPoint(dut, dcc, clock, mains, suppliers.losing, network_operator)
    point.reset_all()
    return point


@testcase(
    "DEM-001",
    "The maximum is the highest mean of a half hour of the clock in W, with the time at which that half hour ended",
    rules=["R-DEM-001", "R-DEM-005"],
    requirements=[*REQUIREMENTS, "ELS-Q43-MINMAX"],
    use_cases=["ECS57", "ECS18b", "ECS18a"],
)
def test_half_hours(demand, clock, expect):
    start = demand.next_half_hour()
    clock.sleep_until(start + minutes(10))
    peak = demand.peak(10)
    clock.sleep_until(start + HALF_HOUR + seconds(10))
    imported, configured, exported = demand.read()
    wanted = demand.base + (peak - demand.base) / 3
    near(expect, "maximum of import (W)", imported.watts, wanted, rule="R-DEM-005")
    near(expect, "maximum of configured import (W)", configured.watts, wanted, rule="R-DEM-005")
    expect("maximum of export (W)", exported.watts).equals(0)
    expect("units", {imported.unit, configured.unit, exported.unit}).equals({WATTS})
    expect("times", (imported.captured_at, configured.captured_at)).equals((start + HALF_HOUR,) * 2)

    demand.next_half_hour()
    clock.sleep(seconds(10))
    after = demand.read()[0]
    expect("maximum after a lower half hour", (after.watts, after.captured_at)).equals(
        (imported.watts, imported.captured_at)
    )


@testcase(
    "DEM-002",
    "A peak across the edge of two half hours counts half in each: the half hour does not slide",
    rules=["R-DEM-005"],
    requirements=REQUIREMENTS,
    use_cases=["ECS57", "ECS18b"],
)
def test_across_the_edge(demand, clock, expect):
    start = demand.next_half_hour()
    clock.sleep_until(start + minutes(20))
    peak = demand.peak(20)
    clock.sleep_until(start + 2 * HALF_HOUR + seconds(10))
    near(expect, "maximum of import (W)", demand.read()[0].watts, demand.base + (peak - demand.base) / 3)


@testcase(
    "DEM-003",
    "Each register is reset alone, to zero with the time, and again if repeated; what was there does not come back",
    rules=["R-DEM-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS57", "ECS18b", "ECS18a"],
)
def test_reset(demand, clock, mains, expect):
    demand.next_half_hour()
    demand.next_half_hour()
    clock.sleep(seconds(10))
    before = demand.read()
    expect("a maximum is there", before[1].watts > 0).equals(True, rule="R-DEM-001")

    results = demand.reset(configured_import_value=True)
    first = clock.now()
    expect("results of the reset", set(results)).equals({0})
    imported, configured, exported = demand.read()
    expect("configured import after its reset (W)", configured.watts).equals(0)
    expect("time of its reset", configured.reset_at).lies_between(first - seconds(10), first + seconds(1))
    expect("import", imported).equals(before[0])
    expect("export", exported).equals(before[2])

    clock.sleep(minutes(2))
    demand.reset(configured_import_value=True)
    again = demand.read()[1].reset_at
    expect("time of the repeated reset", again).lies_between(first + minutes(1.5), clock.now())
    mains.interrupt("1 min")
    clock.sleep(minutes(1))
    imported, configured, _ = demand.read()
    expect("configured import after an outage (W)", configured.watts).equals(0)
    expect("import after an outage", imported).equals(before[0], rule="R-DEM-001")
    demand.reset(import_value=True)
    imported, configured, _ = demand.read()
    expect("import after its reset (W)", imported.watts).equals(0)
    expect("reset of the other", configured.reset_at).equals(again)


@testcase(
    "DEM-004",
    "A new time of day leaves the old maximum until it is reset; then only half hours within it count",
    rules=["R-DEM-004", "R-DEM-003"],
    requirements=[*REQUIREMENTS, "CSC-DP131-TIMEOFDAY"],
    use_cases=["ECS37", "ECS57", "ECS18b"],
)
@pytest.mark.parametrize("over_midnight", [False, True], ids=["within a day", "over midnight"])
def test_period(over_midnight, demand, clock, expect):
    start = demand.next_half_hour()
    if over_midnight:
        evening = start.replace(hour=22, minute=0)
        start = evening if evening >= start else evening + hours(24)
        clock.sleep_until(start)
    peak = demand.peak(20)
    clock.sleep_until(start + HALF_HOUR + seconds(10))
    old = demand.read()[1]
    near(expect, "configured import all day (W)", old.watts, demand.base + (peak - demand.base) * 2 / 3)

    opens, closes = start + 3 * HALF_HOUR, start + 5 * HALF_HOUR
    demand.set_period(opens, closes)
    kept = demand.read()[1]
    expect("configured import after the change", (kept.watts, kept.captured_at)).equals((old.watts, old.captured_at))
    days = (7, b"\xfe")
    expect("entries", demand.period()).equals([(1, opens.hour, days), (2, closes.hour, days)], rule="R-DEM-003")

    demand.reset(configured_import_value=True)
    demand.peak(15)
    clock.sleep_until(opens + seconds(5))
    expect("configured import before the period (W)", demand.read()[1].watts).equals(0, rule="R-DEM-003")
    for end in (opens + HALF_HOUR, closes):
        clock.sleep_until(end + seconds(5))
        near(expect, "configured import within it (W)", demand.read()[1].watts, demand.base, rule="R-DEM-003")
    demand.peak(15)
    clock.sleep_until(closes + HALF_HOUR + seconds(5))
    near(expect, "configured import after it (W)", demand.read()[1].watts, demand.base, rule="R-DEM-003")


@testcase(
    "DEM-005",
    "A half hour with an outage in it has the energy of the rest, over the whole half hour",
    rules=["R-DEM-005"],
    requirements=[*REQUIREMENTS, "SFA-17-OUTAGE"],
    use_cases=["ECS57", "ECS18b"],
)
def test_outage(demand, clock, mains, expect):
    start = demand.next_half_hour()
    demand.reset_all()
    clock.sleep_until(start + minutes(5))
    mains.interrupt("15 min")
    clock.sleep_until(start + HALF_HOUR + seconds(10))
    read = demand.read()[0]
    near(expect, "maximum of import (W)", read.watts, demand.base / 2)
    expect("its time", read.captured_at).equals(start + HALF_HOUR, rule="R-DEM-001")


def _one_row(rows):
    return rows[:1]


def _two_starts(rows):
    return [rows[0], Data(rows[1].tag, [*rows[1].value[:3], rows[0][3], *rows[1].value[4:]])]


def _no_sunday(rows):
    return [Data(row.tag, [*row.value[:6], Data(row[6].tag, (7, b"\xfc")), *row.value[7:]]) for row in rows]


#: what is wrong with the time of day -> the change of its entries
MALFORMED = {"a start without an end": _one_row, "two starts": _two_starts, "not every day": _no_sunday}


@testcase(
    "DEM-006",
    "A time of day that is not one start and one end for every day is refused, and the one before stays",
    rules=["R-DEM-003"],
    requirements=[*REQUIREMENTS, "CSC-DP131-TIMEOFDAY"],
    use_cases=["ECS37", "ECS18b"],
)
def test_malformed(dut, demand, local, timeline, network_operator, expect):
    start = demand.next_half_hour()
    demand.set_period(start, start + 2 * HALF_HOUR)
    before = demand.period()
    schedule = MaximumDemandTimePeriodSchedule(start=start.time(), end=(start + 4 * HALF_HOUR).time())
    body = SetMaximumDemandConfigurableTimePeriod(schedule=schedule)
    for what, change in MALFORMED.items():
        good = local.command(body, dut, as_user=network_operator)
        request = AccessRequest.parse(good.payload)
        entries = Data(request.data[0].tag, change(request.data[0].value))
        bad = replace(good, payload=bytes(replace(request, data=[entries])), mac=None)
        bad = local.maced(bad, dut)

        local.deliver(bad, f"a time of day with {what}")

        expect(f"time of day after {what}", demand.period()).equals(before)
        answers = [local.read(seen).message for seen in timeline.find(answer_to(bad))]
        results = [code for one in answers for _, code in AccessResponse.parse(one.payload).results]
        expect("success of the setting, if it was answered", 0 in results).equals(False)


@meters("single", "twin")
@testcase(
    "DEM-071",
    "The maximum of export is the highest mean of a half hour that flowed back, and none of it counts as import",
    rules=["R-DEM-005", "R-DEM-001", "R-DEM-002", "R-LOG-011"],
    requirements=[*REQUIREMENTS, "ES.03"],
    use_cases=["ECS57", "ECS18a", "ECS18b"],
)
def test_export(demand, clock, mains, generator, expect):
    start = demand.next_half_hour()
    clock.sleep(seconds(1))
    demand.reset_all()
    generator.on()
    given = -mains.sample().power
    clock.sleep_until(start + minutes(20))
    generator.off()
    clock.sleep_until(start + HALF_HOUR + seconds(10))

    imported, _, exported = demand.read()
    near(expect, "maximum of export (W)", exported.watts, given * 2 / 3)
    near(expect, "maximum of import (W)", imported.watts, demand.base / 3)
    expect("unit and time", (exported.unit, exported.captured_at)).equals((WATTS, start + HALF_HOUR), rule="R-DEM-001")

    demand.reset(export_value=True)
    demand.next_half_hour()
    clock.sleep(seconds(10))
    after = demand.read()
    expect("maximum of export after its reset (W)", after[2].watts).equals(0, rule="R-DEM-002")
    expect("maximum of import after it (W)", after[0].watts).satisfies("some", bool, rule="R-DEM-002")
