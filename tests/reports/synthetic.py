"""A small run folder as a real run leaves it: every verdict, one test that the run died in, hostile strings."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.observation import Observation
from bench.recorder import Recorder
from bench.runrecord import RunRecord, TestResult
from bench.verdict import Verdict

START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> & \x1b[31m ]]> 'q'"
)
REASON = """R-FUT-015: a future-dated change that fell into an outage is executed at power on (GBCS use case CS02b)
  expected  alert 8F66 from ESME 00-DB-12-34-56-78-90-A0 to the CoS party within 5 min of 10:03:00
  seen      10:03:20 the meter answered CS02a with the losing supplier's certificate (timeline 4)
  evidence  20261120-100000-7f3a/COS-001/"""

Write = Callable[..., None]


class Log:
    """Writes one test's log; entries are numbered through the run."""

    def __init__(self, recorder: Recorder, folder: Path, number: int) -> None:
        recorder.open(folder / "timeline.jsonl")
        self.recorder, self.number = recorder, number
        (folder / "mains.csv").write_text("time,voltage_v,current_a,power_w,frequency_hz\n")

    def write(self, second: float, point: str, kind: str, text: str | None, raw: bytes = b"", **data: Any) -> None:
        """Record an observation so many seconds after the start."""
        said = data if text is None else {**data, "text": text}
        self.recorder.write(Observation(self.number, START + timedelta(seconds=second), point, kind, said, raw))
        self.number += 1

    def volts(self, second: float, volts: float) -> None:
        """Record a reading of the mains."""
        power = {"current": 1.0, "power": volts, "frequency": 50.0}
        self.write(second, "mains", "voltage", f"mains {volts:.1f} V", voltage=volts, **power)


def write_failing(log: Log) -> None:
    """A change of supplier across an outage, with every observation point."""
    write = log.write
    write(0, "bench", "step", "given a joined meter")
    write(
        1,
        "dcc",
        "request",
        "6.23 to ESME",
        variant="6.23",
        user="90-B3-D5-1F-30-01-00-00",
        request_id="90:00:1",
        counter=2**64 - 1,
    )
    write(1.4, "dcc", "acknowledgement", "accepted", code="I99")
    write(2, "dcc", "response", "CS02b accepted, future dated", b"\x3d" * 40, code="I0")
    write(
        2.5,
        "han",
        "frame",
        "GSME power up",
        src="CHF",
        dst="ESME",
        channel=11,
        rssi=-60,
        lqi=200,
        decrypted=True,
        what="zcl",
    )
    for second in range(3, 120, 5):
        log.volts(second, 230.0 + second % 3 / 10)
        write(
            second + 0.2,
            "han",
            "frame",
            "link status",
            src="CHF",
            dst="all",
            channel=11,
            rssi=-60,
            lqi=200,
            decrypted=None,
        )
        if second % 4 == 0:
            write(
                second + 0.6,
                "han",
                "frame",
                "tunnel data",
                src="ESME",
                dst="CHF",
                channel=11,
                rssi=-70,
                lqi=180,
                decrypted=True,
            )
    write(30, "link", "stimulus", "link: attenuate by 20 dB", attenuation=20)
    write(60, "link", "stimulus", "link: attenuate by 0 dB", attenuation=0)
    write(
        40,
        "han",
        "frame",
        "no key for this frame",
        src="?",
        dst="ESME",
        channel=11,
        rssi=-80,
        lqi=90,
        decrypted="no network key",
    )
    write(
        41,
        "han",
        "frame",
        "FCS is wrong",
        src=None,
        dst=None,
        channel=11,
        rssi=-90,
        lqi=20,
        error="FCS 1234, expected 4321",
    )
    write(
        42,
        "han",
        "frame",
        "CS02b complete",
        b"\xdf\x09" * 60,
        src="CHF",
        dst="ESME",
        channel=11,
        rssi=-60,
        lqi=200,
        use_case="CS02b",
        message_code=0x0109,
        cra=1,
    )
    write(120, "mains", "stimulus", "mains: open the feed for 1 min", output=False, duration_s=60)
    for second in range(121, 180, 2):
        log.volts(second, 0.4)
    write(180, "mains", "stimulus", "mains: close the feed", output=True)
    log.volts(181, 230.1)
    write(183, "dcc", "dcc-alert", "AD1 power outage", code="AD1")
    write(184, "dcc", "alert", "8F35 power restored", code="8F35")
    write(190, "mains", "stimulus", "mains: dip to 40%", program=[[92, 5], [0, 2], [230, 0.2]])
    for step, volts in enumerate((92, 92, 92, 0, 0, 230, 230.2, 230)):
        log.volts(190.5 + step, volts)
    write(200, "local", "delivery", "pre-command to the meter by hand")
    write(200.3, "local", "response", "accepted by the meter")
    write(201, "operator", "answer", "display shows Err 3")
    write(202, "teapot", "brewing", None, colour="green")
    write(203, "bench", "check", "supply is enabled", holds=True, value="enabled")
    write(204, "bench", "check", "trust anchor is the gaining supplier's", holds=False, value="losing")
    write(204, "bench", "verdict", REASON, verdict="fail")


