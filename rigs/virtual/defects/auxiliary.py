"""Defects of auxiliary switches: offset, calendar, commands, status, log."""

from datetime import timedelta

from bench.gbcs.dlms import date_time
from rigs.virtual.auxiliary import BUILT_IN, DONE
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme


@defect(
    "esme-offset-limit-not-checked",
    device="Esme",
    breaks="R-AUX-008",
    story="The limit of the random offset is taken over as it comes, up to 65535 s.",
)
def limit_not_checked(esme: Esme) -> None:
    """Every limit will do."""
    esme.auxiliary.limit_allowed = lambda limit: True  # type: ignore[method-assign]


@defect(
    "esme-offset-number-per-boot",
    device="Esme",
    breaks="R-AUX-008",
    story="The offset number is drawn when the meter starts, not at manufacture: after each outage it is another.",
)
def number_per_boot(esme: Esme) -> None:
    """A new number after an outage."""
    up = esme.auxiliary.power_up

    def draw():
        esme.auxiliary.number = esme.auxiliary.number % 10000 + 1
        up()

    esme.auxiliary.power_up = draw  # type: ignore[method-assign]


@defect(
    "esme-offset-in-minutes",
    device="Esme",
    breaks="R-AUX-009",
    story="The offset is read back in seconds and applied in minutes.",
)
def offset_in_minutes(esme: Esme) -> None:
    """Sixty times too late."""
    auxiliary = esme.auxiliary
    auxiliary.asked_by_calendar = lambda switch, now: auxiliary.calendar.state(  # type: ignore[method-assign]
        switch, now - timedelta(minutes=auxiliary.offset())
    )


@defect(
    "esme-offset-rounded-down",
    device="Esme",
    breaks="R-AUX-008",
    story="The offset is kept in tens of seconds: meters of a street switch in groups, not one by one.",
)
def offset_rounded_down(esme: Esme) -> None:
    """Whole tens."""
    auxiliary = esme.auxiliary
    offset = auxiliary.offset
    auxiliary.offset = lambda: offset() // 10 * 10  # type: ignore[method-assign]


@defect(
    "esme-calendar-without-offset",
    device="Esme",
    breaks="R-AUX-009",
    story="The offset is applied to tariffs only: auxiliary switches of a whole town close at the same second.",
)
def calendar_without_offset(esme: Esme) -> None:
    """At the base time."""
    auxiliary = esme.auxiliary
    next_instant = auxiliary._next

    def with_base_times(now):
        changes = [auxiliary.calendar.next_change(switch, now) for switch in (1,)]
        return min([one for one in (*changes, next_instant(now)) if one is not None], default=None)

    auxiliary._next = with_base_times  # type: ignore[method-assign]
    auxiliary.asked_by_calendar = auxiliary.calendar.state  # type: ignore[method-assign]


@defect(
    "esme-switch-closes-at-once-after-outage",
    device="Esme",
    breaks="R-PWR-010",
    story="After an outage all switches close when the meter starts, the heaters of a whole town together.",
)
def closes_at_once(esme: Esme) -> None:
    """No offset after an outage."""
    auxiliary = esme.auxiliary

    def up():
        auxiliary._rest_until = None
        auxiliary.update()

    auxiliary.power_up = up  # type: ignore[method-assign]


@defect(
    "esme-switch-stays-open-after-outage",
    device="Esme",
    breaks="R-PWR-010",
    story="The calendar is looked at when a switching time comes: after an outage within a period the water stays cold "
    "until the next day.",
)
def stays_open(esme: Esme) -> None:
    """Nothing is done at power on."""
    esme.auxiliary.power_up = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-special-day-ignored",
    device="Esme",
    breaks="R-AUX-002",
    story="Special days are stored and read back, and the calendar goes by the day of the week.",
)
def special_day_ignored(esme: Esme) -> None:
    """There are no special days."""
    calendar = esme.auxiliary.calendar
    applies = calendar.applies

    def plain(row, day):
        rows = calendar._rows
        calendar._rows = lambda key: []  # type: ignore[method-assign]
        try:
            return applies(row, day)
        finally:
            calendar._rows = rows  # type: ignore[method-assign]

    calendar.applies = plain  # type: ignore[method-assign]


@defect(
    "esme-weekdays-from-wrong-end",
    device="Esme",
    breaks="R-AUX-002",
    story="Bits of weekdays are read from the wrong end: what is set for Monday happens on Sunday.",
)
def weekdays_from_wrong_end(esme: Esme) -> None:
    """The week is mirrored."""
    calendar = esme.auxiliary.calendar
    applies = calendar.applies
    calendar.applies = lambda row, day: applies(row, day + timedelta(days=6 - 2 * day.weekday()))  # type: ignore[method-assign]


