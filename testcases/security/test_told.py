"""What a device tells of a bad command, and where it writes it down: each kind of failure in its own way."""

from dataclasses import replace

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ReadDeviceConfigurationIdentityExcMPxN,
    ReadEventOrSecurityLog,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    ReadSupplyStatus,
)
from bench.dcc_point import device_alert
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of

NOT_AUTHENTIC, FORMAT, NO_RIGHT = 0x8F3D, 0x8F1E, 0x8F30
READS = {
    "ESME": ReadSupplyStatus(),
    "GSME": ReadSupplyStatus(),
    "GPF": ReadInstantaneousImportRegisters(),
    "CHF": ReadDeviceConfigurationIdentityExcMPxN(),
}
REQUIREMENTS = ["SFA-12-AUDIT"]
#: what is wrong with the payload -> the change
MALFORMED = {
    "a payload cut short": lambda payload: payload[:-1],
    "an empty payload": lambda payload: b"",
    "a payload of zeros": lambda payload: bytes(len(payload)),
}


def supplier_of(home, device):
    """The supplier who reads a device's logs; the broker reads those of the hub for it."""
    return (home.suppliers if device.type == "CHF" else suppliers_of(home, device)).losing


def logged(home, dcc, gas, device, since):
    """The codes of security and event log since an instant."""
    found = {}
    period = ReadLogPeriod(start=since.replace(microsecond=0), end=home.clock.now() + seconds(1))
    for log in ("Security", "Event"):
        answer = dcc.ask(ReadEventOrSecurityLog(period=period, log=log), device, as_user=supplier_of(home, device))
        entries = gas.read(answer).log() if device.type in ("GSME", "GPF") else answer.log()
        found[log] = [entry.code for entry in entries]
    return found


@testcase(
    "SEC-311",
    "A wrong MAC is alerted with 8F3D and in no log; a malformed command is alerted with 8F1E and is a security event",
    rules=["R-SEC-022", "R-SEC-023", "R-EVT-006g", "R-HUB-018"],
    requirements=[*REQUIREMENTS, "SP.18", "SP.20", "SP.32"],
    use_cases=["ECS35a", "ECS35b", "ECS35c", "ECS35d", "CS10a", "CS10b"],
    devices=list(READS),
)
@pytest.mark.parametrize("kind", READS)
def test_told(kind, home, dcc, gas, local, clock, timeline, expect):
    device = home.device(kind)
    supplier = supplier_of(home, device)
    began = clock.now()
    good = local.command(READS[kind], device, as_user=supplier)
    wrong_mac = replace(good, mac=bytes([good.mac[0] ^ 1]) + good.mac[1:])
    malformed = local.command(READS[kind], device, as_user=supplier)
    malformed = local.maced(replace(malformed, payload=malformed.payload[:-1], mac=None), device)

    wait = minutes(35) if kind == "GSME" else minutes(1)
    with timeline.never(answer_to(malformed), rule="R-SEC-020"), timeline.never(answer_to(good), during=wait):
        local.deliver(wrong_mac, "a read with one bit of the MAC flipped")
        local.deliver(malformed, "a read without its last octet")

    if kind != "CHF":  # the hub's alerts are for the broker, who passes none of them on
        for code, rule in ((NOT_AUTHENTIC, "R-SEC-022"), (FORMAT, "R-SEC-023")):
            told = timeline.find(device_alert(device, code, to=supplier), after=began)
            expect(f"alerts {code:04X} to the supplier", len(told)).equals(1, rule=rule)
    codes = logged(home, dcc, gas, device, began)
    expect("entries 8F1E in the security log", codes["Security"].count(FORMAT)).equals(1, rule="R-SEC-023")
    expect("entries 8F3D in the security log", codes["Security"].count(NOT_AUTHENTIC)).equals(0, rule="R-SEC-022")
    expect("entries of either in the event log", {NOT_AUTHENTIC, FORMAT} & set(codes["Event"])).equals(
        set(), rule="R-EVT-006g"
    )


@testcase(
    "SEC-312",
    "A command of a party without the right to it is alerted with 8F30, and is in no log",
    rules=["R-SEC-024", "R-EVT-006g"],
    requirements=[*REQUIREMENTS, "SP.21"],
    use_cases=["ECS35a", "ECS35b", "ECS43"],
)
def test_without_right(home, dut, dcc, gas, local, clock, timeline, network_operator, suppliers, expect):
    began = clock.now()
    command = local.example("ECS43", dut, as_user=network_operator)

    with timeline.never(answer_to(command), during=minutes(1)):
        local.deliver(command, "switching off by the network operator")

    seen = timeline.expect(device_alert(dut, NO_RIGHT, to=suppliers.losing), within="1 s", after=began)
    expect("signature of the alert", dcc.read(seen).protection.signature).equals("valid")
    codes = logged(home, dcc, gas, dut, began)
    expect("entries 8F30", [name for name, log in codes.items() if NO_RIGHT in log]).equals([], rule="R-EVT-006g")


@testcase(
    "SEC-275",
    "A command that is malformed and not authentic is told like one that is not authentic: its content is not read",
    rules=["R-SEC-008", "R-SEC-022", "R-SEC-020"],
    requirements=["SP-MACFIRST", "SP.18"],
    use_cases=["ECS45", "GCS33", "GCS13a"],
    devices=["ESME", "GSME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME", "GPF"])
def test_not_read(kind, home, dcc, gas, local, clock, timeline, expect):
    device = home.device(kind)
    supplier = supplier_of(home, device)
    wait = minutes(35) if kind == "GSME" else minutes(1)
    for what, change in MALFORMED.items():
        began = clock.now()
        good = local.command(READS[kind], device, as_user=supplier)
        bad = replace(good, payload=change(good.payload), mac=bytes(len(good.mac)))

        with timeline.never(answer_to(bad), during=wait, rule="R-SEC-020"):
            local.deliver(bad, f"a read with {what} and a wrong MAC")

        told = timeline.find(device_alert(device, NOT_AUTHENTIC, FORMAT, NO_RIGHT, to=supplier), after=began)
        codes = [int(seen.data["alert_code"], 16) for seen in told]
        expect(f"alerts about {what}", codes).equals([NOT_AUTHENTIC])
        expect(
            "entries 8F1E in the security log", logged(home, dcc, gas, device, began)["Security"].count(FORMAT)
        ).equals(0)
