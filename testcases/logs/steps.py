"""Steps with the meter's clock, for logs of days and seasons that nobody can wait for."""

from datetime import timedelta

from bench.dcc.bodies import SynchroniseClock
from bench.expecting import precondition


def set_clock(dcc, dut, supplier, wan_time, clock, to):
    """Let the WAN and the meter believe that it is another time; returns how far that is ahead of true time."""
    ahead = (to - clock.now()) // timedelta(seconds=1) * timedelta(seconds=1)
    wan_time.set_ahead(ahead)
    told = (clock.now() + ahead).replace(microsecond=0)
    results = dcc.ask(SynchroniseClock(current=told, tolerance=600), dut, as_user=supplier).results
    precondition(not any(results), "the meter takes the hub's time")
    return ahead
