"""What the DCC held back is blocked: inconclusive, never a failure of the device; what came stands for the rest."""

from datetime import timedelta
from pathlib import Path

import pytest

from bench.capabilities import StreetOfHomes
from bench.clock import Clock, seconds
from bench.dcc_point import device_alert, stands_for
from bench.errors import Blocked, Failure
from bench.gbcs import Eui64
from bench.parties import Device
from bench.recorder import Recorder
from bench.street import StreetPoint
from bench.timeline import Timeline
from bench.verdict import Verdict, verdict_of
from tests.engine.times import TestTime

METER = Device("meter", "ESME", Eui64.of("00-DB-12-34-56-78-90-A0"))
OTHER = Device("other", "ESME", Eui64.of("00-DB-12-34-56-78-90-A1"))


@pytest.fixture
def timeline(tmp_path: Path) -> Timeline:
    recorder = Recorder()
    recorder.open(tmp_path / "timeline.jsonl")
    timeline = Timeline(Clock(TestTime()), recorder)
    timeline.begin("R-SEC-021", "runs/x/")
    return timeline


def alert(timeline: Timeline, code: str, eui: Eui64 = METER.eui, throttled: int | None = None) -> None:
    data = {"alert_code": code, "originator": str(eui), "to": "supplier A", "text": f"alert {code}"}
    timeline.record("dcc", "alert", data | ({} if throttled is None else {"throttled": throttled}))


def test_missing_after_throttling_is_blocked(timeline: Timeline) -> None:
    alert(timeline, "8F3E", throttled=10)
    after = timeline.record("local", "delivery", {"text": "one more"})
    with pytest.raises(
        Blocked, match=r"blocked: alert 8F3E from ESME .* may have been held back: .*alert 8F3E"
    ) as caught:
        timeline.expect(device_alert(METER, 0x8F3E), within=seconds(5), after=after)
    assert verdict_of(caught.value) is Verdict.INCONCLUSIVE


def test_throttling_of_something_else_excuses_nothing(timeline: Timeline) -> None:
    alert(timeline, "8F3E")
    alert(timeline, "8F1E", throttled=10)
    alert(timeline, "8F3E", OTHER.eui, throttled=10)
    after = timeline.record("local", "delivery", {"text": "one more"})
    with pytest.raises(Failure):
        timeline.expect(device_alert(METER, 0x8F3E), within=seconds(5), after=after)


def test_what_an_alert_stands_for(timeline: Timeline) -> None:
    alert(timeline, "8F3E")
    alert(timeline, "8F3E", throttled=10)
    assert [stands_for(seen) for seen in timeline.find(device_alert(METER, 0x8F3E))] == [1, 10]


class FourHomes:
    """A street."""

    def homes(self) -> StreetOfHomes:
        return StreetOfHomes(4, Eui64.of("00-00-00-00-00-00-02-00"), Eui64.of("00-00-00-00-00-00-03-00"))

    def cut(self, duration: timedelta, dark: object, waves: object) -> None:
        self.told = (duration, dark, waves)


def test_the_street_counts_both_reports_and_finds_dark_homes(timeline: Timeline) -> None:
    street = StreetPoint(FourHomes(), timeline)
    for home in (0, 1, 1, 3):
        details = {"comms_hub": str(Eui64((0x200 + home).to_bytes(8)))}
        timeline.record("dcc", "dcc-alert", {"alert": "AD1", "details": details})
    timeline.record("dcc", "dcc-alert", {"alert": "AD1", "details": {"comms_hub": str(METER.eui)}})
    alert(timeline, "8F36", Eui64((0x301).to_bytes(8)))
    alert(timeline, "8F35", Eui64((0x302).to_bytes(8)), throttled=3)
    alert(timeline, "8F36")
    assert street.outages() == {0: 1, 1: 2, 3: 1}
    assert street.restorations() == {1: 1, 2: 3}
    assert street.dark() == [0, 3]
