"""The gas proxy's copy of the gas meter: attributes, half hours and days as they were pushed (device rules 9.3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bench.gbcs.times import from_zigbee_utc
from bench.gbcs.zcl_payload import decode_attribute
from bench.gbcs.zcl_values import read_string
from rigs.virtual.gas_measurement import DAY, KEPT
from rigs.virtual.gbz_device import METERING
from rigs.virtual.half_hours import HALF_HOUR, half_hours_between
from rigs.virtual.rules import rule
from rigs.virtual.world import midnight_before
from rigs.virtual.zcl_objects import Record

COMMAND_OF_FLAGS = 0x09  #: MirrorReportAttributeResponse
SCHEME_B = 2
NEW_FIRMWARE, TUNNEL_PENDING, GET_SAMPLED_DATA = 1 << 0, 1 << 21, 1 << 23
STRINGS = (0x41, 0x42)
SUMMATION = (METERING, 0x0000)
DAYS_KEPT = timedelta(days=732)  #: 731 whole days

Key = tuple[int, int]


def flags_payload(functional: int) -> bytes:
    """Return the payload of a MirrorReportAttributeResponse of notification scheme B."""
    return bytes((SCHEME_B,)) + functional.to_bytes(4, "little") + bytes(16)


def flags_of(payload: bytes) -> int:
    """Return the functional notification flags of a MirrorReportAttributeResponse."""
    return int.from_bytes(payload[1:5], "little")


def records(cluster: int, payload: bytes) -> dict[Key, Record]:
    """Return the attributes of a report."""
    found, at = {}, 0
    while at + 3 <= len(payload):
        attribute, kind = int.from_bytes(payload[at : at + 2], "little"), payload[at + 2]
        start = at + 3
        read = read_string(payload, start, "value") if kind in STRINGS else decode_attribute(kind, payload, start)
        at = read[1]
        found[cluster, attribute] = kind, payload[start:at]
    return found


@dataclass
class GasMirror:
    """Attributes as pushed, register at the end of each half hour (litres), and when the meter was last heard."""

    now: Callable[[], datetime]
    attributes: dict[Key, Record] = field(default_factory=dict)
    totals: dict[datetime, int] = field(default_factory=dict)
    heard: datetime | None = None
    missing: bool = False  #: whether half hours are to be asked for
    past: Callable[[datetime], int] | None = None  #: register at the end of a half hour before `first`
    first: datetime | None = None  #: the oldest half hour in `totals`

    @rule("R-GPF-001", "R-GPF-002", "R-GPF-013")
    def take_report(self, cluster: int, payload: bytes) -> None:
        """Take over what the meter has pushed."""
        pushed = records(cluster, payload)
        self.attributes |= pushed
        self.heard = self.now()
        if SUMMATION in pushed:
            self.note_total(int.from_bytes(pushed[SUMMATION][1], "little"))

    @rule("R-GPF-002", "R-GPF-003")
    def note_total(self, litres: int) -> None:
        """Note the register of the half hour that has just ended; a hole before it is to be filled."""
        now = self.now()
        end = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
        self.missing = bool(self.totals) and end - HALF_HOUR not in self.totals and end - DAY < max(self.totals) < end
        self.totals[end] = litres

    @rule("R-GPF-002")
    def fill(self, start: int, samples: list[int]) -> None:
        """Fill holes from half hours the meter has sent, going back from a register that is known."""
        ends = [from_zigbee_utc(start) + HALF_HOUR * number for number in range(len(samples))]
        for end, litres in list(zip(ends, samples, strict=True))[::-1]:
            if end in self.totals:
                self.totals.setdefault(end - HALF_HOUR, self.totals[end] - litres)
        self.missing = False

    def total(self, end: datetime) -> int | None:
        """Return the register at the end of a half hour, None where it is not known."""
        if self.past is not None and self.first is not None and end < self.first:
            return self.past(end)
        return self.totals.get(end)

    def end_of(self, start: datetime, count: int) -> datetime:
        """Return an instant by which so many half hours have ended: of the past, which has no gaps, no later one."""
        enough = start + count * HALF_HOUR
        return enough if self.first is not None and enough < self.first else self.now()

    @rule("R-LOG-001", "R-LOG-008")
    def half_hours_kept_from(self) -> datetime:
        """Return from when on half hours are kept."""
        return self.now() - KEPT

    @rule("R-LOG-007", "R-LOG-008")
    def days_kept_from(self) -> datetime:
        """Return from when on days are kept: two years of them."""
        return self.now() - DAYS_KEPT

    @rule("R-GPF-002", "R-LOG-003")
    def half_hours(self, start: datetime, end: datetime) -> list[tuple[datetime, int]]:
        """Return half hours that end between two instants: end (UTC), litres."""
        ends = half_hours_between(max(start, self.half_hours_kept_from()), min(end, max(self.totals, default=end)))
        found = [(at, self.total(at), self.total(at - HALF_HOUR)) for at in ends]
        return [(at, after - before) for at, after, before in found if after is not None and before is not None]

    @rule("R-GPF-003", "R-LOG-007", "R-TIM-001")
    def days(self, start: datetime, end: datetime) -> list[tuple[datetime, int]]:
        """Return the consumption of whole UTC days that begin between two instants: midnight, litres."""
        first = max(start, self.days_kept_from())
        at = midnight_before(first)
        at += DAY * (at < first)
        found = []
        while at <= end:
            before, after = self.total(at), self.total(at + DAY)
            if before is not None and after is not None:
                found.append((at, after - before))
            at += DAY
        return found

    @property
    def age(self) -> timedelta | None:
        """How old the copy is."""
        return None if self.heard is None else self.now() - self.heard
