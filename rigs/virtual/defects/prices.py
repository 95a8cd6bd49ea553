"""Defects of prices, payment mode and the calendar without disablement, on either meter."""

from datetime import timedelta

from rigs.virtual.account import DAY, Mode
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme


@defect(
    "esme-disables-in-a-protected-period",
    device="Esme",
    breaks="R-DIS-002",
    story="The calendar is kept and shown, and not asked when credit runs out: supply ends on Christmas Eve.",
)
def disables_in_a_protected_period(esme: Esme) -> None:
    """No day is protected."""
    esme.prepayment.calendar.ends = lambda now: None  # type: ignore[method-assign]


@defect(
    "gsme-disables-in-a-protected-period",
    device="Gsme",
    breaks="R-DIS-002",
    story="The valve closes at zero, whatever the calendar says.",
)
def gas_disables_in_a_protected_period(gsme: Gsme) -> None:
    """No day is protected."""
    gsme.prepayment.calendar.ends = lambda now: None  # type: ignore[method-assign]


@defect(
    "gsme-forgets-to-disable-after-the-period",
    device="Gsme",
    breaks="R-DIS-002",
    story="At the end of a protected period nothing is looked at: gas flows until the next event.",
)
def forgets_to_disable(gsme: Gsme) -> None:
    """The appointment at the end is a day late."""
    calendar, ends = gsme.prepayment.calendar, gsme.prepayment.calendar.ends

    def ends_a_day_later(now):
        end = ends(now)
        return None if end is None else end + DAY

    calendar.ends = ends_a_day_later  # type: ignore[method-assign]


@defect(
    "esme-calendar-in-summer-time",
    device="Esme",
    breaks="R-DIS-003",
    story="The times of the calendar are read as British Summer Time: protection ends an hour early.",
)
def calendar_in_summer_time(esme: Esme) -> None:
    """Each switch is an hour early."""
    calendar, changes = esme.prepayment.calendar, esme.prepayment.calendar.changes
    calendar.changes = lambda now: [(at - timedelta(hours=1), script) for at, script in changes(now)]  # type: ignore[method-assign]


@defect(
    "esme-special-days-are-like-others",
    device="Esme",
    breaks="R-DIS-003",
    story="The table of special days is stored and never looked up: the entries of the weekday hold on them, too.",
)
def special_days_like_others(esme: Esme) -> None:
    """No day is special."""
    calendar, holds = esme.prepayment.calendar, esme.prepayment.calendar.holds_on
    calendar.holds_on = lambda entry, day, special: holds(entry, day, set())  # type: ignore[method-assign]


@defect(
    "gsme-special-days-are-like-others",
    device="Gsme",
    breaks="R-DIS-003",
    story="Of the parts of the calendar the special days are lost: that command comes last, and the buffer is full.",
)
def gas_special_days_like_others(gsme: Gsme) -> None:
    """No day is special."""
    calendar, ends = gsme.prepayment.calendar, gsme.prepayment.calendar.ends

    def ends_without(now):
        calendar.special = []
        return ends(now)

    calendar.ends = ends_without  # type: ignore[method-assign]


@defect(
    "esme-protected-hours-are-free",
    device="Esme",
    breaks="R-DIS-006",
    story="What is used in a protected period is not charged.",
)
def protected_hours_are_free(esme: Esme) -> None:
    """Energy costs nothing in a protected period."""
    _free_when_protected(esme)


@defect(
    "gsme-protected-hours-are-free",
    device="Gsme",
    breaks="R-DIS-006",
    story="The account of a protected period is frozen: it is a present.",
)
def gas_protected_hours_are_free(gsme: Gsme) -> None:
    """Energy costs nothing in a protected period."""
    _free_when_protected(gsme)


def _free_when_protected(meter: Esme | Gsme) -> None:
    account = meter.account
    charge = account.consumption_charge

    def charge_or_not(watt_hours):
        cost = charge(watt_hours)
        return 0.0 if meter.disablement_allowed() is not None and account.balance <= 0 else cost

    account.consumption_charge = charge_or_not


