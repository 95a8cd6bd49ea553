"""What gas meter and proxy refuse: wrong roles, replays, spoilt messages; clock and logs."""

from dataclasses import replace

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import (
    ArmSupply,
    ClearEventLog,
    DisableSupply,
    ReadEventOrSecurityLog,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    ReadSupplyStatus,
    SynchroniseClock,
)
from bench.dcc_point import device_alert
from bench.gbcs import Keystore
from bench.gbcs.decode import decode
from bench.gbcs.gbz import LAST, Gbz
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.gas_steps import event_log, past_wake, valve_state
from testcases.use_cases import use_cases

REFUSALS = (0x8F1E, 0x8F30, 0x8F3D, 0x8F3E)
UNAUTHORISED, NOT_AUTHENTIC, FORMAT, CLEARED = 0x8F3E, 0x8F3D, 0x8F1E, 0x8F52
OPEN = 2
WAKE = "40 min"


@testcase(
    "GAS-501",
    "A command of the supplier to the gas meter is refused to a supplier the meter does not know",
    rules=["R-SEC-005", "R-SEC-021", "R-SEC-020", "R-SEC-028"],
    requirements=["SDAG1-3-TRUST", "SP.18", "GS.05.21"],
    devices=["GSME"],
)
@pytest.mark.parametrize("use_case", ["GCS32", "GCS33", "GCS13a", "GCS28", "GCS03"])
def test_stranger(use_case, gsme, dcc, local, at_the_meter, timeline, gas_suppliers, expect):
    command = local.example(use_case, gsme, as_user=gas_suppliers.gaining)
    with timeline.never(answer_to(command), during=WAKE):
        delivered = local.deliver(command, f"{use_case} of a supplier without credentials")
    timeline.expect(
        device_alert(gsme, UNAUTHORISED, to=gas_suppliers.losing), within="1 s", after=delivered, rule="R-SEC-021"
    )
    expect("gas that flows (m3/h)", at_the_meter.flow()).satisfies("to flow on", lambda flow: flow > 0)


