"""Defects of the gas meter's valve and battery."""

from rigs.virtual.defects import defect
from rigs.virtual.gsme import Gsme
from rigs.virtual.load_switch import Cause
from rigs.virtual.valve import UNCONTROLLED_FLOW, ValveState


@defect(
    "gsme-valve-opens-when-armed",
    device="Gsme",
    breaks="R-GAS-003",
    story="The arm command drives the valve motor all the way: gas flows into a house where a cooker may be open.",
)
def valve_opens_when_armed(gsme: Gsme) -> None:
    """Arming opens."""
    arm = gsme.valve.arm

    def arm_and_open() -> bool:
        done = arm()
        if done:
            gsme.valve.move(ValveState.ENABLED, Cause.NONE)
        return done

    gsme.valve.arm = arm_and_open  # type: ignore[method-assign]


@defect(
    "gsme-button-opens-from-closed",
    device="Gsme",
    breaks="R-GAS-004",
    story="The button at the meter asks only whether the valve is closed: customers whom the supplier has cut off open "
    "it themselves.",
)
def button_opens_from_closed(gsme: Gsme) -> None:
    """Local enable works from every state."""

    def enable() -> bool:
        gsme.valve.move(ValveState.ENABLED, Cause.NONE)
        return True

    gsme.valve.enable_locally = enable  # type: ignore[method-assign]


@defect(
    "gsme-no-flow-check",
    device="Gsme",
    breaks="R-GAS-005",
    story="The measurement after opening is done and its result dropped: an open tap in the kitchen is not noticed.",
)
def no_flow_check(gsme: Gsme) -> None:
    """Nothing follows the measurement."""
    gsme.valve.flow_measured = lambda: None  # type: ignore[method-assign]


@defect(
    "gsme-flow-check-without-threshold",
    device="Gsme",
    breaks="R-GAS-005",
    story="Any flow counts as uncontrolled: a pilot light keeps the customer from ever getting gas again.",
)
def flow_check_without_threshold(gsme: Gsme) -> None:
    """A trickle closes the valve."""
    valve = gsme.valve

    def measured() -> None:
        if valve.state is ValveState.ENABLED and gsme.gas.flowing > 0:
            valve.move(ValveState.ARMED, Cause.SUPPLIER)
            gsme.event(UNCONTROLLED_FLOW)

    valve.flow_measured = measured  # type: ignore[method-assign]


@defect(
    "gsme-uncontrolled-flow-disables",
    device="Gsme",
    breaks="R-GAS-005",
    story="After uncontrolled flow the valve is left disabled, not armed: closing the tap and pressing the button "
    "again does not help, an engineer has to come.",
)
def uncontrolled_flow_disables(gsme: Gsme) -> None:
    """The check ends in disabled."""
    valve, measured = gsme.valve, gsme.valve.flow_measured

    def then_disable() -> None:
        measured()
        if valve.state is ValveState.ARMED:
            valve.move(ValveState.DISABLED, Cause.SUPPLIER)

    valve.flow_measured = then_disable  # type: ignore[method-assign]


@defect(
    "gsme-closing-twice-fails",
    device="Gsme",
    breaks="R-SUP-002",
    story="Closing a valve that is closed is reported as a failure, and the supplier's system retries for days.",
)
def closing_twice_fails(gsme: Gsme) -> None:
    """Disable succeeds only from open."""
    disable = gsme.valve.disable
    gsme.valve.disable = lambda: gsme.valve.state is not ValveState.DISABLED and disable()  # type: ignore[method-assign]


@defect(
    "gsme-tamper-does-not-lock",
    device="Gsme",
    breaks="R-GAS-007",
    story="The tamper state is stored and shown but nobody reads it: an opened meter keeps its valve open.",
)
def tamper_does_not_lock(gsme: Gsme) -> None:
    """A tamper is only told."""
    gsme.valve.tamper = lambda: gsme.security_event(0x8F73)  # type: ignore[method-assign]