@defect(
    "esme-price-of-a-wh-rounded",
    device="Esme",
    breaks="R-TAR-009",
    story="Prices are rounded to whole pennies before energy is charged.",
)
def price_rounded(esme: Esme) -> None:
    """Whole pennies, up."""
    account = esme.account
    account.consumption_charge = lambda watt_hours: (  # type: ignore[method-assign]
        watt_hours / 1000 * -(-account.price_now() // 1000) * 1000
    )


@defect(
    "gsme-charges-by-the-first-price",
    device="Gsme",
    breaks="R-TAR-009",
    story="Gas is charged by the price the meter left the factory with; the one that was set is only shown.",
)
def charges_by_the_first_price(gsme: Gsme) -> None:
    """The price never changes."""
    account = gsme.account
    price, charge = account.settings.price, account.consumption_charge

    def charge_as_ever(watt_hours):
        now, account.settings.price = account.settings.price, price
        cost = charge(watt_hours)
        account.settings.price = now
        return cost

    account.consumption_charge = charge_as_ever


@defect(
    "esme-standing-charge-of-an-hour",
    device="Esme",
    breaks="R-TAR-011",
    story="The standing charge of a day is taken in twelve hours.",
)
def standing_charge_twice(esme: Esme) -> None:
    """Twice the charge."""
    _standing_charge_times(esme, 2)


@defect(
    "gsme-no-standing-charge",
    device="Gsme",
    breaks="R-TAR-011",
    story="The standing charge is a matter of bills, thinks the meter, and takes none in prepayment.",
)
def no_standing_charge(gsme: Gsme) -> None:
    """Nothing for a day."""
    _standing_charge_times(gsme, 0)


def _standing_charge_times(meter: Esme | Gsme, factor: int) -> None:
    account = meter.account
    take = account._take_with_time

    def take_changed(elapsed):
        charge = account.settings.standing_charge
        account.settings.standing_charge = charge * factor
        take(elapsed)
        account.settings.standing_charge = charge

    account._take_with_time = take_changed


@defect(
    "esme-outage-costs-nothing",
    device="Esme",
    breaks="R-TAR-011",
    story="Time without supply is time that did not pass: no standing charge is taken for an outage.",
)
def outage_costs_nothing(esme: Esme) -> None:
    """The clock of charges begins anew at power up."""

    def begin_anew():
        esme.account._charged_at = esme.clock()

    esme.on_boot.append(begin_anew)


@defect(
    "esme-prices-without-standing-charge",
    device="Esme",
    breaks="R-TAR-005",
    story="The command that changes prices changes the price of a kWh alone; the standing charge needs a new tariff.",
)
def standing_charge_stays(esme: Esme) -> None:
    """The standing charge is not taken over."""
    prepayment, activated = esme.prepayment, esme.prepayment.activated
    settings = prepayment.account.settings

    def activated_without(key):
        charge = settings.standing_charge
        activated(key)
        settings.standing_charge = charge

    prepayment.activated = activated_without  # type: ignore[method-assign]


@defect(
    "gsme-prices-without-standing-charge",
    device="Gsme",
    breaks="R-TAR-005",
    story="A new standing charge is acknowledged and not taken over.",
)
def gas_standing_charge_stays(gsme: Gsme) -> None:
    """The standing charge is not taken over."""
    gsme.prepayment.set_tariff = lambda component: 0  # type: ignore[method-assign]


@defect(
    "esme-new-price-for-the-time-before",
    device="Esme",
    breaks="R-TAR-006",
    story="What was used since the last charge is charged by the price that has just become active.",
)
def new_price_for_the_time_before(esme: Esme) -> None:
    """Old consumption and days at the new price."""
    prepayment, activated = esme.prepayment, esme.prepayment.activated
    account, settle = prepayment.account, prepayment.account.settle

    def activated_late(key):
        account.settle = lambda: None  # type: ignore[method-assign]
        activated(key)
        account.settle = settle  # type: ignore[method-assign]
        settle()

    prepayment.activated = activated_late  # type: ignore[method-assign]


@defect(
    "gsme-new-price-for-the-time-before",
    device="Gsme",
    breaks="R-TAR-006",
    story="The new standing charge holds for the whole time since the meter last woke up.",
)
def gas_new_price_for_the_time_before(gsme: Gsme) -> None:
    """The days before at the new price."""
    prepayment, account = gsme.prepayment, gsme.account
    take, settle = prepayment.set_tariff, account.settle

    def take_late(component):
        account.settle = lambda: None
        status = take(component)
        account.settle = settle
        settle()
        return status

    prepayment.set_tariff = take_late  # type: ignore[method-assign]


@defect(
    "gsme-mode-is-shown-as-before",
    device="Gsme",
    breaks="R-PPM-007",
    story="The payment mode that is read is the one before: it is written when the next one comes.",
)
def mode_shown_as_before(gsme: Gsme) -> None:
    """The configuration lags by one."""
    prepayment, take = gsme.prepayment, gsme.prepayment.take_mode

    def take_and_show_later(component):
        shown = prepayment.configuration
        status = take(component)
        prepayment.configuration = shown
        return status

    prepayment.take_mode = take_and_show_later  # type: ignore[method-assign]


@defect(
    "esme-mode-keeps-its-suspensions",
    device="Esme",
    breaks="R-PPM-002",
    story="Of payment mode and both suspensions of debt only the mode is taken over.",
)
def mode_keeps_suspensions(esme: Esme) -> None:
    """Suspensions stay as they were."""
    prepayment, take = esme.prepayment, esme.prepayment.take_mode
    settings = prepayment.account.settings

    def take_mode_alone():
        take()
        settings.suspend_debt_disabled = settings.suspend_debt_emergency = False

    prepayment.take_mode = take_mode_alone  # type: ignore[method-assign]


@defect(
    "gsme-suspensions-swapped",
    device="Gsme",
    breaks="R-PPM-002",
    story="The two bits that suspend debts are taken for each other.",
)
def suspensions_swapped(gsme: Gsme) -> None:
    """While off and in emergency change places."""
    prepayment, take = gsme.prepayment, gsme.prepayment.take_mode
    settings = prepayment.account.settings

    def take_swapped(component):
        status = take(component)
        both = settings.suspend_debt_emergency, settings.suspend_debt_disabled
        settings.suspend_debt_disabled, settings.suspend_debt_emergency = both
        return status

    prepayment.take_mode = take_swapped  # type: ignore[method-assign]


@defect(
    "gsme-stays-in-prepayment",
    device="Gsme",
    breaks="R-PPM-004",
    story="The meter shows credit mode and goes on watching the prepayment threshold.",
)
def stays_in_prepayment(gsme: Gsme) -> None:
    """The account stays in prepayment."""
    account, change = gsme.account, gsme.account.change_mode
    account.change_mode = lambda mode: change(Mode.PREPAYMENT)


@defect(
    "esme-any-charging-is-taken",
    device="Esme",
    breaks="R-PPM-002",
    story="What is charged to which credit is stored as it comes: a wrong bit, and prices are charged in no mode.",
)
def any_charging_is_taken(esme: Esme) -> None:
    """Nothing is checked."""
    esme.prepayment.is_payment_setting = lambda charges: True  # type: ignore[method-assign]


@defect(
    "gsme-any-configuration-is-taken",
    device="Gsme",
    breaks="R-PPM-002",
    story="The bits of the payment control configuration are taken one by one, in combinations that do not exist.",
)
def any_configuration_is_taken(gsme: Gsme) -> None:
    """Nothing is checked."""
    gsme.prepayment.is_payment_setting = lambda component: True  # type: ignore[method-assign]
