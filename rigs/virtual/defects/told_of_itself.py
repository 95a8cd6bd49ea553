"""Defects of what a meter tells of itself: integrity, stuck contacts, plain alerts, bad commands, other half hours."""

from bench.gbcs.trust_anchors import Role
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.firmware import VERSION_CHANGED
from rigs.virtual.gsme import Gsme
from rigs.virtual.sub_ghz import SubGhz


@defect(
    "esme-integrity-warning-generic",
    device="Esme",
    breaks="R-ALT-020",
    story="All alerts of the 81 range go through one function, which knows the generic message code alone.",
)
def integrity_warning_generic(esme: Esme) -> None:
    """81A0 with the message code of a plain alert."""
    esme.integrity.message_code = lambda: 0x1001  # type: ignore[method-assign]


@defect(
    "gsme-integrity-cause-one-octet",
    device="Gsme",
    breaks="R-EVT-025",
    story="The cause is an enumeration of ten values; an octet was thought to be enough.",
)
def integrity_cause_one_octet(gsme: Gsme) -> None:
    """One octet of other information."""
    gsme.integrity.cause_octets = lambda cause: bytes((cause,))  # type: ignore[method-assign]


@defect(
    "esme-plain-alerts-all-critical",
    device="Esme",
    breaks="R-EVT-019",
    story="Plain alerts have the message code of the critical ones, whatever their own code.",
)
def plain_alerts_all_critical(esme: Esme) -> None:
    """1000 for 81xx, too."""
    esme.generic_code = lambda code: 0x1000  # type: ignore[method-assign]


@defect(
    "esme-stuck-contact-unnoticed",
    device="Esme",
    breaks="R-SUP-009",
    story="The position of the load switch is what the coil was last told; nobody looks at the current.",
)
def stuck_contact_unnoticed(esme: Esme) -> None:
    """No alert."""
    esme.switch.stuck = lambda closing: None  # type: ignore[method-assign]


@defect(
    "gsme-stuck-valve-wrong-way",
    device="Gsme",
    breaks="R-SUP-009",
    story="Both failures of the valve share one event: a valve that does not close is told as one that does not open.",
)
def stuck_valve_wrong_way(gsme: Gsme) -> None:
    """81BD for 81C0."""
    stuck = gsme.valve.stuck
    gsme.valve.stuck = lambda opening: stuck(True)  # type: ignore[method-assign]


@defect(
    "esme-stuck-contact-told-always",
    device="Esme",
    breaks="R-SUP-009",
    story="The meter looks for current while the contactor is still travelling: each disablement is told as failed.",
)
def stuck_contact_told_always(esme: Esme) -> None:
    """81C0 although the contact has opened."""
    disable = esme.switch.disable

    def disabled() -> bool:
        esme.switch.stuck(False)
        return disable()

    esme.switch.disable = disabled  # type: ignore[method-assign]


@defect(
    "esme-tamper-can-be-switched-off",
    device="Esme",
    breaks="R-ALT-011",
    story="With the log of events switched off the security log stays empty as well: both are written by one function.",
)
def tamper_can_be_switched_off(esme: Esme) -> None:
    """Nothing is logged once logging is off."""
    add = esme.logs.add

    def added(log, code, *other, **more):
        if log is not esme.logs.security or esme.behaviour.on[0x81, 0x0E]:
            add(log, code, *other, **more)

    esme.logs.add = added  # type: ignore[method-assign]


@defect(
    "gsme-security-events-configurable",
    device="Gsme",
    breaks="R-ALT-011",
    story="GCS20 takes any event code into its table, and the table is asked before the security log is written.",
)
def security_events_configurable(gsme: Gsme) -> None:
    """8F73 can be switched off."""
    security_event, behaviour = gsme.security_event, gsme.objects.behaviour
    behaviour.table |= dict.fromkeys((0x8F73, 0x8F3F), 0x0B)
    gsme.security_event = lambda code: security_event(code) if behaviour.logs(code) else None  # type: ignore[method-assign]


@defect(
    "any-unusual-numbers-alerted",
    device="GbcsDevice",
    breaks="R-SEC-026",
    story="8F60 is of the range of critical alerts, and so it is sent as one.",
)
def unusual_numbers_alerted(device) -> None:
    """The supplier is told."""
    unusual = device.bad_commands.unusual
    device.bad_commands.unusual = lambda: (unusual(), device.alert(0x8F60, Role.SUPPLIER))


@defect(
    "gsme-unusual-numbers-unnoticed",
    device="Gsme",
    breaks="R-SEC-026",
    story="Refused commands are not counted: the code 8F60 is in the table of events and nowhere else.",
)
def unusual_numbers_unnoticed(gsme: Gsme) -> None:
    """No entry."""
    gsme.bad_commands.unusual = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-new-firmware-alerted",
    device="Esme",
    breaks="R-EVT-022",
    story="8F43 is sent as an alert as well: the supplier gets it beside the answer to CS06, from each of its meters.",
)
def new_firmware_alerted(esme: Esme) -> None:
    """The change is told twice."""
    note = esme.firmware.note_change
    esme.firmware.note_change = lambda: (note(), esme.alert(VERSION_CHANGED, Role.SUPPLIER))  # type: ignore[method-assign]


@defect(
    "gsme-receipt-hash-cut",
    device="Gsme",
    breaks="R-ALT-021",
    story="The field for the hash was made for SHA-1: the first twenty octets of the image's hash are told.",
)
def receipt_hash_cut(gsme: Gsme) -> None:
    """Twelve octets of zero at the end."""
    tell = gsme.firmware.tell
    gsme.firmware.tell = lambda code, image_hash: tell(code, image_hash[:20].ljust(32, b"\0"))  # type: ignore[method-assign]


@defect(
    "hub-sub-ghz-alerts-signed",
    device="SubGhz",
    breaks="R-ALT-002",
    story="The codes of the sub-GHz alerts are 8Fxx, so the hub signs them as critical alerts and leaves the MAC out.",
)
def sub_ghz_alerts_signed(sub_ghz: SubGhz) -> None:
    """A signature instead of a MAC."""
    chf = sub_ghz._chf
    send = chf.send_alert
    chf.send_alert = lambda counter, party, code, payload, critical=True: send(counter, party, code, payload)


@defect(
    "esme-export-kept-a-month",
    device="Esme",
    breaks="R-LOG-002",
    story="Half hours of export and of reactive energy are kept for 31 days, as daily readings are.",
)
def export_kept_a_month(esme: Esme) -> None:
    """1488 entries."""
    esme.other_profiles.kept = lambda: 31 * 48  # type: ignore[method-assign]


@defect(
    "esme-voltage-of-phase-one",
    device="Esme",
    breaks="R-EVT-027",
    story="The same firmware runs in the polyphase meter: with one phase its events are those of phase 1.",
)
def voltage_of_phase_one(esme: Esme) -> None:
    """8021 for 8020."""
    for voltage in esme.voltages:
        coded = voltage.coded
        voltage.coded = lambda code, coded=coded: coded(code) + 1  # type: ignore[method-assign,misc]
