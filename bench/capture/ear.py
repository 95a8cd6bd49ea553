"""One sniffer within the capture process: its clock, its sequence numbers, and what it lost."""

import contextlib
import json
import threading
import time
from collections.abc import Callable

from bench.capture.clock_fit import ClockFit
from bench.capture.sniffer import Heard, Sniffer
from bench.capture.stamps import StampConvention
from bench.errors import BenchError, InstrumentError

RETRY_S = 1.0

#: time (us since 1970; None: the bench stamps it), frame
Timed = tuple[int | None, Heard]


class Ear:
    """Reads one sniffer. `now` is our clock in microseconds since 1970, None when the bench keeps time itself."""

    def __init__(self, sniffer: Sniffer, now: Callable[[], int] | None) -> None:
        self.sniffer, self._now = sniffer, now
        self.quoted = json.dumps(sniffer.name)
        self.sequence = 0  #: of what was published, losses included
        self.alive = True
        self.seen_us: int | None = None if now is None else now()  #: when it was last known to be there
        self.heard_us = self.seen_us  #: when the latest frame came
        self.silent = False  #: whether it has been told that nothing is heard
        self.convention = StampConvention(sniffer.stamps)
        self._fit = ClockFit()
        self._lost = sniffer.lost
        self._back = threading.Event()
        self._reopening: threading.Thread | None = None

    @property
    def name(self) -> str:
        """The instrument's name."""
        return self.sniffer.name

    def read(self) -> list[Timed]:
        """Return what has come, stamped. Raises InstrumentError when the sniffer is gone."""
        chunk = self.sniffer.read()
        arrival = self._now() if self._now else None
        if not chunk:
            return []
        self.seen_us = arrival
        convention = self.convention
        frames = [convention.end_of_frame(heard) for heard in self.sniffer.parse(chunk)]
        if frames:
            self.heard_us = arrival
        return [(self._time(heard, arrival), heard) for heard in frames]

    def quiet_s(self) -> float | None:
        """Return the seconds without a frame when they are as many as count as silence, else None."""
        if self._now is None or self.heard_us is None or not self.alive or self.sniffer.ended:
            return None
        quiet = (self._now() - self.heard_us) / 1e6
        return quiet if quiet >= self.sniffer.silent_after else None

    def _time(self, heard: Heard, arrival: int | None) -> int | None:
        if self.sniffer.own_time and heard.device_us is not None:
            return heard.device_us
        if arrival is None or heard.device_us is None:
            return arrival
        return self._fit.feed(heard.device_us, arrival)

    def has_learnt(self) -> bool:
        """Whether it is known now, and was not before, which end of a frame the sniffer's times are of."""
        if self.convention.kind == self.sniffer.stamps:
            return False
        self.sniffer.stamps = self.convention.kind
        return True

    def new_losses(self) -> int:
        """Return how many frames the sniffer has lost since the last call."""
        lost, self._lost = self.sniffer.lost - self._lost, self.sniffer.lost
        return lost

    def look(self) -> None:
        """See that the sniffer is still there. Raises InstrumentError."""
        self.sniffer.present()
        self.seen_us = self._now() if self._now else None

    def lose_it(self, stop: threading.Event) -> None:
        """Let go of a sniffer that is gone, and begin to look for it."""
        self.alive = False
        self._back.clear()
        self._reopening = threading.Thread(target=self._reopen, args=(stop,), name=f"{self.name} again", daemon=True)
        self._reopening.start()

    def _reopen(self, stop: threading.Event) -> None:
        with contextlib.suppress(Exception):
            self.sniffer.close()
        while self.sniffer.returns and not stop.wait(RETRY_S):
            try:
                self.sniffer.open()
                self.sniffer.begin()
            except BenchError:
                with contextlib.suppress(Exception):
                    self.sniffer.close()
                continue
            self._back.set()
            return

    def came_back(self) -> bool:
        """Whether a sniffer that was gone is there again, and is read from now on."""
        if self.alive or not self._back.is_set():
            return False
        self.alive = True
        self._fit = ClockFit()
        self._lost = self.sniffer.lost
        self.seen_us = self.heard_us = self._now() if self._now else None
        self.silent = False
        return True

    def close(self) -> None:
        """Close the sniffer; never raises."""
        if self._reopening is not None:
            self._reopening.join(RETRY_S)
        with contextlib.suppress(Exception):
            self.sniffer.close()


def open_all(sniffers: list[Sniffer]) -> None:
    """Open sniffers at the same time. Raises the InstrumentError of the first in the list that did not open."""
    problems: dict[str, BenchError] = {}

    def open_one(sniffer: Sniffer) -> None:
        try:
            sniffer.open()
        except BenchError as problem:
            problems[sniffer.name] = problem
        except Exception as problem:  # a driver's bug is told like any other trouble
            what = f"its driver broke ({type(problem).__name__}: {problem})"
            problems[sniffer.name] = InstrumentError(sniffer.name, what)

    threads = [threading.Thread(target=open_one, args=(sniffer,)) for sniffer in sniffers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for sniffer in sniffers:
        if sniffer.name in problems:
            raise problems[sniffer.name]


def our_clock(offset_us: int) -> Callable[[], int]:
    """Return a clock: the machine's monotonic one plus an offset, in microseconds since 1970."""

    def now() -> int:
        return time.monotonic_ns() // 1000 + offset_us

    return now
