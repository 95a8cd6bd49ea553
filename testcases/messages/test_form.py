"""The form of messages on the wire: header, MAC, signature, payload; and commands whose form is wrong."""

from dataclasses import replace

import pytest

from bench.clock import minutes
from bench.dcc.bodies import (
    ArmSupply,
    DisableSupply,
    ReadDeviceConfigurationIdentityExcMPxN,
    ReadFirmwareVersion,
    ReadInstantaneousImportRegisters,
    ReadSupplyStatus,
    RetrieveDeviceSecurityCredentialsKRP,
    RetrieveImportDailyReadLog,
)
from bench.dcc_point import device_alert
from bench.gbcs.dlms import AccessRequest, AccessResponse
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.gas_steps import whole_days

REQUIREMENTS = ["SDAG1-3-TRUST", "ELS-Q24-E2EMSG"]
#: type of device -> a read that it answers, and whether the broker sends it for the supplier
READS = {
    "ESME": (ReadSupplyStatus(), False),
    "GSME": (ReadSupplyStatus(), False),
    "GPF": (ReadInstantaneousImportRegisters(), False),
    "CHF": (ReadDeviceConfigurationIdentityExcMPxN(), True),
    "PPMID": (ReadFirmwareVersion(), True),
    "HCALCS": (ReadFirmwareVersion(), True),
}
TRANSACTION, EUI = b"\x09", b"\x08"  #: lengths before the fields of the grouping header
RESPONSE = b"\x02"
MAC_HEADER, MAC, SIGNATURE = 0xDD, 12, 64
LOW_24_BITS = 0xFFFFFF
SECTION = 5  #: octets before the ZCL frame of a component: control, cluster, length
LAST = 0x01
A_TIME = bytes.fromhex("07e60101ff000000ff800000")
FORMAT = 0x8F1E


def header_of(octets):
    """The grouping header of a message with a MAC, without its tag DF: from the transaction id on."""
    return octets[octets.index(b"\xdf\x09") + 1 :]


@testcase(
    "MSG-301",
    "The answer to a read has its header fields in order, names who asked, and has a MAC that its reader can check",
    rules=["R-CMD-002", "R-CMD-009", "R-CMD-010", "R-RSP-001", "R-RSP-002", "R-RSP-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS45", "GCS33", "GCS13a", "ECS26n", "CS08"],
    devices=list(READS),
)
@pytest.mark.parametrize("kind", READS)
def test_read(kind, home, dcc, expect):
    device = home.device(kind)
    body, by_broker = READS[kind]
    supplier = (home.suppliers if kind == "CHF" else suppliers_of(home, device)).losing
    asker = home.acb if by_broker else supplier

    response = dcc.ask(body, device, as_user=supplier, rule="R-CMD-009" if by_broker else "R-CMD-002")

    octets, message = bytes.fromhex(response.seen.data["gbcs"]), response.message
    header = header_of(octets)
    counter = message.counter.to_bytes(8)
    expect("transaction id", header[:10]).equals(TRANSACTION + RESPONSE + counter, rule="R-CMD-002")
    expect("originator and recipient", header[10:28]).equals(EUI + device.eui + EUI + asker.eui, rule="R-CMD-002")
    named = (message.supplementary_party, message.supplementary_counter is not None)
    expect("party the broker spoke for, and its counter", named).equals(
        (supplier.eui, True) if by_broker else (None, False), rule="R-RSP-007"
    )
    expect("first octet", octets[0]).equals(MAC_HEADER, rule="R-CMD-002")
    expect("length of the signature", len(message.signature or b"")).equals(0, rule="R-RSP-002")
    expect("MAC", response.protection.mac).equals("valid", rule="R-CMD-010")


