"""A device that joins the home area network during a test: its label, and a hand at its button."""

from dataclasses import dataclass

from bench import at_hand
from bench.capabilities import Hands
from bench.dcc.bodies import AddDeviceToCHFWhitelist, UpdateHANDeviceLog
from bench.gas import shown_days
from bench.gbcs import Eui64
from bench.parties import Device
from bench.timeline import Timeline

JOINED = "joined"


@dataclass
class Newcomer:
    """One device that is not on the network at baseline."""

    device: Device
    hands: Hands
    timeline: Timeline

    @property
    def eui(self) -> Eui64:
        """Its EUI-64."""
        return self.device.eui

    def __str__(self) -> str:
        return str(self.device)

    def addition(self, join_time: int = 120, install_code: bytes | None = None) -> UpdateHANDeviceLog:
        """Return the request (8.11, CCS01) that lets it join within `join_time` seconds by its install code."""
        code = self.device.install_code if install_code is None else install_code
        allowed = AddDeviceToCHFWhitelist(join_time=join_time, install_code=code)
        return UpdateHANDeviceLog(device=self.eui, request_type="Add", whitelist=allowed)

    def removal(self) -> UpdateHANDeviceLog:
        """Return the request (8.11, CCS02) that takes it off the network."""
        return UpdateHANDeviceLog(device=self.eui, request_type="Remove")

    def _do(self, act: str) -> str:
        return at_hand.act(self.hands, self.timeline, self.device.name, act)

    def press_join(self) -> None:
        """Press the button that makes it look for a network; it tries three times in some seconds."""
        self._do("join")

    def press_join_below(self) -> None:
        """Press the button of a dual-band device that makes it look for a network in the sub-GHz band first."""
        self._do("join-below")

    def reset(self) -> None:
        """Reset it to how it came from the factory."""
        self._do("reset")

    @property
    def joined(self) -> bool:
        """Whether it says that it is on the network and has agreed a key."""
        return self._do("state") == JOINED

    def ask_display(self) -> None:
        """Let it show the gas used on the last days; it takes a moment."""
        self._do("gas-history")

    def display(self) -> dict[str, int]:
        """Return what it shows: day ("2030-01-05") -> litres."""
        return shown_days(self._do("display"))
