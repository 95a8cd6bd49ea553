"""The non-disablement calendar of a gas meter as it is read back: the one in force, whatever waits."""

from datetime import time

from bench.clock import hours
from bench.dcc.bodies import ReadPrepaymentConfiguration
from bench.testcase import testcase
from testcases.gas_steps import past_wake
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import GasMeter

#: the calendar cluster, and its commands in the answer: day profile, week profile, seasons (reference data, GCS21b)
CALENDAR, PARTS = 0x0707, (0x01, 0x02, 0x03)
DEFAULT_RESPONSE = 0x0B
NON_DISABLEMENT = 3  #: type of calendar
FIRST, SECOND = (time(8), time(18)), (time(7), time(13))
REQUIREMENTS = ["PC.03"]


def parts(meter):
    """What the meter answers of its calendar: day profiles, week profiles, seasons."""
    answer = meter.gas.ask(ReadPrepaymentConfiguration(), meter.device, as_user=meter.supplier)
    of_calendar = [
        (one.command, answer.fields(number))
        for number, one in enumerate(answer.components)
        if one.cluster == CALENDAR and one.command != DEFAULT_RESPONSE
    ]
    return [[fields for command, fields in of_calendar if command == wanted] for wanted in PARTS]


def switched(days):
    """The minutes of the day at which a profile that protects switches."""
    longest = max(days, key=lambda day: len(day["switchTimes"]), default={"switchTimes": []})
    return [row["startMin"] for row in longest["switchTimes"]]


@testcase(
    "PPM-553",
    "Asked for the calendar in force (FFFFFFFE) the gas meter answers with days, weeks and seasons of the one that is",
    rules=["R-GPF-011", "R-DIS-003"],
    requirements=REQUIREMENTS,
    use_cases=["GCS05", "GCS21b"],
    devices=["GSME"],
)
def test_in_force(gsme, gas_suppliers, dcc, gas, at_the_meter, clock, expect):
    meter = GasMeter(gsme, gas_suppliers.losing, gas_suppliers.gaining, dcc, gas, at_the_meter)
    expect("parts of a calendar before there is one", parts(meter)).equals([[], [], []])
    meter.configure(Settings(protected=FIRST))
    at = (clock.now() + hours(3)).replace(minute=10, second=0, microsecond=0)
    meter.configure(Settings(protected=SECOND), at=at)

    days, weeks, seasons = parts(meter)

    numbers = {one["calendarId"] for one in (*days, *weeks, *seasons)}
    expect("calendars in the answer", len(numbers)).equals(1)
    expect("types of the calendar", {one["calendarType"] for one in days}).equals({NON_DISABLEMENT})
    expect("minutes at which a protected day switches", switched(days)).equals([0, 8 * 60, 18 * 60])
    known = {one["dayId"] for one in days}
    named = {row["dayRef"] for week in weeks for row in week["days"]}
    expect("days that the weeks name", named).satisfies("to be in the answer", lambda refs: refs and refs <= known)
    expect("weeks", len(weeks)).equals(1)
    expect("weeks that the seasons name", {row["weekRef"] for one in seasons for row in one["entries"]}).equals(
        {weeks[0]["weekId"]}
    )

    clock.sleep_until(at)
    past_wake(clock)
    expect("minutes at which it switches from then on", switched(parts(meter)[0])).equals([0, 7 * 60, 13 * 60])
