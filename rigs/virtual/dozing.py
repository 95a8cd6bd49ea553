"""A device whose receiver is off when it is idle: it asks its parent again and again for what that holds."""

from collections.abc import Callable
from datetime import timedelta

from rigs.virtual.world import Process, World
from rigs.virtual.zigbee import ZigbeeNode

POLL = timedelta(seconds=5)
FAST_POLL = timedelta(milliseconds=200)
MOMENT, STAY = timedelta(milliseconds=150), timedelta(seconds=2)  #: awake for a poll; after anything has come or gone


class Dozing:
    """Turns the radio of one node on and off. The node is made with `awake`, and taken care of from `run` on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._until = self._busy_until = world.now
        self._stirred = world.env.event()
        self.on: Callable[[], bool] = lambda: True  #: whether the device runs

    def awake(self) -> bool:
        """Whether the radio is on."""
        return self._world.now < self._until

    def run(self, node: ZigbeeNode, parent: int) -> None:
        """Poll the parent from now on; stay awake while there is something to do."""
        send, receive = node.send, node.receive

        def sending(*frame: object) -> Process:
            self._stay()
            arrived = yield from send(*frame)  # type: ignore[arg-type]
            self._stay()
            return arrived

        def receiving(cluster: int, asdu: bytes, partner: int) -> None:
            self._stay()
            receive(cluster, asdu, partner)

        node.send, node.receive = sending, receiving  # type: ignore[method-assign,assignment]
        self._world.process(self._poll(node, parent))

    def _stay(self) -> None:
        self._until = self._busy_until = self._world.now + STAY
        if not self._stirred.triggered:
            self._stirred.succeed()

    def _poll(self, node: ZigbeeNode, parent: int) -> Process:
        while True:
            if self._world.now < self._busy_until:
                yield self._world.wait(FAST_POLL)
            else:
                self._stirred = self._world.env.event()
                yield self._stirred | self._world.wait(POLL)
            if self.on():
                self._until = max(self._until, self._world.now + MOMENT)
                if (yield from node.poll(parent)) and node.mac.pending:
                    self._stay()
