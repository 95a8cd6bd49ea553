"""Defects of refusals: what is taken for a command, and what is logged and alerted of one, refused or carried out."""

from dataclasses import replace

from bench.gbcs import Message
from rigs.virtual.defects import defect
from rigs.virtual.dlms_logs import between, events
from rigs.virtual.esme import Esme
from rigs.virtual.exchange import Exchange
from rigs.virtual.gbcs_device import (
    ACTIONED,
    GENERIC_CRITICAL,
    GENERIC_NON_CRITICAL,
    NO_AUTHORITY,
    NOT_ACTIONED,
    OTHER_FAILURE,
    GbcsDevice,
    Refusal,
)
from rigs.virtual.gsme import Gsme
from rigs.virtual.load_control import LoadControl
from rigs.virtual.logs import Entry

MAC_OCTETS = 12


@defect(
    "any-takes-octets-behind-the-message",
    device="GbcsDevice",
    breaks="R-CMD-001",
    story="The parser stops where the lengths in the message say and does not look whether anything follows.",
)
def takes_octets_behind_the_message(device: GbcsDevice) -> None:
    """What follows the MAC is cut off."""
    read = device.read_message

    def read_message(data: bytes) -> Message | None:
        for end in range(len(data), max(len(data) - MAC_OCTETS, 0), -1):
            if (message := read(data[:end])) is not None:
                return message
        return None

    device.read_message = read_message  # type: ignore[method-assign]


@defect(
    "esme-carries-out-whatever-items",
    device="Esme",
    breaks="R-SEC-001",
    story="The meter looks at each item for itself: under the message code of a harmless read anything can be set.",
)
def carries_out_whatever_items(esme: Esme) -> None:
    """Items are not compared with the use case."""
    esme.cosem.is_well_formed = lambda use_case, request: True  # type: ignore[method-assign]


@defect(
    "gsme-carries-out-whatever-commands",
    device="Gsme",
    breaks="R-SEC-001",
    story="The gas meter looks at each ZCL command for itself, whatever the message code says that it is.",
)
def carries_out_whatever_commands(gsme: Gsme) -> None:
    """Components are not compared with the use case."""
    gsme.zcl.is_well_formed = lambda use_case, request: True  # type: ignore[method-assign]


def _refuses(device: GbcsDevice, event: int, **changed: bool) -> None:
    refuse = device.refuse

    def otherwise(refusal: Refusal) -> None:
        refuse(replace(refusal, **changed) if refusal.event == event else refusal)

    device.refuse = otherwise  # type: ignore[method-assign]


@defect(
    "esme-silent-on-want-of-authority",
    device="Esme",
    breaks="R-SEC-024",
    story="A party that tries what it may not is logged; the supplier hears of it when it reads the log, if ever.",
)
def esme_silent_on_want_of_authority(esme: Esme) -> None:
    """8F30 is not alerted."""
    _refuses(esme, NO_AUTHORITY, alerted=False)


@defect(
    "gsme-silent-on-want-of-authority",
    device="Gsme",
    breaks="R-SEC-024",
    story="The gas meter logs a party that tries what it may not, and tells nobody.",
)
def gsme_silent_on_want_of_authority(gsme: Gsme) -> None:
    """8F30 is not alerted."""
    _refuses(gsme, NO_AUTHORITY, alerted=False)


@defect(
    "any-forgets-other-failures",
    device="GbcsDevice",
    breaks="R-SEC-025",
    story="Only failures with a code of their own reach the security log; the others leave no trace.",
)
def forgets_other_failures(device: GbcsDevice) -> None:
    """8F53 is not logged."""
    _refuses(device, OTHER_FAILURE, logged=False)


@defect(
    "any-alerts-other-failures",
    device="GbcsDevice",
    breaks="R-SEC-025",
    story="Any failed authentication is alerted: a broken head end makes every meter of a region call at once.",
)
def alerts_other_failures(device: GbcsDevice) -> None:
    """8F53 is alerted."""
    _refuses(device, OTHER_FAILURE, alerted=True)


