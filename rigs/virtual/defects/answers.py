"""Defects of answers and alerts: header, protection, items, encryption, content."""

from dataclasses import replace
from datetime import timedelta

from bench.gbcs import Message
from bench.gbcs.dlms import AccessRequest, AccessResponse
from bench.gbcs.trust_anchors import KeyUsage, Role
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.exchange import Exchange
from rigs.virtual.gas_proxy import Gpf
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.gsme import Gsme

MINUTE = timedelta(minutes=1)


@defect(
    "any-answers-go-to-the-broker",
    device="GbcsDevice",
    breaks="R-RSP-001",
    story="Every answer is addressed to the broker, who passes messages on, and not to the party that asked.",
)
def answers_go_to_the_broker(device: GbcsDevice) -> None:
    """The recipient is the broker."""
    envelope = device.envelope

    def addressed(exchange: Exchange, payload: bytes) -> Message:
        broker = device.anchors.subject(Role.ACCESS_CONTROL_BROKER)
        answer = envelope(exchange, payload)
        return answer if broker is None else replace(answer, target=broker)

    device.envelope = addressed  # type: ignore[method-assign]


@defect(
    "any-signs-every-answer",
    device="GbcsDevice",
    breaks="R-RSP-002",
    story="Reads are answered with a signature instead of a MAC: the broker cannot check what passes through it.",
)
def signs_every_answer(device: GbcsDevice) -> None:
    """Answers to commands without signature are signed."""
    respond = device.respond

    def signed(exchange: Exchange, payload: bytes) -> None:
        if exchange.signed:
            respond(exchange, payload)
        else:
            device.send(bytes(device.signed(device.envelope(exchange, payload))))

    device.respond = signed  # type: ignore[method-assign]


@defect(
    "any-never-signs-answers",
    device="GbcsDevice",
    breaks="R-RSP-003",
    story="Critical commands are answered with a MAC like any read: in a dispute the meter's answer proves nothing.",
)
def never_signs_answers(device: GbcsDevice) -> None:
    """Answers to signed commands have a MAC for the originator."""
    respond = device.respond

    def maced(exchange: Exchange, payload: bytes) -> None:
        key = device.agreement_public_key(exchange.command.originator) if exchange.signed else None
        if key is None:
            respond(exchange, payload)
        else:
            device.send(bytes(device.maced(device.envelope(exchange, payload), key)))

    device.respond = maced  # type: ignore[method-assign]


@defect(
    "gpf-shows-an-invalid-clock",
    device="Gpf",
    breaks="R-RSP-011",
    story="Mirrored data is stamped with clock status 01, invalid: billing systems throw the readings away.",
)
def shows_an_invalid_clock(gpf: Gpf) -> None:
    """The status octet of the date-time is 01."""
    envelope = gpf.envelope

    def invalid(exchange: Exchange, payload: bytes) -> Message:
        answer = envelope(exchange, payload)
        return replace(answer, date_time=answer.date_time[:-1] + b"\x01") if answer.date_time else answer

    gpf.envelope = invalid  # type: ignore[method-assign]


@defect(
    "esme-answers-the-last-item-first",
    device="Esme",
    breaks="R-RSP-012",
    story="Results are put in front of the list as they come: whoever reads several registers gets them mixed up.",
)
def answers_the_last_item_first(esme: Esme) -> None:
    """Data and results stand in reverse order."""
    access = esme.cosem.access

    def reversed_(exchange: Exchange, request: AccessRequest) -> tuple[AccessResponse, bool]:
        answer, executed = access(exchange, request)
        return replace(answer, data=answer.data[::-1], results=answer.results[::-1]), executed

    esme.cosem.access = reversed_  # type: ignore[method-assign]


@defect(
    "esme-leaves-the-last-item-out",
    device="Esme",
    breaks="R-RSP-012",
    story="The list of results ends one item early when there is more than one.",
)
def leaves_the_last_item_out(esme: Esme) -> None:
    """The last of several items has neither data nor result."""
    access = esme.cosem.access

    def shortened(exchange: Exchange, request: AccessRequest) -> tuple[AccessResponse, bool]:
        answer, executed = access(exchange, request)
        if len(answer.data) > 1:
            answer = replace(answer, data=answer.data[:-1], results=answer.results[:-1])
        return answer, executed

    esme.cosem.access = shortened  # type: ignore[method-assign]


@defect(
    "esme-profile-reads-ignore-the-end",
    device="Esme",
    breaks="R-RSP-020",
    story="A profile read looks at the start of its range alone, and always returns everything up to now.",
)
def profile_reads_ignore_the_end(esme: Esme) -> None:
    """The end of the range is now."""
    objects = esme.cosem.objects
    select = objects.select
    objects.select = lambda key, start, end: select(key, start, max(end, esme.clock()))  # type: ignore[method-assign]


@defect(
    "esme-profile-reads-in-whole-hours",
    device="Esme",
    breaks="R-RSP-020",
    story="A profile read goes back to the full hour before its start, to be on the safe side.",
)
def profile_reads_in_whole_hours(esme: Esme) -> None:
    """The range begins half an hour early."""
    objects = esme.cosem.objects
    select = objects.select
    objects.select = lambda key, start, end: select(key, start - 30 * MINUTE, end)  # type: ignore[method-assign]


