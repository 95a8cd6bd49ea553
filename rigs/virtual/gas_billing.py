"""The billing calendar of a gas meter: its periods, readings at their ends, and the alert (GCS25, GCS25a, GCS53)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bench.gbcs.axdr import octets
from bench.gbcs.crypto import encrypt
from bench.gbcs.gbz import ENCRYPTED, LAST, GbzComponent
from bench.gbcs.times import from_zigbee_utc
from bench.gbcs.trust_anchors import Role
from rigs.virtual.gas_snapshots import PUBLISH_SNAPSHOT, Reading
from rigs.virtual.gbz_device import METERING, PRICE, made, values
from rigs.virtual.rules import rule
from rigs.virtual.zcl_objects import NOT_FOUND, SUCCESS, Answer

if TYPE_CHECKING:
    from rigs.virtual.gsme import Gsme

PUBLISH_PERIOD, GET_PERIOD = 0x09, 0x0B
LOG_UPDATED, LOG_ALERT = 0x8F0A, 0x008B
DAYS, WEEKS = 1, 2  #: low four bits of a duration type; 3 is months
FROM_SERVER = 0x19  #: frame control: cluster command of a server that wants no default response
YEAR = 12


class GasBilling:
    """Ends of billing periods; readings are kept by `rigs.virtual.gas_snapshots`."""

    def __init__(self, gsme: "Gsme") -> None:
        self._gsme = gsme
        self.calendar: dict[str, Any] | None = None
        self._generation = 0
        commands = gsme.zcl.objects.commands
        commands[PRICE, False, PUBLISH_PERIOD] = lambda component: self.set_calendar(component)  # noqa: PLW0108
        commands[PRICE, True, GET_PERIOD] = lambda component: self.show_calendar()

    @rule("R-BIL-003", "R-BIL-007")
    def set_calendar(self, component: GbzComponent) -> Answer:
        """Take another calendar over: the billing period ends now, the next one as the calendar says."""
        self.calendar = values(component)
        self.end_period()
        self._plan()
        return SUCCESS

    def show_calendar(self) -> Answer:
        """Return the calendar that is in force (GCS21d, GCS21k)."""
        if self.calendar is None:
            return NOT_FOUND
        return [(PUBLISH_PERIOD, made(PRICE, False, PUBLISH_PERIOD, self.calendar))]

    @rule("R-BIL-001", "R-TIM-001")
    def next_date(self, now: datetime) -> datetime | None:
        """Return when the billing period ends that runs at an instant (UTC), None without a calendar."""
        if self.calendar is None:
            return None
        start, number = from_zigbee_utc(self.calendar["start"]), 0
        while self.boundary(start, number) <= now:
            number += 1
        return self.boundary(start, number)

    @rule("R-BIL-001")
    def boundary(self, start: datetime, number: int) -> datetime:
        """Return when a period begins, counted from the first: so many days, weeks or months after the start."""
        assert self.calendar is not None
        count = number * self.calendar["duration"]
        unit = self.calendar["durationType"] & 0x0F
        if unit in (DAYS, WEEKS):
            return start + timedelta(days=count * (7 if unit == WEEKS else 1))
        years, month = divmod(start.month - 1 + count, YEAR)
        return start.replace(year=start.year + years, month=month + 1)

    def _plan(self) -> None:
        self._generation += 1
        generation = self._generation
        at = self.next_date(self._gsme.clock())
        if at is not None:
            self._gsme.at(at, lambda: self._fall_due(generation))

    def _fall_due(self, generation: int) -> None:
        if generation == self._generation:
            self.end_period()
            self._plan()

    @rule("R-BIL-004", "R-BIL-005")
    def end_period(self) -> None:
        """Keep a reading and tell the supplier."""
        snapshots = self._gsme.objects.snapshots
        snapshots.take_billing("period")
        self.tell(snapshots.billing[-1])

    @rule("R-BIL-004", "R-ALT-019", "R-GPF-012")
    def tell(self, reading: Reading) -> None:
        """Send the newest reading to the supplier, encrypted and signed (8F0A, GCS53)."""
        gsme = self._gsme
        supplier = gsme.anchors.subject(Role.SUPPLIER)
        key = None if supplier is None else gsme.agreement_public_key(supplier)
        if supplier is None or key is None:
            return
        counter = gsme.next_own_counter()
        plain = made(METERING, False, PUBLISH_SNAPSHOT, gsme.objects.snapshots.published(0, 1, reading))
        ciphered = encrypt(plain, gsme.secret(key), gsme.eui, counter, supplier)
        told = GbzComponent(LAST | ENCRYPTED, METERING, FROM_SERVER, 0, PUBLISH_SNAPSHOT, ciphered)
        payload = gsme.alert_payload(LOG_UPDATED, reading.at, [octets(bytes(told))], counter)
        gsme.send_alert(counter, supplier, LOG_ALERT, payload)
