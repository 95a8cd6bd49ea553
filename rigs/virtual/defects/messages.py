"""Defects of responses and alerts: their form, their protection, and what is set for events."""

from dataclasses import replace
from datetime import timedelta

from bench.gbcs import Eui64
from bench.gbcs.axdr import Data
from bench.gbcs.crypto import add_mac, sign
from bench.gbcs.dlms import DataNotification, bits, structure, u16
from bench.gbcs.trust_anchors import Role
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.esme_behaviour import ALERT, EVENTS, LOG, OCTETS, SUPPLIER
from rigs.virtual.exchange import Exchange
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.use_cases import CREDENTIALS_DETAILS, REPLACEMENTS

SECOND = timedelta(seconds=1)


@defect(
    "esme-event-bits-from-the-wrong-end",
    device="Esme",
    breaks="R-ALT-012",
    story="The bits of an alert setting are counted from the first one sent: switching 81AB off switches 8154 off.",
)
def event_bits_from_the_wrong_end(esme: Esme) -> None:
    """Bit 0 is the first on the wire."""
    take = esme.behaviour.set

    def turned(octets: bytes) -> bytes:
        word = format(int.from_bytes(octets, "big"), f"0{EVENTS}b")
        return int(word[::-1], 2).to_bytes(OCTETS, "big")

    def set_(setting: tuple[int, int], value: Data) -> None:
        _, octets = value.value
        take(setting, bits(turned(octets[:OCTETS]) + turned(octets[OCTETS:]), 2 * EVENTS))

    esme.behaviour.set = set_  # type: ignore[method-assign]


@defect(
    "esme-ignores-which-events-are-meant",
    device="Esme",
    breaks="R-ALT-012",
    story="The mask of an alert setting is ignored: naming one event to switch off switches all others off as well.",
)
def ignores_which_events_are_meant(esme: Esme) -> None:
    """Every event is meant."""
    take = esme.behaviour.set

    def set_(setting: tuple[int, int], value: Data) -> None:
        _, octets = value.value
        take(setting, bits(b"\xff" * OCTETS + octets[OCTETS:], 2 * EVENTS))

    esme.behaviour.set = set_  # type: ignore[method-assign]


@defect(
    "esme-silent-event-is-not-logged",
    device="Esme",
    breaks="R-ALT-016",
    story="An event whose alert is off is dropped before it reaches the log: nobody can prove later what happened.",
)
def silent_event_is_not_logged(esme: Esme) -> None:
    """The log asks whether the event is told."""
    logs = esme.behaviour.logs
    esme.behaviour.logs = lambda code: logs(code) and esme.behaviour.alerts(code)  # type: ignore[method-assign]


@defect(
    "esme-unlogged-event-is-not-told",
    device="Esme",
    breaks="R-ALT-016",
    story="Alerts are made from log entries: an event that is not logged is not told either.",
)
def unlogged_event_is_not_told(esme: Esme) -> None:
    """The alert asks whether the event is logged."""
    alerts = esme.behaviour.alerts

    def only_logged(code: int) -> bool:
        on = code & 0xFF in esme.behaviour.on[SUPPLIER, LOG] or code >> 8 != SUPPLIER or code in (0x810D, 0x8119)
        return alerts(code) and on

    esme.behaviour.alerts = only_logged  # type: ignore[method-assign]


@defect(
    "esme-one-setting-for-alert-and-log",
    device="Esme",
    breaks="R-ALT-013",
    story="One register holds what is told and what is logged: setting the one sets the other.",
)
def one_setting_for_alert_and_log(esme: Esme) -> None:
    """Both sets are one."""
    esme.behaviour.on[SUPPLIER, LOG] = esme.behaviour.on[SUPPLIER, ALERT]
    take = esme.behaviour.set

    def set_(setting: tuple[int, int], value: Data) -> None:
        take(setting, value)
        if setting in ((SUPPLIER, LOG), (SUPPLIER, ALERT)):
            esme.behaviour.on[SUPPLIER, LOG] = esme.behaviour.on[SUPPLIER, ALERT] = esme.behaviour.on[setting]

    esme.behaviour.set = set_  # type: ignore[method-assign]