@defect(
    "any-encrypts-for-the-sender",
    device="GbcsDevice",
    breaks="R-ENC-005",
    story="What the broker asks for on behalf of a user is encrypted for the broker: the user cannot open it.",
)
def encrypts_for_the_sender(device: GbcsDevice) -> None:
    """The party behind the broker is not looked at while the answer is made."""
    execute = device.execute
    envelope = device.envelope

    def for_sender(message: Message) -> None:
        plain = replace(message, supplementary_party=None, supplementary_certificate=None)
        device.envelope = lambda exchange, payload: replace(  # type: ignore[method-assign]
            envelope(exchange, payload),
            supplementary_party=message.supplementary_party,
            supplementary_counter=message.supplementary_counter,
        )
        try:
            execute(plain if message.supplementary_party is not None else message)
        finally:
            device.envelope = envelope  # type: ignore[method-assign]

    device.execute = for_sender  # type: ignore[method-assign]


@defect(
    "esme-outages-told-to-the-supplier",
    device="Esme",
    breaks="R-ALT-018",
    story="Restorations are alerted to the supplier: the control room of the network learns nothing of the outage.",
)
def outages_told_to_the_supplier(esme: Esme) -> None:
    """Alerts for the network operator go to the supplier."""
    alert = esme.alert

    def redirected(code, to, *rest) -> None:
        alert(code, Role.SUPPLIER if to is Role.NETWORK_OPERATOR else to, *rest)

    esme.alert = redirected  # type: ignore[method-assign]


@defect(
    "esme-outages-told-to-the-first-operator",
    device="Esme",
    breaks="R-ALT-018",
    story="The network operator is noted at commissioning: once its cells change hands, outages are told to the first.",
)
def outages_told_to_the_first_operator(esme: Esme) -> None:
    """The party of the cell is looked up once."""
    report, subject = esme.report_outage, esme.anchors.subject
    first = subject(Role.NETWORK_OPERATOR)

    def report_outage(interrupted_at, restored_at) -> None:
        esme.anchors.subject = lambda role: first if role is Role.NETWORK_OPERATOR else subject(role)
        report(interrupted_at, restored_at)
        esme.anchors.subject = subject

    esme.report_outage = report_outage  # type: ignore[method-assign]


@defect(
    "esme-billing-alert-for-the-network-operator",
    device="Esme",
    breaks="R-ALT-019",
    story="The billing alert is encrypted with the wrong cell's key: the supplier gets it and cannot open it.",
)
def billing_alert_for_the_network_operator(esme: Esme) -> None:
    """The key is the network operator's."""
    billing, public_key = esme.billing, esme.agreement_public_key

    def of_network_operator(party):
        other = esme.anchors.subject(Role.NETWORK_OPERATOR)
        return public_key(party if other is None else other)

    tell = billing.tell

    def told(entry) -> None:
        esme.agreement_public_key = of_network_operator  # type: ignore[method-assign]
        try:
            tell(entry)
        finally:
            esme.agreement_public_key = public_key  # type: ignore[method-assign]

    billing.tell = told  # type: ignore[method-assign]


@defect(
    "esme-billing-alert-shows-the-entry-before",
    device="Esme",
    breaks="R-ALT-019",
    story="The billing alert is sent before the entry is kept: it holds last month's.",
)
def billing_alert_shows_the_entry_before(esme: Esme) -> None:
    """The newest entry is told at the next end."""
    billing = esme.billing
    tell = billing.tell

    def late(entry) -> None:
        del entry
        kept = billing.by_calendar
        tell(kept[-2] if len(kept) > 1 else kept[-1])

    billing.tell = late  # type: ignore[method-assign]


@defect(
    "gsme-billing-alert-shows-the-entry-before",
    device="Gsme",
    breaks="R-GPF-012",
    story="The gas billing alert holds the reading of the period before.",
)
def gas_billing_alert_shows_the_entry_before(gsme: Gsme) -> None:
    """The reading told is the oldest that is kept."""
    billing = gsme.billing
    tell = billing.tell
    billing.tell = lambda reading: tell(gsme.objects.snapshots.billing[0])  # type: ignore[method-assign]


@defect(
    "esme-restoration-alert-with-times-swapped",
    device="Esme",
    breaks="R-ALT-022",
    story="Interruption and restoration stand in each other's place: outages end before they begin.",
)
def restoration_alert_with_times_swapped(esme: Esme) -> None:
    """The two times of ECS80 are swapped."""
    alert = esme.alert

    def swapped(code, to, extra=None, *rest) -> None:
        alert(code, to, extra[::-1] if extra and len(extra) == 2 else extra, *rest)

    esme.alert = swapped  # type: ignore[method-assign]


@defect(
    "any-details-of-one-cell",
    device="GbcsDevice",
    breaks="R-CRD-011",
    story="CS02a shows the digital signature cells alone: nobody can see which key answers are encrypted for.",
)
def details_of_one_cell(device: GbcsDevice) -> None:
    """Other cells are left out."""
    cells_of = device.credentials.cells_of
    device.credentials.cells_of = lambda role: [  # type: ignore[method-assign]
        cell for cell in cells_of(role) if cell.key_usage is KeyUsage.DIGITAL_SIGNATURE
    ]


@defect(
    "esme-alerts-twice",
    device="Esme",
    breaks="R-ALT-023",
    story="Every alert is sent again after a minute, to be sure that it arrives.",
)
def alerts_twice(esme: Esme) -> None:
    """A second alert with a counter of its own follows."""
    alert = esme.alert

    def repeated(*args, **named) -> None:
        alert(*args, **named)
        esme.world.after(MINUTE, lambda: alert(*args, **named))

    esme.alert = repeated  # type: ignore[method-assign]
