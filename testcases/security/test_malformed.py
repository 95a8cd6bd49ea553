"""Commands that are not what they should be, one thing at a time: nothing is executed, and the meter lives on."""

from dataclasses import replace

import pytest

from bench.clock import seconds
from bench.dcc.bodies import DisableSupply, ReadEventOrSecurityLog, ReadLogPeriod, ReadSupplyStatus
from bench.dcc_point import device_alert
from bench.gbcs import Cra, Message
from bench.gbcs.axdr import Data
from bench.gbcs.dlms import AccessRequest, AccessResponse
from bench.local_point import answer_to
from bench.testcase import testcase

ENABLED = 1
ACTIONED, NOT_ACTIONED = 0x8154, 0x8155  #: in the event log, of a command
OTHER_REFUSALS, NOT_COVERED = (0x8F30, 0x8F3D, 0x8F3E), 0x8F53  #: told of other failures; the log entry of this one
WINDOW = 1  #: item of ECS70 that holds the interval


def _with_items(command: Message, change) -> Message:
    request = AccessRequest.parse(command.payload)
    specs, data = change(list(request.specs), list(request.data))
    return replace(command, payload=bytes(AccessRequest(request.invoke_id, specs, data)))


def _twice(specs, data):
    return specs * 2, data * 2


def _another_script(specs, data):
    return specs, [Data(data[0].tag, 0x35)]


def _wrong_type(specs, data):
    return specs, [Data(0x11, data[0].value)]


def _no_items(specs, data):
    return [], []


def _deep(specs, data):
    nested = data[0]
    for _ in range(30):
        nested = Data(2, [nested])
    return specs, [nested]


