"""Defects of a gas valve under other settings than those of the factory, and of what gas costs when these change."""

from dataclasses import replace
from datetime import timedelta

from bench.gbcs.trust_anchors import Role
from rigs.virtual.account import Mode
from rigs.virtual.defects import defect
from rigs.virtual.gas_measurement import CONVERSION_FACTOR, MJ_PER_KWH
from rigs.virtual.gsme import Gsme
from rigs.virtual.load_switch import Cause
from rigs.virtual.sleepy import SleepyEnd
from rigs.virtual.valve import LOCKED, LOCKED_BY_TAMPER, LOW_BATTERY, UNCONTROLLED_FLOW, ValveState


@defect(
    "gsme-armed-is-closed-enough",
    device="Gsme",
    breaks="R-GAS-003",
    story="A closing command to an armed valve is answered with success and does nothing, as no gas flows: the "
    "householder opens it at the button.",
)
def armed_is_closed_enough(gsme: Gsme) -> None:
    """An armed valve stays armed."""
    valve, disable = gsme.valve, gsme.valve.disable
    valve.disable = lambda: True if valve.state is ValveState.ARMED else disable()  # type: ignore[method-assign]


@defect(
    "gsme-flow-checked-at-the-first-opening",
    device="Gsme",
    breaks="R-GAS-005",
    story="The flag that a check is under way is never cleared: only the first opening after a start is checked.",
)
def first_opening_checked(gsme: Gsme) -> None:
    """The second check is skipped."""
    valve, measured = gsme.valve, gsme.valve.flow_measured
    done: list[bool] = []

    def once():
        if not done:
            done.append(True)
            measured()

    valve.flow_measured = once  # type: ignore[method-assign]


@defect(
    "gsme-flow-at-the-threshold-is-uncontrolled",
    device="Gsme",
    breaks="R-GAS-005",
    story="A pilot light that takes as much as the threshold closes the valve, where more than it should.",
)
def flow_at_the_threshold(gsme: Gsme) -> None:
    """Not below instead of above."""
    valve = gsme.valve

    def measured():
        if valve.state is ValveState.ENABLED and gsme.gas.flowing >= valve.check.limit:
            valve.move(ValveState.ARMED, Cause.SUPPLIER)
            gsme.event(UNCONTROLLED_FLOW)

    valve.flow_measured = measured  # type: ignore[method-assign]


@defect(
    "gsme-stabilisation-in-seconds",
    device="Gsme",
    breaks="R-GAS-006",
    story="The stabilisation period is taken for seconds where it is tenths of one: gas flows ten times as long before "
    "an open tap is found.",
)
def stabilisation_in_seconds(gsme: Gsme) -> None:
    """Ten times the waiting."""
    valve, take = gsme.valve, gsme.valve.set_flow_check

    def ten_times(component):
        answer = take(component)
        valve.check = replace(valve.check, stabilisation=valve.check.stabilisation * 10)
        return answer

    valve.set_flow_check = ten_times  # type: ignore[method-assign]


@defect(
    "gsme-measures-for-five-seconds",
    device="Gsme",
    breaks="R-GAS-006",
    story="The measurement period that is set is stored and not used.",
)
def five_seconds(gsme: Gsme) -> None:
    """The measuring time of the factory stays."""
    valve, take = gsme.valve, gsme.valve.set_flow_check
    factory = valve.check.measurement

    def keep(component):
        answer = take(component)
        valve.check = replace(valve.check, measurement=factory)
        return answer

    valve.set_flow_check = keep  # type: ignore[method-assign]


@defect(
    "gsme-payment-ends-the-lock",
    device="Gsme",
    breaks="R-GAS-007",
    story="Credit arms every valve that is closed: who has tampered buys a token and opens it.",
)
def payment_ends_the_lock(gsme: Gsme) -> None:
    """The lock by tamper is not looked at."""
    valve, returned = gsme.valve, gsme.valve.credit_returned

    def unlock():
        if valve.state is ValveState.DISABLED and valve.cause is Cause.TAMPER:
            valve.locked = False
            valve.arm_now(Cause.CREDIT)
        returned()

    valve.credit_returned = unlock  # type: ignore[method-assign]


