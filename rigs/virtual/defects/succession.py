"""Defects of what follows what: a later change in place of a waiting one, items of a command, the recovery party."""

from dataclasses import replace

from bench.gbcs.credentials import CredentialsDetails
from bench.gbcs.trust_anchors import Mode, Role
from bench.pki import load_certificate
from rigs.virtual.activation import PASSIVE_ACCOUNT
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.hub import Hub
from rigs.virtual.load_switch import LOAD_LIMIT_EXCEEDED
from rigs.virtual.trust_anchors import Credential

PAYMENT_MODE = 0x001B  #: ECS03


@defect(
    "any-both-changes-happen",
    device="GbcsDevice",
    breaks="R-FUT-006",
    story="A second future-dated change is put beside the first: both are made, each at its time.",
)
def both_changes_happen(device: GbcsDevice) -> None:
    """Nothing is replaced."""
    credentials = device.credentials
    activate = credentials.activate

    def each(code, waiting):
        credentials.pending[code] = waiting
        activate(code, waiting)

    credentials.activate = each  # type: ignore[method-assign]


@defect(
    "any-first-change-stays",
    device="GbcsDevice",
    breaks="R-FUT-006",
    story="A second future-dated change is accepted and forgotten; the first one happens.",
)
def first_change_stays(device: GbcsDevice) -> None:
    """What waits is not replaced."""
    credentials, schedule = device.credentials, device.credentials.schedule

    def only_if_nothing_waits(command, request):
        if command.message_code not in credentials.pending or request.execution_time == "never":
            schedule(command, request)

    credentials.schedule = only_if_nothing_waits  # type: ignore[method-assign]


@defect(
    "esme-outcome-names-another-command",
    device="Esme",
    breaks="R-FUT-009",
    story="The outcome alert of an item names the counter of the last command, not of the one that waited.",
)
def outcome_names_another_command(esme: Esme) -> None:
    """The counter is one too high."""
    report = esme.activations.report

    def wrong(key, waiting, *rest):
        report(key, replace(waiting, counter=waiting.counter + 1), *rest)

    esme.activations.report = wrong  # type: ignore[method-assign]


@defect(
    "esme-outcome-names-another-attribute",
    device="Esme",
    breaks="R-FUT-009",
    story="The outcome alert of an item names the value that was activated instead of its activation time.",
)
def outcome_names_another_attribute(esme: Esme) -> None:
    """Attribute 2."""
    report = esme.activations.report
    esme.activations.report = lambda key, waiting, *rest: report((*key[:2], 2), waiting, *rest)  # type: ignore[method-assign]


@defect(
    "esme-payment-mode-one-alert",
    device="Esme",
    breaks="R-FUT-017",
    story="Payment mode and disablement threshold are activated together, and told in one alert.",
)
def payment_mode_one_alert(esme: Esme) -> None:
    """The account alone is told."""
    report = esme.activations.report

    def together(key, waiting, *rest):
        if waiting.message_code != PAYMENT_MODE or key[1] == PASSIVE_ACCOUNT:
            report(key, waiting, *rest)

    esme.activations.report = together  # type: ignore[method-assign]


@defect(
    "esme-load-limit-not-logged",
    device="Esme",
    breaks="R-EVT-021",
    story="A load above the limit is told to the supplier and leaves no entry in the event log.",
)
def load_limit_not_logged(esme: Esme) -> None:
    """No 8F01 in the log."""
    add = esme.logs.add

    def without(log, code, *rest, **more):
        if code != LOAD_LIMIT_EXCEEDED:
            add(log, code, *rest, **more)

    esme.logs.add = without  # type: ignore[method-assign]


@defect(
    "esme-load-controller-unknown",
    device="Esme",
    breaks="R-CRD-078",
    story="The newer read of credentials is answered as the older one: without the role it was made for.",
)
def load_controller_unknown(esme: Esme) -> None:
    """The role is left out."""
    details = esme.credentials.details

    def older(payload, *rest):
        found = CredentialsDetails.parse(details(payload, *rest))
        return bytes(replace(found, roles=[one for one in found.roles if one.role is not Role.LOAD_CONTROLLER]))

    esme.credentials.details = older  # type: ignore[method-assign]


@defect(
    "any-recovery-replaces-root",
    device="GbcsDevice",
    breaks="R-CRD-023",
    story="The recovery party may put any root on the device, also one that the old one knows nothing of.",
)
def recovery_replaces_root(device: GbcsDevice) -> None:
    """The root is a cell like any other."""
    examine = device.credentials.examine_certificate

    def any_root(request, replacement):
        if replacement.cell.role is Role.ROOT and request.mode == Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY:
            return 0, Credential.of(load_certificate(replacement.certificate))
        return examine(request, replacement)

    device.credentials.examine_certificate = any_root  # type: ignore[method-assign]


@defect(
    "any-recovery-replaces-suppliers-only",
    device="GbcsDevice",
    breaks="R-CRD-022",
    story="The recovery party can replace a supplier and nobody else.",
)
def recovery_replaces_suppliers_only(device: GbcsDevice) -> None:
    """Other cells are out of its reach."""
    reaches = device.credentials.reaches
    device.credentials.reaches = lambda mode, role: (  # type: ignore[method-assign]
        reaches(mode, role) and (mode != Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY or role is Role.SUPPLIER)
    )


@defect(
    "any-recovery-counter-not-checked",
    device="GbcsDevice",
    breaks="R-CTR-013",
    story="Commands of the recovery party are so rare that nobody looks at their counters: they can be played again.",
)
def recovery_counter_not_checked(device: GbcsDevice) -> None:
    """No counter for recovery."""
    check = device.check_counter
    device.check_counter = lambda message: None if message.message_code == 0x0108 else check(message)  # type: ignore[method-assign]


@defect(
    "hub-leaves-tunnel-to-the-meter",
    device="Hub",
    breaks="R-HUB-010",
    story="The hub waits for the meter to ask for a tunnel, and the meter for the hub: neither ever does.",
)
def leaves_tunnel_to_the_meter(hub: Hub) -> None:
    """The hub asks nobody."""
    hub.connect = lambda eui, short: None  # type: ignore[method-assign]