@defect(
    "gsme-tamper-not-logged",
    device="Gsme",
    breaks="R-SUP-011",
    story="The alert about the opened battery cover goes out, the security log has no trace of it.",
)
def tamper_not_logged(gsme: Gsme) -> None:
    """Security events are alerted only."""
    from bench.gbcs.trust_anchors import Role

    gsme.security_event = lambda code: gsme.alert(code, Role.SUPPLIER)  # type: ignore[method-assign]


@defect(
    "gsme-closes-with-weak-battery",
    device="Gsme",
    breaks="R-GAS-008",
    story="The valve always closes when the battery gets low, though the supplier has asked to leave it: half a town "
    "without heating ten years after the roll-out.",
)
def closes_with_weak_battery(gsme: Gsme) -> None:
    """The depletion state is not looked at."""
    low = gsme.valve.battery_low

    def low_and_close() -> None:
        low()
        gsme.valve.move(ValveState.DISABLED, Cause.SUPPLIER)

    gsme.valve.battery_low = low_and_close  # type: ignore[method-assign]


@defect(
    "gsme-battery-alert-repeats",
    device="Gsme",
    breaks="R-GAS-010",
    story="The low-battery alert is sent at every measurement of the battery, which empties it the sooner.",
)
def battery_alert_repeats(gsme: Gsme) -> None:
    """Each measurement below the limit alerts."""

    def measured(days: int) -> None:
        gsme.battery_days = days
        if days < 180:
            gsme.valve.battery_low()

    gsme.set_battery = measured  # type: ignore[method-assign]


@defect(
    "gsme-battery-in-months",
    device="Gsme",
    breaks="R-GAS-009",
    story="Remaining battery capacity is given in months where days are asked for.",
)
def battery_in_months(gsme: Gsme) -> None:
    """GCS33 shows a thirtieth."""
    gsme.objects.battery_days = lambda: gsme.battery_days // 30  # type: ignore[method-assign]


@defect(
    "gsme-top-up-opens-valve",
    device="Gsme",
    breaks="R-CRE-006",
    story="When credit returns the valve opens by itself: whoever tops up from work lets gas into an empty kitchen.",
)
def top_up_opens_valve(gsme: Gsme) -> None:
    """Credit opens."""
    valve = gsme.valve

    def returned() -> None:
        if valve.state is ValveState.DISABLED and valve.cause is Cause.CREDIT:
            valve.arm_now(Cause.CREDIT)
            valve.move(ValveState.ENABLED, Cause.NONE)

    valve.credit_returned = returned  # type: ignore[method-assign]


@defect(
    "gsme-top-up-arms-what-supplier-closed",
    device="Gsme",
    breaks="R-SUP-007",
    story="The reason for a closed valve is not kept: a top up arms also what the supplier closed after a gas escape.",
)
def top_up_arms_what_supplier_closed(gsme: Gsme) -> None:
    """Credit arms every closed valve."""
    valve = gsme.valve

    def returned() -> None:
        if valve.state is ValveState.DISABLED:
            valve.arm_now(Cause.CREDIT)

    valve.credit_returned = returned  # type: ignore[method-assign]


@defect(
    "gsme-opens-at-one-press",
    device="Gsme",
    breaks="R-GAS-020",
    story="The valve opens at the first touch of the button: a child at play lets gas into the house.",
)
def opens_at_one_press(gsme: Gsme) -> None:
    """Nothing has to be confirmed."""
    gsme.valve.press = gsme.valve.enable_locally  # type: ignore[method-assign]


@defect(
    "gsme-waits-for-ever-for-the-second-press",
    device="Gsme",
    breaks="R-GAS-020",
    story="A touch of the button is remembered for ever: the next one, days later, opens the valve.",
)
def waits_for_ever_for_the_second_press(gsme: Gsme) -> None:
    """The second press may come at any time."""
    valve = gsme.valve
    pressed: list[bool] = []

    def press() -> bool:
        if not pressed:
            pressed.append(True)
            return False
        pressed.clear()
        return valve.enable_locally()

    valve.press = press  # type: ignore[method-assign]
