"""Attribute values of read responses, writes and reports, one record of every frame at a time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.han.columns.headers import Work
from bench.han.columns.table import Attributes, Columns
from bench.han.columns.views import euis, numbers
from bench.han.errors import HanError
from bench.han.octets import Octets
from bench.han.query_values import ABSENT
from bench.han.zcl import READ_RESPONSE, REPORT, WRITE
from bench.han.zcl_types import read_value

_CARRIERS = (READ_RESPONSE, WRITE, 0x03, 0x05, REPORT)
_ALONE, _STRING, _LONG_STRING = -1, -2, -3
_MOST = 64  #: records of a frame read in bulk

_WIDTHS = np.full(256, _ALONE, np.int16)  #: octets of a value by its type
_WIDTHS[[0x00, 0xFF]] = 0
for _kind in (*range(0x08, 0x10), *range(0x18, 0x30)):
    _WIDTHS[_kind] = (_kind & 7) + 1
for _kind, _width in ((0x10, 1), (0x30, 1), (0x31, 2), (0x38, 2), (0x39, 4), (0x3A, 8), (0xF0, 8), (0xF1, 16)):
    _WIDTHS[_kind] = _width
for _kind, _width in ((0xE0, 4), (0xE1, 4), (0xE2, 4), (0xE8, 2), (0xE9, 2), (0xEA, 4)):
    _WIDTHS[_kind] = _width
_WIDTHS[[0x41, 0x42]] = _STRING
_WIDTHS[[0x43, 0x44]] = _LONG_STRING
_INTEGER = np.zeros(256, bool)
for _kind in (*range(0x08, 0x11), *range(0x18, 0x32), 0xE0, 0xE1, 0xE2, 0xE8, 0xE9, 0xEA):
    _INTEGER[_kind] = True
_SIGNED = np.zeros(256, bool)
_SIGNED[0x28:0x30] = True
Record = tuple[int, int, int, int, int, bool]


def read_attributes(columns: Columns, work: Work) -> Attributes:
    """Return the attribute records of a batch; what is wrong with them goes into the errors of the columns."""
    fields = columns.fields
    carriers = (fields["zcl_type"] == 0) & np.isin(fields["zcl_command"], _CARRIERS)
    if not carriers.any():
        return Attributes.none()
    whole = carriers.copy()
    whole[list(work.asdus)] = False
    octets, starts, lengths = columns.payloads()
    rows = np.flatnonzero(whole)
    header = np.where(fields["manufacturer"][rows] >= 0, 5, 3)
    padded = np.concatenate([octets, np.zeros(16, np.uint8)])
    tables, alone = _bulk(
        padded, rows, starts[rows] + header, starts[rows] + lengths[rows], fields["zcl_command"][rows] == READ_RESPONSE
    )
    records: list[Record] = []
    for row in np.union1d(alone, np.flatnonzero(carriers & ~whole)).tolist():
        content = work.asdus.get(row) or columns.payload(row) or b""
        records += _alone(columns, row, content[5 if fields["manufacturer"][row] >= 0 else 3 :])
    if records:
        tables.append(_table(records))
    found = Attributes.joined((0, table) for table in tables)
    order = np.argsort(found.row, kind="stable")
    return Attributes(*(getattr(found, name)[order] for name in ("row", "id", "status", "type", "value", "known")))


def _bulk(
    octets: NDArray[np.uint8], rows: Any, at: NDArray[np.int64], end: NDArray[np.int64], responses: Any
) -> tuple[list[Attributes], NDArray[Any]]:
    """Read records in bulk; return them, and the rows that must be read one by one."""
    tables: list[Attributes] = []
    given_up = []
    active = np.arange(len(rows))[at < end]
    at = at.copy()
    for _ in range(_MOST):
        if not len(active):
            break
        place, last, response = at[active], end[active], responses[active]
        body = place + 2 + response
        whole = body <= last
        limit = np.minimum(place, len(octets) - 16)
        identifier = numbers(octets, limit, "<u2")
        status = np.where(response, octets[np.minimum(place + 2, len(octets) - 1)], 0)
        valued = status == 0
        kind = octets[np.minimum(body, len(octets) - 1)]
        width = np.where(valued, _WIDTHS[kind], 0).astype(np.int64)
        value_at = body + valued
        size_at = np.minimum(value_at, len(octets) - 16)
        short, long = octets[size_at].astype(np.int64), numbers(octets, size_at, "<u2")
        width = np.where(width == _STRING, np.where(short == 0xFF, 1, 1 + short), width)
        width = np.where(width == _LONG_STRING, np.where(long == 0xFFFF, 2, 2 + long), width)
        after = value_at + np.maximum(width, 0)
        good = whole & (width != _ALONE) & (after <= last)
        given_up.append(active[~good])
        active = active[good]
        tables.append(
            _records(
                octets,
                rows[active],
                identifier[good],
                status[good],
                valued[good],
                kind[good],
                value_at[good],
                width[good],
            )
        )
        at[active] = after[good]
        active = active[after[good] < last[good]]
    given_up.append(active)
    alone = rows[np.concatenate(given_up)]
    if len(alone):
        tables = [_without(table, alone) for table in tables]
    return tables, alone


def _records(
    octets: NDArray[np.uint8], rows: Any, identifier: Any, status: Any, valued: Any, kind: Any, at: Any, width: Any
) -> Attributes:
    known = valued & _INTEGER[kind]
    wide = np.where(known, width, 8)
    raw = euis(octets, np.minimum(at, len(octets) - 8))
    shift = (64 - 8 * wide).astype(np.uint64)
    top = raw << shift
    value = np.where(_SIGNED[kind], top.view(np.int64) >> shift.view(np.int64), (top >> shift).view(np.int64))
    known &= ~((kind == 0x10) & (value == 0xFF))
    return Attributes(
        rows,
        identifier.astype(np.int32),
        status.astype(np.int16),
        np.where(valued, kind.astype(np.int16), np.int16(ABSENT)),
        np.where(known, value, 0),
        known,
    )


def _without(table: Attributes, rows: Any) -> Attributes:
    keep = ~np.isin(table.row, rows)
    return Attributes(*(getattr(table, name)[keep] for name in ("row", "id", "status", "type", "value", "known")))


def _alone(columns: Columns, row: int, content: bytes) -> list[Record]:
    """Read the records of one frame as the dissector does, up to an error."""
    octets = Octets(content, "ZCL payload")
    records: list[Record] = []
    try:
        while len(octets):
            identifier, status = octets.uint(2, "attribute id"), 0
            if columns.fields["zcl_command"][row] == READ_RESPONSE:
                status = octets.uint(1, "status")
            if status:
                records.append((row, identifier, status, ABSENT, 0, False))
                continue
            value = read_value(octets)
            known = bool(_INTEGER[value.type]) and value.value is not None
            number = int(value.value) if known else 0
            records.append(
                (row, identifier, 0, value.type, number - (number >> 63 << 64) if number >= 1 << 63 else number, known)
            )
    except HanError as fault:
        columns.errors.setdefault(row, fault.in_frame(int(columns.fields["frame"][row])))
    return records


def _table(records: list[Record]) -> Attributes:
    kinds = ("i8", "i4", "i2", "i2", "i8", "?")
    return Attributes(*(np.array(column, kind) for column, kind in zip(zip(*records, strict=True), kinds, strict=True)))
