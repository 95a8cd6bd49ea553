"""The daily read logs of an electricity meter: registers, and in prepayment money, at midnight UTC (ECS21a, ECS21b)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rigs.virtual.account import Mode
from rigs.virtual.billing import Snapshot, between, money, registers
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.rules import rule
from rigs.virtual.world import midnight_before

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

DAILY_LOG, PREPAYMENT_LOG = attribute("7:0-0:98.1.9.255:2"), attribute("7:0-0:98.1.8.255:2")
DAY = timedelta(days=1)
KEPT = 31


class DailyLog:
    """Both logs. A meter was there before its world began: its older readings follow from its half hours."""

    def __init__(self, esme: "Esme") -> None:
        self._esme = esme
        self.readings = self._past()
        self.money: list[Snapshot] = []
        selected = esme.cosem.objects.selected
        selected[DAILY_LOG] = lambda start, end: registers(between(self.readings, start, end))
        selected[PREPAYMENT_LOG] = lambda start, end: money(between(self.money, start, end))
        self._plan()

    def _past(self) -> list[Snapshot]:
        now, at = self._esme.billing.snapshot(), midnight_before(self._esme.clock())
        used = sum(wh for _, wh in self._esme.profile(at + timedelta(seconds=1), now.at))
        found: list[Snapshot] = []
        while len(found) < KEPT:
            tou = [now.tou[0] - used, *now.tou[1:]]
            found.insert(0, replace(now, at=at, imported=now.imported - used, tou=tou))
            used += sum(wh for _, wh in self._esme.profile(at - DAY + timedelta(seconds=1), at))
            at -= DAY
        return found

    def _plan(self) -> None:
        at = midnight_before(self._esme.clock()) + DAY
        self._esme.at(at, lambda: self._midnight(at))

    def _midnight(self, at: datetime) -> None:
        reading = replace(self._esme.billing.snapshot(), at=at)
        self.take(reading)
        self.take_money(reading)
        self._esme.export.keep(at, self._esme.export.register())
        self._plan()

    @rule("R-LOG-005", "R-TIM-001")
    def take(self, reading: Snapshot) -> None:
        """Keep a reading of midnight: 31 of them."""
        self.readings = [*(one for one in self.readings if one.at != reading.at), reading][-KEPT:]

    @rule("R-LOG-006", "R-TIM-001")
    def take_money(self, reading: Snapshot) -> None:
        """Keep the prepayment registers of midnight, in prepayment mode alone."""
        if self._esme.account.mode is Mode.PREPAYMENT:
            self.money = [*(one for one in self.money if one.at != reading.at), reading][-KEPT:]
