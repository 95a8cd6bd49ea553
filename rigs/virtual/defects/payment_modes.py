"""Defects of payment mode, thresholds and their calendar, of what goes with a change of them, and of their reads."""

from rigs.virtual.account import EMERGENCY_AVAILABLE, LOW_CREDIT, Mode
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme
from rigs.virtual.load_switch import Cause, SupplyState


@defect(
    "gsme-cut-off-stays-in-credit-mode",
    device="Gsme",
    breaks="R-PPM-002a",
    story="The cut-off value of prepayment is still read in credit mode: the supplier's system takes the meter for a "
    "prepayment meter.",
)
def cut_off_stays(gsme: Gsme) -> None:
    """A change to credit mode does not take the cut-off value over."""
    prepayment, take = gsme.prepayment, gsme.prepayment.take_mode

    def keep(component):
        before = prepayment.cut_off
        status = take(component)
        if prepayment.account.mode is Mode.CREDIT:
            prepayment.cut_off = before
        return status

    prepayment.take_mode = keep  # type: ignore[method-assign]


@defect(
    "esme-credit-mode-arms-whatever-is-off",
    device="Esme",
    breaks="R-PPM-004",
    story="A change to credit mode arms every supply that is off: a home that the supplier had disconnected is one "
    "button from supply.",
)
def credit_mode_arms_all(esme: Esme) -> None:
    """The reason is not looked at."""
    account, change = esme.account, esme.account.change_mode

    def change_and_arm(mode):
        change(mode)
        if mode is Mode.CREDIT and esme.switch.state is SupplyState.DISABLED:
            esme.switch.arm_now(Cause.CREDIT)

    account.change_mode = change_and_arm  # type: ignore[method-assign]


@defect(
    "gsme-closed-for-credit-stays-closed",
    device="Gsme",
    breaks="R-PPM-004",
    story="A valve that was closed for lack of credit is forgotten when the meter goes to credit mode: the customer "
    "has an account and no gas.",
)
def stays_closed(gsme: Gsme) -> None:
    """A change to credit mode does not arm."""
    account, change = gsme.account, gsme.account.change_mode

    def change_silently(mode):
        returned = gsme.valve.credit_returned
        if mode is Mode.CREDIT:
            gsme.valve.credit_returned = lambda: None  # type: ignore[method-assign]
        change(mode)
        gsme.valve.credit_returned = returned  # type: ignore[method-assign]

    account.change_mode = change_silently


@defect(
    "esme-change-to-prepayment-ends-protected-supply",
    device="Esme",
    breaks="R-PPM-005",
    story="A change to prepayment without credit takes supply off at once, on a protected evening, too.",
)
def protected_supply_ends(esme: Esme) -> None:
    """The calendar is not looked at."""
    account, change = esme.account, esme.account.change_mode

    def change_and_disable(mode):
        change(mode)
        if not account.may_be_on() and esme.is_on():
            esme.event(0x8F0F)
            esme.disable_for_credit()

    account.change_mode = change_and_disable  # type: ignore[method-assign]


@defect(
    "gsme-first-prepayment-setting-is-read",
    device="Gsme",
    breaks="R-PPM-007",
    story="The configuration of payment control is only written when the meter changes between credit and prepayment: "
    "another way to suspend debts is in force and not read.",
)
def first_setting_is_read(gsme: Gsme) -> None:
    """From prepayment to prepayment the old configuration stays."""
    prepayment, take = gsme.prepayment, gsme.prepayment.take_mode

    def keep(component):
        mode, before = prepayment.account.mode, prepayment.configuration
        status = take(component)
        if prepayment.account.mode is mode:
            prepayment.configuration = before
        return status

    prepayment.take_mode = keep  # type: ignore[method-assign]


@defect(
    "esme-settings-of-the-factory-are-read",
    device="Esme",
    breaks="R-PPM-007",
    story="Thresholds are read from the table with which the meter left the factory.",
)
def factory_settings_are_read(esme: Esme) -> None:
    """A read shows the first settings."""
    prepayment, setting = esme.prepayment, esme.prepayment.setting
    first = {name: setting(name) for name in ("low_credit", "emergency_limit", "emergency_threshold")}
    prepayment.setting = lambda name: first.get(name, setting(name))  # type: ignore[method-assign]


