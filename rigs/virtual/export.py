"""What flows back through an electricity meter: register (ECS17a), daily log (ECS21c), and the half hours."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs.axdr import Data, enum, i8, structure, u32
from bench.gbcs.dlms import zigbee_utc
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.dlms_logs import U32, compact
from rigs.virtual.half_hours import shares
from rigs.virtual.rules import rule
from rigs.virtual.world import midnight_before

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

ACTIVE, REACTIVE = "3:1-0:2.8.0.255", "3:1-0:4.8.0.255"
DAILY_LOG = attribute("7:0-0:98.1.10.255:2")
WATT_HOUR, VAR_HOUR = 0x1E, 0x20
DAY, DAYS_KEPT = timedelta(days=1), 31
GENERATION_W = 1500.0  #: of the generator behind the meter, of unity power factor


class Export:
    """Register and half hours; a generator behind the primary element runs while there is supply, if it is on."""

    def __init__(self, esme: "Esme") -> None:
        self._esme = esme
        self.generation = 0.0  #: W
        self._watt_hours = 1_234_567.0
        self._half_hours: dict[datetime, float] = {}
        objects = esme.cosem.objects
        for register, unit in ((ACTIVE, WATT_HOUR), (REACTIVE, VAR_HOUR)):
            objects.put(attribute(f"{register}:2"), u32(0))
            objects.put(attribute(f"{register}:3"), structure([i8(0), enum(unit)]))
        objects.put(attribute(f"{ACTIVE}:2"), lambda: u32(self.register()))
        self.daily = self._past()
        objects.selected[DAILY_LOG] = lambda start, end: self.daily_log(start, end)  # noqa: PLW0108

    def generate(self, watts: float) -> None:
        """Set the power of the generator (W)."""
        self._esme.integrate()
        self.generation = watts
        self._esme.load_changed()

    @rule("R-LOG-011")
    def register(self) -> int:
        """Return the register of export (Wh)."""
        self._esme.integrate()
        return int(self._watt_hours)

    @rule("R-LOG-011")
    def count(self, began: datetime, ended: datetime, watt_hours: float) -> None:
        """Count what flowed back evenly between two instants."""
        self._watt_hours += watt_hours
        for end, share in shares(began, ended, watt_hours):
            self._half_hours[end] = self._half_hours.get(end, 0.0) + share

    def _past(self) -> list[tuple[datetime, int]]:
        newest = midnight_before(self._esme.clock())
        return [(newest - DAY * back, int(self._watt_hours)) for back in reversed(range(DAYS_KEPT))]

    @rule("R-LOG-005")
    def keep(self, at: datetime, watt_hours: int) -> None:
        """Keep the reading of a midnight: 31 of them. The daily log of import says when."""
        self.daily = [*(one for one in self.daily if one[0] != at), (at, watt_hours)][-DAYS_KEPT:]

    def daily_log(self, start: datetime, end: datetime) -> Data:
        """Return the readings of the midnights between two instants (ECS21c)."""
        rows = [structure([u32(zigbee_utc(at)), u32(wh)]) for at, wh in self.daily if start <= at <= end]
        return compact([U32, U32], rows)

    def of_half_hour(self, end: datetime) -> float:
        """Return the export (Wh) of the half hour that ends at an instant."""
        self._esme.integrate()
        return self._half_hours.get(end, 0.0)
