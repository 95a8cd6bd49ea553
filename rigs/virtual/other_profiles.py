"""Half hours of an electricity meter beside active import: export, and reactive import (ECS22a, ECS22c).

There is an entry for each half hour. The load is resistive: what is reactive is zero.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from bench.gbcs.axdr import Data, structure, u32
from bench.gbcs.dlms import zigbee_utc
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.dlms_logs import compact
from rigs.virtual.half_hours import HALF_HOUR, half_hour_end, half_hours_between
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

EXPORT, REACTIVE_IMPORT = attribute("7:0-0:99.1.1.255:2"), attribute("7:0-0:99.1.2.255:2")
ENTRIES = 4464  #: of each log: 93 days
U32 = 6


class OtherProfiles:
    """Active and reactive export in one log, reactive import in another."""

    def __init__(self, esme: "Esme") -> None:
        self._esme = esme
        selected = esme.cosem.objects.selected
        selected[EXPORT] = lambda start, end: self.export(start, end)  # noqa: PLW0108 - a defect may replace it
        selected[REACTIVE_IMPORT] = lambda start, end: self.reactive_import(start, end)  # noqa: PLW0108

    @rule("R-LOG-002", "R-LOG-008")
    def kept(self) -> int:
        """Return how many entries each log keeps."""
        return ENTRIES

    @rule("R-LOG-002", "R-LOG-003")
    def export(self, start: datetime, end: datetime) -> Data:
        """Return the half hours of export that end in a range: active and reactive."""
        rows = [
            structure([u32(zigbee_utc(at)), u32(round(self._esme.export.of_half_hour(at))), u32(0)])
            for at in self._ends(start, end)
        ]
        return compact([U32, U32, U32], rows)

    @rule("R-LOG-002", "R-LOG-003")
    def reactive_import(self, start: datetime, end: datetime) -> Data:
        """Return the half hours of reactive import that end in a range."""
        rows = [structure([u32(zigbee_utc(at)), u32(0)]) for at in self._ends(start, end)]
        return compact([U32, U32], rows)

    def _ends(self, start: datetime, end: datetime) -> list[datetime]:
        last = half_hour_end(self._esme.clock()) - HALF_HOUR
        oldest = last - HALF_HOUR * (self.kept() - 1)
        return list(half_hours_between(max(start, oldest), min(end, last)))