@defect(
    "esme-shows-factory-alert-settings",
    device="Esme",
    breaks="R-ALT-014",
    story="The alert settings that are read come from the defaults in flash, not from what was set last.",
)
def shows_factory_alert_settings(esme: Esme) -> None:
    """Reads answer with the settings of the first day."""
    factory = {setting: set(on) for setting, on in esme.behaviour.on.items()}
    get = esme.behaviour.get

    def get_(setting: tuple[int, int]) -> Data:
        now, esme.behaviour.on = esme.behaviour.on, factory
        shown = get(setting)
        esme.behaviour.on = now
        return shown

    esme.behaviour.get = get_  # type: ignore[method-assign]


@defect(
    "esme-critical-alerts-can-be-switched-off",
    device="Esme",
    breaks="R-ALT-010",
    story="The setting is looked up by the low octet of the code alone: bit 32h of the supplier's mask silences 8F32.",
)
def critical_alerts_can_be_switched_off(esme: Esme) -> None:
    """The high octet of the code does not count for what was switched off."""
    alerts, silenced = esme.behaviour.alerts, 0
    take = esme.behaviour.set

    def set_(setting: tuple[int, int], value: Data) -> None:
        nonlocal silenced
        take(setting, value)
        _, octets = value.value
        if setting == (SUPPLIER, ALERT):
            silenced |= int.from_bytes(octets[:OCTETS], "big") & ~int.from_bytes(octets[OCTETS:], "big")

    def only_told(code: int) -> bool:
        return alerts(code) and not (code >> 8 == 0x8F and silenced >> (code & 0xFF) & 1)

    esme.behaviour.set, esme.behaviour.alerts = set_, only_told  # type: ignore[method-assign]


@defect(
    "esme-answers-with-its-own-counter",
    device="Esme",
    breaks="R-CTR-008",
    story="A response carries the meter's own counter instead of its command's: nobody knows what it answers.",
)
def answers_with_its_own_counter(esme: Esme) -> None:
    """The envelope takes the next own counter."""
    envelope = esme.envelope

    def counted(exchange: Exchange, payload: bytes):
        return replace(envelope(exchange, payload), counter=esme.next_own_counter())

    esme.envelope = counted  # type: ignore[method-assign]


@defect(
    "any-change-of-supplier-answered-with-a-mac",
    device="GbcsDevice",
    breaks="R-RSP-004",
    story="The answer to a change of supplier is protected with a MAC for the broker: it proves nothing in a dispute.",
)
def change_of_supplier_answered_with_a_mac(device: GbcsDevice) -> None:
    """CS02b is answered as a read is."""
    respond = device.respond

    def maced(exchange: Exchange, payload: bytes) -> None:
        if exchange.command.message_code not in REPLACEMENTS:
            respond(exchange, payload)
            return
        key = device.agreement_public_key(
            device.anchors.subject(Role.ACCESS_CONTROL_BROKER) or exchange.command.originator
        )
        if key is not None:
            device.send(bytes(add_mac(device.envelope(exchange, payload), device.secret(key))))

    device.respond = maced  # type: ignore[method-assign]


@defect(
    "any-credentials-answered-with-a-signature",
    device="GbcsDevice",
    breaks="R-RSP-005",
    story="Reads of credentials are answered with a signature: each costs the meter's processor half a second.",
)
def credentials_answered_with_a_signature(device: GbcsDevice) -> None:
    """CS02a is answered as a critical command is."""
    respond = device.respond

    def signed(exchange: Exchange, payload: bytes) -> None:
        if exchange.command.message_code != CREDENTIALS_DETAILS:
            respond(exchange, payload)
            return
        device.send(bytes(sign(device.envelope(exchange, payload), device.signing_key)))

    device.respond = signed  # type: ignore[method-assign]


