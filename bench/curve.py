"""Curves of a radio link: what share of commands is answered at which attenuation, for who reads more than verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

from bench.timeline import Timeline


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
