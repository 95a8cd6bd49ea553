"""The householder's devices in a test: hands at a PPMID, an IHD, a CAD, and what their displays show."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bench import at_hand
from bench.capabilities import Hands
from bench.clock import Clock, minutes, seconds
from bench.parties import Device
from bench.timeline import Timeline

SENT, NOTHING = "sent", "nothing"
ELECTRICITY, GAS = "electricity", "gas"
PATIENCE = {ELECTRICITY: seconds(15), GAS: minutes(35)}  #: a gas meter takes what waits for it at its next wake
STEP = {ELECTRICITY: seconds(1), GAS: minutes(3)}


@dataclass
class _HandsAt:
    """Hands at one device."""

    device: Device
    hands: Hands
    timeline: Timeline
    clock: Clock

    def _do(self, act: str) -> str:
        return at_hand.act(self.hands, self.timeline, self.device.name, act)


class AtTheDisplay(_HandsAt):
    """An IHD, CAD or PPMID: what it reads of the electricity meter; a CAD made for tests also tries what it may not."""

    def figures(self) -> dict[str, str]:
        """Let it read the meter; return what it shows: supplier, price, standing charge, balance, import."""
        self._do("read")
        self.clock.sleep(seconds(3))
        shown = self._do("figures")
        return {} if shown == NOTHING else dict(one.split(": ", 1) for one in shown.split("; "))

    def half_hours(self) -> list[datetime]:
        """Let it ask for the half hours of the last day; return the ends of those it shows."""
        self._do("half-hours")
        self.clock.sleep(seconds(3))
        shown = self._do("display")
        if shown == NOTHING:
            return []
        now = self.clock.now()
        return [datetime.fromisoformat(one.split(" ")[0]).replace(tzinfo=now.tzinfo) for one in shown.split(", ")]

    def message(self) -> str:
        """Let it ask the meter for the supplier's message; return what it shows, else `nothing`."""
        self._do("ask-message")
        self.clock.sleep(seconds(3))
        return self._do("message")

    def acknowledge_message(self) -> None:
        """Press the key that says the message has been read."""
        self._do("confirm-message")

    def attempt(self, what: str) -> str:
        """Let it try what it may not; return the status of the meter's refusal in hex, else `nothing`."""
        self._do(f"try {what}")
        self.clock.sleep(timedelta(seconds=3))
        return self._do("refusal")


class AtThePpmid(AtTheDisplay):
    """Keys of a PPMID, a display as well. Each act returns what it shows once the meter has answered, else `sent`."""

    def enter_token(self, fuel: str, digits: str) -> str:
        """Key a token in for one of the meters: `accepted` or `rejected`."""
        return self._outcome(fuel, f"token {fuel} {digits}")

    def press_for_top_up(self, fuel: str, digits: str) -> None:
        """Key a token in without waiting for the outcome."""
        self._do(f"token {fuel} {digits}")

    def activate_emergency_credit(self, fuel: str) -> str:
        """Ask for emergency credit: `active` or `not available`."""
        return self._outcome(fuel, f"emergency-credit {fuel}")

    def press_for_emergency_credit(self, fuel: str) -> None:
        """Ask for emergency credit without waiting for the outcome."""
        self._do(f"emergency-credit {fuel}")

    def shown(self) -> str:
        """Return what the display shows of the last thing that was asked for."""
        return self._do("shown")

    def enable_supply(self) -> str:
        """Ask for the electricity supply: `on` or `stays off`."""
        return self._outcome(ELECTRICITY, "enable-supply")

    def propose_supply(self, status: int) -> str:
        """Ask for a state of the electricity supply (0 off, 1 armed, 2 on), as only a PPMID made for tests can."""
        return self._outcome(ELECTRICITY, f"propose-supply {status}")

    def answer_tunnels(self, how: str) -> None:
        """Refuse the hub a tunnel (`busy`, or `full` until one is closed) or not (`free`): a device made for tests."""
        self._do(f"tunnels {how}")

    def _outcome(self, fuel: str, act: str) -> str:
        shown = self._do(act)
        until = self.clock.now() + PATIENCE[fuel]
        while shown == SENT and self.clock.now() < until:
            self.clock.sleep(STEP[fuel])
            shown = self.hands.do(self.device.name, "shown")
        self.timeline.record("hands", "step", {"text": f"the {self.device.name} shows {shown}", "shown": shown})
        return shown


class AtTheHub(_HandsAt):
    """A communications hub: its lamps."""

    def lamps(self) -> dict[str, str]:
        """Return what each lamp shows, `on` or `off`: software, wan, gas."""
        return dict(one.split(": ", 1) for one in self._do("lamps").split("; "))


class AtTheHcalcs(_HandsAt):
    """A switch on the HAN: its plug, a box around it that keeps its radio from the air, its contact."""

    def unplug(self) -> None:
        """Take its supply away."""
        self._do("unplug")

    def plug(self) -> None:
        """Give it supply again."""
        self._do("plug")

    def shield(self) -> None:
        """Close the box: it runs, and hears and tells nothing."""
        self._do("shield")

    def unshield(self) -> None:
        """Open the box."""
        self._do("unshield")

    def jam(self) -> None:
        """Keep its contact from moving, for the rest of the test."""
        self._do("jam")

    @property
    def is_closed(self) -> bool:
        """Whether its contact is closed, told past any radio."""
        return self._do("contact") == "closed"
