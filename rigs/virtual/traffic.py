"""Northbound alert traffic management of the DCC: alerts of one device and code are thinned in a storm (SECMP0062).

Counts, limits and what is never thinned are the DCC's to set; those here are of this virtual one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bench.dcc import Throttled
from bench.gbcs import Eui64
from rigs.virtual.world import World

WINDOW, LIMIT, ONE_IN, CALM = timedelta(minutes=10), 50, 10, timedelta(minutes=5)
NEVER = frozenset({0x8F35, 0x8F36, 0x8F66, 0x8F67})  #: restorations and outcomes of future-dated commands

#: forwards one alert, with what it stands for
Forward = Callable[[Throttled | None], None]


@dataclass
class _Flow:
    """Alerts of one device with one code."""

    times: list[datetime] = field(default_factory=list)
    sequence: int = 0
    held: list[Forward] = field(default_factory=list)


class TrafficManagement:
    """Lets alerts through, or one in ten with the number of those it stands for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._flows: dict[tuple[Eui64, int], _Flow] = {}

    def take(self, device: Eui64, code: int, forward: Forward) -> None:
        """Forward an alert now, later as one for several, or let another stand for it."""
        flow = self._flows.setdefault((device, code), _Flow())
        now = self._world.now
        flow.times = [*(at for at in flow.times if now - at < WINDOW), now]
        if code in NEVER or (len(flow.times) <= LIMIT and not flow.held):
            forward(None)
            return
        flow.held.append(forward)
        if len(flow.held) >= ONE_IN:
            self._consolidate(flow, device, code)
        self._world.after(CALM, lambda: self._calm(flow, now, device, code))

    def _consolidate(self, flow: _Flow, device: Eui64, code: int) -> None:
        flow.sequence += 1
        identifier = f"{device}:{code:04X}:{flow.sequence}"
        flow.held[-1](Throttled(identifier, len(flow.held)))
        flow.held = []

    def _calm(self, flow: _Flow, last: datetime, device: Eui64, code: int) -> None:
        """The storm is over: the last alert stands for those nobody has stood for."""
        if flow.times[-1:] == [last] and flow.held:
            self._consolidate(flow, device, code)
