"""What a join names, and what a meter tells when a device has been joined."""

from dataclasses import replace

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ReadEventOrSecurityLog, ReadLogPeriod
from bench.dcc_point import device_alert
from bench.gbcs import Eui64, der
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases import gas_steps
from testcases.joining.own_log import GPF, HCALCS, METHOD_B, PPMID, SUCCESS, WRONG_CODE
from testcases.messages.test_alert_settings import set_alerts, set_logging

DEVICE_JOINED = 0x8183
PARTNER = Eui64.of(0x00155F00CAFE5001)
OTHER = Eui64.of(0x00155F00CAFE5002)


def events(dcc, dut, supplier, clock, since):
    """Codes in the electricity meter's event log since an instant."""
    period = ReadLogPeriod(start=since.replace(microsecond=0), end=clock.now() + seconds(1))
    return [
        one.code for one in dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), dut, as_user=supplier).log()
    ]


@testcase(
    "HAN-231",
    "A device that has been joined is told to the supplier and logged, once; one that was joined before is not",
    rules=["R-HAN-033", "R-EVT-008"],
    use_cases=["CS03A1", "ECS35a"],
)
def test_joined(dut, dcc, own_log, suppliers, clock, timeline, expect):
    began = clock.now() - seconds(1)
    expect("result of a join that fails", own_log.join("CS03A1", PARTNER, method=METHOD_B)).equals(
        WRONG_CODE, "R-HAN-045"
    )
    clock.sleep(seconds(30))
    expect("alerts of it", timeline.find(device_alert(dut, DEVICE_JOINED))).equals([])

    expect("result", own_log.join("CS03A1", PARTNER)).equals(SUCCESS, rule="R-HAN-045")
    timeline.expect(device_alert(dut, DEVICE_JOINED, to=suppliers.losing), within=minutes(1))
    expect("result of the second join", own_log.join("CS03A1", PARTNER)).equals(SUCCESS, rule="R-HAN-045")
    clock.sleep(seconds(30))
    expect("alerts 8183", len(timeline.find(device_alert(dut, DEVICE_JOINED)))).equals(1)
    logged = events(dcc, dut, suppliers.losing, clock, began)
    expect("entries 8183 in the event log", logged.count(DEVICE_JOINED)).equals(1)


@testcase(
    "HAN-232",
    "Alert and log entry of a join can be switched off, each for itself",
    rules=["R-HAN-033", "R-ALT-012", "R-ALT-013"],
    use_cases=["CS03A1", "ECS25a", "ECS25a3", "ECS35a"],
)
def test_switched_off(dut, dcc, own_log, suppliers, clock, timeline, expect):
    supplier, began = suppliers.losing, clock.now() - seconds(1)
    set_alerts(dcc, dut, supplier, False, DEVICE_JOINED)
    with timeline.never(device_alert(dut, DEVICE_JOINED), during=seconds(30)):
        own_log.join("CS03A1", PARTNER)
    expect("entries 8183", events(dcc, dut, supplier, clock, began).count(DEVICE_JOINED)).equals(1)

    set_logging(dcc, dut, supplier, False, DEVICE_JOINED)
    set_alerts(dcc, dut, supplier, True, DEVICE_JOINED)
    own_log.join("CS03A1", OTHER)
    timeline.expect(device_alert(dut, DEVICE_JOINED, to=supplier), within=minutes(1))
    expect("entries 8183", events(dcc, dut, supplier, clock, began).count(DEVICE_JOINED)).equals(1)


@testcase(
    "HAN-233",
    "The gas meter tells of a device that has been joined, too",
    rules=["R-HAN-033"],
    use_cases=["CS03B", "CS04B", "CS10a"],
    devices=["GSME"],
)
def test_gas(gsme, gpf, gas, gas_log, gas_suppliers, clock, timeline, expect):
    expect("result of unjoining the proxy", gas_log.unjoin("CS04B", gpf.eui)).equals(SUCCESS, rule="R-HAN-049")
    began = clock.now()
    expect("result", gas_log.join("CS03B", gpf.eui, GPF, METHOD_B)).equals(SUCCESS, rule="R-HAN-045")
    timeline.expect(device_alert(gsme, DEVICE_JOINED, to=gas_suppliers.losing), within=gas_steps.WAKE + minutes(5))
    logged = gas_steps.event_log(gas, gsme, gas_suppliers.losing, began, clock.now(), "Event")
    expect("entries 8183 in the event log", logged.count(DEVICE_JOINED)).equals(1)


#: what is missing in a join -> its parts: method and role, other device, its type
MISSING = {
    "the type": lambda eui: [der.integer(0), der.octets(eui)],
    "the device": lambda eui: [der.integer(0), der.integer(HCALCS)],
    "method and role": lambda eui: [der.octets(eui), der.integer(HCALCS)],
}


@testcase(
    "HAN-234",
    "A join enters the device it names, as the type it names; one that does not name all of it is refused",
    rules=["R-HAN-040", "R-CMD-014"],
    use_cases=["CS03A1", "CS07"],
)
@pytest.mark.parametrize("what", MISSING)
def test_named(what, dut, local, own_log, suppliers, timeline, expect):
    before = own_log.entries()
    good = local.example("CS03A1", dut, as_user=suppliers.losing)
    payload = bytes(der.sequence(MISSING[what](OTHER)))
    bad = local.protect(replace(good, payload=payload, signature=None, mac=None), dut)
    with timeline.never(answer_to(bad), during=seconds(30)):
        local.deliver(bad, f"CS03A1 without {what}")
    expect("the log", own_log.entries()).equals(before)

    own_log.join("CS03A1", PARTNER, HCALCS)
    own_log.join("CS03A1", OTHER, PPMID)
    expect("the log then", own_log.entries()).equals(before | {PARTNER: HCALCS, OTHER: PPMID})
