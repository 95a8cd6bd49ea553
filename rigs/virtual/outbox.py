"""What waits at one end of the WAN: sent in order, each once, kept while the other end is not there."""

from collections.abc import Callable
from dataclasses import dataclass

from rigs.virtual.rules import rule
from rigs.virtual.wan import Receiver, Wan


@dataclass(eq=False)
class Item:
    """One message, and whether it is under way."""

    message: bytes
    receive: Receiver
    under_way: bool = False


class Outbox:
    """Messages for the other end of the WAN. `ready` tells whether this end can send."""

    def __init__(self, wan: Wan, ready: Callable[[], bool], *, upward: bool) -> None:
        self._wan, self._ready, self._upward = wan, ready, upward
        self.waiting: list[Item] = []
        wan.on_return(lambda: self.flush())  # noqa: PLW0108 - a defect may replace it

    def add(self, message: bytes, receive: Receiver) -> Item:
        """Take a message; it goes at once unless an earlier one waits. `receive` is the other end."""
        item = Item(message, receive)
        held = any(not one.under_way for one in self.waiting)
        self.keep(item)
        if not held:
            self._send(item)
        return item

    @rule("R-ALT-009", "R-PWR-011")
    def keep(self, item: Item) -> None:
        """Keep a message, behind those that came before, until it has arrived."""
        self.waiting.append(item)

    def flush(self) -> None:
        """The other end is there again: send what waits, in order."""
        for item in list(self.waiting):
            if not item.under_way:
                self._send(item)

    def _send(self, item: Item) -> None:
        if not self._ready():
            return
        item.under_way = True
        self._wan.send(item.message, item.receive, lambda arrived: self.sent(item, arrived), upward=self._upward)

    @rule("R-HUB-017")
    def sent(self, item: Item, arrived: bool) -> None:
        """Forget a message that has arrived; one that has not waits again."""
        item.under_way = False
        if arrived and item in self.waiting:
            self.waiting.remove(item)

    def withdraw(self, item: Item) -> bool:
        """Take a message back; returns whether it was still there and not under way."""
        if item not in self.waiting or item.under_way:
            return False
        self.waiting.remove(item)
        return True