@defect(
    "gsme-lock-told-and-not-made",
    device="Gsme",
    breaks="R-GAS-007",
    story="At each tamper the supplier is told of a lock, also where supply is to be left unchanged and gas flows on.",
)
def lock_told_and_not_made(gsme: Gsme) -> None:
    """81BE whatever is set."""
    valve, tamper = gsme.valve, gsme.valve.tamper

    def tell():
        tamper()
        if valve.tamper_state != LOCKED:
            gsme.event(LOCKED_BY_TAMPER)

    valve.tamper = tell  # type: ignore[method-assign]


@defect(
    "gsme-failing-battery-forgets-armed-valves",
    device="Gsme",
    breaks="R-GAS-008",
    story="The firmware closes an open valve when the battery is about to fail and takes an armed one for closed: "
    "opened once more at the button, it stays open for good.",
)
def forgets_armed_valves(gsme: Gsme) -> None:
    """Only an open valve is closed."""
    valve, low = gsme.valve, gsme.valve.battery_low

    def close_if_open():
        if valve.state is ValveState.ARMED:
            gsme.event(LOW_BATTERY)
        else:
            low()

    valve.battery_low = close_if_open  # type: ignore[method-assign]


@defect(
    "gsme-failing-battery-arms",
    device="Gsme",
    breaks="R-GAS-008",
    story="When the battery is about to fail the valve is closed and left armed: anybody may open it again.",
)
def failing_battery_arms(gsme: Gsme) -> None:
    """Armed instead of disabled."""
    valve, low = gsme.valve, gsme.valve.battery_low

    def arm():
        low()
        if valve.depletion_state == LOCKED:
            valve.move(ValveState.ARMED, Cause.SUPPLIER)

    valve.battery_low = arm  # type: ignore[method-assign]


@defect(
    "gsme-late-press-counts-for-nothing",
    device="Gsme",
    breaks="R-GAS-020",
    story="A second press that comes too late is thrown away with the first: who presses every twenty-eight seconds "
    "after that must begin again.",
)
def late_press_counts_for_nothing(gsme: Gsme) -> None:
    """It is not the first of two."""
    valve, press = gsme.valve, gsme.valve.press

    def forget():
        first = valve._pressed_at
        late = first is not None and gsme.clock() - first > timedelta(seconds=30)
        opened = press()
        if late:
            valve._pressed_at = None
        return opened

    valve.press = forget  # type: ignore[method-assign]


@defect(
    "gsme-new-battery-in-the-event-log",
    device="Gsme",
    breaks="R-GAS-010",
    story="A battery that was changed is written into the event log, which a later clearing empties.",
)
def new_battery_in_the_event_log(gsme: Gsme) -> None:
    """8F82 in the wrong log."""
    set_battery = gsme.set_battery

    def move(days):
        before = len(gsme.logs.security)
        set_battery(days)
        while len(gsme.logs.security) > before:
            gsme.logs.event.append(gsme.logs.security.pop())

    gsme.set_battery = move  # type: ignore[method-assign]


@defect(
    "gsme-conversion-factor-of-the-factory",
    device="Gsme",
    breaks="R-GAS-001",
    story="The conversion factor that was set is read back, and 1.02264 is reckoned with.",
)
def factor_of_the_factory(gsme: Gsme) -> None:
    """The factor is a constant."""
    gas = gsme.gas
    gas.energy_of = lambda volume: volume * gas.calorific_value * CONVERSION_FACTOR / MJ_PER_KWH * 1000  # type: ignore[method-assign]


@defect(
    "gsme-no-standing-charge-in-emergency",
    device="Gsme",
    breaks="R-TAR-011",
    story="While emergency credit is in use no standing charge is taken.",
)
def no_standing_charge_in_emergency(gsme: Gsme) -> None:
    """The charge is nothing while it is in use."""
    account, take = gsme.account, gsme.account._take_with_time

    def without_charge(elapsed):
        charge = account.settings.standing_charge
        account.settings.standing_charge = 0 if account.emergency_active else charge
        take(elapsed)
        account.settings.standing_charge = charge

    account._take_with_time = without_charge


