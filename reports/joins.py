"""Joins among the frames of a test, each drawn as a sequence diagram: lifelines, and messages in order with times.

A join begins with the scan before an association request and ends with what makes it complete, or with a refusal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bench.han.errors import HanError
from bench.han.mac import BROADCAST, MacFrame, MacType
from bench.han.mac_commands import (
    AssociationRequest,
    AssociationResponse,
    Beacon,
    BeaconRequest,
    DataRequest,
    parse_command,
)
from bench.han.octets import eui_text
from reports.pages import Entry

SCAN = timedelta(seconds=1)  #: how long before the association request its scan may have begun
QUIET = timedelta(seconds=60)  #: a join in which nothing happens for so long is over
ACK, INCOMPLETE = "ack", "not complete"
ESTABLISHING = frozenset(
    {f"{step}{kind}" for step in ("Initiate", "EphemeralData", "ConfirmKey") for kind in ("Request", "Response")}
    | {"DeviceAnnce", "LinkStatus", "Terminate", "Leave"}
)
AFTER_KEY = 4  #: messages shown after key establishment: the first that use the key
HEAD, ROW, MARGIN, GAP = 46, 26, 90, 420
REFUSALS = {1: "no room", 2: "denied"}


@dataclass
class Message:
    """One message of a join: when (ISO), who to whom, in words; the number of its entry in the log."""

    time: str
    sender: str
    receiver: str
    words: str
    entry: int


@dataclass
class Join:
    """One attempt of a device: its EUI-64 as text, its messages, and how it ended."""

    device: str
    messages: list[Message] = field(default_factory=list)
    outcome: str = INCOMPLETE
    short: int | None = None
    announced: bool = False
    keyed: int = 0  #: messages since there has been a link key

    def step(self, what: str) -> None:
        """Note the message that was added last: whether there is a link key now, agreed or from before."""
        uses_key = self.announced and what not in ESTABLISHING and not what.startswith("fragment")
        self.announced = self.announced or what == "DeviceAnnce"
        if what == "ConfirmKeyResponse":
            self.outcome = "key established"
        elif uses_key and not self.keyed and self.messages[-1].sender == self.device:
            self.outcome = "joined by a key from before"
        self.keyed += bool(self.keyed) or self.outcome != INCOMPLETE

    @property
    def lifelines(self) -> list[str]:
        """Who takes part, the joining device first."""
        names = [name for one in self.messages for name in (one.sender, one.receiver)]
        return list(dict.fromkeys([self.device, *(name for name in names if name != ALL)]))


ALL = "all"


def find_joins(entries: Sequence[Entry]) -> list[Join]:
    """Return the joins among the entries of a log, in order."""
    finder = _Finder()
    if not any(entry.data.get("what") == "AssociationRequest" for entry in entries):
        return []
    for entry in entries:
        if entry.point == "han" and entry.kind == "frame" and entry.data.get("what") != ACK:
            finder.take(entry)
    return finder.joins


class _Finder:
    def __init__(self) -> None:
        self.joins: list[Join] = []
        self._open: list[Join] = []
        self._scan: list[Message] = []
        self._seen: set[str] = set()

    def take(self, entry: Entry) -> None:
        if entry.data.get("copy_of") or entry.data.get("attempt") or entry.data.get("repeat"):
            return
        try:
            frame = MacFrame.parse(bytes.fromhex(entry.raw), fcs=bool(entry.data.get("fcs")))
            self._frame(entry, frame)
        except (HanError, ValueError):
            return  # a damaged frame is no step of a join

    def _frame(self, entry: Entry, frame: MacFrame) -> None:
        self._open = [one for one in self._open if _since(one.messages[-1], entry) < QUIET]
        if frame.type is MacType.BEACON:
            permits = Beacon.parse(frame.payload).association_permit
            words = f"beacon, {'open' if permits else 'closed'} for joining"
            self._scanned(Message(entry.time, _name(frame.src), ALL, words, entry.number))
        elif frame.type is MacType.COMMAND:
            self._command(entry, frame)
        elif frame.type is MacType.DATA:
            self._data(entry, frame)

    def _scanned(self, message: Message) -> None:
        self._scan = [*self._scan[-5:], message]

    def _command(self, entry: Entry, frame: MacFrame) -> None:
        command = parse_command(frame.payload)
        sender, receiver = _name(frame.src), _name(frame.dst)
        if isinstance(command, BeaconRequest):
            self._scan = [Message(entry.time, "?", ALL, "beacon request", entry.number)]
        elif isinstance(command, AssociationRequest):
            self._begin(Message(entry.time, sender, receiver, "association request", entry.number))
        elif isinstance(command, DataRequest) and isinstance(frame.src, bytes):
            self._add(sender, Message(entry.time, sender, receiver, "poll", entry.number))
        elif isinstance(command, AssociationResponse):
            refused = REFUSALS.get(command.status, f"status {command.status}") if command.status else ""
            told = f"refused: {refused}" if refused else f"address {command.short:04X}"
            hub = next((one.receiver for join in self._open for one in join.messages if one.words == "poll"), sender)
            join = self._add(
                receiver, Message(entry.time, hub, receiver, f"association response, {told}", entry.number)
            )
            if join is not None and refused:
                join.outcome = told
                self._open.remove(join)
            elif join is not None:
                join.short = command.short

    def _begin(self, message: Message) -> None:
        self._open = [one for one in self._open if one.device != message.sender]
        scan = [one for one in self._scan if _instant(message.time) - _instant(one.time) < SCAN]
        join = Join(message.sender)
        for one in scan:
            if one.sender in ("?", message.receiver):
                one.sender = message.sender if one.sender == "?" else one.sender
                join.messages.append(one)
        join.messages.append(message)
        self.joins.append(join)
        self._open.append(join)
        self._scan = []

    def _add(self, device: str, message: Message) -> Join | None:
        join = next((one for one in self._open if one.device == device), None)
        if join is not None:
            join.messages.append(message)
        return join

    def _data(self, entry: Entry, frame: MacFrame) -> None:
        what = str(entry.data.get("what") or "data")
        for join in list(self._open):
            if join.short is None or join.short not in (frame.src, frame.dst) or what == "APS ack":
                continue
            ends = [join.device if one == join.short else _name(one) for one in (frame.src, frame.dst)]
            locked = entry.data.get("decrypted")
            words = f"{what} (not decrypted)" if isinstance(locked, str) else what
            join.messages.append(Message(entry.time, *ends, words, entry.number))
            join.step(what)
            if join.keyed > AFTER_KEY or what in ("Leave", "Terminate"):
                join.outcome = join.outcome if join.keyed else f"ended by {what}"
                self._open.remove(join)


def _since(message: Message, entry: Entry) -> timedelta:
    return _instant(entry.time) - _instant(message.time)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _name(address: int | bytes | None) -> str:
    if address in (None, BROADCAST):
        return ALL
    if isinstance(address, bytes):
        return eui_text(address)
    return "hub" if address == 0 else f"{address:04X}"


DIAGRAM = """<svg class="join" role="img" width="{{ width }}" height="{{ height }}">
<title>{{ join.device }}: {{ join.outcome }}</title>
{% for name, x in lifelines %}
<text class="life" x="{{ x }}" y="18" text-anchor="middle">{{ name }}</text>
<line class="life" x1="{{ x }}" y1="26" x2="{{ x }}" y2="{{ height - 8 }}" stroke="#9aa1ad" stroke-dasharray="4 4"/>
{% endfor %}
{% for one in arrows %}
<text class="time" x="4" y="{{ one.y + 4 }}" font-size="11" fill="#5f6672">{{ one.time }}</text>
<line class="message" x1="{{ one.x1 }}" y1="{{ one.y }}" x2="{{ one.x2 }}" y2="{{ one.y }}" stroke="#1565c0"/>
<path d="M{{ one.x2 }} {{ one.y }} l{{ one.back }} -4 v8 z" fill="#1565c0"/>
<text class="words" x="{{ one.middle }}" y="{{ one.y - 5 }}" text-anchor="middle" font-size="12">{{ one.words }}</text>
{% endfor %}
</svg>
"""


def diagram(join: Join) -> Markup:
    """Return a join as SVG; times are seconds since its first message."""
    places = {name: MARGIN + 60 + GAP * index for index, name in enumerate(join.lifelines)}
    width = MARGIN + 120 + GAP * max(1, len(places) - 1)
    start = _instant(join.messages[0].time)
    arrows = []
    for index, one in enumerate(join.messages):
        x1 = places[one.sender]
        others = [x for name, x in places.items() if name != one.sender] or [x1 + GAP]
        x2 = places.get(one.receiver, others[0])
        seconds = (_instant(one.time) - start).total_seconds()
        arrows.append(
            {
                "x1": x1,
                "x2": x2,
                "y": HEAD + ROW * (index + 1),
                "middle": (x1 + x2) / 2,
                "back": -8 if x2 > x1 else 8,
                "time": f"{seconds:.3f} s",
                "words": one.words + (" (to all)" if one.receiver == ALL else ""),
            }
        )
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    shown = environment.from_string(DIAGRAM).render(
        join=join, lifelines=places.items(), arrows=arrows, width=width, height=HEAD + ROW * (len(arrows) + 1)
    )
    return Markup(shown)
