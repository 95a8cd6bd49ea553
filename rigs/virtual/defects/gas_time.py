"""Defects of the gas meter with time: future dating, sleep, change of supplier."""

from datetime import timedelta

from rigs.virtual.defects import defect
from rigs.virtual.gbz_device import U48, little
from rigs.virtual.gsme import Gsme
from rigs.virtual.sleepy import SleepyEnd


@defect(
    "gsme-future-command-now",
    device="Gsme",
    breaks="R-FUT-013",
    story="The start of a command is ignored: a change for next month happens tonight.",
)
def future_command_now(gsme: Gsme) -> None:
    """Everything starts now."""
    gsme.activations.start_of = lambda component: 0  # type: ignore[method-assign]


@defect(
    "gsme-cancellation-ignored",
    device="Gsme",
    breaks="R-FUT-004",
    story="'Never' is taken for a date in 2136: the command it should withdraw is still executed.",
)
def cancellation_ignored(gsme: Gsme) -> None:
    """A cancelling command leaves what waits."""
    come, start = gsme.activations.come, gsme.activations.start_of
    gsme.activations.come = lambda component: 0 if start(component) >= 0xFFFFFFFE else come(component)  # type: ignore[method-assign]


@defect(
    "gsme-silent-activation",
    device="Gsme",
    breaks="R-FUT-008",
    story="A future-dated command is executed at its time, and nobody is told.",
)
def silent_activation(gsme: Gsme) -> None:
    """No alert at activation."""
    gsme.activations.report = lambda item, waiting, code: None  # type: ignore[method-assign]


@defect(
    "gsme-activation-alert-names-other-command",
    device="Gsme",
    breaks="R-FUT-010",
    story="The alert of an activation carries the counter in the octet order of the ZCL: the supplier cannot find the "
    "command it is about.",
)
def activation_alert_names_other_command(gsme: Gsme) -> None:
    """Counter little-endian."""
    instruction = gsme.activations.instruction

    def swapped(item, waiting):
        octets = instruction(item, waiting)
        return octets[:3] + octets[3:11][::-1] + octets[11:]

    gsme.activations.instruction = swapped  # type: ignore[method-assign]


@defect(
    "gsme-wakes-each-hour",
    device="SleepyEnd",
    breaks="R-GSM-001",
    story="To save the battery the firmware wakes once an hour: the display is late and commands wait twice as long.",
)
def wakes_each_hour(radio: SleepyEnd) -> None:
    """Twice the interval."""
    until = radio.until_next
    radio.until_next = lambda: until() + timedelta(minutes=30)  # type: ignore[method-assign]


@defect(
    "gsme-one-message-a-wake",
    device="SleepyEnd",
    breaks="R-GSM-011",
    story="The count of remaining messages is not read: one message a wake, five commands take two and a half hours.",
)
def one_message_a_wake(radio: SleepyEnd) -> None:
    """GET is not repeated."""
    get = radio.get

    def once():
        yield from get()
        return False

    radio.get = once  # type: ignore[method-assign]


@defect(
    "gsme-forgets-tunnel",
    device="SleepyEnd",
    breaks="R-GSM-006",
    story="After the link was lost the meter never asks for a tunnel again; a battery pull helps.",
)
def forgets_tunnel(radio: SleepyEnd) -> None:
    """A tunnel is asked for once."""
    open_tunnel = radio.open_tunnel
    opened: list[bool] = []

    def once():
        if not opened:
            opened.append(True)
            yield from open_tunnel()

    radio.open_tunnel = once  # type: ignore[method-assign]


@defect(
    "gsme-ignores-pending-flag",
    device="SleepyEnd",
    breaks="R-GSM-002",
    story="The notification flags are read and not acted on: the meter pushes its data and sleeps again, messages wait "
    "for ever.",
)
def ignores_pending_flag(radio: SleepyEnd) -> None:
    """No GET."""
    radio.is_pending = lambda flags: False  # type: ignore[method-assign]


@defect(
    "gsme-pushes-present-register",
    device="SleepyEnd",
    breaks="R-GPF-001",
    story="The mirror is given the register once a day only: the display shows yesterday's consumption as today's.",
)
def pushes_present_register(radio: SleepyEnd) -> None:
    """The pushed register stays that of the last midnight."""
    mirrored = radio.mirrored
    gsme = radio._gsme

    def of_midnight(cluster: int, attribute: int):
        if (cluster, attribute) != (0x0702, 0x0000):
            return mirrored(cluster, attribute)
        gsme.gas.settle()
        midnight = gsme.clock().replace(hour=0, minute=0, second=0, microsecond=0)
        return U48, little(U48, int(gsme.gas.totals[midnight]))

    radio.mirrored = of_midnight  # type: ignore[method-assign]


@defect(
    "gsme-keeps-pending-of-losing-supplier",
    device="Gsme",
    breaks="R-CRD-056",
    story="Future-dated commands of the former supplier survive the change: a month later its tariff and payment mode "
    "come back.",
)
def keeps_pending_of_losing_supplier(gsme: Gsme) -> None:
    """Nothing is withdrawn."""
    gsme.activations.forget = lambda originator: None  # type: ignore[method-assign]


@defect(
    "gsme-no-billing-reading-at-change",
    device="Gsme",
    breaks="R-CRD-054",
    story="At a change of supplier no billing reading is kept: the two suppliers argue about the closing reading.",
)
def no_billing_reading_at_change(gsme: Gsme) -> None:
    """No snapshot."""
    gsme.objects.snapshots.take_billing = lambda cause: None  # type: ignore[method-assign]


@defect(
    "gsme-top-up-key-not-replaced",
    device="Gsme",
    breaks="R-CRD-059",
    story="The third supplier cell, that of top ups, is reported as replaced and is not: the former supplier's tokens "
    "still count, the new supplier's do not.",
)
def top_up_key_not_replaced(gsme: Gsme) -> None:
    """The prepayment key stays the old one."""
    tokens = gsme.prepayment.tokens
    first = gsme.anchors.copy()

    def authentic(token, counter) -> bool:
        from bench.gbcs.trust_anchors import KeyUsage, Role
        from bench.gbcs.utrn import token_mac

        key = first.key(Role.SUPPLIER, KeyUsage.KEY_AGREEMENT, 1)
        supplier = first.subject(Role.SUPPLIER)
        if not 0 <= counter < 1 << 32:
            return False
        return token_mac(gsme.secret(key), supplier, gsme.eui, counter, token.head) == token.mac

    tokens.is_authentic = authentic  # type: ignore[method-assign]


@defect(
    "gsme-balance-lost-at-change",
    device="Gsme",
    breaks="R-CRD-057",
    story="A change of supplier resets the balance: ten pounds of the customer's money are gone.",
)
def balance_lost_at_change(gsme: Gsme) -> None:
    """The account is reset."""
    changed = gsme.prepayment.supplier_changed

    def reset() -> None:
        changed()
        gsme.account.balance = 0

    gsme.prepayment.supplier_changed = reset  # type: ignore[method-assign]
