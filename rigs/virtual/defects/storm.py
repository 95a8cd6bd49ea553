"""Defects that show when one device raises many alerts."""

from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme

MANY = 30


@defect(
    "esme-stops-logging-in-storm",
    device="Esme",
    breaks="R-EVT-006e",
    story="To spare its flash the meter enters the same security event thirty times a day and no more.",
)
def stops_logging_in_storm(esme: Esme) -> None:
    """Thirty entries with one code."""
    logs, add = esme.logs, esme.logs.add

    def sparing(log, code, *rest, **more):
        if sum(entry.code == code for entry in log) < MANY:
            add(log, code, *rest, **more)

    logs.add = sparing  # type: ignore[method-assign]


@defect(
    "esme-drops-alerts-in-storm",
    device="Esme",
    breaks="R-EVT-008",
    story="After thirty alerts with one code the meter raises every third one only, and tells nobody of the others.",
)
def drops_alerts_in_storm(esme: Esme) -> None:
    """Two of three are dropped."""
    alert = esme.alert
    raised: dict[int, int] = {}

    def sparing(code, *rest, **more):
        raised[code] = raised.get(code, 0) + 1
        if raised[code] <= MANY or raised[code] % 3 == 0:
            alert(code, *rest, **more)

    esme.alert = sparing  # type: ignore[method-assign]
