"""Body of 6.22: how events of a meter are told and logged; and 6.28. Children are named after event codes."""
# ruff: noqa: RUF009, D102 - fields are made by functions; an element is described by its DUIS name

import re
from dataclasses import dataclass
from typing import Self

from lxml import etree

from bench.dcc.bodies.common import Body
from bench.dcc.document import add, children, local, new, text_of
from bench.dcc.errors import DuisError
from bench.dcc.record import Record, choice, maybe, one

_SWITCH = choice("Enable", "Disable")
_CODE = re.compile(r"x[0-9A-F]{4}")


def _code(element: etree._Element) -> int:
    name = local(element)
    if _CODE.fullmatch(name) is None:
        raise DuisError(f"{name[:60]}: expected an event code such as x810D")
    return int(name[1:], 16)


@dataclass(frozen=True, kw_only=True, slots=True)
class EventSwitches(Record):
    """Event code -> on (True) or off; a code left out stays as it is."""

    events: tuple[tuple[int, bool], ...]

    def to_element(self, name: str | None = None) -> etree._Element:
        element = new(name or self.name())
        for code, on in self.events:
            add(element, f"x{code:04X}", "Enable" if on else "Disable")
        return element

    @classmethod
    def from_element(cls, element: etree._Element) -> Self:
        events = []
        for child in children(element):
            try:
                events.append((_code(child), _SWITCH.read(text_of(child)) == "Enable"))
            except ValueError as problem:
                raise DuisError(f"{local(child)}: {problem}") from None
        return cls(events=tuple(events))


@dataclass(frozen=True, kw_only=True, slots=True)
class ElectricitySwitches(Record):
    """Events every electricity meter knows, and those of polyphase and twin element meters (TwinElement unverified)."""

    supplier: EventSwitches | None = maybe("SupplierESMECommon", EventSwitches)
    supplier_polyphase: EventSwitches | None = maybe("SupplierESMEPolyPhase", EventSwitches)
    operator: EventSwitches | None = maybe("NetworkOperatorESMECommon", EventSwitches)
    operator_polyphase: EventSwitches | None = maybe("NetworkOperatorESMEPolyPhase", EventSwitches)

    @property
    def events(self) -> dict[int, bool]:
        """Event code -> on or off."""
        parts = (self.supplier, self.supplier_polyphase, self.operator, self.operator_polyphase)
        return {code: on for part in parts if part is not None for code, on in part.events}


@dataclass(frozen=True, kw_only=True, slots=True)
class GasBehaviour(Record):
    """What a gas meter does with one event."""

    wan_alert: str = one("WANAlert", _SWITCH)
    han_alert: str = one("HANAlert", _SWITCH)
    event_log: str = one("EventLog", _SWITCH)
    alarm: str = one("Alarm", _SWITCH)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasBehaviours(Record):
    """Event code -> what a gas meter does with it."""

    events: tuple[tuple[int, GasBehaviour], ...]

    def to_element(self, name: str | None = None) -> etree._Element:
        element = new(name or self.name())
        for code, behaviour in self.events:
            element.append(behaviour.to_element(f"x{code:04X}"))
        return element

    @classmethod
    def from_element(cls, element: etree._Element) -> Self:
        return cls(events=tuple((_code(child), GasBehaviour.from_element(child)) for child in children(element)))


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigureAlertBehaviour(Body):
    """6.22: one of the settings of an electricity meter, or those of a gas meter."""

    supplier_alerts: ElectricitySwitches | None = maybe("ElectricitySupplierAlerts", ElectricitySwitches)
    supplier_han_alerts: ElectricitySwitches | None = maybe("ElectricitySupplierHANAlertSettings", ElectricitySwitches)
    supplier_alarms: ElectricitySwitches | None = maybe("ElectricitySupplierAlarmSettings", ElectricitySwitches)
    supplier_logging: ElectricitySwitches | None = maybe("ElectricitySupplierLoggingSettings", ElectricitySwitches)
    operator_alerts: ElectricitySwitches | None = maybe("ElectricityNetworkOperatorAlerts", ElectricitySwitches)
    operator_logging: ElectricitySwitches | None = maybe(
        "ElectricityNetworkOperatorLoggingSettings", ElectricitySwitches
    )
    gas: GasBehaviours | None = maybe("GasSupplierAlertEventSettings", GasBehaviours)
    one_of = (
        ("supplier_alerts", "supplier_han_alerts", "supplier_alarms", "supplier_logging", "operator_alerts",
         "operator_logging", "gas"),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class SetCHFSubGHzConfiguration(Body):
    """6.28. No sample and no list of its elements: (name, text) as they come, unverified."""

    settings: tuple[tuple[str, str], ...] = ()

    def to_element(self, name: str | None = None) -> etree._Element:
        element = new(name or self.name())
        for child, text in self.settings:
            add(element, child, text)
        return element

    @classmethod
    def from_element(cls, element: etree._Element) -> Self:
        return cls(settings=tuple((local(child), text_of(child)) for child in children(element)))
