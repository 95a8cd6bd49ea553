"""Defects of event logs: how entries look, who reads them and from when on, who is told, what is cleared."""

from datetime import datetime, timedelta

from bench.gbcs import Message
from bench.gbcs.axdr import Data, octets, structure, u16
from bench.gbcs.dlms import date_time
from bench.gbcs.trust_anchors import Role
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.defects import defect
from rigs.virtual.dlms_logs import OCTETS, U16, between, compact
from rigs.virtual.esme import Esme
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.hub import HubFunction
from rigs.virtual.logs import ENTRIES

DAY = timedelta(days=1)
CLEARS_EVENT_LOG = 0x0024
AMBIENT = attribute("21:0-0:16.0.0.255:2")  #: thresholds of the ambient display


@defect(
    "esme-log-times-of-twelve-octets",
    device="Esme",
    breaks="R-EVT-006c",
    story="Entries of the event log hold the time as a date-time of twelve octets, as other DLMS meters do.",
)
def log_times_of_twelve_octets(esme: Esme) -> None:
    """The first member of an entry is an octet string."""

    def event_log(start: datetime, end: datetime):
        entries = between(esme.logs.event, start, end)
        rows = [structure([octets(date_time(one.time)), u16(one.code), octets(one.other)]) for one in entries]
        return compact([OCTETS, U16, OCTETS], rows)

    esme.objects.event_log = event_log  # type: ignore[method-assign]


@defect(
    "esme-log-times-are-local",
    device="Esme",
    breaks="R-EVT-005",
    story="Log entries are stamped with summer time, an hour ahead of UTC.",
)
def log_times_are_local(esme: Esme) -> None:
    """Entries without a time of their own are an hour late."""
    now = esme.logs.now
    esme.logs.now = lambda: now() + timedelta(hours=1)


@defect(
    "esme-full-log-takes-nothing-more",
    device="Esme",
    breaks="R-EVT-001",
    story="A log with a hundred entries is full: what happens afterwards is not written down.",
)
def full_log_takes_nothing_more(esme: Esme) -> None:
    """The oldest entry is not overwritten."""
    add = esme.logs.add

    def add_if_there_is_room(log, *rest, **more) -> None:
        if len(log) < ENTRIES:
            add(log, *rest, **more)

    esme.logs.add = add_if_there_is_room  # type: ignore[method-assign]


@defect(
    "any-logs-for-the-supplier-alone",
    device="GbcsDevice",
    breaks="R-EVT-011",
    story="Logs belong to the supplier: the network operator's reads are refused.",
)
def logs_for_the_supplier_alone(device: GbcsDevice) -> None:
    """The network operator has no right to ECS35a, ECS35b, ECS35e, CS10a, CS10b."""
    has_right = device.has_right
    logs = {0x0048, 0x0049, 0x00B9, 0x0014, 0x00A1}
    device.has_right = lambda role, code: (  # type: ignore[method-assign]
        not (role is Role.NETWORK_OPERATOR and code in logs) and has_right(role, code)
    )


@defect(
    "esme-supplier-events-to-everybody",
    device="Esme",
    breaks="R-EVT-012",
    story="Every alert goes to each party the meter knows: the network operator learns when credit is low.",
)
def supplier_events_to_everybody(esme: Esme) -> None:
    """81xx goes to the network operator as well."""
    alert = esme.alert

    def to_both(code, to, *rest, **more):
        alert(code, to, *rest, **more)
        if code >> 8 == 0x81:
            alert(code, Role.NETWORK_OPERATOR, *rest, **more)

    esme.alert = to_both  # type: ignore[method-assign]


@defect(
    "chf-event-log-can-be-cleared",
    device="HubFunction",
    breaks="R-EVT-004",
    story="The hub's firmware shares the code of the meters: a command that clears an event log clears its own.",
)
def event_log_can_be_cleared(chf: HubFunction) -> None:
    """The hub does what ECS15a says, whoever sends it."""
    check = chf.check_message_code

    def check_message_code(message: Message):
        if message.message_code == CLEARS_EVENT_LOG:
            chf.logs.event.clear()
        return check(message)

    chf.check_message_code = check_message_code  # type: ignore[method-assign]


@defect(
    "esme-clears-whatever-log-is-named",
    device="Esme",
    breaks="R-LOG-009",
    story="The command that clears the event log is taken for any buffer it names: half hours and bills can be wiped.",
)
def clears_whatever_log_is_named(esme: Esme) -> None:
    """The object of ECS15a is not compared."""
    is_well_formed = esme.cosem.is_well_formed
    esme.cosem.is_well_formed = lambda use_case, request: (  # type: ignore[method-assign]
        use_case.code == CLEARS_EVENT_LOG or is_well_formed(use_case, request)
    )


@defect(
    "esme-activations-not-in-the-event-log",
    device="Esme",
    breaks="R-EVT-020",
    story="A future-dated change that has come into force is alerted and leaves no entry in the event log.",
)
def activations_not_in_the_event_log(esme: Esme) -> None:
    """8F66 is told only."""
    report = esme.activations.report

    def told_only(*rest, **more) -> None:
        before = list(esme.logs.event)
        report(*rest, **more)
        esme.logs.event.clear()
        esme.logs.event.extend(before)

    esme.activations.report = told_only  # type: ignore[method-assign]


@defect(
    "esme-start-of-time-is-today",
    device="Esme",
    breaks="R-TIM-018",
    story="A log read from the start of time has no start for the meter, and gives the entries of the last minute.",
)
def start_of_time_is_today(esme: Esme) -> None:
    """A start in 2000 is replaced by a minute ago."""
    event_log = esme.objects.event_log

    def recent(start: datetime, end: datetime):
        return event_log(esme.clock() - timedelta(minutes=1) if start.year <= 2000 else start, end)

    esme.objects.event_log = recent  # type: ignore[method-assign]


@defect(
    "esme-load-limit-waits-for-its-time",
    device="Esme",
    breaks="R-LLM-004",
    story="The button does nothing while the load limit counts its restoration period: the consumer sits in the dark "
    "with everything switched off.",
)
def load_limit_waits_for_its_time(esme: Esme) -> None:
    """A supply armed by the load limit cannot be enabled at the meter."""
    switch = esme.switch
    enable = switch.enable_locally
    switch.enable_locally = lambda: switch.cause != 3 and enable()  # type: ignore[method-assign]


@defect(
    "esme-ambient-threshold-trips",
    device="Esme",
    breaks="R-LLM-007",
    story="The load limit takes its threshold from the register of the ambient display.",
)
def ambient_threshold_trips(esme: Esme) -> None:
    """The thresholds of ECS34 act as the load limit's."""
    switch, threshold = esme.switch, esme.switch.threshold
    ambient: list[int] = []

    def taken(value: Data) -> None:
        ambient[:] = [max(one.value for one in value.value)]
        switch.watch_limit()

    esme.cosem.objects.written[AMBIENT] = taken
    switch.threshold = lambda: ambient[0] if ambient else threshold()  # type: ignore[method-assign]


@defect(
    "esme-cover-contact-needs-mains",
    device="Esme",
    breaks="R-SUP-012",
    story="The cover contact is read by the processor alone: whoever cuts the supply first may open the meter unseen.",
)
def cover_contact_needs_mains(esme: Esme) -> None:
    """Tampering without supply goes unnoticed."""
    tampered = esme.switch.tampered
    esme.switch.tampered = lambda: tampered() if esme.powered() else None  # type: ignore[method-assign]