@defect(
    "gsme-bill-grows-in-prepayment",
    device="Gsme",
    breaks="R-GAS-015",
    story="In prepayment gas is paid for and added to what is owed in credit mode: paid twice once the mode changes.",
)
def bill_grows_in_prepayment(gsme: Gsme) -> None:
    """Both registers count."""
    account, charge = gsme.account, gsme.account.consumption_charge

    def both(watt_hours):
        cost = charge(watt_hours)
        if account.mode is Mode.PREPAYMENT:
            account.bill += cost
        return cost

    account.consumption_charge = both


@defect(
    "gsme-reset-keeps-accumulated-debt",
    device="Gsme",
    breaks="R-GAS-017",
    story="A reset clears the balance and leaves the debt that gathered in emergency.",
)
def reset_keeps_accumulated_debt(gsme: Gsme) -> None:
    """The accumulated debt stays."""
    account, reset = gsme.account, gsme.account.reset

    def keep():
        gathered = account.accumulated_debt
        reset()
        account.accumulated_debt = gathered

    account.reset = keep


@defect(
    "gsme-second-price-is-the-first",
    device="Gsme",
    breaks="R-TAR-012",
    story="Of the prices by time the second one is read from the place of the first.",
)
def second_price_is_the_first(gsme: Gsme) -> None:
    """Off by one at the beginning."""
    objects, price = gsme.objects, gsme.objects.price
    objects.price = lambda number: price(max(0, number - 1) if number < 2 else number)  # type: ignore[method-assign]


@defect(
    "gsme-sleeps-through-midnight",
    device="SleepyEnd",
    breaks="R-GSM-001",
    story="The time of the next wake is reckoned within the day: after half past eleven the meter wakes at half past "
    "midnight.",
)
def sleeps_through_midnight(radio: SleepyEnd) -> None:
    """The wake at midnight is left out."""
    until_next = radio.until_next

    def within_the_day():
        now, wait = radio._gsme.clock(), until_next()
        return wait if (now + wait).date() == now.date() else wait + timedelta(minutes=30)

    radio.until_next = within_the_day  # type: ignore[method-assign]


@defect(
    "gsme-latest-first",
    device="SleepyEnd",
    breaks="R-GSM-012",
    story="What waits to be sent is a stack: after a day without the hub the supplier reads the story backwards.",
)
def latest_first(radio: SleepyEnd) -> None:
    """The queue is sent from its end."""
    put = radio._put

    def backwards():
        radio._queue.reverse()
        yield from put()

    radio._put = backwards  # type: ignore[method-assign]


@defect(
    "gpf-discards-silently-into-its-log",
    device="Gpf",
    breaks="R-GSM-013",
    story="The supplier is told of a command that was not fetched, and the proxy's own log says nothing of it.",
)
def discarded_not_logged(gpf: object) -> None:
    """819D as an alert only."""
    gpf.command_not_retrieved = lambda: gpf.alert(0x819D, Role.SUPPLIER)  # type: ignore[attr-defined]


@defect(
    "hub-discards-all-with-the-first",
    device="SleepyStore",
    breaks="R-GSM-013",
    story="When the first message for the gas meter is too old, the whole store is emptied.",
)
def discards_all(store: object) -> None:
    """What came later goes, too."""
    expire = store.expire  # type: ignore[attr-defined]

    def empty(stored):
        waits = stored in store.waiting  # type: ignore[attr-defined]
        expire(stored)
        if waits:
            store.waiting.clear()  # type: ignore[attr-defined]

    store.expire = empty  # type: ignore[attr-defined]


@defect(
    "hub-tells-one-or-none",
    device="SleepyStore",
    breaks="R-GSM-011",
    story="The number of messages that remain is a flag: one for however many.",
)
def tells_one_or_none(store: object) -> None:
    """Remaining is at most one."""
    give = store.give  # type: ignore[attr-defined]

    def as_a_flag(sequence):
        first, rest = store.waiting[:1], store.waiting[1:]  # type: ignore[attr-defined]
        store.waiting = first + rest[:1]  # type: ignore[attr-defined]
        give(sequence)
        store.waiting = rest  # type: ignore[attr-defined]

    store.give = as_a_flag  # type: ignore[attr-defined]
