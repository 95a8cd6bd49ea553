"""The other homes of a street as a test sees them: cut off together, counted by their alerts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from bench.capabilities import Street
from bench.dcc_point import stands_for
from bench.gbcs import Eui64
from bench.timeline import Timeline
from bench.units import format_duration, parse_duration

RESTORATIONS = ("8F35", "8F36")


class StreetPoint:
    """Homes behind the DCC beside the one on the rig. Nothing they do or leave is a verdict on a device."""

    def __init__(self, street: Street, timeline: Timeline) -> None:
        self._street, self._timeline = street, timeline
        self.homes = street.homes()

    def cut(
        self, duration: timedelta | str, *, dark: Sequence[int] = (), waves: Sequence[timedelta | str] = ("0 s",)
    ) -> None:
        """Cut the supply of every home now; it returns after `duration`, each wave later by its delay.

        Home n is in wave n modulo their number; those in `dark` stay without supply.
        """
        length = parse_duration(duration)
        text = f"street: {self.homes.count} homes without supply for {format_duration(length)}, {len(dark)} stay dark"
        self._timeline.record("street", "stimulus", {"text": text, "dark": list(dark)})
        self._street.cut(length, dark, [parse_duration(wave) for wave in waves])

    def outages(self) -> Counter[int]:
        """Return how often each home's hub has reported an outage (AD1)."""
        hubs = (
            seen.data["details"]["comms_hub"]
            for seen in self._timeline.seen
            if seen.kind == "dcc-alert" and seen.data.get("alert") == "AD1"
        )
        return self._count((hub, 1) for hub in hubs)

    def restorations(self) -> Counter[int]:
        """Return how often each home's meter has reported the end of one."""
        return self._count(
            (seen.data["originator"], stands_for(seen))
            for seen in self._timeline.seen
            if seen.kind == "alert" and seen.data.get("alert_code") in RESTORATIONS
        )

    def dark(self) -> list[int]:
        """Return the homes whose hub reported an outage and whose meter has not reported its end."""
        return sorted(self.outages().keys() - self.restorations().keys())

    def _count(self, seen: Iterable[tuple[str, int]]) -> Counter[int]:
        counted: Counter[int] = Counter()
        for eui, count in seen:
            home = self.homes.number_of(Eui64.of(eui))
            if home is not None:
                counted[home] += count
        return counted
