"""A measured curve: what it says of its limits, and what stands on the timeline."""

from datetime import timedelta

from tests.engine.test_mains_and_link import Bench, bench  # noqa: F401 - a fixture

SECOND = timedelta(seconds=1)


def test_limits_of_a_curve(bench: Bench) -> None:  # noqa: F811
    curve = bench.link.curve("falling signal")
    assert curve.works_to() == 0 and curve.lost_at() is None
    shares = [curve.point(db, 4, times, 0) for db, times in [(40, [SECOND] * 4), (50, [SECOND] * 3), (60, [])]]
    assert shares == [1, 0.75, 0]
    assert (curve.works_to(), curve.lost_at()) == (40, 60)
    bench.link.note_limits(works_to=40, lost_at=60)

    *points, limits = [seen.data for seen in bench.timeline.seen]
    assert [one["answered"] for one in points] == [4, 3, 0]
    assert [one["answer_s"] for one in points] == [1, 1, None]
    assert points[1]["text"] == "CHF - ESME at 50 dB, falling signal: 3 of 4 commands answered in 1 s"
    assert limits["text"] == "CHF - ESME: works to 40 dB, lost at 60 dB"