#: what is wrong -> the change; the command is signed and MACed anew, so that nothing else is wrong
SIGNED_ANEW = {
    "an item twice": lambda command: _with_items(command, _twice),
    "a script that does not exist": lambda command: _with_items(command, _another_script),
    "a value of another type": lambda command: _with_items(command, _wrong_type),
    "no item at all": lambda command: _with_items(command, _no_items),
    "a value nested thirty deep": lambda command: _with_items(command, _deep),
    "a payload cut short": lambda command: replace(command, payload=command.payload[:-1]),
    "an octet after the payload": lambda command: replace(command, payload=command.payload + b"\0"),
    "an empty payload": lambda command: replace(command, payload=b""),
    "a GBZ payload": lambda command: replace(command, payload=bytes.fromhex("01090101070200030000000000")),
    "a payload of 1400 octets": lambda command: replace(command, payload=command.payload + bytes(1400)),
    "the code of another use case": lambda command: replace(command, message_code=0x004F),
    "a message code nobody knows": lambda command: replace(command, message_code=0x7FFF),
    "the form of a response": lambda command: replace(command, cra=Cra.RESPONSE),
    "the form of an alert": lambda command: replace(command, cra=Cra.ALERT),
    "a signature but the code of a read": lambda command: replace(command, message_code=0x0052),
}
#: what is wrong with the octets -> the change; nothing is protected anew
OCTETS = {
    "the last octet missing": lambda octets: octets[:-1],
    "the first octet missing": lambda octets: octets[1:],
    "half of it missing": lambda octets: octets[: len(octets) // 2],
    "an octet too many": lambda octets: octets + b"\0",
    "no MAC header": lambda octets: octets[octets.index(b"\xdf\x09") : -12],
    "a length that lies": lambda octets: octets[:7] + bytes([octets[7] ^ 0x10]) + octets[8:],
    "nothing but zeros": lambda octets: bytes(len(octets)),
    "one octet": lambda octets: octets[:1],
}


@testcase(
    "SEC-301",
    "A well protected command with content that does not belong is not executed",
    rules=["R-SEC-001", "R-SEC-002", "R-SEC-003", "R-SEC-020", "R-SEC-029"],
    requirements=["SP.20"],
    use_cases=["ECS43"],
)
@pytest.mark.parametrize("what", SIGNED_ANEW)
def test_content(what, dut, dcc, local, suppliers, mains, timeline, expect):
    good = local.command(DisableSupply(), dut, as_user=suppliers.losing)
    command = local.protect(replace(SIGNED_ANEW[what](good), signature=None, mac=None), dut)

    local.deliver(command, f"a command with {what}")

    expect("power drawn through the meter (W)", mains.sample().power).satisfies("to flow", lambda watts: watts > 100)
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch", status.value()).equals(ENABLED)


@testcase(
    "SEC-302",
    "Octets that are no command have no effect, and the meter answers the next one",
    rules=["R-SEC-001", "R-SEC-020", "R-CMD-001"],
    requirements=["SP.20"],
    use_cases=["ECS43"],
)
@pytest.mark.parametrize("what", OCTETS)
def test_octets(what, dut, dcc, local, suppliers, timeline, expect):
    command = local.command(DisableSupply(), dut, as_user=suppliers.losing)

    with timeline.never(answer_to(command), during="20 s"):
        local.deliver(OCTETS[what](bytes(command)), f"a command with {what}")

    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch", status.value()).equals(ENABLED)


@testcase(
    "SEC-303",
    "A critical command without one of its two protections is refused",
    rules=["R-CMD-005", "R-SEC-007", "R-SEC-020"],
    requirements=["SDAG1-3-TRUST", "SP.18"],
    use_cases=["ECS43"],
)
@pytest.mark.parametrize("missing", ["signature", "MAC"])
def test_one_protection_missing(missing, dut, dcc, local, suppliers, timeline, expect):
    good = local.command(DisableSupply(), dut, as_user=suppliers.losing)
    bare = replace(good, mac=None) if missing == "MAC" else local.protect(replace(good, signature=b"", mac=None), dut)

    with timeline.never(answer_to(good), during="20 s"):
        local.deliver(bare, f"a critical command without {missing}")

    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch", status.value()).equals(ENABLED)


@testcase(
    "SEC-305",
    "A command whose code the meter does not know is not executed, and has no answer",
    rules=["R-SEC-004", "R-SEC-020", "R-SEC-025"],
    requirements=["SP.20"],
    use_cases=["ECS45", "ECS35b"],
)
@pytest.mark.parametrize("code", [0x00FF, 0x0FFF, 0x0072], ids=["reserved", "far out", "a gas meter's"])
def test_unknown_code(code, dut, dcc, local, clock, suppliers, timeline, expect):
    good = local.command(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    unknown = local.protect(replace(good, message_code=code, signature=good.signature), dut)

    with (
        timeline.never(device_alert(dut, *OTHER_REFUSALS)),
        timeline.never(device_alert(dut, NOT_COVERED), rule="R-SEC-025"),
        timeline.never(answer_to(unknown), during="20 s"),
    ):
        delivered = local.deliver(unknown, f"a command with code {code:04X}")

    period = ReadLogPeriod(start=delivered.time.replace(microsecond=0), end=clock.now())
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Security"), dut, as_user=suppliers.losing).log()
    expect("entries in the security log", [entry.code for entry in log]).equals([NOT_COVERED], rule="R-SEC-025")
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch", status.value()).equals(ENABLED)


@testcase(
    "SEC-306",
    "Items after one that fails are not executed and are reported as such; the event log says so, the security log not",
    rules=["R-RSP-013", "R-RSP-012", "R-TIM-004", "R-SEC-029", "R-EVT-006"],
    requirements=["SP.20"],
    use_cases=["ECS70", "ECS35a", "ECS35b"],
)
def test_items_after_a_failure(dut, dcc, clock, local, suppliers, timeline, expect):
    good = local.example("ECS70", dut, as_user=suppliers.losing)
    command = local.protect(replace(_with_items(good, _no_such_month), signature=None, mac=None), dut)

    local.deliver(command, "setting the clock between two dates of a month that does not exist")
    seen = timeline.expect(answer_to(command), within="30 s", rule="R-SEC-029")

    results = [code for _, code in AccessResponse.parse(Message.parse(seen.raw).payload).results]
    failed = next((at for at, code in enumerate(results) if code), len(results))
    expect("number of results", len(results)).equals(len(AccessRequest.parse(command.payload).specs), rule="R-RSP-012")
    expect("result of the interval", results[WINDOW]).satisfies("to be a failure", bool, rule="R-TIM-004")
    expect("results after the first failure", results[failed:]).satisfies("to be failures", all, rule="R-RSP-013")
    period = ReadLogPeriod(start=seen.time - seconds(5), end=clock.now())
    logs = {
        log: dcc.ask(ReadEventOrSecurityLog(period=period, log=log), dut, as_user=suppliers.losing).log()
        for log in ("Security", "Event")
    }
    expect("codes in the security log", [one.code for one in logs["Security"]]).equals([], rule="R-SEC-029")
    done = [(one.code, one.other) for one in logs["Event"] if one.code in (ACTIONED, NOT_ACTIONED)]
    code = command.message_code.to_bytes(2)
    expect("commands in the event log", done).equals([(NOT_ACTIONED, code)], rule="R-EVT-006")


def _no_such_month(specs, data):
    window = data[WINDOW]
    times = [Data(one.tag, one.value[:2] + b"\x63" + one.value[3:]) if one.tag == 0x09 else one for one in window.value]
    return specs, [*data[:WINDOW], Data(window.tag, times), *data[WINDOW + 1 :]]