@defect(
    "esme-calendar-of-64-entries",
    device="Esme",
    breaks="R-AUX-002",
    story="The table of the auxiliary calendar has 64 lines, as the tariff's has; a longer one is refused.",
)
def short_calendar(esme: Esme) -> None:
    """No room."""
    calendar = esme.auxiliary.calendar
    fits = calendar.fits
    calendar.fits = lambda table, room: fits(table, min(room, 64))  # type: ignore[method-assign]


@defect(
    "esme-commanded-state-any-length",
    device="Esme",
    breaks="R-AUX-003",
    story="A commanded state may last as long as the two times say: a slip of the year keeps a heater on for ever.",
)
def any_length(esme: Esme) -> None:
    """Times are not compared."""
    esme.auxiliary.end_allowed = lambda switch, end: True  # type: ignore[method-assign]


@defect(
    "esme-commanded-state-below-24-hours",
    device="Esme",
    breaks="R-AUX-003",
    story="A commanded state of exactly 24 hours is refused.",
)
def below_a_day(esme: Esme) -> None:
    """A day is too long."""
    allowed = esme.auxiliary.end_allowed

    def shorter(switch, end):
        start = esme.auxiliary._moment(switch, 1)
        a_day = start is not None and end.value == date_time(start + timedelta(days=1))
        return allowed(switch, end) and not a_day

    esme.auxiliary.end_allowed = shorter  # type: ignore[method-assign]


@defect(
    "esme-switch-state-from-command",
    device="Esme",
    breaks="R-AUX-005",
    story="The state that is read is the one that was commanded last, not that of the contact.",
)
def state_from_command(esme: Esme) -> None:
    """The last command is shown, for ever."""
    auxiliary = esme.auxiliary
    state = auxiliary.state
    auxiliary.state = lambda switch: (  # type: ignore[method-assign]
        auxiliary.commanded[switch][0] if switch in auxiliary.commanded else state(switch)
    )


@defect(
    "esme-no-controller-shown-as-switch",
    device="Esme",
    breaks="R-AUX-005",
    story="Controllers that are not there have a status like any other, which is off.",
)
def status_of_nothing(esme: Esme) -> None:
    """Everything has a level."""
    auxiliary = esme.auxiliary
    kind, status = auxiliary.kind, auxiliary.status

    def shown(switch):
        auxiliary.kind = lambda number: kind(number) or BUILT_IN  # type: ignore[method-assign]
        try:
            return status(switch)
        finally:
            auxiliary.kind = kind  # type: ignore[method-assign]

    auxiliary.status = shown  # type: ignore[method-assign]


@defect(
    "esme-switches-what-is-none",
    device="Esme",
    breaks="R-AUX-001",
    story="A command for a controller that is not there is answered with success.",
)
def switches_what_is_none(esme: Esme) -> None:
    """Always done."""
    run = esme.auxiliary.run_script

    def accept(script):
        run(script)
        return 0

    esme.auxiliary.run_script = accept  # type: ignore[method-assign]


@defect(
    "esme-reset-not-logged",
    device="Esme",
    breaks="R-AUX-006",
    story="The log of the switches has activations and deactivations; a reset is missing.",
)
def reset_not_logged(esme: Esme) -> None:
    """Resets are left out."""
    write = esme.auxiliary.write_down
    esme.auxiliary.write_down = lambda switch, script: (  # type: ignore[method-assign]
        None if script & 0xFF == 0x20 and switch == 1 else write(switch, script)
    )


@defect(
    "esme-han-switch-always-works",
    device="Esme",
    breaks="R-AUX-007",
    story="That a switch on the HAN did not answer is taken for success: the heater is cold and nobody is told.",
)
def han_switch_always_works(esme: Esme) -> None:
    """No failure."""
    auxiliary = esme.auxiliary

    def success(switch, command_id):
        auxiliary.log.append((esme.clock().replace(microsecond=0), switch << 8, DONE, command_id))

    auxiliary.unanswered = success  # type: ignore[method-assign]


@defect(
    "esme-calendar-longer-than-its-room",
    device="Esme",
    breaks="R-AUX-002",
    story="The number of entries is not looked at: the calendar after the 120th entry lies over something else.",
)
def longer_than_its_room(esme: Esme) -> None:
    """Any number of entries and of special days is taken."""
    esme.auxiliary.calendar.fits = lambda table, room: True  # type: ignore[method-assign]
