"""Defects of switches on the HAN, and of the meter that tells them what to do."""

from datetime import timedelta

from bench.gbcs.trust_anchors import KeyUsage, Role, TrustAnchorCell
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.hcalcs import Hcalcs
from rigs.virtual.load_control import LoadControl


@defect(
    "hcalcs-lets-go-within-minutes",
    device="Hcalcs",
    breaks="R-AUX-011",
    story="The switch opens when it has not heard the meter for two minutes, whatever time it was told.",
)
def lets_go(hcalcs: Hcalcs) -> None:
    """Every event lasts two minutes."""
    hcalcs.lasts = lambda event: timedelta(minutes=min(event.minutes, 2))  # type: ignore[method-assign]


@defect(
    "hcalcs-stays-closed-for-ever",
    device="Hcalcs",
    breaks="R-AUX-011",
    story="The switch waits for the command to open and looks at no time: out of reach of the meter it heats for days.",
)
def stays_closed(hcalcs: Hcalcs) -> None:
    """The end of an event is nothing to it."""
    hcalcs.event_over = lambda now: None  # type: ignore[method-assign]


@defect(
    "hcalcs-does-not-ask",
    device="Hcalcs",
    breaks="R-HAN-065",
    story="After a loss of supply the switch waits to be told; the meter does not know that it was away.",
)
def does_not_ask(hcalcs: Hcalcs) -> None:
    """No request for the schedule."""
    hcalcs.ask = lambda: None  # type: ignore[method-assign]


@defect(
    "hcalcs-with-a-network-operator",
    device="Hcalcs",
    breaks="R-CRD-006",
    story="The switch is built on the meter's firmware and has a place for a network operator, filled at the factory.",
)
def with_a_network_operator(hcalcs: Hcalcs) -> None:
    """The supplier's certificate stands in the network operator's cell."""
    cells = hcalcs.anchors.cells
    supplier = TrustAnchorCell(Role.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)
    operator = TrustAnchorCell(Role.NETWORK_OPERATOR, KeyUsage.DIGITAL_SIGNATURE)
    hcalcs.anchors.cells = {**cells, operator: cells[supplier]}


@defect(
    "esme-tells-switches-that-are-not-joined",
    device="LoadControl",
    breaks="R-HAN-042",
    story="The meter sends commands to any id in its table of switches, and never looks into its device log.",
)
def tells_anybody(control: LoadControl) -> None:
    """Everybody is joined."""
    control.is_joined = lambda eui: True  # type: ignore[method-assign]


@defect(
    "esme-schedule-request-not-logged",
    device="LoadControl",
    breaks="R-HAN-065",
    story="That a switch has asked for its schedule leaves no trace in the event log.",
)
def request_not_logged(control: LoadControl) -> None:
    """Nothing is written."""
    control.log = lambda done: None  # type: ignore[method-assign]


@defect(
    "esme-schedule-request-not-answered",
    device="LoadControl",
    breaks="R-HAN-065",
    story="The meter logs that a switch has asked for its schedule, and sends it none.",
)
def request_not_answered(control: LoadControl) -> None:
    """Logged alone."""
    control.asked = lambda eui: control.log(True)  # type: ignore[method-assign]


@defect(
    "esme-outcome-of-a-switch-stays-unknown",
    device="Esme",
    breaks="R-AUX-006",
    story="The report of the switch is used for its state and never reaches the log: every outcome stays unknown.",
)
def outcome_unknown(esme: Esme) -> None:
    """Success is not logged."""
    esme.auxiliary.done = lambda switch, command_id: None  # type: ignore[method-assign]


@defect(
    "esme-takes-a-refusal-for-success",
    device="Esme",
    breaks="R-AUX-007",
    story="Any report of a switch counts as done: a welded contact is told as switched.",
)
def refusal_is_success(esme: Esme) -> None:
    """What comes back is good."""
    reported = esme.auxiliary.reported
    esme.auxiliary.reported = lambda eui, number, done: reported(eui, number, True)  # type: ignore[method-assign]
