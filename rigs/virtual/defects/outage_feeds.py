"""Defects of hub and meter on feeds of their own: false outages, the hub's last message, who waits for whom."""

from datetime import datetime, timedelta

from bench.gbcs import Cra, Message
from bench.gbcs.crypto import sign
from bench.gbcs.dlms import date_time
from rigs.virtual.defects import defect
from rigs.virtual.esme import SUPPLY_INTERRUPTED, Esme
from rigs.virtual.hub import LAST_GASP, Hub

MINUTE = timedelta(minutes=1)


def _when_the_hub_asks_for_a_tunnel(esme: Esme, action) -> None:
    tunnel = esme.tunnel
    answer = tunnel._answer  # type: ignore[attr-defined]

    def and_act(partner, asdu):
        if esme.world.now - esme.supply.mains_since > MINUTE:
            action()
        return (yield from answer(partner, asdu))

    tunnel._answer = and_act  # type: ignore[attr-defined]


@defect(
    "esme-hub-restart-is-restoration",
    device="Esme",
    breaks="R-PWR-001",
    story="The meter takes the hub's new tunnel request for the end of an outage: pulling the hub out and putting it "
    "back is told as an outage of the customer.",
)
def hub_restart_is_restoration(esme: Esme) -> None:
    """8F35 when the hub has restarted."""
    first = esme.world.now + MINUTE

    def report():
        if esme.world.now > first:
            esme.report_outage(esme.world.now - MINUTE, esme.world.now)

    _when_the_hub_asks_for_a_tunnel(esme, report)


@defect(
    "esme-logs-outage-of-hub",
    device="Esme",
    breaks="R-PWR-003",
    story="A hub that was away is entered into the power event log as an interruption of the meter's supply.",
)
def logs_outage_of_hub(esme: Esme) -> None:
    """8F57 when the hub has restarted."""
    first = esme.world.now + MINUTE

    def log():
        if esme.world.now > first:
            esme.logs.add(esme.logs.power, SUPPLY_INTERRUPTED)

    _when_the_hub_asks_for_a_tunnel(esme, log)


@defect(
    "esme-tunnel-in-ram",
    device="Esme",
    breaks="R-PWR-001",
    story="The number of the tunnel is gone after a power cut. A hub that had supply all the time asks for no new one, "
    "and the restoration alert waits until somebody sends the meter a command.",
)
def tunnel_in_ram(esme: Esme) -> None:
    """No tunnel after an outage."""
    tunnel = esme.tunnel
    resume = tunnel.resume  # type: ignore[attr-defined]

    def without():
        tunnel.forget()  # type: ignore[attr-defined]
        resume()

    tunnel.resume = without  # type: ignore[attr-defined]


@defect(
    "esme-loses-waiting-alerts",
    device="Esme",
    breaks="R-PWR-011",
    story="An alert that cannot be sent within two minutes is dropped: an outage while the hub is away stays unknown.",
)
def loses_waiting_alerts(esme: Esme) -> None:
    """What cannot be sent soon is lost."""
    send = esme.send
    tunnel = esme.tunnel

    def soon(message):
        send(message)
        esme.world.after(2 * MINUTE, tunnel._queue.clear)  # type: ignore[attr-defined]

    esme.send = soon


@defect(
    "esme-clock-stops-in-outage",
    device="Esme",
    breaks="R-TIM-016",
    story="The backup of the clock is not fitted: after a power cut the meter is slow by the length of the cut.",
)
def clock_stops_in_outage(esme: Esme) -> None:
    """The clock stands still."""
    log = esme.log_outage

    def and_stand_still(began, ended):
        log(began, ended)
        esme.time.error -= ended - began

    esme.log_outage = and_stand_still  # type: ignore[method-assign]


@defect(
    "esme-sag-is-outage",
    device="Esme",
    breaks="R-PWR-001",
    story="The power-fail input trips at 0.85 of nominal: a sag that the meter rides through is told as an outage.",
)
def sag_is_outage(esme: Esme) -> None:
    """A sag restarts the meter."""
    esme.supply._drop_out, esme.supply._pick_up = 0.85 * 230.0, 0.9 * 230.0


@defect(
    "esme-no-hold-up",
    device="Esme",
    breaks="R-PWR-001",
    story="The hold-up capacitor has dried out: a dip of one cycle restarts the meter and is told as an outage.",
)
def no_hold_up(esme: Esme) -> None:
    """A dip of 20 ms is an outage."""
    esme.supply._hold_up = timedelta(milliseconds=5)


@defect(
    "esme-watchdog-loop-at-low-voltage",
    device="Esme",
    breaks="R-EVT-008",
    story="At a steady low voltage the meter starts, finds its supply too weak and starts again, once a minute.",
)
def watchdog_loop(esme: Esme) -> None:
    """Restarts below 0.75 of nominal."""

    def look():
        if esme.powered() and 0 < esme.feed.voltage < 0.75 * 230.0:
            esme.supply.failed_at = esme.world.now
            esme._power_down()
            esme.supply.mains_since, esme.supply.failed_at = esme.world.now, None
            esme._power_up()
        esme.world.after(MINUTE, look)

    esme.world.after(MINUTE, look)
    esme.supply._drop_out = 0.2 * 230.0


