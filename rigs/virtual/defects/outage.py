"""Defects around the loss of supply: alerts and times, logs, the switch, what is kept."""

from datetime import timedelta

from bench.gbcs.trust_anchors import Role
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.hub import Hub
from rigs.virtual.load_switch import Cause, SupplyState


def _after_boot(esme: Esme, action) -> None:
    esme.on_boot.append(action)


@defect(
    "esme-three-minutes-exclusive",
    device="Esme",
    breaks="R-PWR-005",
    story="The long outage begins one second after three minutes: exactly 180 s is told as a short one.",
)
def three_minutes_exclusive(esme: Esme) -> None:
    """More than three minutes, not three."""
    code = esme.restoration_code
    esme.restoration_code = lambda began, ended: code(began, ended - timedelta(seconds=1))  # type: ignore[method-assign]


@defect(
    "esme-both-restoration-codes",
    device="Esme",
    breaks="R-PWR-001",
    story="A long outage is alerted twice: as a long one and as a short one.",
)
def both_restoration_codes(esme: Esme) -> None:
    """8F35 and 8F36."""
    report = esme.report_outage

    def twice(began, ended):
        report(began, ended)
        if ended - began >= timedelta(minutes=3):
            report(ended - timedelta(seconds=1), ended)

    esme.report_outage = twice  # type: ignore[method-assign]


@defect(
    "esme-restoration-to-supplier",
    device="Esme",
    breaks="R-PWR-001",
    story="The restoration alert goes to the supplier instead of the network operator.",
)
def restoration_to_supplier(esme: Esme) -> None:
    """Another recipient."""
    alert = esme.alert

    def to_supplier(code, to, *rest, **more):
        alert(code, Role.SUPPLIER if code in (0x8F35, 0x8F36) else to, *rest, **more)

    esme.alert = to_supplier  # type: ignore[method-assign]


@defect(
    "esme-restoration-times-swapped",
    device="Esme",
    breaks="R-PWR-002",
    story="Interruption and restoration change places in the alert.",
)
def restoration_times_swapped(esme: Esme) -> None:
    """The two times are swapped."""
    alert = esme.alert

    def swapped(code, to, extra=None, *rest, **more):
        turned = extra[::-1] if extra and code in (0x8F35, 0x8F36) else extra
        alert(code, to, turned, *rest, **more)

    esme.alert = swapped  # type: ignore[method-assign]


@defect(
    "esme-restoration-in-local-time",
    device="Esme",
    breaks="R-PWR-002",
    story="The times in the restoration alert are an hour ahead, as if it were summer.",
)
def restoration_in_local_time(esme: Esme) -> None:
    """An hour is added."""
    report = esme.report_outage
    hour = timedelta(hours=1)
    esme.report_outage = lambda began, ended: report(began + hour, ended + hour)  # type: ignore[method-assign]


@defect(
    "esme-interruption-not-logged",
    device="Esme",
    breaks="R-PWR-003",
    story="The power event log shows restorations without interruptions.",
)
def interruption_not_logged(esme: Esme) -> None:
    """No 8F57."""
    from rigs.virtual.esme import SUPPLY_INTERRUPTED

    logs, add = esme.logs, esme.logs.add

    def without(log, code, *rest, **more):
        if code != SUPPLY_INTERRUPTED:
            add(log, code, *rest, **more)

    logs.add = without  # type: ignore[method-assign]


@defect(
    "esme-switch-closes-after-outage",
    device="Esme",
    breaks="R-PWR-006",
    story="The bistable relay is driven to 'closed' at start: a disabled meter comes back with supply.",
)
def switch_closes_after_outage(esme: Esme) -> None:
    """The switch is closed at start."""
    _after_boot(esme, lambda: esme.switch.move(SupplyState.ENABLED, Cause.NONE))


@defect(
    "esme-armed-becomes-disabled",
    device="Esme",
    breaks="R-PWR-006",
    story="An armed supply is disabled after an outage: the consumer's button does nothing.",
)
def armed_becomes_disabled(esme: Esme) -> None:
    """Armed is not kept."""

    def disable():
        if esme.switch.state is SupplyState.ARMED:
            esme.switch.move(SupplyState.DISABLED, Cause.SUPPLIER)

    _after_boot(esme, disable)


