"""Curves of a radio link: what share of commands is answered at which attenuation, for who reads more than verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

from bench.timeline import Timeline


@dataclass(frozen=True)
class Axes:
    """What a curve shows against what, with units, where that is not commands answered against attenuation."""

    x: str
    y: str


@dataclass
class Curve:
    """Points measured on one link in one direction, in the order in which they were measured.

    Each point is an observation `measurement` on the timeline: attenuation (dB), commands tried and answered, median
    time to the answer (s), MAC retries seen on air. Reports draw them, and put them into `curves.csv` of the run.
    """

    timeline: Timeline
    link: str
    direction: str
    success: dict[float, float] = field(default_factory=dict)
    axes: Axes | None = None

    def point(self, attenuation: float, tried: int, times: Sequence[timedelta], retries: int) -> float:
        """Add a point: `times` to each answer; returns the share that was answered."""
        share = self.success[attenuation] = len(times) / tried
        answer = round(median(one.total_seconds() for one in times), 3) if times else None
        text = f"{self.link} at {attenuation:g} dB, {self.direction}: {len(times)} of {tried} commands answered"
        if answer is not None:
            text += f" in {answer:g} s"
        data = {"link": self.link, "direction": self.direction, "attenuation": attenuation, "tried": tried}
        data |= {"answered": len(times), "answer_s": answer, "retries": retries, "text": text}
        self.timeline.record("link", "measurement", data)
        return share

    def plain(self, x: float, y: float) -> None:
        """Add a point of a curve with axes of its own."""
        assert self.axes is not None, "a curve of commands answered takes points"
        text = f"{self.link}, {self.direction}: {y:.3g} {self.axes.y} at {x:g} {self.axes.x}"
        data = {"link": self.link, "direction": self.direction, "x": x, "y": y, "text": text}
        self.timeline.record("link", "measurement", data | {"x_axis": self.axes.x, "y_axis": self.axes.y})

    def limits(self, **limits: float) -> None:
        """Put limits in the unit of the y axis on the timeline (name -> value), for the report to draw."""
        words = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in limits.items())
        self.timeline.record("link", "limits", {"link": self.link, "limits": limits, "text": f"{self.link}: {words}"})

    def works_to(self) -> float:
        """Return the highest attenuation (dB) at which every command was answered, 0 if there is none."""
        return max((db for db, share in self.success.items() if share == 1), default=0.0)

    def lost_at(self) -> float | None:
        """Return the lowest attenuation (dB) at which no command was answered, None if there is none."""
        return min((db for db, share in self.success.items() if share == 0), default=None)


def note_limits(timeline: Timeline, link: str, **limits: float) -> None:
    """Put limits of a link on the timeline (name -> dB), for the report to draw."""
    words = ", ".join(f"{name.replace('_', ' ')} {db:g} dB" for name, db in limits.items())
    timeline.record("link", "limits", {"link": link, "limits": limits, "text": f"{link}: {words}"})
