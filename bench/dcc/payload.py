"""Building blocks of GBCS payloads: small expressions that a table of use cases is written in.

An object is named as in COSEM papers: ``class:A-B:C.D.E.F:attribute-or-method``, e.g. ``70:0-0:96.3.10.255:3``.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bench.dcc.bodies import ReadLogPeriod
from bench.dcc.errors import DuisError
from bench.dcc.request import ServiceRequest
from bench.gbcs import dlms
from bench.gbcs.dlms import AccessRequest, Data, ProtectedObject, ProtectionParameters, Spec
from bench.gbcs.eui import Eui64
from bench.gbcs.gbz import LAST, Gbz, GbzComponent


class Device(StrEnum):
    """Type of the target device."""

    ESME = "ESME"
    GSME = "GSME"
    CHF = "CHF"
    GPF = "GPF"
    PPMID = "PPMID"
    HCALCS = "HCALCS"
    SAPC = "SAPC"


@dataclass(frozen=True, slots=True)
class Context:
    """What a payload may depend on."""

    request: ServiceRequest
    device: Device
    counter: int  #: originator counter of the message
    at: datetime | None  #: when the message is made, for GBZ issuer event identifiers

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


Payload = Callable[[Context], bytes]
Value = Data | Callable[[Context], Data]
Item = Callable[[Context], tuple[Spec, Data]]
Component = Callable[[Context, int], GbzComponent]
Octets = bytes | Callable[[Context], bytes]
Period = Callable[[Context], ReadLogPeriod]


def split_object(name: str) -> tuple[int, bytes, int]:
    """Class, logical name and index of ``class:A-B:C.D.E.F:index``."""
    class_id, medium, groups, index = name.split(":")
    numbers = [*map(int, medium.split("-")), *map(int, groups.split("."))]
    return int(class_id), bytes(numbers), int(index)


def dlms_request(*items: Item) -> Payload:
    """A DLMS access request, its invoke-id from the message's counter."""

    def build(context: Context) -> bytes:
        pairs = [item(context) for item in items]
        specs, data = [spec for spec, _ in pairs], [value for _, value in pairs]
        return bytes(AccessRequest(dlms.long_invoke_id(context.counter), specs, data))

    return build


def get(name: str) -> Item:
    """Read an attribute."""
    spec = Spec(dlms.GET, *split_object(name))
    return lambda context: (spec, dlms.null())


def put(name: str, value: Value) -> Item:
    """Write an attribute."""
    spec = Spec(dlms.SET, *split_object(name))
    return lambda context: (spec, value(context) if callable(value) else value)


def act(name: str, value: Value) -> Item:
    """Invoke a method."""
    spec = Spec(dlms.ACTION, *split_object(name))
    return lambda context: (spec, value(context) if callable(value) else value)


_CAPTURE_TIME = dlms.structure((dlms.u16(1), dlms.octets(bytes.fromhex("00005E2C64FF")), dlms.i8(2), dlms.u16(0)))


def log_period(context: Context) -> ReadLogPeriod:
    """The ReadLogPeriod of the body."""
    period: ReadLogPeriod = context.body.period
    return period


def get_between(name: str, period: Period = log_period) -> Item:
    """Read the rows of a profile between two instants (selection by range on the capture time)."""
    class_id, obis, index = split_object(name)

    def build(context: Context) -> tuple[Spec, Data]:
        limits = period(context)
        start, end = dlms.u32(dlms.zigbee_utc(limits.start)), dlms.u32(dlms.zigbee_utc(limits.end))
        selector = dlms.structure((_CAPTURE_TIME, start, end, dlms.array(())))
        return Spec(dlms.GET_WITH_SELECTION, class_id, obis, index, selector), dlms.null()

    return build


def protected(name: str, *objects: str, period: Period | None = None) -> Item:
    """Read attributes under encryption through a data protection object; of profiles, the rows of a period."""
    spec = Spec(dlms.ACTION, *split_object(name))
    wanted = [split_object(each) for each in objects]

    def build(context: Context) -> tuple[Spec, Data]:
        between = None
        if period is not None:
            limits = period(context)
            between = dlms.date_time(limits.start), dlms.date_time(limits.end)
        listed = [ProtectedObject(*each, between=between) for each in wanted]
        parameters = ProtectionParameters(context.user, context.request.request_id.target, context.counter)
        return spec, dlms.protected_request(listed, parameters)

    return build


def gbz(*components: Component) -> Payload:
    """A GBZ payload; transaction sequence numbers count from 0."""

    def build(context: Context) -> bytes:
        listed = [component(context, number) for number, component in enumerate(components)]
        listed[-1] = replace(listed[-1], control=listed[-1].control | LAST)
        return bytes(Gbz(components=listed))

    return build


def _frame(frame_control: int, cluster: int, command: int, payload: Octets) -> Component:
    def build(context: Context, number: int) -> GbzComponent:
        octets = payload(context) if callable(payload) else payload
        return GbzComponent(0, cluster, frame_control, number, command, octets)

    return build


def to_server(cluster: int, command: int, payload: Octets = b"") -> Component:
    """A cluster command from client to server."""
    return _frame(0x01, cluster, command, payload)


def to_client(cluster: int, command: int, payload: Octets = b"") -> Component:
    """A cluster command from server to client."""
    return _frame(0x09, cluster, command, payload)


def read_attributes(cluster: int, *attributes: int) -> Component:
    """A general read attributes command."""
    return _frame(0x00, cluster, 0x00, struct.pack(f"<{len(attributes)}H", *attributes))


def zcl(layout: str, *values: int | Callable[[Context], int]) -> Callable[[Context], bytes]:
    """ZCL fields, little-endian, in `struct` letters: B u8, H u16, I u32."""
    return lambda context: struct.pack(
        f"<{layout}", *(value(context) if callable(value) else value for value in values)
    )


def zcl_string(text: str) -> bytes:
    """ZCL character string: a length octet and ASCII."""
    octets = text.encode("ascii", "replace")
    return bytes((len(octets),)) + octets


def issued(context: Context) -> int:
    """ZigBee UTC of the message, as an issuer event identifier."""
    return context.issued
