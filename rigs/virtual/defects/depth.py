"""Defects of the depth of logs."""

from datetime import timedelta

from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gas_proxy import Gpf
from rigs.virtual.gsme import Gsme


@defect(
    "esme-half-hours-of-a-year",
    device="Esme",
    breaks="R-LOG-001",
    story="The log was sized for twelve months, as thirteen seemed a slip of the pen.",
)
def half_hours_of_a_year(esme: Esme) -> None:
    """The thirteenth month is gone."""
    esme.profile_kept_from = lambda now: now - timedelta(days=366)  # type: ignore[method-assign]


@defect(
    "gsme-half-hours-of-a-year",
    device="Gsme",
    breaks="R-LOG-001",
    story="The gas meter keeps twelve months, and its proxy thirteen.",
)
def gas_half_hours_of_a_year(gsme: Gsme) -> None:
    """The thirteenth month is gone."""
    gsme.gas.kept_from = lambda now: now - timedelta(days=366)  # type: ignore[method-assign]


@defect(
    "gpf-half-hours-of-three-months",
    device="Gpf",
    breaks="R-LOG-001",
    story="The hub has memory for three months of half hours of each gas meter it may have to serve.",
)
def proxy_half_hours_of_three_months(gpf: Gpf) -> None:
    """Half hours of 92 days."""
    mirror = gpf.mirror
    mirror.half_hours_kept_from = lambda: mirror.now() - timedelta(days=92)  # type: ignore[method-assign]


@defect(
    "gpf-days-of-a-year",
    device="Gpf",
    breaks="R-LOG-007",
    story="Daily consumption is kept for a year: 366 of the 731 days that are asked for are there.",
)
def days_of_a_year(gpf: Gpf) -> None:
    """A year of days."""
    mirror = gpf.mirror
    mirror.days_kept_from = lambda: mirror.now() - timedelta(days=367)  # type: ignore[method-assign]
