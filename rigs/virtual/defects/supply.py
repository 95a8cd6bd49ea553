"""Defects of the load switch, the load limit, the clock and future dating."""

from datetime import timedelta

from bench.gbcs.trust_anchors import Role
from rigs.virtual.cosem import OTHER_REASON
from rigs.virtual.defects import defect
from rigs.virtual.device_clock import RELIABLE
from rigs.virtual.esme import Esme
from rigs.virtual.load_switch import LOAD_LIMIT_RESTORED, Cause, SupplyState


@defect(
    "esme-second-disable-fails",
    device="Esme",
    breaks="R-SUP-002",
    story="Disabling a supply that is off is reported as a failure; head ends retry for ever.",
)
def second_disable_fails(esme: Esme) -> None:
    """Only a change is a success."""
    switch, disable = esme.switch, esme.switch.disable
    switch.disable = lambda: switch.state is not SupplyState.DISABLED and disable()  # type: ignore[method-assign]


@defect(
    "esme-disable-reported-not-done",
    device="Esme",
    breaks="R-SUP-002",
    story="The contactor's coil is driven too weakly: the meter believes the supply off, but the load still runs.",
)
def disable_reported_not_done(esme: Esme) -> None:
    """The contacts stay closed."""
    esme.is_on = lambda: True  # type: ignore[method-assign]


@defect(
    "esme-armed-shown-as-on",
    device="Esme",
    breaks="R-SUP-001",
    story="The state 'armed' is reported as 'enabled'.",
)
def armed_shown_as_on(esme: Esme) -> None:
    """State 2 is read as 1."""
    from bench.gbcs.axdr import enum

    esme.objects.supply_state = lambda: enum(1 if esme.switch.state else 0)  # type: ignore[method-assign]


@defect(
    "esme-arms-a-supply-that-is-on",
    device="Esme",
    breaks="R-SUP-003",
    story="Arming takes a running supply off: the house is dark until somebody presses the button.",
)
def arms_a_supply_that_is_on(esme: Esme) -> None:
    """Arming does not look at the state."""

    def arm():
        esme.switch.arm_now(Cause.SUPPLIER)
        return True

    esme.switch.arm = arm  # type: ignore[method-assign]


@defect(
    "esme-arming-closes",
    device="Esme",
    breaks="R-SUP-003",
    story="Arming closes the contactor at once: the household is energised by surprise.",
)
def arming_closes(esme: Esme) -> None:
    """Armed is on."""
    esme.switch.arm_now = lambda cause: esme.switch.move(SupplyState.ENABLED, Cause.NONE)  # type: ignore[method-assign]


@defect(
    "esme-supply-scripts-swapped",
    device="Esme",
    breaks="R-SUP-005",
    story="The scripts for enabling and arming are swapped in the disconnect script table.",
)
def supply_scripts_swapped(esme: Esme) -> None:
    """Script 33 arms, 36 enables."""
    switch = esme.switch
    switch.enable, switch.arm = switch.arm, switch.enable  # type: ignore[method-assign]


@defect(
    "esme-limit-trips-at-once",
    device="Esme",
    breaks="R-LLM-002",
    story="The load limit period is taken in tenths of a second: a kettle trips the supply.",
)
def limit_trips_at_once(esme: Esme) -> None:
    """The period is a tenth."""
    period = esme.switch.limit_period
    esme.switch.limit_period = lambda: period() / 10  # type: ignore[method-assign]


@defect(
    "esme-limit-never-trips",
    device="Esme",
    breaks="R-LLM-002",
    story="The load limit is configured and shown, but never acts.",
)
def limit_never_trips(esme: Esme) -> None:
    """The load is not watched."""
    esme.switch.watch_limit = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-limit-disables",
    device="Esme",
    breaks="R-LLM-002",
    story="At the load limit the supply is disabled instead of armed: the consumer cannot bring it back.",
)
def limit_disables(esme: Esme) -> None:
    """Disabled, not armed."""
    switch, move = esme.switch, esme.switch.move

    def to_disabled(state, cause):
        move(SupplyState.DISABLED if cause is Cause.LOAD_LIMIT else state, cause)

    switch.move = to_disabled  # type: ignore[method-assign]


@defect(
    "esme-limit-trips-when-unchanged",
    device="Esme",
    breaks="R-LLM-002",
    story="The supply is tripped at the load limit also when its state is to stay unchanged.",
)
def limit_trips_when_unchanged(esme: Esme) -> None:
    """The setting is not looked at."""
    switch, setting = esme.switch, esme.switch._setting
    from rigs.virtual.load_switch import LIMIT_STATE

    switch._setting = lambda key: 1 if key == LIMIT_STATE else setting(key)  # type: ignore[method-assign]


@defect(
    "esme-limit-not-restored",
    device="Esme",
    breaks="R-LLM-003",
    story="After the load limit has tripped, the supply waits for the consumer for ever.",
)
def limit_not_restored(esme: Esme) -> None:
    """No restoration."""
    esme.switch.restore_after_limit = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-limit-restored-in-silence",
    device="Esme",
    breaks="R-LLM-003",
    story="The network operator is not told that the load limit has let go (8F34 goes to the supplier alone).",
)
def limit_restored_in_silence(esme: Esme) -> None:
    """8F34 to the supplier only."""
    alert = esme.alert

    def to_supplier(code, to, *rest, **more):
        if code != LOAD_LIMIT_RESTORED or to is Role.SUPPLIER:
            alert(code, to, *rest, **more)

    esme.alert = to_supplier  # type: ignore[method-assign]


