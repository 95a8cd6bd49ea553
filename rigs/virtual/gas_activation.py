"""Future dating on a gas meter: commands that carry a start wait for it, one alert an item (GBCS 9.2.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bench.gbcs.axdr import octets
from bench.gbcs.eui import Eui64
from bench.gbcs.gbz import GbzComponent
from bench.gbcs.times import from_zigbee_utc
from bench.gbcs.trust_anchors import Role
from rigs.virtual.activation import ACTIVATED, NOT_ACTIVATED
from rigs.virtual.gbz_device import NEVER, NOW, values
from rigs.virtual.rules import rule
from rigs.virtual.zcl_objects import SUCCESS, Answer

if TYPE_CHECKING:
    from rigs.virtual.gbcs_device import GbcsDevice

ALERT = 0x00CD
CONTENT = b"\x0e"  #: length of what follows: message code, counter, cluster, frame control, command
FRAME_CONTROL = 0x01  #: as in the reference data, whatever the direction of the command

Item = tuple[int, int]  #: cluster, command
Take = Callable[[GbzComponent], int]


@dataclass(frozen=True)
class Pending:
    """An item that waits: what is to be done when, and the command that brought it."""

    at: datetime
    message_code: int
    counter: int
    originator: Eui64
    component: GbzComponent


class GasActivations:
    """The items of a gas meter that wait for their time; they survive whatever happens to the meter."""

    def __init__(self, device: "GbcsDevice") -> None:
        self._device = device
        self.pending: dict[Item, Pending] = {}
        self._takers: dict[Item, Take] = {}

    def offer(self, cluster: int, command: int, take: Take, to_server: bool = True) -> None:
        """Let a command be taken now or at its start; `take` returns a ZCL status."""
        self._takers[cluster, command] = take
        self._device.zcl.objects.commands[cluster, to_server, command] = lambda component: self.come(component)  # noqa: PLW0108

    @rule("R-TIM-019", "R-FUT-004")
    def is_never(self, when: int) -> bool:
        """Whether a time is no time: FFFFFFFE or FFFFFFFF, by command (RTDS)."""
        return when >= NEVER

    @rule("R-FUT-003", "R-FUT-004", "R-FUT-005", "R-FUT-006")
    def come(self, component: GbzComponent) -> Answer:
        """Take an item now, never, or at an instant; what waited for this item no longer does."""
        item = component.cluster, component.command
        when = self.start_of(component)
        self.pending.pop(item, None)
        if self.is_never(when):
            return SUCCESS
        if when == NOW:
            return self._takers[item](component)
        exchange = self._device.exchange
        assert exchange is not None
        command = exchange.command
        self.pending[item] = waiting = Pending(
            from_zigbee_utc(when), command.message_code, command.counter, command.originator, component
        )
        self._device.at(waiting.at, lambda: self.fall_due(item, waiting))
        return SUCCESS

    def start_of(self, component: GbzComponent) -> int:
        """Return the start of an item, ZigBee seconds."""
        if component.from_date_time is not None:
            return component.from_date_time
        asked = values(component)
        return int(asked.get("implementation", asked.get("start", NOW)))

    @rule("R-FUT-007", "R-FUT-014", "R-FUT-015", "R-FUT-016")
    def fall_due(self, item: Item, waiting: Pending) -> None:
        """Take an item whose time has come, and report it."""
        if self.pending.get(item) is not waiting:
            return
        del self.pending[item]
        self.report(item, waiting, ACTIVATED if self._takers[item](waiting.component) == SUCCESS else NOT_ACTIVATED)

    @rule("R-FUT-007", "R-FUT-008", "R-FUT-010", "R-FUT-012", "R-FUT-013", "R-EVT-020")
    def report(self, item: Item, waiting: Pending, code: int) -> None:
        """Log an activation and alert the supplier: command and item in 14 octets."""
        device = self._device
        device.logs.add(device.logs.event, code)
        device.alert(code, Role.SUPPLIER, [octets(self.instruction(item, waiting))], ALERT, at=waiting.at)

    @rule("R-FUT-010")
    def instruction(self, item: Item, waiting: Pending) -> bytes:
        """Return how an alert names an item: message code, counter, cluster, frame control, command."""
        name = item[0].to_bytes(2) + bytes((FRAME_CONTROL, item[1]))
        return CONTENT + waiting.message_code.to_bytes(2) + waiting.counter.to_bytes(8) + name

    @rule("R-CRD-056")
    def forget(self, originator: Eui64) -> None:
        """Withdraw what a party's commands left waiting."""
        self.pending = {key: one for key, one in self.pending.items() if one.originator != originator}
