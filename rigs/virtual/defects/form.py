"""Defects of the form of messages: header, MAC, signature, payload; of what is told when a form is wrong."""

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from bench.gbcs import Cra, GbcsError, Message
from bench.gbcs.dlms import AccessRequest
from bench.gbcs.gbz import ENCRYPTED, LAST, Gbz
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.exchange import Exchange
from rigs.virtual.gbcs_device import FORMAT_FAILURE, TRUSTED_SOURCE_FAILURE, GbcsDevice, Refusal
from rigs.virtual.gbz_device import GbzDevice


@defect(
    "esme-recipient-before-originator",
    device="Esme",
    breaks="R-CMD-002",
    story="The header of an answer is filled in the order in which the command had it: the recipient comes first, and "
    "the answer seems to come from the party and to go to the meter.",
)
def recipient_before_originator(esme: Esme) -> None:
    """The ids of an answer stand in each other's field."""
    envelope = esme.envelope

    def swapped(exchange: Exchange, payload: bytes) -> Message:
        answer = envelope(exchange, payload)
        return replace(answer, originator=answer.target, target=answer.originator)

    esme.envelope = swapped  # type: ignore[method-assign]


@defect(
    "any-takes-commands-with-a-date-time",
    device="GbcsDevice",
    breaks="R-CMD-003",
    story="The parser skips a date-time in the header, whether it belongs there or not, and carries the command out.",
)
def takes_commands_with_a_date_time(device: GbcsDevice) -> None:
    """Whatever parses is read."""

    def read_message(data: bytes) -> Message | None:
        try:
            return Message.parse(data)
        except GbcsError:
            return None

    device.read_message = read_message  # type: ignore[method-assign]


@defect(
    "any-knows-no-supplementary-party",
    device="GbcsDevice",
    breaks="R-CMD-009",
    story="The other information is a message code and nothing else: a command in which the broker speaks for another "
    "party has the wrong length, and is dropped.",
)
def knows_no_supplementary_party(device: GbcsDevice) -> None:
    """Other information longer than two octets does not parse."""
    read = device.read_message

    def read_message(data: bytes) -> Message | None:
        message = read(data)
        return None if message is None or message.supplementary_party is not None else message

    device.read_message = read_message  # type: ignore[method-assign]


@defect(
    "any-mac-key-of-a-command",
    device="GbcsDevice",
    breaks="R-CMD-010",
    story="The key of a MAC is derived as for a command whatever the message is: no reader can check an answer.",
)
def mac_key_of_a_command(device: GbcsDevice) -> None:
    """The direction does not go into the key."""
    maced = device.maced

    def as_command(message: Message, key) -> Message:
        made = maced(replace(message, cra=Cra.COMMAND), key)
        return replace(made, cra=message.cra)

    device.maced = as_command  # type: ignore[method-assign]


@defect(
    "any-signs-the-tag-as-well",
    device="GbcsDevice",
    breaks="R-CMD-011",
    story="The signature begins at the tag of the grouping header, one octet too early, and nobody can verify it.",
)
def signs_the_tag_as_well(device: GbcsDevice) -> None:
    """DF is part of what is signed."""

    def signed(message: Message) -> Message:
        octets = message.grouping_header + message.payload
        r, s = decode_dss_signature(device.signing_key.sign(octets, ECDSA(SHA256())))
        return replace(message, signature=r.to_bytes(32) + s.to_bytes(32), mac=None)

    device.signed = signed  # type: ignore[method-assign]


@defect(
    "esme-invoke-id-counts-for-itself",
    device="Esme",
    breaks="R-CMD-012",
    story="The DLMS stack numbers its answers itself and does not repeat the invoke id it was asked with.",
)
def invoke_id_counts_for_itself(esme: Esme) -> None:
    """Answers are numbered from one."""
    access, count = esme.cosem.access, 0

    def counted(exchange: Exchange, request: AccessRequest):
        nonlocal count
        count += 1
        answer, done = access(exchange, request)
        return replace(answer, invoke_id=0x20000000 | count), done

    esme.cosem.access = counted  # type: ignore[method-assign]