@testcase(
    "GAS-502",
    "A replayed closing of the valve is refused",
    rules=["R-CTR-005", "R-SEC-006"],
    requirements=["SP.18", "GS.05.21"],
    use_cases=["GCS32", "GCS39"],
    devices=["GSME"],
)
def test_replayed(gsme, dcc, gas, local, at_the_meter, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    at_the_meter.set_taps(0)
    command = local.command(DisableSupply(), gsme, as_user=supplier)
    first = local.deliver(command, "a closing of the valve")
    timeline.expect(answer_to(command), within=WAKE, after=first, rule="R-RSP-018")
    gas.ask(ArmSupply(), gsme, as_user=supplier)
    at_the_meter.open_valve()

    with timeline.never(answer_to(command), during=WAKE):
        local.deliver(command, "the same octets again")
    expect("state of the valve", valve_state(gas, gsme, supplier)).equals(OPEN)


SPOILT = {
    "wrong MAC": lambda good: replace(good, mac=bytes(12)),
    "wrong signature": lambda good: replace(good, signature=bytes(64)),
    "no signature": lambda good: replace(good, signature=b""),
}


@testcase(
    "GAS-503",
    "A command with spoilt protection is not executed",
    rules=["R-SEC-007", "R-CMD-005", "R-SEC-020"],
    requirements=["SP.18", "GS.05.21"],
    use_cases=["GCS32"],
    devices=["GSME"],
)
@pytest.mark.parametrize("what", list(SPOILT))
def test_spoilt(what, gsme, gas, local, timeline, gas_suppliers, expect):
    spoilt = SPOILT[what](local.command(DisableSupply(), gsme, as_user=gas_suppliers.losing))
    if what != "wrong MAC":
        spoilt = local.protect(spoilt, gsme)
    with timeline.never(answer_to(spoilt), during=WAKE):
        delivered = local.deliver(spoilt, f"a closing of the valve with {what}")
    timeline.expect(
        device_alert(gsme, NOT_AUTHENTIC, FORMAT, to=gas_suppliers.losing),
        within="1 s",
        after=delivered,
        rule="R-SEC-020",
    )
    expect("state of the valve", valve_state(gas, gsme, gas_suppliers.losing)).equals(OPEN)


@testcase(
    "GAS-504",
    "Components in another order than the use case has them are not executed",
    rules=["R-SEC-002", "R-SEC-001"],
    requirements=["SP.20"],
    use_cases=["GCS23"],
    devices=["GSME"],
)
def test_order(gsme, gas, local, timeline, gas_suppliers, expect):
    good = local.example("GCS23", gsme, as_user=gas_suppliers.losing)
    first, second = Gbz.parse(good.payload).components
    swapped = Gbz(components=[replace(second, control=0), replace(first, control=LAST)])
    bad = local.protect(replace(good, payload=bytes(swapped), signature=None, mac=None), gsme)
    with timeline.never(answer_to(bad), during=WAKE):
        delivered = local.deliver(bad, "GCS23 with its components swapped")
    timeline.expect(
        device_alert(gsme, FORMAT, to=gas_suppliers.losing), within="1 s", after=delivered, rule="R-SEC-001"
    )


@testcase(
    "GAS-505",
    "The clock follows the hub only when the hub's time lies in the interval",
    rules=["R-TIM-004", "R-TIM-005", "R-TIM-006", "R-TIM-014"],
    requirements=["SFA-19-SYNC"],
    use_cases=["GCS28", "GCS13a"],
    devices=["GSME"],
)
def test_clock(gsme, dcc, gas, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    past_wake(clock)

    def set_clock(around):
        body = SynchroniseClock(current=around.replace(microsecond=0), tolerance=3600)
        return decode(dcc.ask(body, gsme, as_user=supplier).message, Keystore())["payload"]["status_code"]

    expect("status with the right interval", set_clock(clock.now())).equals(0, rule="R-TIM-006")
    began = clock.now()
    expect("status with an interval of tomorrow", set_clock(clock.now() + hours(24))).equals(2, rule="R-TIM-005")
    timeline.expect(device_alert(gsme, 0x8F0C, to=supplier), within="1 min", after=began, rule="R-TIM-005")
    reading = gas.ask(ReadInstantaneousImportRegisters(), gsme, as_user=supplier)
    expect("clock status of a reading afterwards", reading.clock_status).equals(2, rule="R-TIM-014")
    apart = abs(reading.time - reading.device_message.seen.time)
    expect("the meter's time against true time", apart).satisfies("a minute at most", lambda d: d <= minutes(1))


@testcase(
    "GAS-506",
    "The event log is cleared on request, the proxy's with it, and each tells of it in its security log, which stays",
    rules=["R-EVT-002", "R-EVT-003", "R-GAS-019"],
    requirements=["SFA-12-AUDIT"],
    use_cases=["CS11", "CS10a", "CS10b"],
    devices=["GSME", "GPF"],
)
def test_cleared_log(gsme, gpf, gas, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    began = clock.now()
    gas.ask(ClearEventLog(), gsme, as_user=supplier)
    gas.ask(ReadSupplyStatus(), gsme, as_user=supplier)
    cleared = gas.ask(ClearEventLog(), gsme, as_user=supplier)
    expect("logs that were cleared", cleared.fields()["cleared"]).equals(8, rule="R-GAS-019")
    at = cleared.device_message.seen.time
    old = event_log(gas, gsme, supplier, began, at - seconds(5))
    expect("entries from before the clearing", old).equals([], rule="R-EVT-002")
    for device in (gsme, gpf):
        security = event_log(gas, device, supplier, began, clock.now(), "Security")
        expect(f"entries 8F52 in the security log of the {device.type}, cleared twice", security.count(CLEARED)).equals(
            2, rule="R-EVT-003"
        )


@testcase(
    "GAS-507",
    "An executed command is in the event log with its message code, and security entries carry no more than a code",
    rules=["R-EVT-006", "R-EVT-006d", "R-SEC-027", "R-RSP-015"],
    requirements=["SFA-12-AUDIT"],
    use_cases=["CS10a", "CS10b", "GCS33"],
    devices=["GSME"],
)
def test_logged(gsme, gas, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    began = clock.now().replace(microsecond=0)
    gas.ask(ReadSupplyStatus(), gsme, as_user=supplier)

    def read(log, start, end):
        body = ReadEventOrSecurityLog(period=ReadLogPeriod(start=start, end=end), log=log)
        return gas.ask(body, gsme, as_user=supplier)

    entries = read("Event", began, clock.now() + hours(1)).log()
    expect("entry of the read", [(one.code, one.other) for one in entries][:1]).equals([(0x8154, b"\x00\x82")])
    gas.ask(ClearEventLog(), gsme, as_user=supplier)
    security = read("Security", began, clock.now() + hours(1)).log()
    expect("other information in the security log", {one.other for one in security}).equals({b""}, rule="R-SEC-027")
    nothing = read("Security", began - hours(300), began - hours(299))
    expect("status where there is nothing", nothing.statuses).equals([0x8B], rule="R-RSP-015")


GPF_READS = [one for one in use_cases("GPF", entitled="Supplier", payload="GBZ") if one in ("GCS13a", "GCS14", "GCS17")]


@testcase(
    "GAS-508",
    "The proxy answers a supplier with credentials there, and no other",
    rules=["R-SEC-005", "R-SEC-021", "R-HUB-001"],
    requirements=["SP.30"],
    devices=["GPF"],
)
@pytest.mark.parametrize("use_case", GPF_READS)
def test_proxy_stranger(use_case, gpf, local, timeline, suppliers):
    command = local.example(use_case, gpf, as_user=suppliers.gaining)
    with timeline.never(answer_to(command), during="20 s"):
        delivered = local.deliver(command, f"{use_case} of a supplier without credentials")
    timeline.expect(device_alert(gpf, *REFUSALS, to=suppliers.losing), within="1 s", after=delivered, rule="R-SEC-021")
