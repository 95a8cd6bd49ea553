"""A meter's menu for engineers, behind a PIN: it asks the hub to open its door for hand-held terminals.

How a meter asks is not public (its specification would have to be changed): here by ZDO Mgmt_Permit_Joining under its
link key, which says nothing of real devices.
"""

from collections.abc import Callable

from bench.han.nwk import COORDINATOR
from rigs.virtual.rules import rule
from rigs.virtual.trust_centre import PERMIT_JOINING
from rigs.virtual.world import World
from rigs.virtual.zigbee import ZigbeeNode

REQUEST = bytes((1, 0xFE, 1))  #: sequence number, seconds, significance for the trust centre


class EngineerMenu:
    """The menu of one meter."""

    def __init__(self, node: ZigbeeNode, world: World, pin: str, wake: Callable[[], None] = lambda: None) -> None:
        self._node, self._world, self._pin, self._wake = node, world, pin, wake

    def open_inter_pan(self, pin: str) -> str:
        """Choose the item with a PIN; returns what the meter shows."""
        if not self.admits(pin):
            return "wrong PIN"
        self._wake()
        ask_to_open(self._node, self._world)
        return "asked"

    @rule("R-AIR-011")
    def admits(self, pin: str) -> bool:
        """Whether a PIN opens the menu."""
        return pin == self._pin


def ask_to_open(node: ZigbeeNode, world: World) -> None:
    """Let a device ask the hub to open inter-PAN."""
    world.process(node.send_zdo(COORDINATOR, PERMIT_JOINING, REQUEST))