@defect(
    "gbz-marks-every-component-as-last",
    device="GbzDevice",
    breaks="R-CMD-013",
    story="Each component is made by itself and marked as the last one: a reader stops after the first.",
)
def marks_every_component_as_last(device: GbzDevice) -> None:
    """Bit 0 of every control octet is set."""
    finished = device.zcl._finished

    def all_last(exchange: Exchange, request: Gbz, answers):
        made = finished(exchange, request, answers)
        return Gbz(made.profile, [replace(one, control=one.control | LAST) for one in made.components])

    device.zcl._finished = all_last  # type: ignore[method-assign]


@defect(
    "gbz-takes-fewer-components-than-said",
    device="GbzDevice",
    breaks="R-CMD-013",
    story="The number of components is not compared: a command that was cut off behind one of them is carried out.",
)
def takes_fewer_components_than_said(device: GbzDevice) -> None:
    """A payload that does not parse is tried with a component less."""
    read = device.read_components

    def read_components(message: Message) -> Gbz | None:
        payload = message.payload
        fewer = payload[:2] + bytes([payload[2] - 1]) + payload[3:] if len(payload) > 2 and payload[2] else payload
        return read(message) or read(replace(message, payload=fewer))

    device.read_components = read_components  # type: ignore[method-assign]


@defect(
    "gbz-encrypted-components-not-counted",
    device="GbzDevice",
    breaks="R-ENC-003",
    story="Every encrypted component of an answer has the frame counter zero.",
)
def encrypted_components_not_counted(device: GbzDevice) -> None:
    """The frame counter stays zero."""
    finished = device.zcl._finished

    def uncounted(exchange: Exchange, request: Gbz, answers):
        made = finished(exchange, request, answers)
        parts = [replace(one, frame_counter=0) if one.control & ENCRYPTED else one for one in made.components]
        return Gbz(made.profile, parts)

    device.zcl._finished = uncounted  # type: ignore[method-assign]


@defect(
    "any-takes-ber",
    device="GbcsDevice",
    breaks="R-CMD-014",
    story="The ASN.1 decoder takes BER: a length in two octets where one would do is read, and the command is carried "
    "out.",
)
def takes_ber(device: GbcsDevice) -> None:
    """A length 81 xx of the outermost element is read as xx."""
    read = device.read_der

    def read_der(message: Message):
        payload = message.payload
        if payload[1:2] == b"\x81":
            message = replace(message, payload=payload[:1] + payload[2:])
            device.exchange.command = message  # type: ignore[union-attr]
        return read(message)

    device.read_der = read_der  # type: ignore[method-assign]


@defect(
    "any-silent-about-malformed-commands",
    device="GbcsDevice",
    breaks="R-SEC-023",
    story="What does not parse is dropped at the door: it is in the security log, and nobody is told.",
)
def silent_about_malformed_commands(device: GbcsDevice) -> None:
    """8F1E is not alerted."""
    _refuses(device, FORMAT_FAILURE, alerted=False)


@defect(
    "any-malformed-commands-not-logged",
    device="GbcsDevice",
    breaks="R-SEC-023",
    story="What does not parse is alerted, and leaves nothing in the security log.",
)
def malformed_commands_not_logged(device: GbcsDevice) -> None:
    """8F1E is not logged."""
    _refuses(device, FORMAT_FAILURE, logged=False)


@defect(
    "any-failed-authentication-in-the-log",
    device="GbcsDevice",
    breaks="R-SEC-022",
    story="A command with a wrong MAC fills the security log, too: whoever sends a hundred of them wipes it.",
)
def failed_authentication_in_the_log(device: GbcsDevice) -> None:
    """8F3D is logged."""
    _refuses(device, TRUSTED_SOURCE_FAILURE, logged=True)


@defect(
    "any-missing-right-in-the-log",
    device="GbcsDevice",
    breaks="R-EVT-006g",
    story="A command without the right to it is alerted with 8F30 and put into the event log as well.",
)
def missing_right_in_the_log(device: GbcsDevice) -> None:
    """8F30 is an entry of the event log."""
    refuse = device.refuse

    def logged(refusal: Refusal) -> None:
        refuse(refusal)
        if refusal.event == 0x8F30:
            device.logs.add(device.logs.event, refusal.event)

    device.refuse = logged  # type: ignore[method-assign]


def _refuses(device: GbcsDevice, event: int, **how: bool) -> None:
    """Let one event be told or logged otherwise."""
    refuse = device.refuse

    def refused(refusal: Refusal) -> None:
        refuse(replace(refusal, **how) if refusal.event == event else refusal)

    device.refuse = refused  # type: ignore[method-assign]