@defect(
    "esme-security-log-shows-more",
    device="Esme",
    breaks="R-SEC-027",
    story="Rows of the security log are those of the event log, with a third column that readers do not expect.",
)
def esme_security_log_shows_more(esme: Esme) -> None:
    """Rows have other information."""
    esme.objects.security_log = lambda start, end: events(  # type: ignore[method-assign]
        between(esme.logs.security, start, end)
    )


@defect(
    "gsme-security-log-shows-more",
    device="Gsme",
    breaks="R-SEC-027",
    story="Entries of the gas meter's security log carry the message code that caused them.",
)
def gsme_security_log_shows_more(gsme: Gsme) -> None:
    """Every entry has two octets of other information."""
    record = gsme.log_record

    def with_more(number: int, entry: Entry) -> dict:
        return record(number, entry) | {"data": entry.other or b"\x00\x00"}

    gsme.log_record = with_more  # type: ignore[method-assign]


@defect(
    "any-failed-items-are-a-security-matter",
    device="GbcsDevice",
    breaks="R-SEC-029",
    story="A setting that is out of range is written into the security log as well: auditors see attacks every day.",
)
def failed_items_are_a_security_matter(device: GbcsDevice) -> None:
    """A command that could not be carried out is in both logs."""
    executed = device.executed

    def in_both(exchange: Exchange, successfully: bool) -> None:
        executed(exchange, successfully)
        if not successfully:
            device.logs.add(device.logs.security, OTHER_FAILURE)

    device.executed = in_both  # type: ignore[method-assign]


@defect(
    "gsme-failed-items-are-not-answered",
    device="Gsme",
    breaks="R-SEC-029",
    story="A command of which one item fails is dropped without an answer: the head end repeats it until it gives up.",
)
def failed_items_are_not_answered(gsme: Gsme) -> None:
    """Only what was carried out is answered."""
    executed, respond = gsme.executed, gsme.respond
    done = [True]

    def noted(exchange: Exchange, successfully: bool) -> None:
        done[0] = successfully
        executed(exchange, successfully)

    def only_success(exchange: Exchange, payload: bytes) -> None:
        answered, done[0] = done[0], True
        if answered:
            respond(exchange, payload)

    gsme.executed = noted  # type: ignore[method-assign]
    gsme.respond = only_success  # type: ignore[method-assign]


@defect(
    "any-alerts-all-of-one-kind",
    device="GbcsDevice",
    breaks="R-ALT-004",
    story="Alerts without a use case of their own all have message code 1000: the head end expects a signature.",
)
def alerts_all_of_one_kind(device: GbcsDevice) -> None:
    """1001 is never used."""
    send = device.send_alert

    def sent(counter, party, message_code, payload, critical=True) -> None:
        code = GENERIC_CRITICAL if message_code == GENERIC_NON_CRITICAL else message_code
        send(counter, party, code, payload, critical)

    device.send_alert = sent  # type: ignore[method-assign]


@defect(
    "any-log-without-the-message-code",
    device="GbcsDevice",
    breaks="R-EVT-006",
    story="Commands are in the event log, but not which: in a dispute the entry proves nothing.",
)
def log_without_the_message_code(device: GbcsDevice) -> None:
    """Other information is empty."""

    def executed(exchange: Exchange, successfully: bool) -> None:
        outcome = ACTIONED if successfully else NOT_ACTIONED
        if device.logging(outcome):
            device.logs.add(device.logs.event, outcome)

    device.executed = executed  # type: ignore[method-assign]


@defect(
    "any-logs-failures-as-done",
    device="GbcsDevice",
    breaks="R-EVT-006",
    story="Every command that was authentic is logged as carried out, also where an item failed.",
)
def logs_failures_as_done(device: GbcsDevice) -> None:
    """8155 is never used."""
    executed = device.executed
    device.executed = lambda exchange, successfully: executed(exchange, True)  # type: ignore[method-assign]


@defect(
    "esme-load-control-leaves-no-trace",
    device="LoadControl",
    breaks="R-EVT-006",
    story="Requests of a PPMID to switch a load are obeyed and not logged: nobody can tell who switched the heater.",
)
def load_control_leaves_no_trace(load_control: LoadControl) -> None:
    """Nothing is written."""
    load_control.log = lambda done: None  # type: ignore[method-assign]
