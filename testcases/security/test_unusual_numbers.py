"""Many bad commands: from a number on, which is the maker's, the meter notes it, for itself."""

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import ReadEventOrSecurityLog, ReadLogPeriod, ReadSupplyStatus
from bench.dcc_point import device_alert
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of

UNUSUAL = 0x8F60


@testcase(
    "SEC-351",
    "Unusually many malformed commands are one entry 8F60 in the security log, and no alert",
    rules=["R-SEC-026"],
    requirements=["SP.19", "SFA-12-AUDIT"],
    use_cases=["ECS35b", "CS10b"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_unusual(kind, home, dcc, gas, local, clock, timeline, expect):
    meter = home.device(kind)
    many = home.need_unusual_commands(kind)
    supplier, began = suppliers_of(home, meter).losing, clock.now().replace(microsecond=0)
    good = bytes(local.command(ReadSupplyStatus(), meter, as_user=supplier))
    at_once = minutes(1) if kind == "ESME" else minutes(35)

    def logged():
        clock.sleep(at_once)
        read = ReadEventOrSecurityLog(period=ReadLogPeriod(start=began, end=clock.now() + seconds(1)), log="Security")
        answer = dcc.ask(read, meter, as_user=supplier)
        log = answer.log() if kind == "ESME" else gas.read(answer).log()
        return [entry.code for entry in log].count(UNUSUAL)

    with timeline.never(device_alert(meter, UNUSUAL)):
        for count, entries in ((many - 1, 0), (many, 1)):
            for _ in range(count):
                local.deliver(good[:-1] + bytes((good[-1] ^ 1,)), "a command with a wrong MAC")
            expect(f"entries 8F60 after {count} within an hour", logged()).equals(entries)
            clock.sleep(hours(1))
