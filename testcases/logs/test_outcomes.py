"""How the event log tells what was done from what was not, of each device that has one."""

from bench.clock import seconds
from bench.dcc.bodies import (
    ActivateEmergencyCredit,
    ReadEventOrSecurityLog,
    ReadLogPeriod,
    ReadSupplyStatus,
    UpdateHANDeviceLog,
)
from bench.gbcs import Eui64
from bench.testcase import testcase

ACTIONED, NOT_ACTIONED = 0x8154, 0x8155
REMOVAL, EMERGENCY, STATUS = 0x0002, 0x0070, 0x0082  #: message codes of CCS02, GCS06 and GCS33
NOBODY = Eui64.of(0x00155F00CAFE8600)
REQUIREMENTS = ["SFA-12-AUDIT", "DI.01.11"]


@testcase(
    "LOG-188",
    "A command that the gas meter could not carry out is 8155 in its event log, one that it did is 8154",
    rules=["R-EVT-006"],
    requirements=REQUIREMENTS,
    use_cases=["GCS06", "GCS33", "CS10a"],
    devices=["GSME"],
)
def test_gas_meter(gsme, gas, clock, gas_suppliers, expect):
    supplier, began = gas_suppliers.losing, clock.now().replace(microsecond=0)
    gas.ask(ActivateEmergencyCredit(), gsme, as_user=supplier)  # in credit mode there is none on offer
    gas.ask(ReadSupplyStatus(), gsme, as_user=supplier)

    period = ReadLogPeriod(start=began, end=clock.now() + seconds(1))
    log = gas.ask(ReadEventOrSecurityLog(period=period, log="Event"), gsme, as_user=supplier).log()
    entries = [(one.code, int.from_bytes(one.other)) for one in log]
    expect("entries of the two commands", entries[:2]).equals([(NOT_ACTIONED, EMERGENCY), (ACTIONED, STATUS)])


@testcase(
    "LOG-189",
    "The removal of a device that is not listed is 8155 in the hub's event log",
    rules=["R-EVT-006", "R-HAN-012"],
    requirements=REQUIREMENTS,
    use_cases=["CCS02", "ECS35c"],
    devices=["CHF"],
)
def test_hub(hub, dcc, clock, suppliers, expect):
    supplier, began = suppliers.losing, clock.now().replace(microsecond=0)
    dcc.ask(UpdateHANDeviceLog(device=NOBODY, request_type="Remove"), hub, as_user=supplier)

    period = ReadLogPeriod(start=began, end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), hub, as_user=supplier).log()
    entries = [(one.code, one.other) for one in log]
    expect("entries of the removal", entries[:1]).equals([(NOT_ACTIONED, REMOVAL.to_bytes(2))])