@testcase(
    "MSG-302",
    "The answer to a critical command has a signature of 64 octets that verifies, and nothing behind it",
    rules=["R-CMD-011", "R-RSP-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43", "ECS44", "GCS32", "GCS39"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_critical(kind, home, dcc, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing

    for body in (DisableSupply(), ArmSupply()):
        response = dcc.ask(body, device, as_user=supplier)

        octets = bytes.fromhex(response.seen.data["gbcs"])
        expect("signature", response.protection.signature).equals("valid")
        expect("its length", octets[-SIGNATURE - 1]).equals(SIGNATURE)
        expect("the octets at the end", octets[-SIGNATURE:]).equals(response.message.signature)
        expect("whether there is a MAC header", octets[0] == MAC_HEADER).equals(False, rule="R-RSP-003")


@testcase(
    "MSG-303",
    "The answer of an electricity meter repeats the invoke id of its command: the low 24 bits of the counter",
    rules=["R-CMD-012"],
    requirements=REQUIREMENTS,
    use_cases=["ECS45"],
)
def test_invoke_id(dut, local, timeline, suppliers, expect):
    for _ in range(2):
        command = local.command(ReadSupplyStatus(), dut, as_user=suppliers.losing)
        delivered = local.deliver(command, "a read of the supply status")
        answer = local.read(timeline.expect(answer_to(command), within=minutes(1), after=delivered))

        asked = AccessRequest.parse(command.payload).invoke_id
        answered = AccessResponse.parse(answer.message.payload).invoke_id
        expect("invoke id of the answer", f"{answered:08X}").equals(f"{asked:08X}")
        expect("its low 24 bits", answered & LOW_24_BITS).equals(command.counter & LOW_24_BITS)


def sections(payload):
    """The components of a GBZ payload by their own lengths: control octet and the octets of the ZCL part."""
    found, at = [], 3
    while at < len(payload):
        end = at + SECTION + int.from_bytes(payload[at + 3 : at + SECTION])
        found.append((payload[at], payload[at + SECTION : end]))
        at = end
    return found


@testcase(
    "MSG-304",
    "A ZigBee answer has as many components as it says, the last one marked; one that is encrypted says so and counts",
    rules=["R-CMD-013", "R-ENC-003"],
    requirements=REQUIREMENTS,
    use_cases=["GCS16a", "GCS16b", "GCS13a"],
    devices=["GSME", "GPF"],
)
@pytest.mark.parametrize("kind", ["GSME", "GPF"])
def test_components(kind, home, dcc, clock, gas_suppliers, expect):
    device = home.device(kind)
    for body in (RetrieveImportDailyReadLog(period=whole_days(clock, 3)), ReadInstantaneousImportRegisters()):
        payload = dcc.ask(body, device, as_user=gas_suppliers.losing).message.payload

        parts = sections(payload)
        expect("profile", payload[:2].hex()).equals("0109")
        expect("number of components", payload[2]).equals(len(parts))
        expect("last one marked", [control & LAST for control, _ in parts]).equals([0] * (len(parts) - 1) + [LAST])
        secret = [zcl for control, zcl in parts if control & 0x02]
        expect("frame counters", [zcl[1] for zcl in secret]).equals(list(range(len(secret))), rule="R-ENC-003")
        for zcl in secret:  # additional control, frame counter, ZCL header of three octets, length, ciphertext
            expect("length of the ciphertext", int.from_bytes(zcl[5:7])).equals(len(zcl) - 7, rule="R-ENC-003")
            expect("security control before it", zcl[7:12].hex()).equals("3100000000", rule="R-ENC-003")


def with_date_time(command):
    """The same command with a time in its header."""
    return replace(command, date_time=A_TIME)


def with_long_lengths(command):
    """The same command with the length of its outermost element in two octets instead of one: BER, but not DER."""
    payload = command.payload
    return replace(command, payload=payload[:1] + b"\x81" + payload[1:])


def cut_off_component(command):
    """The same command that claims one component more than it has."""
    payload = command.payload
    return replace(command, payload=payload[:2] + bytes([payload[2] + 1]) + payload[3:])


CREDENTIALS = RetrieveDeviceSecurityCredentialsKRP(roles=("Supplier",))
#: device -> what is wrong: a command, how it is changed, the rule
WRONG = {
    "ESME": {
        "a date-time": (ReadSupplyStatus(), with_date_time, "R-CMD-003"),
        "lengths of BER": (CREDENTIALS, with_long_lengths, "R-CMD-014"),
    },
    "GPF": {
        "a date-time": (ReadInstantaneousImportRegisters(), with_date_time, "R-CMD-003"),
        "lengths of BER": (CREDENTIALS, with_long_lengths, "R-CMD-014"),
        "a component missing": (ReadInstantaneousImportRegisters(), cut_off_component, "R-CMD-013"),
    },
}


@testcase(
    "MSG-305",
    "A read whose form is wrong is not answered, though its MAC is right; it is alerted and in the security log",
    rules=["R-CMD-003", "R-CMD-013", "R-CMD-014", "R-SEC-023"],
    requirements=[*REQUIREMENTS, "SP.20", "SP.32"],
    use_cases=["ECS45", "GCS13a", "CS02a"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
def test_wrong_form(kind, home, local, timeline):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    for what, (body, change, rule) in WRONG[kind].items():
        good = local.command(body, device, as_user=supplier)
        bad = local.maced(replace(change(good), mac=None), device)

        with timeline.never(answer_to(bad), during="20 s", rule=rule):
            delivered = local.deliver(bad, f"a command with {what}")

        timeline.expect(device_alert(device, FORMAT, to=supplier), within="1 min", after=delivered, rule="R-SEC-023")
