"""The auxiliary switches of an electricity meter (device rules 6.4): calendar, commands, offset, status and log.

Switch 1 is a contact in the meter with a load behind it. A switch on the HAN (HCALCS) is told by the meter what to do
and reports what became of it; one that does not answer has failed.
"""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zlib import crc32

from bench.gbcs.axdr import CompactArray, Data, TypeDescription, boolean, enum, octets, structure, u16, u32, utf8
from bench.gbcs.dlms import parse_date_time, zigbee_utc
from bench.gbcs.eui import Eui64
from bench.gbcs.trust_anchors import Role
from rigs.virtual.auxiliary_calendar import AuxiliaryCalendar
from rigs.virtual.boost import Boost
from rigs.virtual.cosem import OTHER_REASON, SUCCESS
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.drlc import OFF as NO_DUTY
from rigs.virtual.drlc import ON as FULL_DUTY
from rigs.virtual.drlc import LoadControlEvent
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

SWITCHES = range(1, 6)
SCRIPTS = attribute("9:0-0:10.0.103.255:1")
LOG, CLEAR_LOG = attribute("7:0-17:99.98.2.255:2"), attribute("7:0-17:99.98.2.255:1")
OFFSET, OFFSET_NUMBER = attribute("1:0-0:94.44.0.0:2"), attribute("1:0-0:94.44.0.2:2")
OFFSET_LIMIT = attribute("1:0-0:94.44.0.1:2")
LONGEST_LIMIT = 1799
ENTRIES = 100
LOAD_W = 480.0  #: behind switch 1
BUILT_IN, NO_CONTROLLER = bytes(8), b""
ON, OFF, RESET = 0x11, 0x12, 0x20
LEVELS = 0x1000
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
UNKNOWN, DONE, FAILED = 0, 1, 2  #: outcomes in the log
FAILURE = 0x811A
PATIENCE = timedelta(seconds=5)  #: with a switch on the HAN
COMPACT_ARRAY = 0x13

Entry = tuple[datetime, int, int, int]  #: time, switch and action, outcome, HAN command id
Commanded = tuple[bool, datetime, datetime]  #: state, from, to


@dataclass
class Told:
    """What a switch on the HAN was told last: state, until when, under which number, and whether it has answered."""

    state: bool
    until: datetime
    number: int
    answered: bool = False