@defect(
    "gsme-emergency-credit-at-its-threshold",
    device="Gsme",
    breaks="R-EMC-001",
    story="Emergency credit is on offer at its threshold, where it should be below it.",
)
def at_its_threshold(gsme: Gsme) -> None:
    """Not above instead of below."""
    account = gsme.account
    account.emergency_available = lambda: (
        account.balance <= account.settings.emergency_threshold and account.emergency_used == 0
    )


@defect(
    "esme-emergency-credit-offered-once",
    device="Esme",
    breaks="R-EMC-001",
    story="The offer of emergency credit is told the first time in the life of a meter.",
)
def offered_once(esme: Esme) -> None:
    """8119 once."""
    told: list[int] = []
    event = esme.event

    def tell(code):
        if code != EMERGENCY_AVAILABLE or code not in told:
            told.append(code)
            event(code)

    esme.event = tell  # type: ignore[method-assign]


@defect(
    "gsme-reset-leaves-emergency-credit-used",
    device="Gsme",
    breaks="R-EMC-004",
    story="A reset of the balance leaves the emergency credit used up: the new tenant pays for the old one's.",
)
def emergency_credit_stays_used(gsme: Gsme) -> None:
    """Reset does not touch the emergency credit."""
    account, reset = gsme.account, gsme.account.reset

    def balance_only():
        used, active, exhausted = account.emergency_used, account.emergency_active, account.emergency_exhausted
        reset()
        account.emergency_used, account.emergency_active, account.emergency_exhausted = used, active, exhausted

    account.reset = balance_only


@defect(
    "esme-no-threshold-below-zero",
    device="Esme",
    breaks="R-DIS-001",
    story="The disablement threshold is an unsigned number in the firmware: supply that may go five pounds below zero "
    "ends at zero.",
)
def no_threshold_below_zero(esme: Esme) -> None:
    """A negative threshold is zero."""
    account = esme.account
    account.may_be_on = lambda: (  # type: ignore[method-assign]
        account.mode is Mode.CREDIT or account.available > max(0, account.settings.disablement_threshold)
    )


@defect(
    "esme-calendar-without-dates",
    device="Esme",
    breaks="R-DIS-003",
    story="The dates between which an entry of the calendar holds are stored and never compared: winter's protection "
    "lasts all year.",
)
def calendar_without_dates(esme: Esme) -> None:
    """Each entry holds all year."""
    calendar, holds_on = esme.prepayment.calendar, esme.prepayment.calendar.holds_on

    def all_year(entry, day, special):
        found = [entry[7], entry[6]]
        places = [number - 1 for number in special] or [day.weekday()]
        octets = found[0 if special else 1].value[1]
        return holds_on(entry, day, special) or any(
            place < 8 * len(octets) and octets[place // 8] & 0x80 >> place % 8 for place in places
        )

    calendar.holds_on = all_year  # type: ignore[method-assign]


@defect(
    "esme-protected-period-brings-supply-back",
    device="Esme",
    breaks="R-DIS-004",
    story="When a protected period begins, a supply that was off for lack of credit is armed.",
)
def period_brings_supply_back(esme: Esme) -> None:
    """Whenever the meter looks at its credit in a period, it arms."""
    account, check = esme.account, esme.account.check_disablement

    def check_and_arm():
        check()
        if esme.disablement_allowed() is not None:
            esme.switch.credit_returned()

    account.check_disablement = check_and_arm  # type: ignore[method-assign]


@defect(
    "esme-low-credit-at-its-threshold",
    device="Esme",
    breaks="R-DIS-005",
    story="Low credit is told to who has exactly as much as the threshold.",
)
def low_credit_at_its_threshold(esme: Esme) -> None:
    """Not above instead of below."""
    account = esme.account

    def check():
        if account._once(LOW_CREDIT, account.available <= account.settings.low_credit):
            esme.event(LOW_CREDIT)

    account.check_low_credit = check  # type: ignore[method-assign]


@defect(
    "esme-reset-forgives-all-debts",
    device="Esme",
    breaks="R-DIS-007",
    story="A reset of the balance clears every debt on the meter, not the accumulated one alone.",
)
def reset_forgives_all_debts(esme: Esme) -> None:
    """Time debts and payment debt are cleared, too."""
    account, reset = esme.account, esme.account.reset

    def forgive():
        reset()
        account.payment_debt = 0
        for debt in account.time_debts:
            debt.owed = 0

    account.reset = forgive  # type: ignore[method-assign]
