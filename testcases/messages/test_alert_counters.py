"""The number that a device gives each alert: whatever happens between, the next one is higher."""

from dataclasses import replace

from bench.clock import minutes
from bench.dcc.bodies import ArmSupply, DisableSupply
from bench.dcc.bodies.settings import UpdateDeviceConfigurationLoadLimitingGeneralSettings as LoadLimit
from bench.dcc_point import device_alert
from bench.gbcs.dlms import DataNotification
from bench.testcase import testcase

DATA_NOTIFICATION = 0x0F  #: first octet of a DLMS alert's payload
#: a load limit
SETTINGS = LoadLimit(period=60, power_threshold=9000, restoration_period=60, supply_state="Disable")
REQUIREMENTS = ["SDAG1-3-TRUST", "SFA-17-LOGMETER"]


def state_counters(told, least, expect):
    """State that alerts carry numbers that rise, each once, and are at least so many."""
    counters = [seen.data["counter"] for seen in told]
    expect("alerts told", len(counters)).satisfies(f"to be {least} or more", lambda count: count >= least)
    expect("their counters", counters).equals(sorted(set(counters)), rule="R-CTR-009")


@testcase(
    "MSG-171",
    "Alerts are numbered on, to whomever they go, over an outage and a change of supplier; the invoke id says the same",
    rules=["R-CTR-009", "R-CTR-010", "R-ALT-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43", "ECS44", "ECS80", "CS02b"],
)
def test_electricity(dut, dcc, clock, mains, timeline, suppliers, expect):
    began = clock.now()
    for user in (suppliers.losing, suppliers.gaining):
        if user is suppliers.gaining:
            dcc.send(dcc.change_of_supplier(dut, user), dut, as_user=user).response()
        dcc.ask(DisableSupply(), dut, as_user=user)
        dcc.ask(ArmSupply(), dut, as_user=user)
        at = clock.now().replace(second=0, microsecond=0) + minutes(3)
        dcc.ask(replace(SETTINGS, execute_at=at), dut, as_user=user)  # of four items, told one by one after the outage
        mains.interrupt("4 min")
        clock.sleep(minutes(3))

    told = timeline.find(device_alert(dut), after=began)
    state_counters(told, 12, expect)
    for seen in told:
        payload = dcc.read(seen).message.payload
        if payload[0] == DATA_NOTIFICATION:
            low = DataNotification.parse(payload).invoke_id & 0xFFFFFF
            expect(f"low 24 bits of the invoke id of {seen.data['alert_code']}", low).equals(
                seen.data["counter"] & 0xFFFFFF, rule="R-CTR-010"
            )