@defect(
    "hub-outage-timer-adds-up",
    device="Hub",
    breaks="R-HUB-020",
    story="The three minutes are counted from the first interruption of the hour: two short ones make a long one.",
)
def outage_timer_adds_up(hub: Hub) -> None:
    """2 min + 2 min = an outage."""
    down = hub._power_down
    offs: list[datetime] = []

    def count():
        down()
        failed_at = hub.supply.failed_at
        offs.append(failed_at)
        if len(offs) > 1:
            hub.world.after(MINUTE, lambda: hub.report(failed_at) if hub.supply.failed_at == failed_at else None)

    hub.supply._lost = count
    hub._power_down = count  # type: ignore[method-assign]


@defect(
    "hub-repeats-outage",
    device="Hub",
    breaks="R-HUB-020",
    story="The hub reports an outage each minute for as long as its capacitor lasts.",
)
def repeats_outage(hub: Hub) -> None:
    """Each minute."""
    gasp = hub._last_gasp

    def again(failed_at):
        gasp(failed_at)
        if hub.supply.failed_at == failed_at and hub.world.now - failed_at < 3 * LAST_GASP:
            hub.world.after(MINUTE, lambda: again(failed_at))
            hub.stored._level = 2 * MINUTE
            hub.stored._at = hub.world.now

    hub._last_gasp = again  # type: ignore[method-assign]


@defect(
    "hub-charges-at-boot-only",
    device="Hub",
    breaks="R-HUB-020",
    story="The charger of the last-gasp capacitor runs for the first minute after a cold start only: the second outage "
    "of a day is never reported.",
)
def charges_at_boot_only(hub: Hub) -> None:
    """The store is never full again."""
    level_at = hub.stored.level_at
    hub.stored.level_at = lambda instant: min(hub.stored._level, level_at(instant))  # type: ignore[method-assign]


@defect(
    "hub-late-report-with-sending-time",
    device="Hub",
    breaks="R-HUB-020",
    story="A report that had to wait for the WAN carries the time at which it was sent.",
)
def late_report_with_sending_time(hub: Hub) -> None:
    """The start is now."""
    report, outage = hub.report, hub.outage

    def late(failed_at):
        waits = not hub.wan.up
        report(failed_at)
        if waits:
            hub.outage = lambda _: outage(hub.world.now)

    hub.report = late  # type: ignore[method-assign]


@defect(
    "hub-trusts-its-clock",
    device="Hub",
    breaks="R-TIM-021",
    story="The hub's clock runs on after a restart and is told as reliable, WAN or not.",
)
def trusts_its_clock(hub: Hub) -> None:
    """Always reliable."""
    hub.time = lambda: (hub.world.now, 0) if hub.powered() else None  # type: ignore[method-assign]


@defect(
    "hub-takes-no-time-from-wan",
    device="Hub",
    breaks="R-TIM-003",
    story="The hub asks the WAN for the time at a cold start only: after a power cut no meter can set its clock.",
)
def takes_no_time_from_wan(hub: Hub) -> None:
    """The clock stays unreliable."""
    hub.wan_returned = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-alert-with-date-time",
    device="Esme",
    breaks="R-ALT-003",
    story="Alerts are built like responses: with a date-time in the header.",
)
def alert_with_date_time(esme: Esme) -> None:
    """A date-time in the header of critical alerts."""
    plain = esme.send_alert

    def dated(counter, party, message_code, payload, critical=True):
        if not critical:
            plain(counter, party, message_code, payload, critical)
            return
        alert = Message(
            Cra.ALERT, counter, esme.eui, party, message_code, payload, date_time=date_time(esme.clock(), 0)
        )
        esme.send(bytes(sign(alert, esme.signing_key)))

    esme.send_alert = dated  # type: ignore[method-assign]


@defect(
    "esme-clock-lost-in-brown-out",
    device="Esme",
    breaks="R-TIM-016",
    story="Below the level at which the processor stops, and above the one at which it is reset, the clock chip loses "
    "its time and nothing else: the meter comes back three hours slow.",
)
def clock_lost_in_brown_out(esme: Esme) -> None:
    """The clock is wrong after a brown-out, and right after an outage."""
    down = esme.supply._lost

    def lose():
        if esme.feed.voltage > 0:
            esme.time.error -= timedelta(hours=3)
        down()

    esme.supply._lost = lose


@defect(
    "esme-reports-each-bounce",
    device="Esme",
    breaks="R-EVT-008",
    story="Supply that bounces when it returns is counted at its edges: each bounce is an outage of its own.",
)
def reports_each_bounce(esme: Esme) -> None:
    """One alert for every return of supply."""
    returns: list[datetime] = []
    log = esme.log_outage
    esme.feed.listen(lambda volts: returns.append(esme.world.now) if volts > 200.0 and not esme.powered() else None)

    def log_each(began, ended):
        log(began, ended)
        for at in returns[1:]:
            if at > ended:
                esme.report_outage(began, at)
        returns.clear()

    esme.log_outage = log_each  # type: ignore[method-assign]
