"""Future dating on an electricity meter: values wait in passive attributes until their activation time (GBCS 9.2.2).

Writing an activation time activates at once, later, or withdraws what waits. What is activated later is reported, one
alert an item.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bench.gbcs.axdr import Data, octets
from bench.gbcs.dlms import parse_date_time
from bench.gbcs.eui import Eui64
from bench.gbcs.trust_anchors import Role
from rigs.virtual.cosem_objects import Attribute, attribute
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.gbcs_device import GbcsDevice

EXTENDED_DATA, CALENDAR, ACCOUNT, CHARGE = 9000, 20, 111, 113
ACTIVATED, NOT_ACTIVATED, ALERT = 0x8F66, 0x8F67, 0x00CC
PASSIVE_ACCOUNT, ACTIVE_ACCOUNT = attribute("111:0-1:19.0.0.255:2")[1], attribute("111:0-0:19.0.0.255:2")[1]
#: tables that wait as objects of their own: activation time -> passive table
TABLES = {
    "9000:0-0:94.44.128.26:6": "10:0-1:12.0.2.255:2",
    "9000:0-0:94.44.128.28:6": "10:0-1:12.0.1.255:2",
    "9000:0-0:94.44.128.29:6": "11:0-1:11.0.0.255:2",
    "9000:0-0:94.44.128.30:6": "11:0-1:11.0.1.255:2",
    "9000:0-0:94.44.128.31:6": "11:0-1:11.0.2.255:2",
    "9000:0-0:94.44.128.35:6": "11:0-1:11.0.3.255:2",
}
#: the threshold matrix: the time at which it is activated, and passive and active thresholds of each of its 8 rates
THRESHOLD_MATRIX = attribute("9000:0-0:63.1.1.255:6")
THRESHOLDS = tuple(
    (attribute(f"21:0-0:16.1.{rate}.255:2"), attribute(f"21:0-0:16.0.{rate}.255:2")) for rate in range(11, 19)
)


@dataclass(frozen=True)
class Pending:
    """An item that waits: where its time was written, when, and the command that wrote it."""

    at: datetime
    message_code: int
    counter: int
    originator: Eui64


def copies(key: Attribute) -> Iterator[tuple[Attribute, Attribute]]:
    """Yield the passive and the active attributes an activation time stands for."""
    class_id, name, index = key
    if class_id == CALENDAR and index == 10:
        yield from (((CALENDAR, name, passive), (CALENDAR, name, passive - 4)) for passive in range(6, 10))
    elif class_id == CHARGE and index == 7:
        yield (CHARGE, name, 6), (CHARGE, name, 5)
    elif class_id == ACCOUNT and index == 13 and name == PASSIVE_ACCOUNT:
        yield from (((ACCOUNT, PASSIVE_ACCOUNT, one), (ACCOUNT, ACTIVE_ACCOUNT, one)) for one in (2, 11))
    elif key == THRESHOLD_MATRIX:
        yield from THRESHOLDS
    elif class_id == EXTENDED_DATA and index == 6:
        table = _tables().get(key)
        if table is None:
            yield (EXTENDED_DATA, name, 4), (EXTENDED_DATA, name, 2)
        else:
            yield table, (table[0], bytes((table[1][0], 0)) + table[1][2:], table[2])


def _tables() -> dict[Attribute, Attribute]:
    return {attribute(time): attribute(table) for time, table in TABLES.items()}


class Activations:
    """The items of a meter that wait. `activating` and `activated` are called with its key, before and after."""

    def __init__(self, device: "GbcsDevice") -> None:
        self._device = device
        self.pending: dict[Attribute, Pending] = {}
        self.activating: list[Callable[[Attribute], None]] = []
        self.activated: list[Callable[[Attribute], None]] = []
        objects = device.cosem.objects
        for key in list(objects.keys()):
            if any(True for _ in copies(key)):
                objects.activation_times.add(key)
                objects.written[key] = lambda value, key=key: self.time_written(key, value)  # type: ignore[misc]

    @rule("R-FUT-003", "R-FUT-004", "R-FUT-006")
    def time_written(self, key: Attribute, value: Data) -> None:
        """Act on an activation time: now, never, or at an instant; what waited for this item no longer does."""
        self.pending.pop(key, None)
        when = parse_date_time(value.value)
        if when == "now":
            self.activate(key)
        elif isinstance(when, datetime):
            exchange = self._device.exchange
            assert exchange is not None
            command = exchange.command
            self.pending[key] = waiting = Pending(when, command.message_code, command.counter, command.originator)
            self._device.at(when, lambda: self.fall_due(key, waiting))

    @rule("R-FUT-007", "R-FUT-012", "R-FUT-013", "R-FUT-017")
    def fall_due(self, key: Attribute, waiting: Pending) -> None:
        """Activate an item whose time has come, and report it."""
        if self.pending.get(key) is not waiting:
            return
        del self.pending[key]
        self.activate(key)
        self.report(key, waiting)

    @rule("R-TAR-006", "R-FUT-007")
    def activate(self, key: Attribute) -> None:
        """Make the passive values of an item the active ones."""
        objects = self._device.cosem.objects
        for listener in self.activating:
            listener(key)
        for passive, active in copies(key):
            value = objects.read(passive)
            if value is not None:
                objects.put(active, value)
        for listener in self.activated:
            listener(key)

    @rule("R-FUT-008", "R-FUT-009", "R-FUT-012", "R-FUT-013", "R-EVT-020")
    def report(self, key: Attribute, waiting: Pending, code: int = ACTIVATED) -> None:
        """Log an activation and alert the supplier: command and item in 19 octets."""
        device = self._device
        device.logs.add(device.logs.event, code)
        class_id, name, index = key
        item = waiting.message_code.to_bytes(2) + waiting.counter.to_bytes(8) + class_id.to_bytes(2) + name
        device.alert(code, Role.SUPPLIER, [octets(item + bytes((index,)))], ALERT, at=waiting.at)

    @rule("R-CRD-056")
    def forget(self, originator: Eui64) -> None:
        """Withdraw what a party's commands left waiting."""
        self.pending = {key: one for key, one in self.pending.items() if one.originator != originator}
