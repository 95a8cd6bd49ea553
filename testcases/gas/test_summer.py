"""In summer the gas meter's day is still that of UTC: when the clocks in the kitchen say midnight, it is 23:00."""

from datetime import timedelta

from bench.clock import minutes
from bench.dcc.bodies import ReadLogPeriod, RetrieveImportDailyReadLog, SynchroniseClock
from bench.testcase import testcase
from testcases.logs.test_summer import midnight_in_july

NOT_FOUND = 0x8B
HOUR = timedelta(hours=1)


@testcase(
    "LOG-176",
    "In July the gas meter's reading of a day is taken at midnight UTC and not at midnight of the household",
    rules=["R-TIM-001", "R-GPF-004"],
    requirements=["OP.02", "PC.07"],
    use_cases=["GCS16a", "GCS28"],
    devices=["GSME"],
)
def test_day(gsme, dcc, gas, wan_time, clock, gas_suppliers, expect):
    supplier, midnight = gas_suppliers.losing, midnight_in_july(clock)
    ahead = (midnight - HOUR - minutes(65) - clock.now()) // timedelta(seconds=1) * timedelta(seconds=1)
    wan_time.set_ahead(ahead)
    body = SynchroniseClock(current=(clock.now() + ahead).replace(microsecond=0), tolerance=7200)
    dcc.ask(body, gsme, as_user=supplier, rule="R-TIM-004")
    period = ReadLogPeriod(start=midnight - 3 * HOUR, end=midnight + HOUR)

    clock.sleep_until(midnight - ahead - minutes(59))
    early = gas.ask(RetrieveImportDailyReadLog(period=period), gsme, as_user=supplier)
    expect("statuses after midnight of the household", set(early.statuses)).equals({NOT_FOUND})
    clock.sleep_until(midnight - ahead + minutes(1))
    late = gas.ask(RetrieveImportDailyReadLog(period=period), gsme, as_user=supplier)
    expect("statuses after midnight UTC", 0 in late.statuses).equals(True)
