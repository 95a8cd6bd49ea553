"""Devices and remote parties as tests name them."""

from dataclasses import dataclass, field
from datetime import datetime

from bench.gbcs import Eui64

FIRST_TOKEN = 1000


@dataclass(frozen=True)
class Party:
    """A remote party: a user the bench plays, or a role of the DCC."""

    name: str
    eui: Eui64

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Device:
    """A device of the rig."""

    name: str
    type: str
    eui: Eui64
    mpxn: str = ""
    feed: str = ""
    install_code: bytes = field(default=b"", repr=False)  #: of a device that is not on the network yet
    inter_pan: str = ""  #: what opens a hub's inter-PAN for hand-held terminals: "power-on", "meter", "no-wan"
    sleepy: bool = False  #: of a PPMID: its receiver is off when it is idle
    menu_pin: str = field(default="", repr=False)  #: of a meter's menu for engineers
    variant: str = "single"  #: of an electricity meter: "single", "twin" (two elements), "polyphase"

    def __str__(self) -> str:
        return f"{self.type} {self.eui}"


@dataclass(frozen=True)
class Suppliers:
    """The supplier a meter has, and the one that is to gain it."""

    losing: Party
    gaining: Party


class OriginatorCounters:
    """Originator counters: milliseconds since 1970 of the rig's clock, strictly rising for each party."""

    def __init__(self) -> None:
        self._last: dict[Eui64, int] = {}
        self._tokens: dict[Eui64, int] = {}

    def next(self, party: Eui64, now: datetime) -> int:
        """Return a counter this party has not used."""
        counter = max(self._last.get(party, 0) + 1, int(now.timestamp() * 1000))
        self._last[party] = counter
        return counter

    def next_token(self, party: Eui64) -> int:
        """Return a UTRN counter this supplier has not used."""
        self._tokens[party] = self._tokens.get(party, FIRST_TOKEN) + 1
        return self._tokens[party]

    def last(self, party: Eui64) -> int:
        """Return the highest counter a party has used."""
        return self._last.get(party, 0)

    def raise_to(self, party: Eui64, counter: int) -> None:
        """Let a party's next counter be above this one."""
        self._last[party] = max(counter, self.last(party))