@defect(
    "esme-register-from-last-hour",
    device="Esme",
    breaks="R-PWR-007",
    story="The import register is stored once an hour: an outage takes back what has been used since.",
)
def register_from_last_hour(esme: Esme) -> None:
    """The register falls by a little."""

    def lose():
        esme._energy_wh -= 500.0

    _after_boot(esme, lose)


@defect(
    "esme-balance-lost-in-outage",
    device="Esme",
    breaks="R-PWR-007",
    story="The balance after an outage is that of the last midnight.",
)
def balance_lost_in_outage(esme: Esme) -> None:
    """The balance falls back."""

    def lose():
        esme.account.balance -= 100_000

    _after_boot(esme, lose)


@defect(
    "esme-event-log-lost-in-outage",
    device="Esme",
    breaks="R-PWR-007",
    story="The event log lives in RAM and is empty after an outage.",
)
def event_log_lost_in_outage(esme: Esme) -> None:
    """The log is cleared."""
    _after_boot(esme, esme.logs.event.clear)


@defect(
    "esme-waiting-settings-lost-in-outage",
    device="Esme",
    breaks="R-FUT-016",
    story="Future-dated settings do not survive a power cut.",
)
def waiting_settings_lost_in_outage(esme: Esme) -> None:
    """Nothing waits after an outage."""
    _after_boot(esme, esme.activations.pending.clear)


@defect(
    "esme-missed-activation-skipped",
    device="Esme",
    breaks="R-FUT-015",
    story="An activation whose time passes during an outage is skipped: it would have been in the past.",
)
def missed_activation_skipped(esme: Esme) -> None:
    """What is late is dropped."""
    keep = esme.agenda.keep

    def only_in_time(one):
        late = esme.clock() - one.at > timedelta(seconds=10)
        if late and not one.done:
            one.done = True
            return
        keep(one)

    esme.agenda.keep = only_in_time  # type: ignore[method-assign]


@defect(
    "esme-alert-counter-starts-anew",
    device="Esme",
    breaks="R-CTR-009",
    story="The counter of the meter's own messages starts at one after every power cut.",
)
def alert_counter_starts_anew(esme: Esme) -> None:
    """The counter is zero after an outage."""

    def reset():
        esme.own_counter = 0

    _after_boot(esme, reset)


@defect(
    "esme-restoration-alerted-twice",
    device="Esme",
    breaks="R-EVT-008",
    story="Each restoration is alerted twice, a few seconds apart, with different counters.",
)
def restoration_alerted_twice(esme: Esme) -> None:
    """The alert is repeated."""
    report = esme.report_outage

    def twice(began, ended):
        report(began, ended)
        esme.world.after(timedelta(seconds=5), lambda: report(began, ended))

    esme.report_outage = twice  # type: ignore[method-assign]


@defect(
    "esme-counts-through-outage",
    device="Esme",
    breaks="R-PWR-009",
    story="Energy is extrapolated over an outage with the last load: the household pays for what it did not use.",
)
def counts_through_outage(esme: Esme) -> None:
    """Energy is added for the outage."""
    report = esme.log_outage

    def and_count(began, ended):
        report(began, ended)
        esme._energy_wh += 720.0 * ((ended - began) / timedelta(hours=1))

    esme.log_outage = and_count  # type: ignore[method-assign]


@defect(
    "hub-no-last-gasp",
    device="Hub",
    breaks="R-HUB-020",
    story="The hub's capacitor is too small: after three minutes it is already dead and tells the WAN nothing.",
)
def no_last_gasp(hub: Hub) -> None:
    """No AD1."""
    hub._last_gasp = lambda failed_at: None  # type: ignore[method-assign]


@defect(
    "hub-last-gasp-too-early",
    device="Hub",
    breaks="R-HUB-020",
    story="Every interruption is reported as an outage at once: a thunderstorm floods the network operator.",
)
def last_gasp_too_early(hub: Hub) -> None:
    """AD1 at once."""
    power_down = hub._power_down

    def early():
        power_down()
        if hub.supply.failed_at is not None:
            hub.outage(hub.supply.failed_at)

    hub.supply._lost = early
    hub._power_down = early  # type: ignore[method-assign]