@defect(
    "any-reads-must-be-signed",
    device="GbcsDevice",
    breaks="R-CMD-004",
    story="After a security review every command must be signed, reads as well: meter readings stop.",
)
def reads_must_be_signed(device: GbcsDevice) -> None:
    """A command without a signature is refused."""
    check = device.check_protection

    def strict(message):
        from rigs.virtual.gbcs_device import FORMAT_FAILURE, Refusal

        return check(message) if message.signature else Refusal(FORMAT_FAILURE)

    device.check_protection = strict  # type: ignore[method-assign]


@defect(
    "any-commands-without-mac",
    device="GbcsDevice",
    breaks="R-CMD-004",
    story="A MAC is checked where there is one: a command with neither MAC nor signature passes as if protected.",
)
def commands_without_mac(device: GbcsDevice) -> None:
    """A non-critical command without any protection is accepted."""
    check = device.check_protection

    def lenient(message):
        bare = not message.signature and message.mac is None
        return None if bare and (False, True) in device.use_cases[message.message_code].protections else check(message)

    device.check_protection = lenient  # type: ignore[method-assign]


@defect(
    "esme-alert-without-time",
    device="Esme",
    breaks="R-ALT-006",
    story="A generic alert holds its code alone; the head end stamps it when it comes in, hours later after an outage.",
)
def alert_without_time(esme: Esme) -> None:
    """The time is left out."""
    payload = esme.alert_payload

    def short(code, at, extra, counter):
        if extra:
            return payload(code, at, extra, counter)
        return bytes(DataNotification(0x20000000 | counter & 0xFFFFFF, structure([u16(code)])))

    esme.alert_payload = short  # type: ignore[method-assign]


@defect(
    "esme-alert-invoke-id-counts-for-itself",
    device="Esme",
    breaks="R-CTR-010",
    story="The invoke id of an alert is a counter of the DLMS stack's own, beginning at zero with each start.",
)
def alert_invoke_id_counts_for_itself(esme: Esme) -> None:
    """It has nothing to do with the message's counter."""
    payload, count = esme.alert_payload, iter(range(1 << 24))
    esme.alert_payload = lambda code, at, extra, _: payload(code, at, extra, next(count))  # type: ignore[method-assign]


@defect(
    "esme-log-read-leaves-out-the-last-entry",
    device="Esme",
    breaks="R-RSP-019",
    story="The end of a log read's period is exclusive: the entry of that second is not in the answer.",
)
def log_read_leaves_out_the_last_entry(esme: Esme) -> None:
    """The range ends one second early."""
    objects = esme.objects
    events, profile = objects.event_log, objects.profile
    objects.event_log = lambda start, end: events(start, end - SECOND)  # type: ignore[method-assign]
    objects.profile = lambda start, end: profile(start, end - SECOND)  # type: ignore[method-assign]


@defect(
    "esme-half-hours-stamped-at-their-start",
    device="Esme",
    breaks="R-LOG-003",
    story="A half hour bears the time at which it began: every reading is half an hour early in settlement.",
)
def half_hours_stamped_at_their_start(esme: Esme) -> None:
    """Each stamp is half an hour early."""
    profile, half = esme.profile, timedelta(minutes=30)

    def early(start, end):
        return [(at - half, wh) for at, wh in profile(start + half, end + half)]

    esme.profile = early  # type: ignore[method-assign]


@defect(
    "esme-tells-a-clock-status",
    device="Esme",
    breaks="R-RSP-010",
    story="The date-time in an answer ends with the clock's status instead of FF; strict head ends refuse it.",
)
def tells_a_clock_status(esme: Esme) -> None:
    """The status octet is that of the clock."""
    esme.clock_status = lambda: 0  # type: ignore[method-assign]


@defect(
    "esme-every-alert-is-generic",
    device="Esme",
    breaks="R-ALT-005",
    story="Alerts have one message code: that of restored supply, with content nobody expects, is generic.",
)
def every_alert_is_generic(esme: Esme) -> None:
    """1000 stands in every alert."""
    send = esme.send_alert

    def generic(counter: int, party: Eui64, message_code: int, payload: bytes, critical: bool = True) -> None:
        send(counter, party, 0x1000 if critical else message_code, payload, critical)

    esme.send_alert = generic  # type: ignore[method-assign]
