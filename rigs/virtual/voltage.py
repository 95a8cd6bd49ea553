"""What an electricity meter makes of the voltage it measures: means, sags and swells, counters (device rules 6.5).

Thresholds are volts, periods seconds, both as the network operator wrote them. Time during which the meter does not run
is not measured: a mean is that of the rest of its period, and a period that ends during an outage has none.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs.axdr import CompactArray, Data, TypeDescription, structure, u32
from bench.gbcs.dlms import zigbee_utc
from bench.gbcs.trust_anchors import Role
from rigs.virtual.cosem import SUCCESS
from rigs.virtual.cosem_objects import Attribute, attribute
from rigs.virtual.rules import rule
from rigs.virtual.world import EPOCH

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme
    from rigs.virtual.power import Branch, ThreePhaseBranch

COMPACT_ARRAY = 0x13
ENTRIES = 4320
#: objects of a phase; group C of theirs is that of the phase
OBJECTS = {
    "log": "7:1-0:{}.24.0.255:2",
    "period": "7:1-0:{}.24.0.255:4",
    "over": "1:1-0:{}.35.0.4:2",
    "under": "1:1-0:{}.31.0.4:2",
    "under counter": "3:1-0:{}.32.0.4:2",
    "over counter": "3:1-0:{}.36.0.4:2",
    "reset under": "3:1-0:{}.32.0.4:1",
    "reset over": "3:1-0:{}.36.0.4:1",
}
GROUPS = {1: 32, 2: 52, 3: 72}  #: group C by phase
MEAN_PERIOD = attribute("7:1-0:32.24.0.255:4")
MEAN_ROSE, MEAN_FELL, MEAN_OVER_ENDED, MEAN_UNDER_ENDED = 0x8002, 0x8006, 0x8085, 0x8089
#: what is set at first: the values of the reference data (ECS26b), and half hours
AT_FIRST = {"period": 1800, "over": 264, "under": 200}


class Excursion:
    """One of the four limits that are watched all the time: a start when the voltage stayed beyond it, and an end."""

    def __init__(self, voltage: "Voltage", number: int, above: bool, codes: tuple[int, int], first: int) -> None:
        self._voltage, self._above = voltage, above
        self.codes = codes
        self.begun = False  #: whether a start was told and no end yet; kept through a loss of supply
        self._waiting: object = None
        self._threshold = attribute(f"71:0-0:17.0.{number}.255:4")
        self._period = attribute(f"71:0-0:17.0.{number}.255:6")
        for key, value in ((self._threshold, first), (self._period, 30)):
            voltage.setting(key, value, self.settings_changed)

    def period(self) -> timedelta:
        """Return how long the voltage must stay beyond the limit, or within it."""
        return timedelta(seconds=self._voltage.read(self._period))

    @rule("R-VLT-004")
    def beyond(self, volts: float) -> bool:
        """Whether a voltage is beyond the limit: at the limit it is not."""
        threshold = self._voltage.threshold(self._threshold)
        return volts > threshold if self._above else volts < threshold

    def settings_changed(self) -> None:
        """Begin the period anew: limit or period has been written."""
        self._waiting = None
        self.watch(self._voltage.volts)

    @rule("R-VLT-004")
    def watch(self, volts: float) -> None:
        """The voltage has changed: begin the period if it has crossed the limit, end it if it went back."""
        if self.beyond(volts) is self.begun:
            self._waiting = None
        elif self._waiting is None:
            self._waiting = mark = object()
            self._voltage.esme.world.after(self.period(), lambda: self.lasted(mark))

    def rest(self) -> None:
        """The meter stops: what was waiting is forgotten."""
        self._waiting = None

    @rule("R-VLT-004", "R-VLT-006")
    def lasted(self, mark: object) -> None:
        """The voltage stayed there for the whole period: a start, or an end."""
        if self._waiting is not mark or not self._voltage.esme.powered():
            return
        self._waiting = None
        self.begun = not self.begun
        self._voltage.tell(self.codes[0] if self.begun else self.codes[1])


class Voltage:
    """The voltage at a meter's terminals: of its only phase (`phase` 0), or of phase 1, 2 or 3."""

    def __init__(self, esme: "Esme", leg: "Branch | ThreePhaseBranch", phase: int = 0) -> None:
        self.esme, self.leg, self.phase = esme, leg, phase
        self.keys = {name: attribute(text.format(GROUPS[phase or 1])) for name, text in OBJECTS.items()}
        self.over_counter = self.under_counter = 0
        self.log: deque[tuple[datetime, int]] = deque(maxlen=ENTRIES)
        self.is_over = self.is_under = False  #: how the mean of the last period was judged
        self._volt_seconds, self._measured = 0.0, timedelta()
        self._since: datetime | None = esme.world.now  #: when it was last added up, None while the meter is off
        self.volts = leg.voltage
        self._waiting: object = None
        objects = esme.cosem.objects
        keys = self.keys
        self.setting(keys["period"], AT_FIRST["period"], lambda: self.period_changed())  # noqa: PLW0108
        for name in ("over", "under"):
            self.setting(keys[name], AT_FIRST[name], lambda: None)
        objects.put(keys["under counter"], lambda: u32(self.under_counter))
        objects.put(keys["over counter"], lambda: u32(self.over_counter))
        objects.methods[keys["reset under"]] = lambda _: self.reset_under()
        objects.methods[keys["reset over"]] = lambda _: self.reset_over()
        objects.selected[keys["log"]] = lambda start, end: self.read_log(start, end)  # noqa: PLW0108
        self.extreme_over = Excursion(self, 1, above=True, codes=(0x8020, 0x808D), first=287)
        self.extreme_under = Excursion(self, 2, above=False, codes=(0x8028, 0x8095), first=180)
        self.sag = Excursion(self, 3, above=False, codes=(0x802C, 0x8099), first=216)
        self.swell = Excursion(self, 4, above=True, codes=(0x8024, 0x8091), first=253)
        self.excursions = (self.extreme_over, self.extreme_under, self.sag, self.swell)
        leg.listen(lambda volts: self.changed(volts))  # noqa: PLW0108
        self._await_period()

    def setting(self, key: Attribute, value: int, changed: Callable[[], None]) -> None:
        """Give a setting its first value, and say what follows when it is written; phases may share one."""
        objects = self.esme.cosem.objects
        others = objects.written.get(key, lambda value: None) if self.phase > 1 else lambda value: None

        def written(value: Data) -> None:
            others(value)
            changed()

        objects.put(key, u32(value))
        objects.written[key] = written

    def read(self, key: Attribute) -> int:
        """Return a setting."""
        value = self.esme.cosem.objects.read(key)
        return 0 if value is None else int(value.value)

    def changed(self, volts: float) -> None:
        """The voltage at the terminals has changed."""
        self._add_up()
        self.volts = volts
        if self.esme.powered():
            for one in self.excursions:
                one.watch(volts)

    def power_down(self) -> None:
        """The meter stops measuring."""
        self._add_up()
        self._since = None
        for one in self.excursions:
            one.rest()

    def power_up(self) -> None:
        """The meter measures again; what it counted and told before, it has kept."""
        self._since = self.esme.world.now
        self.period_changed()
        self.changed(self.leg.voltage)

    def _add_up(self) -> None:
        now = self.esme.world.now
        if self._since is not None:
            self._volt_seconds += self.volts * (now - self._since).total_seconds()
            self._measured += now - self._since
            self._since = now

    @rule("R-VLT-002")
    def period_changed(self) -> None:
        """Measure a period anew: its length has been written, the clock was set, or supply has returned."""
        self._add_up()
        self._volt_seconds, self._measured = 0.0, timedelta()
        self._await_period()

    def _await_period(self) -> None:
        self._waiting = mark = object()
        now, length = self.esme.clock(), timedelta(seconds=self.read(self.keys["period"]))
        if length:
            end = EPOCH + ((now - EPOCH) // length + 1) * length
            self.esme.world.after(end - now, lambda: self._period_over(mark, end))

    def _period_over(self, mark: object, end: datetime) -> None:
        if self._waiting is not mark:
            return
        if self.esme.powered():
            self._add_up()
            if self._measured:
                mean = self._volt_seconds / self._measured.total_seconds()
                self.keep(end, mean)
                self.judge(mean)
        self.period_changed()

    @rule("R-VLT-002")
    def keep(self, end: datetime, mean: float) -> None:
        """Write a mean (V) into the voltage log, with the time at which its period ended."""
        self.log.append((end, round(mean)))

    @rule("R-VLT-001", "R-VLT-003", "R-ALT-024")
    def judge(self, mean: float) -> None:
        """Hold the mean of a period (V) against its thresholds: count and tell only when it has crossed one."""
        over, under = mean > self.read(self.keys["over"]), mean < self.read(self.keys["under"])
        if over is not self.is_over:
            self.over_counter += over
            self.tell(MEAN_ROSE if over else MEAN_OVER_ENDED)
        if under is not self.is_under:
            self.under_counter += under
            self.tell(MEAN_FELL if under else MEAN_UNDER_ENDED)
        self.is_over, self.is_under = over, under

    @rule("R-VLT-005")
    def threshold(self, key: Attribute) -> int:
        """Return a threshold of extremes, sags or swells (V): the same for every phase."""
        return self.read(key)

    @rule("R-EVT-008", "R-EVT-027")
    def coded(self, code: int) -> int:
        """Return the code of an event on this phase: that of the phase where the meter has several."""
        return code + self.phase

    @rule("R-VLT-006")
    def tell(self, code: int) -> None:
        """Tell the network operator and write into the power event log, as each is set."""
        esme, code = self.esme, self.coded(code)
        if esme.logging(code):
            esme.logs.add(esme.logs.power, code)
        esme.alert(code, Role.NETWORK_OPERATOR)

    @rule("R-VLT-003")
    def reset_under(self) -> int:
        """Set the counter of means that fell too low to zero (ECS29a, ECS29e)."""
        self.under_counter = 0
        return SUCCESS

    @rule("R-VLT-003")
    def reset_over(self) -> int:
        """Set the counter of means that rose too high to zero (ECS29a, ECS29e)."""
        self.over_counter = 0
        return SUCCESS

    @rule("R-VLT-002")
    def read_log(self, start: datetime, end: datetime) -> Data:
        """Return the means of the periods that ended in a range (ECS23)."""
        rows = [structure([u32(zigbee_utc(at)), u32(volts)]) for at, volts in self.log if start <= at <= end]
        return Data(COMPACT_ARRAY, CompactArray(TypeDescription(2, (TypeDescription(6), TypeDescription(6))), rows))
