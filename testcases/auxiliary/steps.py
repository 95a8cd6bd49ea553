"""What the tests of auxiliary switches share: the contact as the source sees it, calendars, status, log, offset.

Switch 1 is one of the meter itself, and has a load behind it, on the feed that is measured.
"""

from bench.clock import seconds
from bench.dcc.bodies import (
    ReadALCSData,
    ReadDeviceConfigurationRandomisation,
    ReadEventOrSecurityLog,
    ReadLogPeriod,
    UpdateDeviceConfigurationALCScheduler,
)
from bench.dcc.bodies.common import (
    CalendarDate,
    DayOfMonth,
    DayOfWeek,
    DayOfWeekApplicability,
    DaysOfWeekApplicability,
    Month,
    SchedulePeriodAndTime,
    Year,
)
from bench.dcc.bodies.supply import ActivateDeactivateSwitch, ALCSHCALCSConnectionSchedule
from bench.gbcs.axdr import CompactArray
from bench.gbcs.times import from_zigbee_utc

ON, OFF, RESET = 0x111, 0x112, 0x120  #: scripts of switch 1, as the log shows them
BUILT_IN = bytes(8)
EVERY_DAY = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ANY_DATE = CalendarDate(year=Year(any=True), month=Month(any=True), day=DayOfMonth(any=True),
                        weekday=DayOfWeek(any=True))  # fmt: skip
REQUIREMENTS = ["ES.13", "HA.07", "SFA-22-VARIANTS"]
RANDOM = ["SFA-23-RANDOM"]


class Contact:
    """The contact of switch 1, told by what the source delivers beside what it delivers with the contact open."""

    def __init__(self, mains, switched_load):
        self._mains, self._load = mains, switched_load
        self._open = mains.sample().power

    def is_closed(self):
        """Whether the load behind the contact is there."""
        return self._mains.sample().power - self._open > self._load / 2


def entry(on, at, *, days=EVERY_DAY, switch=1):
    """One line of a calendar: switch on or off at a time of day (UTC), on some days of the week."""
    return ALCSHCALCSConnectionSchedule(
        action=ActivateDeactivateSwitch(index=switch, activate=on, deactivate=not on),
        special_days=(),
        week_days=DaysOfWeekApplicability(days=tuple(DayOfWeekApplicability(day=day) for day in days)),
        at=SchedulePeriodAndTime(switch_time=at.time().replace(microsecond=0), start=ANY_DATE, end=ANY_DATE),
    )


def set_calendar(dcc, dut, supplier, *entries, at=None, special_days=None, switches=()):
    """Give the meter a calendar of its switches (6.14.2, ECS46c), now or at a time."""
    body = UpdateDeviceConfigurationALCScheduler(
        execute_at=at, schedule=entries, special_days=special_days, switches=switches
    )
    return dcc.ask(body, dut, as_user=supplier)


def state_read(dcc, dut, supplier, switch=1):
    """Read whether a switch is closed (7.7, ECS61a)."""
    return dcc.ask(ReadALCSData(), dut, as_user=supplier).value(11 + switch)


def offset_read(dcc, dut, supplier):
    """Read offset (s), number and limit (s) (6.2.2, ECS26c)."""
    return [item.value for item in dcc.ask(ReadDeviceConfigurationRandomisation(), dut, as_user=supplier).access.data]


def switch_log(dcc, dut, supplier, start, clock):
    """Read the log of the switches since an instant: (time, switch and action, outcome, HAN command id)."""
    period = ReadLogPeriod(start=start.replace(microsecond=0), end=clock.now() + seconds(1))
    body = ReadEventOrSecurityLog(period=period, log="ALCSEvent")
    return dcc.ask(body, dut, as_user=supplier).items(_switch_rows)


def _switch_rows(data):
    rows = data[0].value.rows if isinstance(data[0].value, CompactArray) else []
    return [(from_zigbee_utc(row[0].value), row[1].value, row[2].value, row[3].value) for row in rows]
