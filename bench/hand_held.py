"""A hand-held terminal, and the hub's inter-PAN by which it comes in: opened as that hub opens it, and knocked at."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from bench import at_hand
from bench.capabilities import Hands
from bench.clock import seconds
from bench.errors import Inconclusive
from bench.han.aps import PROFILE_SMART_ENERGY, ApsFrame, ApsType
from bench.han.cbke import CLUSTER, INITIATE
from bench.han.zcl import ZclFrame
from bench.newcomer import Newcomer
from bench.observation import Observation
from bench.parties import Device

if TYPE_CHECKING:
    from bench.home import Home

START = seconds(10)  #: of a hub
LINK_STATUS = seconds(20)  #: within which a hub sends one
PATIENCE = seconds(1)  #: with an answer
NO_SUITE = b"\x00\x80\x05\x05"  #: head of an offer of a suite that nobody has


class HandHeld(Newcomer):
    """An engineer's terminal. It agrees a key past the network, hands its install code over, and joins."""

    @property
    def words(self) -> str:
        """What it shows of its visit."""
        return self._do("state")

    def attempt(self, what: str) -> None:
        """Let it send the electricity meter what it may not."""
        self._do(f"try {what}")

    @property
    def refusal(self) -> str:
        """Status in hex by which the meter refused its latest attempt, `nothing` where there was no answer."""
        return self._do("refusal")


class InterPan:
    """The hub's inter-PAN. `option` is what opens it: "power-on", "meter", "no-wan"."""

    def __init__(self, home: "Home", hub: Device) -> None:
        self._home, self._hub, self.option = home, hub, hub.inter_pan
        self._source: Observation | None = None
        self._attacker = home.need_attacker()

    @contextmanager
    def opened(self) -> Iterator[datetime]:
        """Open it as this hub is opened; the block gets when. Without WAN it closes at the end of the block."""
        match self.option:
            case "power-on":
                yield self.power_cycle()
            case "meter":
                opened = self._home.clock.now()
                self.ask_at_meter(self._home.device("ESME").menu_pin)
                self._home.clock.sleep(PATIENCE)
                yield opened
            case _:
                with self._home.need_wan().down():
                    yield self._home.clock.now()

    def power_cycle(self) -> datetime:
        """Take the hub's supply away for a moment; once the hub has had time to start, return when it came back."""
        outage = self._home.need_mains().of(self._hub).interrupt("10 s")
        self._home.clock.sleep(START)
        return outage.ended

    def ask_at_meter(self, pin: str, meter: str = "ESME") -> str:
        """Choose the item in a meter's menu for engineers that opens it; returns what the meter shows."""
        return self._act(self._home.device(meter).name, f"open-inter-pan {pin}")

    def ask_at(self, kind: str) -> None:
        """Let a device that is made for tests ask the hub as a meter does."""
        self._act(self._home.device(kind).name, "open-inter-pan")

    def _act(self, device: str, act: str) -> str:
        hands = self._home.rig.need("hands", Hands)  # type: ignore[type-abstract]
        return at_hand.act(hands, self._home.timeline, device, act)

    def knock(self) -> bool:
        """Whether the hub answers an offer of key establishment that nobody takes: it does while inter-PAN is open."""
        home = self._home
        sent = self.offer()
        home.clock.sleep(PATIENCE)
        answer = home.need_han().query(f'cluster == key_establishment and src_eui == "{self._hub.eui}"')
        return bool(home.timeline.find(answer, after=sent))

    def offer(self) -> Observation:
        """Send the hub an offer of key establishment that it cannot take."""
        offer = bytes(ZclFrame.cluster(INITIATE, 1, NO_SUITE + bytes(74)))
        aps = ApsFrame(ApsType.INTER_PAN, None, offer, cluster=CLUSTER, profile=PROFILE_SMART_ENERGY)
        words = "an offer of key establishment that no hub takes"
        return self._attacker.inter_pan(self._network(), aps, words, to=self._hub.eui, own_name=True)

    def _network(self) -> Observation:
        """Return a frame of the hub: it tells the PAN."""
        han = self._home.need_han()
        query = han.query(f'cmd == link_status and src_eui == "{self._hub.eui}"')
        for _ in range(2):
            if self._source is None:
                self._source = next(iter(self._home.timeline.find(query)), None)
            if self._source is not None:
                return self._source
            self._home.clock.sleep(LINK_STATUS)
        raise Inconclusive("nothing of the hub was heard on the air")
