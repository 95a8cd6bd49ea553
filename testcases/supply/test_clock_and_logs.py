"""The clock of a meter and what hangs on it: a hub that is not to be believed, entries of a clock that is set."""

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import (
    ReadActiveImportProfileData,
    ReadEventOrSecurityLog,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    ReadSupplyStatus,
    SynchroniseClock,
)
from bench.dcc_point import device_alert
from bench.gbcs.times import parse_date_time
from bench.testcase import testcase

ADJUSTED, NOT_ADJUSTED = 0x8145, 0x8F0C
RELIABLE, UNRELIABLE = 0, 2
REQUIREMENTS = ["SFA-19-SYNC"]


def _events(dcc, dut, supplier, since, until):
    period = ReadLogPeriod(start=since.replace(microsecond=0), end=until)
    return dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), dut, as_user=supplier).log()


def _error(dcc, dut, supplier):
    """How far the meter's time is ahead of true time (s), by its answer to a read of registers."""
    response = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=supplier)
    return (parse_date_time(response.message.date_time) - response.seen.time).total_seconds()


@testcase(
    "SUP-207",
    "The daily comparison leaves the meter's clock alone while the hub does not trust its own",
    rules=["R-TIM-015", "R-TIM-009"],
    requirements=REQUIREMENTS,
    use_cases=["ECS17b"],
)
def test_untrusted_hub(dut, hub, dcc, wan, wan_time, mains, clock, timeline, suppliers, expect):
    supplier = suppliers.losing
    before = _error(dcc, dut, supplier)
    wan_time.set_ahead(seconds(9))

    with wan.down():  # a hub that starts without WAN has nothing that confirms its time
        mains.of(hub).interrupt("1 min")
        clock.sleep(hours(25))
    clock.sleep(minutes(1))

    moved = _error(dcc, dut, supplier) - before
    expect("how far the meter's clock has moved (s)", moved).lies_between(-3, 3)


@testcase(
    "SUP-208",
    "A clock that is set back leaves every log entry as it was, and no half hour is there twice",
    rules=["R-TIM-017", "R-LOG-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS70", "ECS35a", "ECS22b"],
)
def test_set_back(dut, dcc, wan_time, clock, suppliers, expect):
    supplier, began = suppliers.losing, clock.now() - hours(2)
    for _ in range(3):
        dcc.ask(ReadSupplyStatus(), dut, as_user=supplier)
        clock.sleep(minutes(2))
    before = [str(one) for one in _events(dcc, dut, supplier, began, clock.now())]

    wan_time.set_ahead(-minutes(20))
    told = clock.now().replace(microsecond=0) - minutes(20)
    response = dcc.ask(SynchroniseClock(current=told, tolerance=600), dut, as_user=supplier)
    expect("clock status", response.value(4)).equals(RELIABLE, rule="R-TIM-004")
    clock.sleep(hours(1))

    after = [str(one) for one in _events(dcc, dut, supplier, began, clock.now() + hours(1))]
    expect("entries from before, each as often as it was", [after.count(one) for one in before]).equals(
        [before.count(one) for one in before]
    )
    period = ReadLogPeriod(start=began - hours(2), end=clock.now() + hours(1))
    ends = [at for at, _ in dcc.ask(ReadActiveImportProfileData(period=period), dut, as_user=supplier).profile()]
    expect("half hours that are there twice", [at for at in ends if ends.count(at) > 1]).equals([])
    expect("whether they are in order", ends == sorted(ends)).equals(True)


@testcase(
    "SUP-209",
    "A clock that was set is an entry 8145 of the event log and no alert; its status is one of the three there are",
    rules=["R-TIM-011", "R-TIM-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS70", "ECS35a"],
)
def test_logged(dut, dcc, clock, timeline, suppliers, expect):
    supplier, began = suppliers.losing, clock.now()
    now = began.replace(microsecond=0)

    with timeline.never(device_alert(dut, ADJUSTED, NOT_ADJUSTED), during=minutes(1)):
        response = dcc.ask(SynchroniseClock(current=now, tolerance=60), dut, as_user=supplier)

    expect("clock status", response.value(4)).equals(RELIABLE, rule="R-TIM-002")
    log = [one.code for one in _events(dcc, dut, supplier, began, clock.now() + seconds(1))]
    expect("entries 8145", log.count(ADJUSTED)).equals(1)
    wrong = SynchroniseClock(current=now + hours(1), tolerance=60)
    status = dcc.ask(wrong, dut, as_user=supplier).value(4)
    expect("clock status after a wrong interval", status).equals(UNRELIABLE, rule="R-TIM-002")