@defect(
    "esme-limit-restores-any-supply",
    device="Esme",
    breaks="R-LLM-005",
    story="The restoration timer closes the contactor whatever has happened since: also when the supplier has disabled "
    "the supply in the meantime.",
)
def limit_restores_any_supply(esme: Esme) -> None:
    """The reason is not looked at."""

    def restore():
        esme.switch.move(SupplyState.ENABLED, Cause.NONE)
        for role in (Role.SUPPLIER, Role.NETWORK_OPERATOR):
            esme.alert(LOAD_LIMIT_RESTORED, role)

    esme.switch.restore_after_limit = restore  # type: ignore[method-assign]


@defect(
    "esme-executes-future-dated-at-once",
    device="Esme",
    breaks="R-FUT-013",
    story="A future-dated setting is activated on receipt, and the alert sent at once with the later time in it.",
)
def executes_future_dated_at_once(esme: Esme) -> None:
    """What has a time falls due now."""
    activations = esme.activations

    def at_once(key, value):
        from bench.gbcs.dlms import parse_date_time
        from rigs.virtual.activation import Pending

        when = parse_date_time(value.value)
        if not hasattr(when, "year"):
            activations.pending.pop(key, None)
            if when == "now":
                activations.activate(key)
            return
        command = esme.exchange.command  # type: ignore[union-attr]
        waiting = Pending(when, command.message_code, command.counter, command.originator)  # type: ignore[arg-type]
        activations.pending[key] = waiting
        activations.fall_due(key, waiting)

    activations.time_written = at_once  # type: ignore[method-assign]


@defect(
    "esme-one-alert-for-all-items",
    device="Esme",
    breaks="R-FUT-007",
    story="When the items of a future-dated command are activated, only the first is reported.",
)
def one_alert_for_all_items(esme: Esme) -> None:
    """One alert for each command."""
    report, told = esme.activations.report, set()

    def once(key, waiting, *rest):
        if waiting.counter not in told:
            told.add(waiting.counter)
            report(key, waiting, *rest)

    esme.activations.report = once  # type: ignore[method-assign]


@defect(
    "esme-future-dated-in-silence",
    device="Esme",
    breaks="R-FUT-008",
    story="Future-dated settings become active without any alert.",
)
def future_dated_in_silence(esme: Esme) -> None:
    """No 8F66."""
    esme.activations.report = lambda key, waiting, *rest: None  # type: ignore[method-assign]


@defect(
    "esme-cancellation-ignored",
    device="Esme",
    breaks="R-FUT-004",
    story="A cancellation is accepted and forgotten: what waited is activated all the same.",
)
def cancellation_ignored(esme: Esme) -> None:
    """'Never' does nothing."""
    activations, written = esme.activations, esme.activations.time_written

    def ignore_never(key, value):
        from bench.gbcs.dlms import parse_date_time

        if parse_date_time(value.value) != "never":
            written(key, value)

    activations.time_written = ignore_never  # type: ignore[method-assign]


@defect(
    "esme-both-settings-activate",
    device="Esme",
    breaks="R-FUT-006",
    story="A later future-dated setting does not replace the one that waits: both are activated, each at its time.",
)
def both_settings_activate(esme: Esme) -> None:
    """What waits is not replaced."""
    activations = esme.activations

    def fall_due(key, waiting):
        activations.pending.pop(key, None)
        activations.activate(key)
        activations.report(key, waiting)

    activations.fall_due = fall_due  # type: ignore[method-assign]


@defect(
    "esme-sets-clock-to-interval",
    device="Esme",
    breaks="R-TIM-004",
    story="The clock is set to the start of the interval in the command, as if that were the time.",
)
def sets_clock_to_interval(esme: Esme) -> None:
    """The interval's start is the time."""

    def set_within(start, end):
        esme.time.adjust(start)
        return True

    esme.time.set_within = set_within  # type: ignore[method-assign]


@defect(
    "esme-trusts-any-clock",
    device="Esme",
    breaks="R-TIM-005",
    story="When hub time lies outside the interval the clock stays as it is, and goes on calling itself reliable.",
)
def trusts_any_clock(esme: Esme) -> None:
    """The status stays."""
    set_within = esme.time.set_within

    def still_reliable(start, end):
        done = set_within(start, end)
        esme.time.status = RELIABLE
        return done

    esme.time.set_within = still_reliable  # type: ignore[method-assign]


@defect(
    "esme-silent-about-clock",
    device="Esme",
    breaks="R-TIM-005",
    story="A clock that was not adjusted is not told (no 8F0C).",
)
def silent_about_clock(esme: Esme) -> None:
    """No 8F0C."""
    esme.time.tell_not_adjusted = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-clock-command-fails",
    device="Esme",
    breaks="R-TIM-007",
    story="The item that adjusts to the preset time is answered with other-reason; the ones after it are left out.",
)
def clock_command_fails(esme: Esme) -> None:
    """Method 4 of the clock fails."""
    adjust = esme.objects.adjust_clock

    def fail():
        adjust()
        return OTHER_REASON

    esme.objects.adjust_clock = fail  # type: ignore[method-assign]


@defect(
    "esme-clock-drifts",
    device="Esme",
    breaks="R-TIM-016",
    story="After every power cut the clock is half a minute late, and does not know it.",
)
def clock_drifts(esme: Esme) -> None:
    """Half a minute is lost in an outage."""

    def late():
        esme.time.error -= timedelta(seconds=30)

    esme.on_boot.append(late)
    esme.time.synchronise = lambda: None  # type: ignore[method-assign]
    esme.time.set_within = lambda start, end: True  # type: ignore[method-assign]
