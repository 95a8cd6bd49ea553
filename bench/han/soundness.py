"""Whether a ZCL payload is surely whole, told without making values of it: for readers of many frames."""

import re

from bench.han import tables, zcl
from bench.han.errors import HanError
from bench.han.layout import Field
from bench.han.smart_energy import DIVISOR, MULTIPLIER, UNIT_OF_MEASURE, Scales, describe
from bench.han.tunnelling import CLUSTER as TUNNELLING
from bench.han.tunnelling import parse_tunnelling
from bench.han.zcl import ZclFrame
from bench.han.zcl_types import width_of

_UNKNOWN, _STRING, _LONG_STRING = -1, -2, -3
_WIDTHS = [width_of(kind, _UNKNOWN) for kind in range(256)]  #: octets of a value by its ZCL type
_WIDTHS[0x41] = _WIDTHS[0x42] = _STRING
_WIDTHS[0x43] = _WIDTHS[0x44] = _LONG_STRING
VARIABLE = -1
_HEX = re.compile(r"hex(\d+)")
_FIXED = {"utc": 4, "eui": 8, "euibe": 8, "date4": 4, "rest": 0}
_UNIT, _MULTIPLIER, _DIVISOR = (bytes.fromhex(attribute)[::-1] for attribute in (UNIT_OF_MEASURE, MULTIPLIER, DIVISOR))
_READ, _ANSWER = zcl.READ, zcl.READ_RESPONSE
_CARRIERS = frozenset((zcl.READ_RESPONSE, zcl.REPORT, zcl.WRITE, 0x03, 0x05))  #: general commands with values
_needs: dict[int, int] = {}  # by cluster, direction and number of a command


def sound(cluster: int, octets: bytes) -> bool:
    """Whether the dissector finds nothing wrong in a ZCL frame without manufacturer code; when in doubt, False."""
    control, command = octets[0], octets[2]
    if control & 1:
        side = cluster << 16 | (control & 8) << 8 | command
        need = _needs.get(side)
        if need is None:
            need = _needs[side] = needed_by(cluster, command, from_server=bool(control & 8))
        return need != VARIABLE and len(octets) - 3 >= need
    if command == _READ:
        return len(octets) & 1 == 1
    if command in _CARRIERS:
        return _whole(octets, command == _ANSWER)
    if command == zcl.DEFAULT_RESPONSE:
        return len(octets) >= 5
    return not zcl.has_layout(command)


def teaches_scale(octets: bytes) -> bool:
    """Whether a ZCL frame of the metering cluster may hold a meter's unit, multiplier or divisor."""
    return not octets[0] & 1 and octets[2] != _READ and (_UNIT in octets or _MULTIPLIER in octets or _DIVISOR in octets)


def _whole(octets: bytes, answers: bool) -> bool:
    """Whether attribute records fill the payload; arrays and structures are not looked into."""
    at, end = 3, len(octets)
    while at < end:
        at += 2
        if answers:
            if at >= end:
                return False
            at += 1
            if octets[at - 1]:
                continue
        if at >= end:
            return False
        width = _WIDTHS[octets[at]]
        at += 1
        if width < 0:
            size = 1 if width == _STRING else 2
            if width == _UNKNOWN or at + size > end:
                return False
            length = int.from_bytes(octets[at : at + size], "little")
            at += size
            width = 0 if length == (1 << 8 * size) - 1 else length
        at += width
    return at == end


def fault(cluster: int, octets: bytes) -> HanError | None:
    """Return what the dissector finds wrong with a ZCL frame, None for nothing."""
    frame = ZclFrame.parse(octets)
    try:
        if cluster == TUNNELLING:
            parse_tunnelling(frame)
        describe(cluster, frame, {}, Scales())
    except HanError as found:
        return found
    return None


def needed_by(cluster: int, command: int, *, from_server: bool) -> int:
    """Return how many octets of payload a cluster's own command needs, VARIABLE when its content says."""
    known = tables.cluster(cluster)
    found = None if known is None else known.commands.get((from_server, command))
    if found is None or found.fields is None:
        return 0
    sizes = [_size(field) for field in found.fields]
    return VARIABLE if VARIABLE in sizes else sum(sizes)


def _size(field: Field) -> int:
    if field.optional or field.condition or field.members:
        return VARIABLE
    digits = _HEX.fullmatch(field.type)
    return field.size or (int(digits[1]) if digits else _FIXED.get(field.type, VARIABLE))
