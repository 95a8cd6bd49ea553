"""Readings a gas meter keeps: daily, at billing events, prepayment registers (device rules 8.2, 9.3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bench.gbcs.gbz import GbzComponent
from bench.gbcs.times import zigbee_utc
from rigs.virtual.account import Mode
from rigs.virtual.gbz_device import METERING, PREPAYMENT, made, values
from rigs.virtual.rules import rule
from rigs.virtual.zcl_objects import NOT_FOUND, Answer

if TYPE_CHECKING:
    from rigs.virtual.gsme import Gsme

GET_SNAPSHOT, PUBLISH_SNAPSHOT = 0x06, 0x06
GET_PREPAY_SNAPSHOT, PUBLISH_PREPAY_SNAPSHOT = 0x07, 0x01
GENERAL, END_OF_PERIOD, CHANGE_OF_TARIFF, CHANGE_OF_SUPPLIER, CHANGE_OF_MODE = 1, 2, 8, 1 << 13, 1 << 14
CAUSES = {"period": END_OF_PERIOD, "tariff": CHANGE_OF_TARIFF, "supplier": CHANGE_OF_SUPPLIER, "mode": CHANGE_OF_MODE}
TIERS = 4
TIERS_AND_BLOCKS, IN_USE = 6, 0x14  #: as the reference data has them
BILLING_KEPT = 12


@dataclass(frozen=True)
class Reading:
    """One reading: when and why, register in litres, prepayment registers in 1/1000 p."""

    at: datetime
    cause: int
    litres: int
    money: tuple[int, int, int, int, int, int]  #: accumulated debt, three debts, emergency credit, balance


class GasSnapshots:
    """The readings, as they are asked for."""

    def __init__(self, gsme: "Gsme") -> None:
        self._gsme = gsme
        self.billing: list[Reading] = []
        self.prepayment_days: list[Reading] = []
        commands = gsme.zcl.objects.commands
        commands[METERING, True, GET_SNAPSHOT] = lambda component: self.snapshot(component)  # noqa: PLW0108
        commands[PREPAYMENT, True, GET_PREPAY_SNAPSHOT] = lambda component: self.prepay_snapshot(component)  # noqa: PLW0108

    def reading(self, cause: int) -> Reading:
        """Return the registers as they are."""
        gsme, account = self._gsme, self._gsme.account
        gsme.gas.settle()
        account.settle()
        debts = [debt.owed for debt in account.time_debts]
        money = account.accumulated_debt, debts[0], debts[1], account.payment_debt, account.emergency_left
        return Reading(gsme.clock(), cause, round(gsme.gas.litres), (*money, account.balance))

    @rule("R-GPF-007", "R-PPM-003", "R-BIL-004", "R-BIL-005")
    def take_billing(self, cause: str) -> None:
        """Keep a reading for the billing data log; twelve are kept."""
        self.billing = [*self.billing, self.reading(CAUSES[cause])][-BILLING_KEPT:]

    @rule("R-GPF-006")
    def take_daily(self) -> None:
        """Keep the prepayment registers of midnight, in prepayment mode only."""
        if self._gsme.account.mode is Mode.PREPAYMENT:
            self.prepayment_days.append(self.reading(GENERAL))

    @rule("R-GPF-004", "R-GPF-005", "R-RSP-015")
    def snapshot(self, component: GbzComponent) -> Answer:
        """Return one reading of the register by its place (GCS15b, GCS15c, GCS16a)."""
        found = _asked([*self._daily(), *self.billing], values(component))
        if isinstance(found, int):
            return found
        fields = self.published(*found)
        return [(PUBLISH_SNAPSHOT, made(METERING, False, PUBLISH_SNAPSHOT, fields))]

    def published(self, number: int, count: int, one: Reading) -> dict[str, Any]:
        """Return the fields of a reading of the register: its place among how many, its time and cause, litres."""
        return _head(number, count, one) | {
            "payloadType": TIERS_AND_BLOCKS, "summation": one.litres, "nTiers": TIERS,
            "tiers": [{"tier": one.litres}] + [{"tier": 0}] * (TIERS - 1),
            "tiersAndBlocksInUse": IN_USE, "blocks": [{"block": one.litres}] + [{"block": 0}] * (TIERS - 1),
        }  # fmt: skip

    def _daily(self) -> list[Reading]:
        gas = self._gsme.gas
        gas.settle()
        start = min(gas.totals)
        return [Reading(at, GENERAL, litres, (0,) * 6) for at, litres in gas.daily_reads(start, self._gsme.clock())]

    @rule("R-GPF-006", "R-RSP-015")
    def prepay_snapshot(self, component: GbzComponent) -> Answer:
        """Return one reading of the prepayment registers by its place (GCS15b, GCS15c, GCS16b)."""
        found = _asked([*self.prepayment_days, *self.billing], values(component))
        if isinstance(found, int):
            return found
        number, count, one = found
        names = ("accDebt", "type1Debt", "type2Debt", "type3Debt", "ecRemaining", "creditRemaining")
        fields = _head(number, count, one) | {"payloadType": 0} | dict(zip(names, one.money, strict=True))
        return [(PUBLISH_PREPAY_SNAPSHOT, made(PREPAYMENT, False, PUBLISH_PREPAY_SNAPSHOT, fields))]


def _asked(readings: list[Reading], asked: dict[str, Any]) -> int | tuple[int, int, Reading]:
    fitting = [
        one
        for one in sorted(readings, key=lambda one: one.at)
        if asked["earliest"] <= zigbee_utc(one.at) <= asked["latest"] and one.cause & asked["cause"]
    ]
    number = asked["offset"]
    return (number, len(fitting), fitting[number]) if number < len(fitting) else NOT_FOUND


def _head(number: int, count: int, one: Reading) -> dict[str, Any]:
    return {
        "snapshotId": number,
        "time": zigbee_utc(one.at),
        "found": count,
        "cmdIndex": 0,
        "nCommands": 1,
        "cause": one.cause,
    }
