"""An electricity meter of three phases: loads, voltages, and what it tells when a phase alone loses its supply."""

from collections.abc import Sequence
from datetime import datetime

from bench.gbcs.dlms import date_time, octets
from bench.gbcs.trust_anchors import Role
from rigs.virtual.esme import HOLD_UP, LOAD_W, OUTAGE_ALERT, SUPPLY_RESTORED_LONG, Esme
from rigs.virtual.power import Branch, Supply, ThreePhaseBranch
from rigs.virtual.rules import rule
from rigs.virtual.voltage import Voltage

LOSS, RESTORED = (0x8F58, 0x8F59, 0x8F5A), (0x8F37, 0x8F39, 0x8F3B)  #: by phase; restored after a long loss is one more
LOADS_W = (LOAD_W, 360.0, 180.0)


class PhaseWatch:
    """Supply of one phase: when it went and when it came back, kept until both have been told."""

    def __init__(self, esme: "PolyphaseEsme", number: int, leg: Branch) -> None:
        self._esme, self.number = esme, number
        self.interrupted_at: datetime | None = None
        self.restored_at: datetime | None = None
        self._logged = False
        self._supply = Supply(esme.world, leg, hold_up=HOLD_UP, lost=self._lost, back=self._back)

    def _lost(self) -> None:
        self.interrupted_at, self.restored_at, self._logged = self._supply.failed_at, None, False
        self.settle()

    def _back(self) -> None:
        self.restored_at = self._supply.mains_since
        self.settle()

    def settle(self) -> None:
        """Log and tell what there is, if the meter runs: on another phase, or again."""
        esme = self._esme
        if not esme.powered() or self.interrupted_at is None:
            return
        if not self._logged:
            esme.log_phase_loss(self.number, self.interrupted_at)
            self._logged = True
        if self.restored_at is not None:
            interrupted_at, self.interrupted_at = self.interrupted_at, None
            esme.report_phase(self.number, interrupted_at, self.restored_at)


class PolyphaseEsme(Esme):
    """A meter that any of three phases supplies. The auxiliary switch is on phase 1."""

    variant = "polyphase"

    def wire(self) -> None:
        """Connect loads and supply of each phase."""
        feed = self.feed
        assert isinstance(feed, ThreePhaseBranch)
        for number, leg in enumerate(feed.phases):
            leg.add_load(lambda number=number: self.loads()[number])  # type: ignore[misc]
        self.watches = [PhaseWatch(self, number, leg) for number, leg in enumerate(feed.phases, 1)]

    def meter_voltages(self) -> list[Voltage]:
        """Measure each phase for itself."""
        feed = self.feed
        assert isinstance(feed, ThreePhaseBranch)
        return [Voltage(self, leg, number) for number, leg in enumerate(feed.phases, 1)]

    @rule("R-LOG-004")
    def live(self) -> Sequence[bool]:
        """Return which phases have voltage: the register counts the sum of all."""
        feed = self.feed
        assert isinstance(feed, ThreePhaseBranch)
        return [leg.voltage > 0 for leg in feed.phases]

    def loads(self) -> Sequence[float]:
        """Return the watts behind each phase while it has voltage."""
        if not self.is_on():
            return (0.0, 0.0, 0.0)
        first, *others = LOADS_W
        return (first + self.auxiliary.load, *others)

    def log_outage(self, interrupted_at: datetime, restored_at: datetime) -> None:
        """Log nothing of the whole: each phase is logged for itself."""

    def report_outage(self, interrupted_at: datetime, restored_at: datetime) -> None:
        """The meter runs again: tell of each phase that was away."""
        for watch in self.watches:
            watch.settle()

    @rule("R-PWR-003", "R-EVT-008")
    def log_phase_loss(self, phase: int, interrupted_at: datetime) -> None:
        """Write the loss of a phase into the power event log."""
        self.logs.add(self.logs.power, LOSS[phase - 1], time=interrupted_at)

    @rule("R-PWR-001", "R-PWR-005", "R-EVT-008")
    def phase_code(self, phase: int, interrupted_at: datetime, restored_at: datetime) -> int:
        """Return the code of a phase that came back: the long one from three minutes on."""
        long = self.restoration_code(interrupted_at, restored_at) == SUPPLY_RESTORED_LONG
        return RESTORED[phase - 1] + long

    @rule("R-PWR-001", "R-PWR-003", "R-ALT-018", "R-ALT-022")
    def report_phase(self, phase: int, interrupted_at: datetime, restored_at: datetime) -> None:
        """Log that a phase is back, and tell the network operator with both times (ECS80)."""
        code = self.phase_code(phase, interrupted_at, restored_at)
        self.logs.add(self.logs.power, code, time=restored_at)
        extra = [octets(date_time(interrupted_at)), octets(date_time(restored_at))]
        self.alert(code, Role.NETWORK_OPERATOR, extra, OUTAGE_ALERT)
