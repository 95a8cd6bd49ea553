"""Defects of the billing calendar and the billing data log of the electricity meter."""

from dataclasses import replace
from datetime import timedelta

from bench.gbcs.axdr import array
from rigs.virtual.billing import CALENDAR
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme


@defect(
    "esme-quarters-are-months",
    device="Esme",
    breaks="R-BIL-001",
    story="Calendars of quarters, half years and years came later: of their dates the meter looks at the day alone.",
)
def quarters_are_months(esme: Esme) -> None:
    """Any month will do."""
    is_billing_date = esme.billing.is_billing_date
    esme.billing.is_billing_date = (
        lambda date, day: (  # type: ignore[method-assign]
            is_billing_date(date[:2] + b"\xff" + date[3:], day)
        )
    )


@defect(
    "esme-billing-week-begins-on-sunday",
    device="Esme",
    breaks="R-BIL-001",
    story="Days of the week are counted from Sunday, so a weekly period ends a day early.",
)
def week_begins_on_sunday(esme: Esme) -> None:
    """Monday is day two."""
    is_billing_date = esme.billing.is_billing_date

    def a_day_off(date, day):
        weekday = date[4] if date[4] == 0xFF else (date[4] - 2) % 7 + 1
        return is_billing_date(date[:4] + bytes((weekday,)), day)

    esme.billing.is_billing_date = a_day_off  # type: ignore[method-assign]


@defect(
    "esme-bills-at-midnight",
    device="Esme",
    breaks="R-BIL-001",
    story="The period ends at midnight of the billing date, whatever time of day was set.",
)
def bills_at_midnight(esme: Esme) -> None:
    """Of the calendar the date counts."""
    esme.billing.time_of_day = lambda at: timedelta()  # type: ignore[method-assign]


@defect(
    "esme-bills-once",
    device="Esme",
    breaks="R-BIL-001",
    story="After the first billing date the calendar is not armed again.",
)
def bills_once(esme: Esme) -> None:
    """The second date is none."""
    billing = esme.billing
    next_date, changed, given = billing.next_date, billing.calendar_changed, []

    def once(now):
        given.append(now)
        return next_date(now) if len(given) == 1 else None

    def changed_again():
        given.clear()
        changed()

    billing.next_date = once  # type: ignore[method-assign]
    billing.calendar_changed = changed_again  # type: ignore[method-assign]


@defect(
    "esme-billing-log-not-told",
    device="Esme",
    breaks="R-BIL-004",
    story="The end of the period is kept in the log and not told: the supplier is expected to come and read.",
)
def not_told(esme: Esme) -> None:
    """No 8F0A."""
    esme.billing.tell = lambda entry: None  # type: ignore[method-assign]


@defect(
    "esme-billing-alert-of-the-period-before",
    device="Esme",
    breaks="R-BIL-004",
    story="The alert is made before the log is written, and carries what was newest until then.",
)
def alert_of_the_period_before(esme: Esme) -> None:
    """The last entry but one."""
    tell = esme.billing.tell
    esme.billing.tell = lambda entry: tell(esme.billing.by_calendar[-2:][0])  # type: ignore[method-assign]


@defect(
    "esme-billing-entry-of-the-last-half-hour",
    device="Esme",
    breaks="R-BIL-004",
    story="Registers of an entry are copied from the half-hour log: what was used since its last entry is missing.",
)
def entry_of_the_last_half_hour(esme: Esme) -> None:
    """The import of a while ago."""
    snapshot = esme.billing.snapshot

    def of_a_while_ago():
        taken = snapshot()
        missing = 100
        tou = [max(taken.tou[0] - missing, 0), *taken.tou[1:]]
        return replace(taken, imported=taken.imported - missing, tou=tou)

    esme.billing.snapshot = of_a_while_ago  # type: ignore[method-assign]


@defect(
    "esme-eleven-billing-entries",
    device="Esme",
    breaks="R-BIL-005",
    story="The ring buffer of twelve keeps one place free to tell full from empty.",
)
def eleven_entries(esme: Esme) -> None:
    """The twelfth pushes the first out."""
    billing, keep = esme.billing, esme.billing.keep_by_calendar

    def keep_eleven(taken):
        keep(taken)
        billing.by_calendar = billing.by_calendar[-11:]

    billing.keep_by_calendar = keep_eleven  # type: ignore[method-assign]


@defect(
    "esme-full-billing-log-stops",
    device="Esme",
    breaks="R-BIL-005",
    story="With twelve entries the billing log is full, and nothing more goes in.",
)
def full_log_stops(esme: Esme) -> None:
    """The oldest stay."""
    billing, keep = esme.billing, esme.billing.keep_by_calendar

    def keep_if_room(taken):
        if len(billing.by_calendar) < 12:
            keep(taken)

    billing.keep_by_calendar = keep_if_room  # type: ignore[method-assign]


