"""A street of light homes behind the same DCC: each a hub that reports an outage and a meter that reports its end."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bench.gbcs import Cra, Eui64, Message
from bench.gbcs.crypto import sign
from bench.gbcs.dlms import DataNotification, date_time, octets, structure, u16
from bench.pki import TestSmki
from rigs.virtual.esme import BOOT, LONG_OUTAGE, OUTAGE_ALERT, SUPPLY_RESTORED, SUPPLY_RESTORED_LONG
from rigs.virtual.hub import LAST_GASP
from rigs.virtual.world import World

HOMES = 999
FIRST_HUB, FIRST_METER = Eui64.of("00-15-5F-02-00-00-00-00"), Eui64.of("00-15-5F-03-00-00-00-00")
FIRST_MPAN = 1_300_000_000_000
REPORT_SPREAD, RESTORATION_SPREAD = 20, 60  #: s, over which hubs and meters of a street spread their messages


class Street:
    """The homes. `outage(hub, started, mpan)` and `alert(octets)` take what they send."""

    def __init__(
        self,
        world: World,
        smki: TestSmki,
        outage: Callable[[Eui64, datetime, str], None],
        alert: Callable[[bytes], None],
    ) -> None:
        self._world, self._smki, self._outage, self._alert = world, smki, outage, alert
        self._counters = [0] * HOMES

    def cut(self, duration: timedelta, dark: Sequence[int], waves: Sequence[timedelta]) -> None:
        """Cut the supply of every home now and return it in waves; some stay dark."""
        began = self._world.now
        for home in range(HOMES):
            restored = None if home in dark else began + duration + waves[home % len(waves)]
            self._lose_supply(home, began, restored)

    def _lose_supply(self, home: int, began: datetime, restored: datetime | None) -> None:
        if restored is None or restored - began >= LAST_GASP:
            wait = LAST_GASP + self._spread(REPORT_SPREAD)
            hub = Eui64(_plus(FIRST_HUB, home))
            self._world.after(wait, lambda: self._outage(hub, began, str(FIRST_MPAN + home)))
        if restored is not None:
            wait = restored - began + BOOT + self._spread(RESTORATION_SPREAD)
            self._world.after(wait, lambda: self._report(home, began, restored))

    def _spread(self, limit: int) -> timedelta:
        return timedelta(seconds=self._world.rng.randrange(limit))

    def _report(self, home: int, began: datetime, restored: datetime) -> None:
        self._counters[home] = counter = self._counters[home] + 1
        meter = Eui64(_plus(FIRST_METER, home))
        code = SUPPLY_RESTORED_LONG if restored - began >= LONG_OUTAGE else SUPPLY_RESTORED
        times = (self._world.now, began, restored)
        members = [u16(code), *(octets(date_time(time)) for time in times)]
        payload = bytes(DataNotification(0x20000000 | counter, structure(members)))
        operator = self._smki.identities.network_operator
        alert = Message(Cra.ALERT, counter, meter, operator, OUTAGE_ALERT, payload)
        self._alert(bytes(sign(alert, self._smki.device(meter).private_keys["ds"])))


def _plus(first: Eui64, number: int) -> bytes:
    return (int.from_bytes(first) + number).to_bytes(8)
