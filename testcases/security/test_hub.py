"""Commands to the communications hub that are not as they should be: nothing is done, and the hub lives on."""

import random
from dataclasses import replace

import pytest

from bench.clock import seconds
from bench.dcc.bodies import ReadEventOrSecurityLog, ReadLogPeriod, UpdateHANDeviceLog
from bench.gbcs import Cra, Eui64
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.joining.steps import key_hashes

STRANGER = Eui64.of(0x00155F00CAFE7001)
SOON = "15 s"
SAMPLES = 12
#: places as parts of the whole, chosen once
PLACES = sorted(random.Random(31).random() for _ in range(SAMPLES))
#: the field that is altered -> the change to a command that removes a device; its MAC is of before the change
FIELDS = {
    "the originator": lambda command: replace(command, originator=STRANGER),
    "the target": lambda command: replace(command, target=STRANGER),
    "the counter": lambda command: replace(command, counter=command.counter + 1),
    "the message code": lambda command: replace(command, message_code=0x0001),
    "an octet of the payload": lambda command: replace(command, payload=command.payload[:-1] + b"\xa5"),
    "the MAC": lambda command: replace(command, mac=bytes([command.mac[0] ^ 1]) + command.mac[1:]),
}
#: what is wrong with the content -> the change; the MAC is made anew, so that nothing else is wrong
CONTENTS = {
    "a payload cut short": lambda command: replace(command, payload=command.payload[:-1]),
    "an octet after the payload": lambda command: replace(command, payload=command.payload + b"\0"),
    "an empty payload": lambda command: replace(command, payload=b""),
    "1000 octets too many": lambda command: replace(command, payload=command.payload + bytes(1000)),
    "the payload of a gas meter": lambda command: replace(command, payload=bytes.fromhex("01090101070200030000000000")),
    "a message code nobody knows": lambda command: replace(command, message_code=0x7FFF),
    "the form of a response": lambda command: replace(command, cra=Cra.RESPONSE),
}
#: what the broker alone may ask of the hub
OF_THE_BROKER = ["CCS02", "CCS07", "ECS26n", "ECS35c", "ECS35d"]


@pytest.fixture
def removal(home, hub, local):
    """Makes commands of the broker that take the in-home display out of the hub's log of devices (CCS02)."""
    body = UpdateHANDeviceLog(device=home.device("IHD").eui, request_type="Remove")
    return lambda: local.command(body, hub, as_user=home.suppliers.losing)


@pytest.fixture
def unharmed(dcc, hub, suppliers, expect):
    """States afterwards that the hub answers, and that its log of devices is as it was before the test."""
    before = key_hashes(dcc, hub, suppliers.losing)
    return lambda: expect("log of devices", key_hashes(dcc, hub, suppliers.losing)).equals(before)


@testcase(
    "SEC-271",
    "A command to the hub with one field altered is not carried out; as it was it is, once",
    rules=["R-SEC-007", "R-SEC-006", "R-SEC-020"],
    requirements=["SP.30", "SFA-12-MGMTAUTHZ", "SDAG1-3-TRUST"],
    use_cases=["CCS02", "CCS07"],
    devices=["CHF"],
)
def test_fields(home, hub, dcc, local, timeline, removal, unharmed, suppliers, expect):
    for field, altered in FIELDS.items():
        command = altered(removal())
        with timeline.never(answer_to(command), during=SOON):
            local.deliver(command, f"a removal with {field} altered")
    unharmed()

    command = removal()
    delivered = local.deliver(command, "the removal as it is")
    timeline.expect(answer_to(command), within="10 s", after=delivered)
    held = key_hashes(dcc, hub, suppliers.losing)
    expect("whether the display is in the log", home.device("IHD").eui in held).equals(False)
    with timeline.never(answer_to(command), during=SOON, rule="R-SEC-006"):
        local.deliver(command, "the same removal again")


@testcase(
    "SEC-272",
    "A command to the hub with one bit flipped is not carried out",
    rules=["R-SEC-007", "R-SEC-020"],
    requirements=["SP.31", "SDAG1-3-TRUST"],
    use_cases=["CCS02", "CCS07"],
    devices=["CHF"],
)
def test_bits(local, clock, timeline, removal, unharmed):
    for place in PLACES:
        command = removal()
        octets = bytearray(bytes(command))
        bit = int(place * len(octets) * 8)
        octets[bit // 8] ^= 0x80 >> bit % 8
        with timeline.never(answer_to(command), during=seconds(5)):
            local.deliver(bytes(octets), f"a removal with bit {bit} flipped")
    unharmed()


@testcase(
    "SEC-273",
    "A command to the hub that is well protected and makes no sense is not carried out",
    rules=["R-SEC-001", "R-SEC-002", "R-SEC-020"],
    requirements=["SP.32", "SFA-12-APPFUNCS"],
    use_cases=["CCS02", "CCS07"],
    devices=["CHF"],
)
def test_contents(hub, local, timeline, removal, unharmed):
    for what, changed in CONTENTS.items():
        command = local.maced(replace(changed(removal()), mac=None), hub)
        with timeline.never(answer_to(command), during=SOON):
            local.deliver(command, f"a removal with {what}")
    unharmed()


@testcase(
    "SEC-274",
    "What the broker asks of the hub is refused to every other party, also to the one that the hub knows",
    rules=["R-SEC-005", "R-USE-080", "R-SEC-020"],
    requirements=["SP.33", "SFA-12-MGMTAUTHZ", "SDAG1-3-TRUST"],
    use_cases=OF_THE_BROKER,
    devices=["CHF"],
)
def test_rights(home, hub, dcc, local, clock, timeline, removal, unharmed, suppliers, network_operator, expect):
    began = clock.now().replace(microsecond=0)
    for party in (home.cos_party, suppliers.losing, network_operator):
        commands = [replace(removal(), originator=party.eui, supplementary_party=None, supplementary_counter=None)]
        commands += [local.example(use_case, hub, as_user=party) for use_case in OF_THE_BROKER[1:]]
        for use_case, unprotected in zip(OF_THE_BROKER, commands, strict=True):
            command = local.maced(unprotected, hub)
            with timeline.never(answer_to(command), during=seconds(5)):
                local.deliver(command, f"{use_case} of the {party.name}")

    period = ReadLogPeriod(start=began, end=clock.now())
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), hub, as_user=suppliers.losing).log()
    expect("commands in the event log", [bytes(entry.other).hex() for entry in log]).equals([], rule="R-USE-080")
    unharmed()
    for use_case in OF_THE_BROKER[1:]:
        command = local.example(use_case, hub, as_user=home.acb)
        delivered = local.deliver(command, f"{use_case} of the broker")
        timeline.expect(answer_to(command), within="10 s", after=delivered, rule="R-USE-080")
