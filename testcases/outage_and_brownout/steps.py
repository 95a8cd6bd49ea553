"""What several outage tests look at: the times in a restoration alert, the power event log."""

from bench.clock import seconds
from bench.dcc.bodies import ReadEventOrSecurityLog, ReadLogPeriod

RESTORED, RESTORED_LONG, INTERRUPTED = 0x8F35, 0x8F36, 0x8F57
TOLERANCE = seconds(2)


def times_fit(alert, outage, expect):
    """The alert names interruption and restoration as they were, not as it was sent."""
    times = alert.alert_times()
    expect("number of times in the alert", len(times)).equals(3, rule="R-PWR-002")
    expect("interruption in the alert", times[1]).lies_between(
        outage.began - TOLERANCE, outage.began + TOLERANCE, rule="R-PWR-002"
    )
    expect("restoration in the alert", times[2]).lies_between(
        outage.ended - TOLERANCE, outage.ended + TOLERANCE, rule="R-PWR-002"
    )


def power_log(dcc, dut, reader, start, clock):
    """Return the codes in the meter's power event log since an instant."""
    period = ReadLogPeriod(start=start.replace(microsecond=0), end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="PowerEvent"), dut, as_user=reader).log()
    return [entry.code for entry in log]
