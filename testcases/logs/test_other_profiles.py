"""Half hours beside active import: export, and reactive import, for 93 days."""

import pytest

from bench.dcc.bodies import ReadExportProfileData, ReadLogPeriod, ReadReactiveImportProfileData
from bench.gbcs.times import from_zigbee_utc
from bench.testcase import testcase
from testcases.billing.steps import imported
from testcases.days import DAY, midnight
from testcases.logs.test_depth import HALF_HOUR, IN_A_DAY, half_hours_of, is_old_enough

DAYS = 93
ENTRIES = DAYS * IN_A_DAY  #: half hours
AGES = (1, 45, DAYS - 1)
USED_IN_A_DAY = 10_000  #: Wh, at the least: so the register says how long a meter has been there
#: what is read: the request, who reads it, values of an entry
KINDS = {"export": (ReadExportProfileData, "network operator", 2), "reactive": (ReadReactiveImportProfileData, "", 1)}


@testcase(
    "LOG-051",
    "The electricity meter has each half hour of export, and of reactive import, of the last 4464",
    rules=["R-LOG-002", "R-LOG-003", "R-LOG-008"],
    requirements=["DS.02", "PC.07"],
    use_cases=["ECS22a", "ECS22c", "ECS17b"],
)
@pytest.mark.parametrize("kind", KINDS)
def test_depth(kind, dut, dcc, clock, suppliers, network_operator, expect):
    body, reader, values = KINDS[kind]
    user = network_operator if reader else suppliers.losing
    is_old_enough(imported(dcc, dut, suppliers.losing), USED_IN_A_DAY, DAYS)

    for age in AGES:
        day = midnight(clock, age)
        rows = dcc.ask(body(period=half_hours_of(day)), dut, as_user=user).rows()

        ends = [from_zigbee_utc(row[0]) for row in rows]
        expect(f"half hours of {day:%Y-%m-%d}", ends).equals(
            [day + number * HALF_HOUR for number in range(1, IN_A_DAY + 1)]
        )
        expect("values of an entry", {len(row) - 1 for row in rows}).equals({values}, rule="R-LOG-003")
    now = clock.now()
    oldest = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0) - (ENTRIES - 1) * HALF_HOUR
    rows = dcc.ask(body(period=ReadLogPeriod(start=oldest, end=oldest)), dut, as_user=user).rows()
    expect(f"half hours that end at {oldest:%d %B %H:%M}, the first of the last {ENTRIES}", len(rows)).equals(1)
    tomorrow = half_hours_of(midnight(clock) + DAY)
    expect("half hours of tomorrow", dcc.ask(body(period=tomorrow), dut, as_user=user).rows()).equals([])
