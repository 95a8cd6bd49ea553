"""Billing calendar and billing data log of an electricity meter (ECS30, ECS30a, ECS20b, ECS20c, ECS68; rules 8.5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs.axdr import CompactArray, Data, TypeDescription, array, octets, structure, u32
from bench.gbcs.axdr_types import ARRAY, COMPACT_ARRAY, DOUBLE_LONG, DOUBLE_LONG_UNSIGNED, STRUCTURE
from bench.gbcs.crypto import encrypt
from bench.gbcs.dlms import ProtectionParameters, encode, i32, zigbee_utc
from bench.gbcs.trust_anchors import Role
from rigs.virtual.cosem_objects import Attribute, attribute
from rigs.virtual.rules import rule
from rigs.virtual.tariff import BLOCKS, RATES, SWITCHING_TIME, TOU
from rigs.virtual.world import midnight_before

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

CALENDAR = attribute("22:0-0:15.0.0.255:4")
CALENDAR_LOG, CALENDAR_MONEY_LOG = attribute("7:0-0:98.1.0.255:2"), attribute("7:0-0:98.1.1.255:2")
CHANGE_LOG = attribute("7:0-0:98.1.2.255:2")
LOG_UPDATED, LOG_ALERT = 0x8F0A, 0x0061
KEPT = 12
DAY = timedelta(days=1)
FURTHEST = 366  #: days to the next date of any calendar
ANY, ANY_YEAR = 0xFF, 0xFFFF
NUMBER = TypeDescription(DOUBLE_LONG_UNSIGNED)
BY_TIME, BY_RATE = (TypeDescription(ARRAY, (NUMBER,), count) for count in (TOU, RATES))
#: time, import, 48 registers by time, 8 of each block (RTDS ECS68 of a single element meter)
REGISTERS = TypeDescription(STRUCTURE, (NUMBER, NUMBER, BY_TIME, *(BY_RATE,) * BLOCKS))
#: time, balance, emergency credit, accumulated debt, payment debt, two time debts (RTDS ECS20c)
MONEY = TypeDescription(STRUCTURE, (NUMBER, *(TypeDescription(DOUBLE_LONG),) * 6))


@dataclass(frozen=True)
class Snapshot:
    """One entry: registers in Wh, prepayment registers in 1/1000 p."""

    at: datetime
    imported: int
    tou: list[int]
    blocks: list[int]
    money: tuple[int, ...]


class Billing:
    """Ends of billing periods, and what is kept of them."""

    def __init__(self, esme: "Esme") -> None:
        self._esme = esme
        self.by_calendar: list[Snapshot] = []
        self.by_change: list[Snapshot] = []
        self._generation = 0
        objects = esme.cosem.objects
        objects.written[CALENDAR] = lambda dates: self.calendar_changed()
        objects.selected[CALENDAR_LOG] = lambda start, end: registers(self.calendar_entries(start, end))
        objects.selected[CALENDAR_MONEY_LOG] = lambda start, end: money(self.calendar_entries(start, end))
        objects.selected[CHANGE_LOG] = lambda start, end: registers(self.change_entries(start, end))
        esme.activations.activating.append(lambda key: self.tariff_changes(key))  # noqa: PLW0108 - for defects

    # ---- when ----------------------------------------------------------------------------------------------------

    @rule("R-BIL-007", "R-BIL-003")
    def calendar_changed(self) -> None:
        """Another calendar has been set: the billing period ends now, the next one as the calendar says."""
        self.end_period()
        self._plan()

    @rule("R-BIL-001", "R-TIM-001")
    def next_date(self, now: datetime) -> datetime | None:
        """Return when the billing period ends that runs at an instant (UTC), None without a calendar."""
        table = self._esme.cosem.objects.read(CALENDAR)
        entries = [] if table is None else [(row[0].value, row[1].value) for row in table.value]
        midnight = midnight_before(now)
        for number in range(FURTHEST + 1):
            day = midnight + number * DAY
            times = [day + self.time_of_day(at) for at, date in entries if self.is_billing_date(date, day)]
            ahead = [at for at in times if at > now]
            if ahead:
                return min(ahead)
        return None

    @rule("R-BIL-001")
    def is_billing_date(self, date: bytes, day: datetime) -> bool:
        """Whether a day is one of a date of the calendar, of which any part may be any: year, month, day, weekday."""
        wanted = int.from_bytes(date[:2]), *date[2:5]
        parts = (day.year, day.month, day.day, day.isoweekday())
        return all(one in (ANY_YEAR if number == 0 else ANY, parts[number]) for number, one in enumerate(wanted))

    @rule("R-BIL-001", "R-TIM-001")
    def time_of_day(self, at: bytes) -> timedelta:
        """Return a time of the calendar as what has passed since midnight UTC."""
        return timedelta(hours=at[0], minutes=at[1], seconds=at[2])

    def _plan(self) -> None:
        self._generation += 1
        generation = self._generation
        at = self.next_date(self._esme.clock())
        if at is not None:
            self._esme.at(at, lambda: self._fall_due(generation))

    def _fall_due(self, generation: int) -> None:
        if generation == self._generation:
            self.end_period()
            self._plan()

    @rule("R-BIL-004", "R-TAR-007")
    def end_period(self) -> None:
        """Keep a snapshot, tell the supplier, let the block counters begin again."""
        taken = self.snapshot()
        self.keep_by_calendar(taken)
        self.tell(taken)
        self._esme.tariff.reset_blocks()

    # ---- what is kept --------------------------------------------------------------------------------------------

    @rule("R-BIL-004", "R-BIL-005")
    def snapshot(self) -> Snapshot:
        """Return the registers as they are now."""
        esme = self._esme
        account = esme.account
        account.settle()
        tou, blocks = esme.tariff.read()
        owed = (debt.owed for debt in account.time_debts)
        credit = account.balance, account.emergency_left, account.accumulated_debt, account.payment_debt, *owed
        return Snapshot(esme.clock().replace(microsecond=0), int(esme.integrate()), tou, blocks, credit)

    @rule("R-BIL-004", "R-BIL-005")
    def keep_by_calendar(self, taken: Snapshot) -> None:
        """Keep a snapshot of the end of a billing period: twelve of them."""
        self.by_calendar = [*self.by_calendar, taken][-KEPT:]

    @rule("R-BIL-005", "R-BIL-006")
    def keep_by_change(self, taken: Snapshot) -> None:
        """Keep a snapshot of a change of mode, tariff or supplier: twelve of them."""
        self.by_change = [*self.by_change, taken][-KEPT:]

    @rule("R-TAR-006")
    def tariff_changes(self, key: Attribute) -> None:
        """Keep a snapshot before another switching table comes into force."""
        if key == SWITCHING_TIME:
            self.keep_by_change(self.snapshot())

    @rule("R-PPM-003")
    def mode_changes(self) -> None:
        """Keep a snapshot before another payment mode begins."""
        self.keep_by_change(self.snapshot())

    @rule("R-CRD-054")
    def supplier_changed(self) -> None:
        """Keep a snapshot of the moment at which the supplier changed."""
        self.keep_by_change(self.snapshot())

    # ---- who is told ---------------------------------------------------------------------------------------------

    @rule("R-BIL-006", "R-LOG-008")
    def calendar_entries(self, start: datetime, end: datetime) -> list[Snapshot]:
        """Return what the calendar has triggered in a range (ECS20c)."""
        return between(self.by_calendar, start, end)

    @rule("R-BIL-006", "R-LOG-008")
    def change_entries(self, start: datetime, end: datetime) -> list[Snapshot]:
        """Return what changes of mode, tariff and supplier have triggered in a range (ECS20b)."""
        return between(self.by_change, start, end)

    @rule("R-BIL-004", "R-ALT-019")
    def tell(self, entry: Snapshot) -> None:
        """Send the newest entry to the supplier, encrypted and signed (8F0A, ECS68)."""
        esme = self._esme
        supplier = esme.anchors.subject(Role.SUPPLIER)
        key = None if supplier is None else esme.agreement_public_key(supplier)
        if supplier is None or key is None:
            return
        counter = esme.next_own_counter()
        plain = encode(structure([registers([entry])]))
        ciphered = encrypt(plain, esme.secret(key), esme.eui, counter, supplier)
        protection = array([ProtectionParameters(esme.eui, supplier, counter).to_data()])
        payload = esme.alert_payload(LOG_UPDATED, entry.at, [protection, octets(ciphered)], counter)
        esme.send_alert(counter, supplier, LOG_ALERT, payload)


def registers(entries: list[Snapshot]) -> Data:
    """Return entries with their registers."""
    return _compact(
        REGISTERS,
        [
            [u32(zigbee_utc(one.at)), u32(one.imported), _numbers(one.tou)]
            + [_numbers(one.blocks[first : first + RATES]) for first in range(0, len(one.blocks), RATES)]
            for one in entries
        ],
    )


def money(entries: list[Snapshot]) -> Data:
    """Return entries with their prepayment registers."""
    return _compact(MONEY, [[u32(zigbee_utc(one.at)), *map(i32, one.money)] for one in entries])


def _compact(kind: TypeDescription, rows: list[list[Data]]) -> Data:
    return Data(COMPACT_ARRAY, CompactArray(kind, [structure(row) for row in rows]))


def _numbers(values: list[int]) -> Data:
    return array([u32(one) for one in values])


def between(entries: list[Snapshot], start: datetime, end: datetime) -> list[Snapshot]:
    """Return the entries of a log from one instant to another, both included."""
    return [one for one in entries if start <= one.at <= end]
