"""Defects of the electricity meter's cover and of its load limit counter."""

from bench.gbcs.trust_anchors import Role
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.load_switch import TAMPER, Cause, SupplyState


@defect(
    "esme-tamper-never-locks",
    device="Esme",
    breaks="R-SUP-010",
    story="A tamper is told, and the supply stays on though it is to be locked: current for nothing.",
)
def tamper_never_locks(esme: Esme) -> None:
    """Told and nothing else."""

    def tell() -> None:
        esme.logs.add(esme.logs.security, TAMPER)
        esme.alert(TAMPER, Role.SUPPLIER)

    esme.switch.tampered = tell  # type: ignore[method-assign]


@defect(
    "esme-tamper-always-locks",
    device="Esme",
    breaks="R-SUP-010",
    story="A cover that rattles takes the supply off, though the supplier has set it to be left alone.",
)
def tamper_always_locks(esme: Esme) -> None:
    """The tamper state is not looked at."""
    switch, tampered = esme.switch, esme.switch.tampered

    def lock() -> None:
        tampered()
        switch.move(SupplyState.DISABLED, Cause.TAMPER)

    switch.tampered = lock  # type: ignore[method-assign]


@defect(
    "esme-tamper-arms",
    device="Esme",
    breaks="R-SUP-010",
    story="A tamper opens the switch and arms it: whoever opened the cover presses the button, and has supply again.",
)
def tamper_arms(esme: Esme) -> None:
    """Armed instead of locked."""
    switch, tampered = esme.switch, esme.switch.tampered

    def arm() -> None:
        tampered()
        if switch.cause is Cause.TAMPER:
            switch.move(SupplyState.ARMED, Cause.TAMPER)

    switch.tampered = arm  # type: ignore[method-assign]


@defect(
    "esme-limit-counter-not-reset",
    device="Esme",
    breaks="R-LLM-006",
    story="The reset of the load limit counter is answered with success, and the counter goes on.",
)
def limit_counter_not_reset(esme: Esme) -> None:
    """Success, and nothing done."""
    esme.objects.reset_limit_counter = lambda: 0  # type: ignore[method-assign]


@defect(
    "esme-limit-counter-reset-counts-one",
    device="Esme",
    breaks="R-LLM-006",
    story="The counter restarts at one, as the log numbers do.",
)
def limit_counter_restarts_at_one(esme: Esme) -> None:
    """One instead of zero."""
    reset = esme.objects.reset_limit_counter

    def restart() -> int:
        status = reset()
        esme.switch.limit_counter = 1
        return status

    esme.objects.reset_limit_counter = restart  # type: ignore[method-assign]
