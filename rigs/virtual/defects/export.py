"""Defects of export: what flows back is counted somewhere else."""

from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.twin import TwinEsme


@defect(
    "esme-counts-backwards",
    device="Esme",
    breaks="R-LOG-011",
    story="Like a meter with a disc: what the home gives back is taken from the import register.",
)
def counts_backwards(esme: Esme) -> None:
    """Export is negative import."""
    flows = esme.flows

    def netted(live):
        taken, given = flows(live)
        return taken - given, 0.0

    esme.flows = netted  # type: ignore[method-assign]


@defect(
    "esme-counts-either-way",
    device="Esme",
    breaks="R-LOG-011",
    story="The anti-tamper setting for reversed terminals was left in: energy counts as import whichever way it flows, "
    "and as export beside it.",
)
def counts_either_way(esme: Esme) -> None:
    """Import has the magnitude of the flow."""
    flows = esme.flows

    def magnitude(live):
        taken, given = flows(live)
        return taken + given, given

    esme.flows = magnitude  # type: ignore[method-assign]


@defect(
    "twin-nets-its-elements",
    device="TwinEsme",
    breaks="R-LOG-012",
    story="The two elements are added with their signs before anything is counted: what the heating takes is missing "
    "from the export.",
    variant="twin",
)
def nets_its_elements(esme: TwinEsme) -> None:
    """The sum of both elements flows in or out."""
    flows = esme.flows

    def netted(live):
        taken, given = flows(live)
        return max(taken - given, 0.0), max(given - taken, 0.0)

    esme.flows = netted  # type: ignore[method-assign]


@defect(
    "esme-export-demand-of-the-moment",
    device="Esme",
    breaks="R-DEM-005",
    story="The maximum of export is the highest power that ever flowed back, and not a mean of half an hour.",
)
def export_demand_of_the_moment(esme: Esme) -> None:
    """Whatever flowed back in a half hour counts as if it had flowed all the time."""
    mean, seen = esme.demand.export_mean, [0.0]
    flows = esme.flows

    def noted(live):
        taken, given = flows(live)
        seen[0] = max(seen[0], given)
        return taken, given

    esme.flows = noted  # type: ignore[method-assign]
    esme.demand.export_mean = lambda end: round(seen[0]) if mean(end) else 0  # type: ignore[method-assign]