def write_hostile(log: Log) -> None:
    """Strings as an unfriendly device would send them, and values that JSON in a browser does not like."""
    log.write(
        0, "han", "frame", HOSTILE, src=HOSTILE, dst="<b>ESME</b>", channel=11, rssi=float("nan"), lqi=0, nothing=None
    )
    log.write(1, "</script>", HOSTILE, HOSTILE, **{HOSTILE: [HOSTILE]})
    log.write(2, "mains", "voltage", None, voltage="<i>high</i>")
    log.write(3, "mains", "stimulus", "mains: strange", program=[["a", 1], 2], output="maybe")
    log.write(4, "mains", "stimulus", "mains: far", program=[[230, 1e300]])


def write_passing(log: Log) -> None:
    """Nothing remarkable."""
    log.write(0, "bench", "step", "read the registers")
    log.write(1, "bench", "verdict", "", verdict="pass")


def write_run(folder: Path) -> Path:
    """Write a run folder and return it."""
    recorder = Recorder()
    number = 1
    plans: list[tuple[TestResult, Callable[[Log], None] | None]] = [
        (
            TestResult(
                "PWR-001",
                "Registers are read after a power cycle",
                Verdict.PASS,
                "",
                ["R-PWR-001"],
                ["IN.01"],
                ["ECS17b"],
                0.31,
                61,
            ),
            write_passing,
        ),
        (
            TestResult(
                "COS-001",
                "A future-dated change of supplier survives an outage",
                Verdict.FAIL,
                REASON,
                ["R-FUT-015", "R-CRD-041"],
                ["IN.02"],
                ["CS02b"],
                1.25,
                204.5,
            ),
            write_failing,
        ),
        (
            TestResult(
                "COS-002",
                "A change of supplier is refused",
                Verdict.INCONCLUSIVE,
                "the meter never joined",
                ["R-CRD-001"],
            ),
            write_passing,
        ),
        (
            TestResult(
                "COS-003",
                f"Hostile {HOSTILE}",
                Verdict.ERROR,
                f"instrument ac: silent {HOSTILE}",
                [HOSTILE],
                [HOSTILE],
                [HOSTILE],
            ),
            write_hostile,
        ),
        (TestResult("GAS-001", "Gas valve", Verdict.NOT_APPLICABLE, "the PICS has no GSME"), None),
        (TestResult("HAN-001", "Attenuation", Verdict.NOT_RUN, "the rig has no attenuator", ["R-HAN-001"]), None),
        (TestResult("HAN-002", "The test the run died in"), write_passing),
        (TestResult("HAN-003", "A test after that"), None),
    ]
    for result, write in plans:
        if write is None:
            continue
        path = folder / result.id
        path.mkdir(parents=True)
        log = Log(recorder, path, number)
        write(log)
        number = log.number
        if result.id != "HAN-002":
            result.evidence = result.id
    recorder.close()
    cut = folder / "HAN-002" / "timeline.jsonl"
    cut.write_bytes(cut.read_bytes()[:-80])
    (folder / "COS-003-traceback.txt").write_text("Traceback\n")
    (folder / "COS-001" / "han.pcapng").write_bytes(b"\x0a\x0d\x0d\x0a")
    tests = [result for result, _ in plans]
    RunRecord("20261120-100000-7f3a", "virtual", 1, START, ["esme-forgets-future-dated"], tests, recorder.head).save(
        folder
    )
    return folder
