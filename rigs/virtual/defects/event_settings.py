"""Defects of what is set for events: of one party, one of several settings, one of several events."""

from bench.gbcs.axdr import Data
from bench.gbcs.dlms import bits
from bench.gbcs.gbz import GbzComponent
from bench.gbcs.trust_anchors import Role
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.esme_behaviour import ALARM, ALERT, HAN, LOG, OCTETS, OPERATOR, SUPPLIER
from rigs.virtual.gsme import Gsme
from rigs.virtual.gsme_objects import AT_FIRST
from rigs.virtual.zcl_objects import Answer


@defect(
    "esme-operator-mask-ignored",
    device="Esme",
    breaks="R-ALT-012",
    story="The settings of the network operator came into the product later, without the mask: whatever is not named "
    "is switched off.",
)
def operator_mask_ignored(esme: Esme) -> None:
    """Every event of the network operator is meant."""
    take = esme.behaviour.set

    def set_(setting: tuple[int, int], value: Data) -> None:
        count, octets = value.value
        meant = b"\xff" * OCTETS if setting[0] == OPERATOR else octets[:OCTETS]
        take(setting, bits(meant + octets[OCTETS:], count))

    esme.behaviour.set = set_  # type: ignore[method-assign]


@defect(
    "esme-display-and-sound-as-one",
    device="Esme",
    breaks="R-ALT-013",
    story="What is to be shown on the display is to be heard, too: there is one word in the flash for both.",
)
def display_and_sound_as_one(esme: Esme) -> None:
    """The setting for the display is that for the sound."""
    take = esme.behaviour.set

    def set_(setting: tuple[int, int], value: Data) -> None:
        take(setting, value)
        if setting == (SUPPLIER, HAN):
            take((SUPPLIER, ALARM), value)

    esme.behaviour.set = set_  # type: ignore[method-assign]


@defect(
    "esme-shows-alerts-for-the-log",
    device="Esme",
    breaks="R-ALT-014",
    story="The network operator reads two objects, and the second of them is wired to the first: alerts twice.",
)
def shows_alerts_for_the_log(esme: Esme) -> None:
    """The log setting that is read is that of alerts."""
    get = esme.behaviour.get
    other = {(OPERATOR, LOG): (OPERATOR, ALERT)}
    esme.behaviour.get = lambda setting: get(other.get(setting, setting))  # type: ignore[method-assign]


@defect(
    "esme-silent-operator-event-is-not-logged",
    device="Esme",
    breaks="R-ALT-016",
    story="Events of the network operator are written down by the function that sends them: silent, they never were.",
)
def silent_operator_event_is_not_logged(esme: Esme) -> None:
    """80xx is logged only where it is told."""
    logs, alerts = esme.behaviour.logs, esme.behaviour.alerts
    esme.behaviour.logs = lambda code: logs(code) and (code >> 8 != OPERATOR or alerts(code))  # type: ignore[method-assign]


@defect(
    "gsme-sets-the-first-of-several",
    device="Gsme",
    breaks="R-ALT-014",
    story="A command with several events is acknowledged, and the first of them is set: the loop returns too early.",
)
def sets_the_first_of_several(gsme: Gsme) -> None:
    """The others stay as they were."""
    behaviour = gsme.objects.behaviour
    take = behaviour.set

    def set_(component: GbzComponent) -> Answer:
        before = behaviour.table.copy()
        answer = take(component)
        changed = [code for code, config in behaviour.table.items() if config != before[code]]
        behaviour.table |= {code: before[code] for code in changed[1:]}
        return answer

    behaviour.set = set_  # type: ignore[method-assign]


@defect(
    "gsme-hides-events-that-are-off",
    device="Gsme",
    breaks="R-ALT-015",
    story="Events for which nothing is set are left out of the list: an auditor takes them for not supported.",
)
def hides_events_that_are_off(gsme: Gsme) -> None:
    """Zero is not shown."""
    behaviour = gsme.objects.behaviour
    get = behaviour.get

    def get_(component: GbzComponent) -> Answer:
        whole, behaviour.table = behaviour.table, {code: one for code, one in behaviour.table.items() if one}
        try:
            return get(component)
        finally:
            behaviour.table = whole

    behaviour.get = get_  # type: ignore[method-assign]


@defect(
    "gsme-events-as-delivered-on-change",
    device="Gsme",
    breaks="R-ALT-017",
    story="With a new supplier a gas meter does with its events what it did when it was delivered.",
)
def events_as_delivered_on_change(gsme: Gsme) -> None:
    """The table is that of the factory."""
    changed = gsme.supplier_changed

    def supplier_changed(losing: object) -> None:
        changed(losing)  # type: ignore[arg-type]
        gsme.objects.behaviour.table = dict(AT_FIRST)

    gsme.supplier_changed = supplier_changed  # type: ignore[method-assign]


@defect(
    "esme-operator-events-to-the-supplier-too",
    device="Esme",
    breaks="R-EVT-012",
    story="Voltage events are told to network operator and supplier: the supplier's inbox is full of other people's.",
)
def operator_events_to_the_supplier_too(esme: Esme) -> None:
    """80xx has two recipients."""
    tell = esme.alert

    def alert(code: int, to: Role, *content: object) -> None:
        tell(code, to, *content)  # type: ignore[arg-type]
        if code >> 8 == OPERATOR:
            tell(code, Role.SUPPLIER, *content)  # type: ignore[arg-type]

    esme.alert = alert  # type: ignore[assignment]
