"""Entries of an electricity meter's billing data log, as answers and alert show them (ECS20b, ECS20c, ECS68)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bench.gbcs.axdr import CompactArray, Data
from bench.gbcs.times import from_zigbee_utc

BLOCKS = 4  #: the last columns of an entry: the rates of each block


class BillingEntry(NamedTuple):
    """Registers of one moment, Wh: all import, 48 by time, and 8 rates of each of 4 blocks."""

    time: datetime
    imported: int
    by_time: list[int]
    by_block: list[list[int]]


class PrepaymentRegisters(NamedTuple):
    """Prepayment registers, 1/1000 p."""

    balance: int
    emergency_credit: int
    accumulated_debt: int
    payment_debt: int
    time_debt_1: int
    time_debt_2: int


class BillingMoney(NamedTuple):
    """Prepayment registers of one moment."""

    time: datetime
    registers: PrepaymentRegisters


def billing_entries(log: Data) -> list[BillingEntry]:
    """Return the entries of a log. Those of twin element meters hold more, which is passed over.

    A single element has time, import, registers by time and four blocks; a twin element reactive import after import
    and the registers of the second element after those by time (RTDS ECS68, ECS20c).
    """
    found = []
    for row in _rows(log):
        columns = [one.value for one in row.value]
        lists = [[one.value for one in column] for column in columns if isinstance(column, list)]
        found.append(BillingEntry(from_zigbee_utc(columns[0]), columns[1], lists[0], lists[-BLOCKS:]))
    return found


def billing_money(log: Data) -> list[BillingMoney]:
    """Return the entries of a log of prepayment registers."""
    return [BillingMoney(from_zigbee_utc(row[0].value), prepayment_registers(row.value[1:])) for row in _rows(log)]


def prepayment_registers(values: Sequence[Data]) -> PrepaymentRegisters:
    """Return prepayment registers from their values, in their order (ECS19, ECS20c)."""
    return PrepaymentRegisters(*(one.value for one in values))


def _rows(log: Data) -> list[Data]:
    return log.value.rows if isinstance(log.value, CompactArray) else []
