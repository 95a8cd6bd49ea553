"""What a payload may depend on, and how the sources and conditions of the catalogue are read off a request.

A source is a path of DUIS names (``PriceElements/StandingCharge``) or one of the words below, with an @ in front.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from bench.dcc.bodies import ReadLogPeriod, UpdateDeviceConfigurationVoltage
from bench.dcc.errors import DuisError
from bench.dcc.record import CANCEL
from bench.dcc.request import ServiceRequest
from bench.gbcs import dlms
from bench.gbcs.eui import Eui64

Moment = datetime | Literal["now", "never", "end"]  #: "end" is the end of time: without limit
ZIGBEE_NOW, ZIGBEE_END, ZIGBEE_NEVER = 0, 0xFFFFFFFE, 0xFFFFFFFF


class Device(StrEnum):
    """Type of a device: of a target, or (IHD, CAD) of what a target is joined with."""

    ESME = "ESME"
    GSME = "GSME"
    CHF = "CHF"
    GPF = "GPF"
    PPMID = "PPMID"
    HCALCS = "HCALCS"
    SAPC = "SAPC"
    IHD = "IHD"
    CAD = "CAD"


@dataclass(frozen=True, slots=True)
class Context:
    """What a payload may depend on."""

    request: ServiceRequest
    device: Device
    counter: int  #: originator counter of the message
    at: datetime | None = None  #: when the message is made, for GBZ issuer event identifiers
    meter: frozenset[str] = frozenset()  #: what kind of meter it is: "polyphase", "twin"
    user_role: str = "Supplier"  #: role of the user, "Supplier" or "NetworkOperator"
    other: Device | None = None  #: type of the other device of a join
    other_certificate: bytes | None = None  #: its key-agreement certificate, DER
    cin: str | None = None  #: customer identification number the DCC made up
    facts: Mapping[str, Any] = field(default_factory=dict)  #: further things only the DCC knows

    @property
    def body(self) -> Any:
        """The typed body of the request."""
        return self.request.body

    @property
    def user(self) -> Eui64:
        """Who asked."""
        return self.request.request_id.originator

    @property
    def issued(self) -> int:
        """ZigBee UTC of the message. Raises DuisError if the caller gave no time."""
        if self.at is None:
            raise DuisError("at: this use case names the time it was issued")
        return dlms.zigbee_utc(self.at)

    @property
    def execution(self) -> Moment:
        """When the device shall act."""
        at: datetime | None = self.body.execute_at
        return "now" if at is None else "never" if at == CANCEL else at

    @property
    def period(self) -> ReadLogPeriod:
        """The log period of the request."""
        period: ReadLogPeriod = self.body.period
        return period


def zigbee_moment(moment: Moment) -> int:
    """ZigBee UTC of a moment. A date-time of the year 3000 stands for the end of time."""
    if isinstance(moment, str):
        return {"now": ZIGBEE_NOW, "end": ZIGBEE_END, "never": ZIGBEE_NEVER}[moment]
    return ZIGBEE_END if moment >= CANCEL else dlms.zigbee_utc(moment)


def _samples(context: Context, seconds: str) -> int:
    """Samples from start to end, both included."""
    period = context.period
    return int((period.end - period.start).total_seconds()) // int(seconds) + 1


def _count(context: Context, path: str) -> int:
    found = find(context, path)
    return 0 if found is None else len(found)


def _phase(context: Context, text: str) -> Any:
    body: UpdateDeviceConfigurationVoltage = context.body
    number, name = text.split()
    return body.of_phase(int(number)).find(name)


def _cin(context: Context, _: str) -> str:
    if context.cin is None:
        raise DuisError("cin: the DCC makes up the customer identification number, it is not in the request")
    return context.cin


def _prepayment_configuration(context: Context, _: str) -> int:
    """Payment Control Configuration by (suspend in emergency, suspend when disabled) (GBCS 7.4)."""
    mode = context.body.prepayment
    table = {(True, True): 0x0497, (True, False): 0x0097, (False, True): 0x0C97, (False, False): 0x0897}
    return table[mode.suspend_debt_emergency, mode.suspend_debt_disabled]


#: gas billing periodicity -> duration and duration type (21 days, 22 weeks, 23 months)
_BILLING = {
    "Daily": (1, 0x21),
    "Weekly": (1, 0x22),
    "Monthly": (1, 0x23),
    "Quarterly": (3, 0x23),
    "SixMonthly": (6, 0x23),
    "Yearly": (12, 0x23),
}

_WORDS: dict[str, Callable[[Context, str], Any]] = {
    "@issued": lambda context, _: context.issued,
    "@execution": lambda context, _: context.execution,
    "@calendar_start": lambda context, _: "end" if context.execution == "never" else context.execution,
    "@start": lambda context, _: context.period.start,
    "@end": lambda context, _: context.period.end,
    "@samples": _samples,
    "@count": _count,
    "@phase": _phase,
    "@cin": _cin,
    "@adjust": lambda context, _: context.body.change.adjust,
    "@user": lambda context, _: context.user_role,
    "@other": lambda context, _: None if context.other is None else str(context.other),
    "@prepayment_configuration": _prepayment_configuration,
    "@billing_duration": lambda context, _: _BILLING[context.body.gas.periodicity][0],
    "@billing_duration_type": lambda context, _: _BILLING[context.body.gas.periodicity][1],
}


def find(context: Context, source: str) -> Any:
    """The value of a source; None where the request does not say it."""
    if source.startswith("@"):
        word, _, rest = source.partition(" ")
        return _WORDS[word](context, rest)
    value: Any = context.body
    for step in source.split("/"):
        value = None if value is None else value.find(step)
    return value


def holds(context: Context, condition: str) -> bool:
    """Whether a condition of the catalogue holds: ``Name`` present, ``!Name`` absent, ``Name=word`` that or among."""
    if condition.startswith("!"):
        return not holds(context, condition[1:])
    source, equals, word = condition.partition("=")
    value = find(context, source)
    if equals:
        return word in value if isinstance(value, tuple) else str(value) == word
    return value is not None and value is not False and value != ()


def scaled(value: Decimal, times: int, source: str) -> int:
    """A decimal as a whole number of its smallest unit. Raises DuisError if it has more digits than the field."""
    whole = value * times
    if whole != int(whole):
        raise DuisError(f"{source}: {value} has more decimals than the message can carry")
    return int(whole)


def split_object(name: str) -> tuple[int, bytes, int]:
    """Class, logical name and index of ``class:A-B:C.D.E.F:index``."""
    class_id, medium, groups, index = name.split(":")
    numbers = [*map(int, medium.split("-")), *map(int, groups.split("."))]
    return int(class_id), bytes(numbers), int(index)
