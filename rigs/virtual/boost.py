"""The boost function of an electricity meter: a button that closes chosen switches for a while (device rules 6.4)."""

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs.axdr import CompactArray, Data, TypeDescription, boolean, structure, u32
from bench.gbcs.dlms import zigbee_utc
from rigs.virtual.cosem_objects import Attribute, attribute
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.auxiliary import Auxiliary
    from rigs.virtual.esme import Esme

LOG = attribute("7:0-0:99.98.20.255:2")
ENTRIES = 25
STEP, LONGEST = timedelta(minutes=15), timedelta(minutes=60)
ACTIONED, NOT_ACTIONED = 0x8161, 0x8162
BOOST_COMMAND, CANCEL_COMMAND = b"\x00\x02", b"\x00\x05"  #: what a log entry says was pressed; the maker's choice
COMPACT_ARRAY = 0x13
SWITCHES = range(1, 6)


class Boost:
    """The button, the period it began, and the log of periods: (start, end)."""

    def __init__(self, esme: "Esme", auxiliary: "Auxiliary") -> None:
        self._esme, self._auxiliary = esme, auxiliary
        self.began: datetime | None = None
        self.ends: datetime | None = None
        self.log: deque[tuple[datetime, datetime]] = deque(maxlen=ENTRIES)
        objects = esme.cosem.objects
        for switch in SWITCHES:
            objects.put(associated(switch), boolean(False))
            objects.written[associated(switch)] = lambda _: auxiliary.update()
        objects.selected[LOG] = lambda start, end: self.read_log(start, end)  # noqa: PLW0108 - a defect may replace it

    @rule("R-AUX-010")
    def controls(self, switch: int) -> bool:
        """Whether the button works on a switch (ECS62)."""
        held = self._esme.cosem.objects.read(associated(switch))
        return held is not None and bool(held.value)

    @rule("R-AUX-010", "R-AUX-012")
    def closes(self, switch: int, now: datetime) -> bool:
        """Whether a switch is closed because of a boost."""
        return self.ends is not None and now < self.ends and self.controls(switch)

    @rule("R-AUX-012")
    def available(self) -> bool:
        """Whether a boost would change something: a switch is chosen, and the calendar has not closed all of them."""
        now = self._esme.clock()
        chosen = [switch for switch in SWITCHES if self.controls(switch)]
        return bool(chosen) and not all(self._auxiliary.asked_by_calendar(switch, now) for switch in chosen)

    @rule("R-AUX-012")
    def extended(self, now: datetime) -> datetime | None:
        """Return the end of a boost that is asked for now: a quarter more, at most an hour; None where that is over."""
        if self.began is None or self.ends is None:
            return now + STEP
        return self.ends + STEP if self.ends + STEP <= self.began + LONGEST else None

    @rule("R-AUX-012", "R-AUX-010")
    def press(self) -> bool:
        """Ask for a quarter of an hour (more) at the meter; returns whether it was granted."""
        now = self._esme.clock().replace(microsecond=0)
        ends = self.extended(now) if self.available() else None
        self.write_down(ends is not None, BOOST_COMMAND)
        if ends is None:
            return False
        self.began, self.ends = self.began or now, ends
        self._auxiliary.update()
        self._esme.at(ends, self.settle)
        return True

    @rule("R-AUX-012", "R-AUX-010")
    def cancel(self) -> bool:
        """End a boost at the meter; returns whether there was one."""
        running = self.ends is not None
        self.write_down(running, CANCEL_COMMAND)
        if running:
            self.ends = self._esme.clock().replace(microsecond=0)
            self.settle()
        return running

    def settle(self) -> None:
        """End a boost whose time is over, and log it."""
        if self.began is not None and self.ends is not None and self._esme.clock() >= self.ends:
            self.log.append((self.began, self.ends))
            self.began = self.ends = None
            self._auxiliary.update()

    @rule("R-AUX-010", "R-EVT-007", "R-EVT-006a")
    def write_down(self, done: bool, command: bytes) -> None:
        """Write into the event log that a key was pressed, and whether it did something."""
        code = ACTIONED if done else NOT_ACTIONED
        if self._esme.logging(code):
            self._esme.logs.add(self._esme.logs.event, code, command)

    @rule("R-AUX-010")
    def read_log(self, start: datetime, end: datetime) -> Data:
        """Return the boosts that began in a range: when each began and ended (ECS61c)."""
        rows = [
            structure([u32(zigbee_utc(began)), u32(zigbee_utc(ended))])
            for began, ended in self.log
            if start <= began <= end
        ]
        return Data(COMPACT_ARRAY, CompactArray(TypeDescription(2, (TypeDescription(6), TypeDescription(6))), rows))


def associated(switch: int) -> Attribute:
    """Return the object that says whether the button works on a switch."""
    return attribute(f"1:0-0:94.44.6.{switch}:2")