class Auxiliary:
    """Five switches: kind, contact, what was commanded for a time."""

    def __init__(self, esme: "Esme") -> None:
        self._esme = esme
        self.number = crc32(bytes(esme.eui)) % 10000 + 1  #: given at manufacture
        self.calendar = AuxiliaryCalendar(esme)
        self.boost = Boost(esme, self)
        self.closed = dict.fromkeys(SWITCHES, False)
        self.told: dict[int, Told] = {}
        self.to_han: Callable[[Eui64, LoadControlEvent], None] = lambda eui, event: None
        self.appliances: list[Callable[[], float]] = []  #: loads behind switches on the HAN
        self._last_number = 0
        self.commanded: dict[int, Commanded] = {}
        self.log: deque[Entry] = deque(maxlen=ENTRIES)
        self._rest_until: datetime | None = None  #: end of the offset after supply returned
        self._waiting: object = None
        objects = esme.cosem.objects
        objects.put(OFFSET, lambda: u16(self.offset()))
        objects.put(OFFSET_NUMBER, lambda: u16(self.number))
        objects.put(OFFSET_LIMIT, u16(0))
        objects.allowed[OFFSET_LIMIT] = lambda value: self.limit_allowed(value)  # noqa: PLW0108
        objects.written[OFFSET_LIMIT] = lambda _: self.update()
        objects.methods[SCRIPTS] = lambda script: self.run_script(script)  # noqa: PLW0108
        objects.methods[CLEAR_LOG] = lambda _: self.clear_log()
        objects.selected[LOG] = lambda start, end: self.read_log(start, end)  # noqa: PLW0108
        for switch in SWITCHES:
            objects.put(_kind(switch), octets(BUILT_IN if switch == 1 else NO_CONTROLLER))
            state = attribute(f"70:0-{switch}:96.3.10.255:2")
            objects.put(state, lambda switch=switch: boolean(self.state(switch)))  # type: ignore[misc]
            level = attribute(f"1:0-0:94.44.0.3{switch}:2")
            objects.put(level, lambda switch=switch: self.status(switch))  # type: ignore[misc]
            end = attribute(f"1:0-0:94.44.{116 + switch}.2:2")
            objects.allowed[end] = lambda value, switch=switch: self.end_allowed(switch, value)  # type: ignore[misc]
            objects.refusals[end] = OTHER_REASON
        esme.activations.activated.append(lambda key: self.update())

    @property
    def load(self) -> float:
        """Watts behind the closed contacts, if there is supply."""
        own = LOAD_W if self.closed[1] and self.kind(1) == BUILT_IN else 0.0
        return own + sum(load() for load in self.appliances)

    def is_on_han(self, switch: int) -> bool:
        """Whether a switch is an HCALCS."""
        return len(self.kind(switch)) == len(BUILT_IN) and self.kind(switch) != BUILT_IN

    @rule("R-AUX-001", "R-HAN-065")
    def switch_of(self, eui: Eui64) -> int | None:
        """Return which of the five switches a device is, None where it is none."""
        return next((switch for switch in SWITCHES if self.kind(switch) == bytes(eui)), None)

    def kind(self, switch: int) -> bytes:
        """Return what a switch is: no octets, eight zeros for one of the meter itself, else its EUI-64."""
        held = self._esme.cosem.objects.read(_kind(switch))
        return NO_CONTROLLER if held is None else bytes(held.value)

    @rule("R-AUX-005")
    def state(self, switch: int) -> bool:
        """Return whether a switch is closed (ECS61a): the contact itself, not what was commanded."""
        return self.closed[switch]

    @rule("R-AUX-005")
    def status(self, switch: int) -> Data:
        """Return levels in per cent as JSON text, an empty object where there is no controller (ECS61e)."""
        if self.kind(switch) == NO_CONTROLLER:
            return utf8("{}")
        return utf8(json.dumps({"outputState": 100 if self.closed[switch] else 0, "inputState": 0}))

    @rule("R-AUX-008")
    def limit_allowed(self, limit: Data) -> bool:
        """Whether a limit of the offset (s) may be written (ECS38)."""
        return 0 <= int(limit.value) <= LONGEST_LIMIT

    @rule("R-AUX-008")
    def offset(self) -> int:
        """Return the offset in seconds: the meter's number times the limit, in ten thousandths."""
        limit = self._esme.cosem.objects.read(OFFSET_LIMIT)
        return 0 if limit is None else (self.number * limit.value + 5000) // 10000

    @rule("R-AUX-003")
    def end_allowed(self, switch: int, end: Data) -> bool:
        """Whether the end of a commanded state lies after its start and within a day of it; a duration is no end."""
        if not isinstance(end.value, bytes):
            return True
        start = self._moment(switch, 1)
        until = parse_date_time(end.value)
        return start is not None and isinstance(until, datetime) and start < until <= start + DAY

    def _moment(self, switch: int, number: int) -> datetime | None:
        held = self._esme.cosem.objects.read(attribute(f"1:0-0:94.44.{116 + switch}.{number}:2"))
        moment = parse_date_time(held.value) if held is not None and isinstance(held.value, bytes) else None
        return moment if isinstance(moment, datetime) else None

    @rule("R-AUX-001", "R-AUX-003")
    def run_script(self, script: Data) -> int:
        """Switch for a time, or give a switch back to its calendar (ECS47, ECS47a)."""
        number, action = script.value >> 8 & 0xF, script.value & 0xFF
        if number not in SWITCHES or self.kind(number) == NO_CONTROLLER:
            return OTHER_REASON
        if script.value & LEVELS:
            start, end = self._moment(number, 1), self._moment(number, 2)
            if start is None or end is None:
                return OTHER_REASON
            self.commanded[number] = (action > 0, start, end)
        elif action == RESET:
            self.commanded.pop(number, None)
        elif action in (ON, OFF):
            minutes = self._esme.cosem.objects.read(attribute(f"1:0-0:94.44.{116 + number}.{action - 0x10}:2"))
            now = self._esme.clock()
            self.commanded[number] = (action == ON, now, now + timedelta(minutes=minutes.value if minutes else 0))
        else:
            return OTHER_REASON
        self.write_down(number, script.value)
        if self.is_on_han(number):
            self.ask(number, self._last_number)
        self.update()
        return SUCCESS

    @rule("R-AUX-006")
    def write_down(self, switch: int, script: int) -> None:
        """Log a command: done at a switch of the meter, not known yet at one on the HAN."""
        now = self._esme.clock().replace(microsecond=0)
        if self.kind(switch) == BUILT_IN:
            self.log.append((now, script, DONE, 0))
            return
        self.log.append((now, script, UNKNOWN, self._new_number()))

    def _new_number(self) -> int:
        self._last_number = max(self._last_number + 1, int(self._esme.clock().timestamp()))
        return self._last_number

    @rule("R-AUX-001", "R-HAN-065")
    def ask(self, switch: int, number: int | None = None) -> None:
        """Tell a switch on the HAN the state it should have, and until when; wait a while for its answer."""
        now = self._esme.clock()
        state = self.wanted(switch, now)
        coming = self._next(now)
        until = min(now + DAY, max(coming, now + MINUTE) if coming is not None else now + DAY)
        number = self._new_number() if number is None else number
        self.told[switch] = told = Told(state, until, number)
        minutes = -((now - until) // MINUTE)
        event = LoadControlEvent(number, minutes, FULL_DUTY if state else NO_DUTY)
        self.to_han(Eui64(self.kind(switch)), event)

        def look() -> None:
            if self.told.get(switch) is told and not told.answered:
                self.unanswered(switch, number)

        self._esme.world.after(PATIENCE, look)

    @rule("R-AUX-006", "R-AUX-007")
    def reported(self, eui: Eui64, number: int, done: bool) -> None:
        """Take the answer of a switch on the HAN to what it was told last."""
        switch = self.switch_of(eui)
        told = self.told.get(switch) if switch is not None else None
        if switch is None or told is None or told.number != number or told.answered:
            return
        told.answered = True
        if done:
            self.closed[switch] = told.state
            self.done(switch, number)
        else:
            self.unanswered(switch, number)

    @rule("R-AUX-006")
    def done(self, switch: int, command_id: int) -> None:
        """A switch on the HAN did as it was told: log that."""
        self.log.append((self._esme.clock().replace(microsecond=0), switch << 8, DONE, command_id))

    @rule("R-AUX-006", "R-AUX-007")
    def unanswered(self, switch: int, command_id: int) -> None:
        """A switch on the HAN did not answer, or did not do it: log that, and tell the supplier."""
        if self._esme.powered():
            self.log.append((self._esme.clock().replace(microsecond=0), switch << 8, FAILED, command_id))
            self._esme.alert(FAILURE, Role.SUPPLIER)

    @rule("R-AUX-006")
    def read_log(self, start: datetime, end: datetime) -> Data:
        """Return the entries of the log in a range (ECS35f, ECS35g)."""
        rows = [
            structure([u32(zigbee_utc(at)), u16(script), enum(outcome), u32(command_id)])
            for at, script, outcome, command_id in self.log
            if start <= at <= end
        ]
        return Data(COMPACT_ARRAY, CompactArray(TypeDescription(2, tuple(map(TypeDescription, (6, 18, 22, 6)))), rows))

    def clear_log(self) -> int:
        """Empty the log (ECS15c)."""
        self.log.clear()
        return SUCCESS

    @rule("R-AUX-008", "R-AUX-009")
    def asked_by_calendar(self, switch: int, now: datetime) -> bool:
        """Return the state the calendar asks for: that of an offset ago."""
        return self.calendar.state(switch, now - timedelta(seconds=self.offset()))

    @rule("R-PWR-010")
    def wanted(self, switch: int, now: datetime) -> bool:
        """Return the state a switch should have: as commanded, else by its calendar, which rests after an outage."""
        if self.kind(switch) != BUILT_IN and not self.is_on_han(switch):
            return False
        state, start, end = self.commanded.get(switch, (False, now, now))
        if start <= now < end:
            return state
        if self.boost.closes(switch, now):
            return True
        if self._rest_until is not None and now < self._rest_until:
            return False
        return self.asked_by_calendar(switch, now)

    def update(self) -> None:
        """Bring the contacts where they should be, and wait for what comes next."""
        esme = self._esme
        self._waiting = None
        if not esme.powered():
            return
        now = esme.clock()
        for switch in SWITCHES:
            if self.is_on_han(switch) and self.is_to_be_told(switch, now):
                self.ask(switch)
        states = {
            switch: self.closed[switch] if self.is_on_han(switch) else self.wanted(switch, now) for switch in SWITCHES
        }
        if states != self.closed:
            esme.integrate()
            self.closed = states
            esme.load_changed()
        coming = self._next(now)
        if coming is not None:
            self._waiting = mark = object()
            esme.world.after(coming - now, lambda: self._due(mark))

    def is_to_be_told(self, switch: int, now: datetime) -> bool:
        """Whether a switch on the HAN should have another state than it was told, or must be told again."""
        told, wanted = self.told.get(switch), self.wanted(switch, now)
        return wanted if told is None else told.state is not wanted or (wanted and told.until <= now)

    def _due(self, mark: object) -> None:
        if self._waiting is mark:
            self.update()

    def _next(self, now: datetime) -> datetime | None:
        offset = timedelta(seconds=self.offset())
        found = [limit for _, start, end in self.commanded.values() for limit in (start, end) if limit > now]
        found += [self._rest_until] if self._rest_until is not None and self._rest_until > now else []
        found += [told.until for told in self.told.values() if told.state and told.until > now]
        for switch in SWITCHES:
            if self.kind(switch) != NO_CONTROLLER:
                change = self.calendar.next_change(switch, now - offset)
                found += [change + offset] if change is not None else []
        return min(found, default=None)

    def power_down(self) -> None:
        """The contacts open with the supply of their coils."""
        self._esme.integrate()
        self.closed = dict.fromkeys(SWITCHES, False)
        self.told.clear()
        self._waiting = None

    @rule("R-PWR-010")
    def power_up(self) -> None:
        """Supply has returned: what is commanded holds at once, the calendar after the offset."""
        self._rest_until = self._esme.clock() + timedelta(seconds=self.offset())
        self.boost.settle()
        self.update()


def _kind(switch: int) -> tuple[int, bytes, int]:
    return attribute(f"1:0-0:94.44.0.2{switch}:2")