@defect(
    "esme-one-billing-log",
    device="Esme",
    breaks="R-BIL-006",
    story="There is one log, and either read shows all of it.",
)
def one_log(esme: Esme) -> None:
    """What changes triggered is among what the calendar triggered."""
    billing = esme.billing
    by_calendar = billing.calendar_entries
    billing.calendar_entries = lambda start, end: sorted(  # type: ignore[method-assign]
        [*by_calendar(start, end), *billing.change_entries(start, end)], key=lambda one: one.at
    )


@defect(
    "esme-new-calendar-waits",
    device="Esme",
    breaks="R-BIL-007",
    story="A new calendar begins when the period that runs has ended by the old one.",
)
def new_calendar_waits(esme: Esme) -> None:
    """The calendar is taken over and the period goes on."""
    esme.billing.calendar_changed = esme.billing._plan  # type: ignore[method-assign]


@defect(
    "esme-old-billing-date-stays",
    device="Esme",
    breaks="R-BIL-007",
    story="The timer of the old calendar is not stopped: its date ends a period as well.",
)
def old_date_stays(esme: Esme) -> None:
    """Two timers."""
    billing, next_date, objects = esme.billing, esme.billing.next_date, esme.cosem.objects

    def with_a_timer_of_its_own(now):
        at, calendar = next_date(now), objects.read(CALENDAR)
        if at is not None:
            esme.at(at, lambda: None if objects.read(CALENDAR) is calendar else billing.end_period())
        return at

    billing.next_date = with_a_timer_of_its_own  # type: ignore[method-assign]


@defect(
    "esme-no-entry-at-change-of-mode",
    device="Esme",
    breaks="R-PPM-003",
    story="A change of payment mode is a matter of the account, thinks the meter, and keeps no snapshot.",
)
def no_entry_at_change_of_mode(esme: Esme) -> None:
    """Nothing in the log of changes."""
    esme.billing.mode_changes = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-billing-date-lost-in-outage",
    device="Esme",
    breaks="R-PWR-007",
    story="A billing date that falls into an outage is passed over: at power up the meter looks ahead only.",
)
def date_lost_in_outage(esme: Esme) -> None:
    """Planned anew at boot."""
    esme.on_boot.append(esme.billing._plan)


@defect(
    "esme-no-snapshot-at-change-of-supplier",
    device="Esme",
    breaks="R-CRD-054",
    story="The registers of the change are not kept, and both suppliers have to estimate them.",
)
def no_snapshot_at_change_of_supplier(esme: Esme) -> None:
    """Nothing in the log of changes."""
    esme.billing.supplier_changed = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-billing-calendar-lost-at-change-of-supplier",
    device="Esme",
    breaks="R-CRD-057",
    story="With the losing supplier goes its billing calendar: no period ends until the gaining one sets another.",
)
def calendar_lost(esme: Esme) -> None:
    """An empty calendar."""
    billing, changed = esme.billing, esme.billing.supplier_changed

    def changed_without_calendar():
        changed()
        esme.cosem.objects.put(CALENDAR, array([]))
        billing._plan()

    billing.supplier_changed = changed_without_calendar  # type: ignore[method-assign]


@defect(
    "esme-billing-log-begins-with-its-supplier",
    device="Esme",
    breaks="R-LOG-008",
    story="The billing log is erased at a change of supplier, to keep the losing supplier's business from the next.",
)
def log_begins_with_its_supplier(esme: Esme) -> None:
    """Entries before the change are gone."""
    billing, changed = esme.billing, esme.billing.supplier_changed

    def changed_and_erased():
        billing.by_calendar.clear()
        changed()

    billing.supplier_changed = changed_and_erased  # type: ignore[method-assign]


@defect(
    "esme-period-ends-with-supplier",
    device="Esme",
    breaks="R-BIL-004",
    story="A change of supplier is taken for the end of a billing period as well.",
)
def period_ends_with_supplier(esme: Esme) -> None:
    """An entry of the calendar that the calendar did not trigger."""
    billing, changed = esme.billing, esme.billing.supplier_changed

    def changed_and_ended():
        changed()
        billing.end_period()

    billing.supplier_changed = changed_and_ended  # type: ignore[method-assign]


@defect(
    "esme-tariff-lost-at-change-of-supplier",
    device="Esme",
    breaks="R-CRD-057",
    story="Without its supplier the tariff means nothing, and everything is counted in register 1 at no price.",
)
def tariff_lost(esme: Esme) -> None:
    """No prices."""
    billing, changed = esme.billing, esme.billing.supplier_changed

    def changed_without_tariff():
        changed()
        esme.integrate()
        esme.tariff._prices.clear()

    billing.supplier_changed = changed_without_tariff  # type: ignore[method-assign]
