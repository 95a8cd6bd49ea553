"""Defects of the boost button of an electricity meter."""

from datetime import timedelta

from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme

QUARTER = timedelta(minutes=15)


@defect(
    "esme-boost-without-end",
    device="Esme",
    breaks="R-AUX-012",
    story="Every press of the boost button adds a quarter of an hour: a child at the meter heats water all night.",
)
def without_end(esme: Esme) -> None:
    """The hour is not a limit."""
    boost = esme.auxiliary.boost
    boost.extended = lambda now: (boost.ends or now) + QUARTER  # type: ignore[method-assign]


@defect(
    "esme-boost-counts-from-the-press",
    device="Esme",
    breaks="R-AUX-012",
    story="A press during a boost begins its quarter anew from now, and does not add to what is left.",
)
def counts_from_the_press(esme: Esme) -> None:
    """Each press asks for a quarter from now."""
    esme.auxiliary.boost.extended = lambda now: now + QUARTER  # type: ignore[method-assign]


@defect(
    "esme-boost-cannot-be-ended",
    device="Esme",
    breaks="R-AUX-012",
    story="The key that ends a boost is not wired in this model.",
)
def cannot_be_ended(esme: Esme) -> None:
    """Cancelling does nothing."""
    esme.auxiliary.boost.cancel = lambda: False  # type: ignore[method-assign]


@defect(
    "esme-boost-without-switches",
    device="Esme",
    breaks="R-AUX-012",
    story="The button says that boost is on even when no switch has been given to it.",
)
def without_switches(esme: Esme) -> None:
    """It is always available."""
    esme.auxiliary.boost.available = lambda: True  # type: ignore[method-assign]


@defect(
    "esme-boost-works-on-the-first-switch",
    device="Esme",
    breaks="R-AUX-010",
    story="Whatever switches the supplier has given to the boost button, it closes the first one.",
)
def works_on_the_first(esme: Esme) -> None:
    """Only switch 1 counts."""
    esme.auxiliary.boost.controls = lambda switch: switch == 1  # type: ignore[method-assign]


@defect(
    "esme-boost-log-of-ten",
    device="Esme",
    breaks="R-AUX-010",
    story="The log of boosts has room for ten.",
)
def log_of_ten(esme: Esme) -> None:
    """The oldest of eleven is gone."""
    boost = esme.auxiliary.boost
    boost.log = type(boost.log)(maxlen=10)


@defect(
    "esme-boost-refused-and-logged-as-done",
    device="Esme",
    breaks="R-EVT-007",
    story="A press that had no effect is logged like one that had: the householder is told to have boosted.",
)
def refused_logged_as_done(esme: Esme) -> None:
    """Success is always logged."""
    boost = esme.auxiliary.boost
    write_down = boost.write_down
    boost.write_down = lambda done, command: write_down(True, command)  # type: ignore[method-assign]


@defect(
    "esme-boost-key-not-named",
    device="Esme",
    breaks="R-EVT-006a",
    story="The entry of a key has no octets beside it: nobody can tell which key was pressed.",
)
def key_not_named(esme: Esme) -> None:
    """Nothing stands beside the code."""
    boost = esme.auxiliary.boost
    write_down = boost.write_down
    boost.write_down = lambda done, command: write_down(done, b"")  # type: ignore[method-assign]
