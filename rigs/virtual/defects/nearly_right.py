"""Defects that only show at a second look: at the form of a message that verifies, at a length, at a date."""

from datetime import timedelta

from bench.gbcs import Eui64
from bench.gbcs.gbt import split
from bench.gbcs.gbz import GbzComponent
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gas_proxy import Gpf
from rigs.virtual.gsme import Gsme
from rigs.virtual.hub_log import HubLog
from rigs.virtual.hub_objects import HubObjects
from rigs.virtual.zcl_objects import Answer

ONE_OCTET = timedelta(seconds=254)


@defect(
    "esme-every-alert-rightly-signed",
    device="Esme",
    breaks="R-ALT-001",
    story="There is one function for all alerts: those that are not critical are signed too, and have no MAC. Each of "
    "them verifies.",
)
def every_alert_rightly_signed(esme: Esme) -> None:
    """What is critical is not asked."""
    send = esme.send_alert

    def send_signed(counter: int, party: Eui64, message_code: int, payload: bytes, critical: bool = True) -> None:
        send(counter, party, message_code, payload)

    esme.send_alert = send_signed  # type: ignore[method-assign]


@defect(
    "esme-transfers-of-2048-octets",
    device="Esme",
    breaks="R-GBT-002",
    story="The tunnel's buffer has 2048 octets, and what fits it goes in one transfer; longer answers are in order.",
)
def transfers_of_2048_octets(esme: Esme) -> None:
    """The limit is that of a buffer."""
    esme.transfers.blocks = lambda message: split(message, most=2048)  # type: ignore[method-assign]


@defect(
    "hub-time-to-join-in-one-octet",
    device="HubLog",
    breaks="R-HAN-008",
    story="The ZigBee stack holds the time to join in one octet: joining ends after 254 seconds at the latest, and "
    "nobody who installs a second device in the attic makes it.",
)
def time_to_join_in_one_octet(log: HubLog) -> None:
    """The time is cut."""
    open_joining = log.open_joining

    def cut(wanted: bool) -> None:
        open_joining(wanted)
        if log.closes_at is not None and log.opened_at is not None:
            log.closes_at = min(log.closes_at, log.opened_at + ONE_OCTET)

    log.open_joining = cut  # type: ignore[method-assign]


@defect(
    "gsme-clears-all-logs-at-once",
    device="Gsme",
    breaks="R-LOG-009",
    story="Event log and readings share a page of the memory: clearing the one wipes the other.",
)
def clears_all_logs_at_once(gsme: Gsme) -> None:
    """The readings go, too."""
    clear_log = gsme.clear_log

    def clear_all(component: GbzComponent) -> Answer:
        snapshots = gsme.objects.snapshots
        snapshots.billing, snapshots.prepayment_days = [], []
        return clear_log(component)

    gsme.clear_log = clear_all  # type: ignore[method-assign]


@defect(
    "gpf-hides-all-up-to-now",
    device="Gpf",
    breaks="R-PRV-004",
    story="The proxy hides what is older than the arrival of the command, whatever date stands in it: the new "
    "householder misses the first days.",
)
def hides_all_up_to_now(gpf: Gpf) -> None:
    """The date is not read."""
    restrict = gpf.restrict

    def restrict_from_now(component: GbzComponent) -> Answer:
        answer = restrict(component)
        gpf.restriction = gpf.clock()
        return answer

    gpf.restrict = restrict_from_now  # type: ignore[method-assign]


@defect(
    "chf-hardware-version-before-image-type",
    device="HubObjects",
    breaks="R-HUB-023",
    story="Image type and hardware version are swapped in the hub's model: the DCC looks for firmware of another hub.",
)
def hardware_version_before_image_type(objects: HubObjects) -> None:
    """The halves change places."""
    model = objects.model
    objects.model = lambda: model()[4:] + model()[:4]  # type: ignore[method-assign]
