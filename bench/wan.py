"""The WAN between communications hub and DCC as a test acts on it: cut, held up, slow, or with messages sent twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from bench.capabilities import Attenuator, Impairment, WanPath
from bench.clock import Clock
from bench.errors import NotRun
from bench.link import Link
from bench.mains import Interruption
from bench.rigfile import SafetyTable
from bench.timeline import Timeline
from bench.units import format_duration, parse_duration


class Wan:
    """One hub's WAN: an attenuator in its antenna path, a network path that can be impaired, or both."""

    def __init__(
        self,
        attenuator: Attenuator | None,
        path: WanPath | None,
        timeline: Timeline,
        clock: Clock,
        safety: SafetyTable,
        rest_db: float,
    ) -> None:
        self._link = Link("WAN - CHF", attenuator, timeline, safety, rest_db) if attenuator is not None else None
        self._path, self._timeline, self._clock = path, timeline, clock
        self._impairment = Impairment()

    def settle(self) -> None:
        """Make the WAN whole."""
        if self._link is not None:
            self._link.settle()
        if self._path is not None:
            self._impair(Impairment(), "whole")

    @contextmanager
    def down(self) -> Iterator[None]:
        """Cut the WAN for the length of a block."""
        self._cut(True)
        try:
            yield
        finally:
            self._cut(False)

    def cut(self, duration: timedelta | str, start: datetime | None = None) -> Interruption:
        """Cut the WAN for `duration` (at `start` if given); return when that was."""
        if start is not None:
            self._clock.sleep_until(start)
        began = self._clock.now()
        with self.down():
            self._clock.sleep_until(began + parse_duration(duration))
        return Interruption(began, self._clock.now())

    def delay(self, length: timedelta | str) -> None:
        """Hold up what is sent from now on, both ways; what is under way keeps its time, so it can be overtaken."""
        wanted = parse_duration(length)
        self._impair(replace(self._impairment, delay=wanted), f"delay {format_duration(wanted)}")

    def duplicate(self, share: float = 1.0) -> None:
        """Send this share of what is sent from now on a second time."""
        self._impair(replace(self._impairment, duplicate=share), f"duplicate {share:.0%}")

    def throttle(self, bits_per_second: int | None) -> None:
        """Slow the WAN to a rate, None for as fast as it is."""
        words = "as fast as it is" if bits_per_second is None else f"{bits_per_second} bit/s"
        self._impair(replace(self._impairment, rate=bits_per_second), words)

    def _cut(self, cut: bool) -> None:
        if self._link is None:
            self._impair(replace(self._impairment, cut=cut), "cut" if cut else "not cut any more")
        elif cut:
            self._link.black_out()
        else:
            self._link.settle()

    def _impair(self, impairment: Impairment, words: str) -> None:
        if self._path is None:
            raise NotRun(f"the rig has no {WanPath.__name__} (role 'wan')")
        self._timeline.record("wan", "stimulus", {"text": f"wan: {words}"})
        self._path.impair(impairment)
        self._impairment = impairment
