"""Firmware: an image comes through the DCC, is checked and told, and runs when the supplier says so, now or later."""

from dataclasses import replace

import pytest

from bench.clock import minutes, seconds
from bench.dcc import CANCEL
from bench.dcc.bodies import (
    ActivateFirmware,
    ReadSupplyStatus,
)
from bench.dcc_point import device_alert
from bench.gbcs.firmware import OtaImage
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import counter, held, suppliers_of
from testcases.firmware.steps import (
    ACTIVATED,
    CHANGED,
    DOWNLOAD,
    NO_IMAGE,
    NOT_ACTIVATED,
    RECEIVED,
    REJECTED,
    REQUIREMENTS,
    SUCCESS,
    WRONG_HASH,
    activate,
    load,
    security_codes,
    version_in_use,
)
from testcases.messages.test_alert_counters import state_counters

HASH_OCTETS = 32
METERS = pytest.mark.parametrize("kind", ["ESME", "GSME"])


@testcase(
    "FWU-001",
    "An image that fits is told with the hash of the manufacturer's image; the old firmware runs on",
    rules=["R-FWU-006", "R-FWU-003", "R-ALT-021", "R-FWU-018"],
    requirements=REQUIREMENTS,
    use_cases=["CS06", "ECS52", "GCS38", "ECS35b", "CS10b"],
    devices=["ESME", "GSME"],
)
@METERS
def test_received(kind, home, dcc, gas, firmware, clock, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    before, began = version_in_use(dcc, gas, device, supplier), clock.now()
    image = firmware.signed(firmware.image(device), supplier)

    posted = firmware.distribute(image, device, as_user=supplier)

    seen = timeline.expect(device_alert(device, RECEIVED, REJECTED, to=supplier), within=DOWNLOAD, after=posted)
    expect("code of the alert", int(seen.data["alert_code"], 16)).equals(RECEIVED, rule="R-FWU-006")
    told = bytes.fromhex(firmware.told_hash(seen))
    expect("octets of the hash in the alert", len(told)).equals(HASH_OCTETS, rule="R-ALT-021")
    expect("hash in the alert", told.hex()).equals(image.hash.hex(), rule="R-FWU-003")
    expect("signature of the alert", dcc.read(seen).protection.signature).equals("valid", rule="R-FWU-006")
    expect("version in use", version_in_use(dcc, gas, device, supplier)).equals(before, rule="R-FWU-018")
    codes = security_codes(dcc, gas, device, supplier, began, clock.now())
    expect("entries 8F72 in the security log", codes.count(RECEIVED)).equals(1, rule="R-FWU-006")


@testcase(
    "FWU-002",
    "An activated image runs at once, and everything else is as it was",
    rules=["R-FWU-010", "R-FWU-011", "R-FWU-013", "R-FWU-014", "R-FWU-015", "R-FWU-018", "R-IDN-003", "R-EVT-022"],
    requirements=[*REQUIREMENTS, "CSC-DP094-OTALOSS", "OP.07"],
    use_cases=["CS06", "ECS52", "GCS38", "CS02a", "ECS35b", "CS10b"],
    devices=["ESME", "GSME"],
)
@METERS
def test_activated(kind, home, dcc, gas, firmware, clock, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing

    def state():
        response = dcc.ask(ReadSupplyStatus(), device, as_user=supplier)
        return response.value() if kind == "ESME" else gas.read(response).attributes

    image = load(firmware, timeline, device, supplier)
    credentials, supply, began = held(dcc, device, "Supplier", supplier), state(), clock.now()

    sent = dcc.send(ActivateFirmware(firmware_hash=image.hash), device, as_user=supplier)
    outcome = firmware.outcome(sent.response())

    version = f"{image.version:08x}"
    expect("code and version in the answer", outcome).equals((SUCCESS, version), rule="R-FWU-011")
    expect("version in use", version_in_use(dcc, gas, device, supplier)).equals(version, rule="R-IDN-003")
    expect("state of the supply", state()).equals(supply, rule="R-FWU-015")
    expect("supplier's cells", held(dcc, device, "Supplier", supplier)).equals(credentials, rule="R-FWU-013")
    counted = counter(dcc, device, "Supplier", supplier)
    expect("counter of the supplier", counted).equals(sent.request.request_id.counter, rule="R-FWU-013")
    codes = security_codes(dcc, gas, device, supplier, began, clock.now())
    expect("entries 8F43 in the security log", codes.count(CHANGED)).equals(1, rule="R-FWU-014")
    told = timeline.find(device_alert(device, CHANGED), after=began)
    expect("alerts 8F43: the answer has told it", len(told)).equals(0, rule="R-EVT-022")
    again = activate(dcc, firmware, device, supplier, image.hash)
    expect("code and version when it is asked for again", again).equals((NO_IMAGE, version), rule="R-FWU-010")


@testcase(
    "FWU-003",
    "What stands against an activation is told, and the old firmware runs on",
    rules=["R-FWU-010", "R-FWU-014"],
    requirements=[*REQUIREMENTS, "IM.02.5"],
    use_cases=["CS06", "ECS52", "GCS38"],
    devices=["ESME", "GSME"],
)
@METERS
def test_not_activated(kind, home, dcc, gas, firmware, clock, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    before, began = version_in_use(dcc, gas, device, supplier), clock.now()

    outcome = activate(dcc, firmware, device, supplier, bytes(32))
    expect("code and version without an image", outcome).equals((NO_IMAGE, before))

    image = load(firmware, timeline, device, supplier)
    outcome = activate(dcc, firmware, device, supplier, bytes([image.hash[0] ^ 1]) + image.hash[1:])
    expect("code and version with another hash", outcome).equals((WRONG_HASH, before))
    expect("version in use", version_in_use(dcc, gas, device, supplier)).equals(before)
    codes = security_codes(dcc, gas, device, supplier, began, clock.now())
    expect("entries 8F43 in the security log", codes.count(CHANGED)).equals(0, rule="R-FWU-014")
    outcome = activate(dcc, firmware, device, supplier, image.hash)
    expect("code with the right hash", outcome[0]).equals(SUCCESS)


@testcase(
    "FWU-004",
    "An activation at a set time is accepted now, happens then, also when it fell into an outage, and is told",
    rules=["R-FWU-012", "R-FUT-011", "R-FUT-015", "R-FUT-016"],
    requirements=REQUIREMENTS,
    use_cases=["CS06", "ECS52"],
)
@pytest.mark.parametrize("power", ["there", "away"])
def test_later(power, dut, dcc, gas, firmware, mains, clock, timeline, suppliers, expect):
    supplier = suppliers.losing
    before = version_in_use(dcc, gas, dut, supplier)
    image = load(firmware, timeline, dut, supplier)
    at = (clock.now() + minutes(10)).replace(second=0, microsecond=0)
    sent = dcc.send(ActivateFirmware(firmware_hash=image.hash, execute_at=at), dut, as_user=supplier)

    expect("outcome in the answer", firmware.outcome(sent.response())).equals(None)
    with timeline.never(device_alert(dut, ACTIVATED, NOT_ACTIVATED)):
        clock.sleep_until(at - minutes(1))
    expect("version before the time", version_in_use(dcc, gas, dut, supplier)).equals(before)
    if power == "away":
        mains.interrupt(seconds(60), start=at - seconds(20))

    rule = "R-FUT-015" if power == "away" else "R-FWU-012"
    seen = timeline.expect(device_alert(dut, ACTIVATED, to=supplier), within=minutes(6), after=sent.posted, rule=rule)
    told = firmware.alerted(seen)
    expect("time in the alert", told["execution_time"]).equals(at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    expect("counter in the alert", told["originator_counter"]).equals(sent.request.request_id.counter, "R-FUT-011")
    version = f"{image.version:08x}"
    expect("code and version in the alert", firmware.outcome(dcc.read(seen))).equals((SUCCESS, version), "R-FUT-011")
    expect("version in use", version_in_use(dcc, gas, dut, supplier)).equals(version)


@testcase(
    "FWU-005",
    "A waiting activation is withdrawn by a cancellation; one that finds no image is told as failed",
    rules=["R-FWU-012", "R-FUT-004", "R-FUT-011"],
    requirements=REQUIREMENTS,
    use_cases=["CS06", "ECS52"],
)
@pytest.mark.parametrize("how", ["withdrawn", "without image"])
def test_later_not(how, dut, dcc, gas, firmware, clock, timeline, suppliers, expect):
    supplier = suppliers.losing
    before = version_in_use(dcc, gas, dut, supplier)
    wanted = load(firmware, timeline, dut, supplier).hash if how == "withdrawn" else bytes(32)
    at = (clock.now() + minutes(10)).replace(second=0, microsecond=0)
    accepted = activate(dcc, firmware, dut, supplier, wanted, execute_at=at)
    expect("outcome in the answer", accepted).equals(None)

    if how == "withdrawn":
        cancelled = activate(dcc, firmware, dut, supplier, wanted, execute_at=CANCEL)
        expect("outcome in the answer to the cancellation", cancelled).equals(None)
        with timeline.never(device_alert(dut, ACTIVATED, NOT_ACTIVATED), rule="R-FUT-004"):
            clock.sleep_until(at + minutes(2))
    else:
        seen = timeline.expect(device_alert(dut, ACTIVATED, NOT_ACTIVATED, to=supplier), within=minutes(12))
        expect("code of the alert", int(seen.data["alert_code"], 16)).equals(NOT_ACTIVATED)
        told = firmware.outcome(dcc.read(seen))
        expect("code and version in the alert", told).equals((NO_IMAGE, before), rule="R-FUT-011")
    expect("version in use", version_in_use(dcc, gas, dut, supplier)).equals(before)


@testcase(
    "FWU-006",
    "An image that is damaged, for other hardware, of another maker or type, or not signed by the supplier is dropped",
    rules=["R-FWU-005", "R-FWU-007", "R-FWU-001", "R-FWU-002", "R-FWU-003", "R-ALT-021"],
    requirements=[*REQUIREMENTS, "IM.02.5"],
    use_cases=["CS06"],
)
@pytest.mark.parametrize(
    "wrong", ["content", "signer", "signed with its header", "hardware", "maker", "type", "identifier", "length"]
)
def test_dropped(wrong, dut, dcc, firmware, timeline, suppliers, expect):
    supplier = suppliers.losing
    good = firmware.signed(firmware.image(dut), supplier)
    _, high = good.hardware
    header = bytes(good)[: -len(good.content) - 66]
    whole = firmware.signed(replace(good, content=header + good.content), supplier)
    made = {
        "content": lambda: replace(good, content=bytes([good.content[0] ^ 1]) + good.content[1:]),
        "signer": lambda: firmware.signed(good, suppliers.gaining),
        "signed with its header": lambda: replace(good, signature=whole.signature),
        "hardware": lambda: replace(good, hardware=(high + 1, high + 2)),
        "maker": lambda: replace(good, manufacturer=good.manufacturer ^ 1),
        "type": lambda: replace(good, image_type=good.image_type ^ 1),
        "identifier": lambda: b"\0" + bytes(good)[1:],
        "length": lambda: bytes(good)[:-1],
    }[wrong]()

    posted = firmware.distribute(made, dut, as_user=supplier)

    rule = {"signed with its header": "R-FWU-001", "identifier": "R-FWU-002", "length": "R-FWU-002"}.get(wrong)
    with timeline.never(device_alert(dut, RECEIVED), rule=rule or "R-FWU-005"):
        seen = timeline.expect(device_alert(dut, REJECTED, RECEIVED), within=DOWNLOAD, after=posted, rule="R-FWU-007")
    if isinstance(made, OtaImage):
        expect("hash in the alert", firmware.told_hash(seen)).equals(made.hash.hex(), rule="R-FWU-003")
    outcome = activate(dcc, firmware, dut, supplier, good.hash)
    expect("code of its activation", outcome[0]).equals(NO_IMAGE, rule=rule or "R-FWU-005")


@testcase(
    "FWU-007",
    "Of two images the later one waits; a bad one after it leaves it there",
    rules=["R-FWU-008", "R-FWU-010", "R-FWU-007"],
    requirements=REQUIREMENTS,
    use_cases=["CS06"],
)
def test_one_image(dut, dcc, firmware, timeline, suppliers, expect):
    supplier = suppliers.losing
    first = load(firmware, timeline, dut, supplier)
    second = firmware.signed(replace(first, content=first.content + b"\1", version=first.version + 1), supplier)
    posted = firmware.distribute(second, dut, as_user=supplier)
    timeline.expect(device_alert(dut, RECEIVED, to=supplier), within=DOWNLOAD, after=posted)
    posted = firmware.distribute(replace(first, signature=bytes(64)), dut, as_user=supplier)
    timeline.expect(device_alert(dut, REJECTED, to=supplier), within=DOWNLOAD, after=posted, rule="R-FWU-007")

    outcome = activate(dcc, firmware, dut, supplier, first.hash)
    expect("code for the first image", outcome[0]).equals(WRONG_HASH)
    outcome = activate(dcc, firmware, dut, supplier, second.hash)
    expect("code and version for the second", outcome).equals((SUCCESS, f"{second.version:08x}"))


@testcase(
    "FWU-008",
    "An activation whose counter is not that of its message is refused",
    rules=["R-FWU-009"],
    requirements=REQUIREMENTS,
    use_cases=["CS06", "ECS52"],
)
def test_counter(dut, dcc, gas, local, firmware, timeline, suppliers, expect):
    supplier = suppliers.losing
    before = version_in_use(dcc, gas, dut, supplier)
    image = load(firmware, timeline, dut, supplier)
    good = local.command(ActivateFirmware(firmware_hash=image.hash), dut, as_user=supplier)
    other = local.protect(replace(good, counter=good.counter + 1, signature=None, mac=None), dut)

    with timeline.never(answer_to(other), during=minutes(1)):
        local.deliver(other, "an activation with the counter of another message")

    expect("version in use", version_in_use(dcc, gas, dut, supplier)).equals(before)


@testcase(
    "FWU-009",
    "A device goes on numbering its alerts where it was, under another firmware too",
    rules=["R-CTR-009", "R-FWU-013"],
    requirements=[*REQUIREMENTS, "SDAG1-3-TRUST"],
    use_cases=["CS06"],
    devices=["ESME", "GSME"],
)
@METERS
def test_alerts_numbered_on(kind, home, dcc, local, firmware, clock, timeline, expect):
    device = home.device(kind)
    supplier, began = suppliers_of(home, device).losing, clock.now()

    def provoke():
        command = local.command(ReadSupplyStatus(), device, as_user=supplier)
        with timeline.never(answer_to(command), during=minutes(1 if kind == "ESME" else 35)):
            local.deliver(replace(command, mac=bytes(12)), "a read with a wrong MAC")

    provoke()
    image = load(firmware, timeline, device, supplier)
    provoke()
    activate(dcc, firmware, device, supplier, image.hash)
    provoke()

    told = timeline.find(device_alert(device), after=began)
    state_counters(told, 4, expect)
