"""The hub's log of devices: who is in it, what the DCC is told of it, and how many there is room for."""

from dataclasses import replace

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import AddDeviceToCHFWhitelist, ReadDeviceLog, UpdateHANDeviceLog
from bench.dcc_point import dcc_alert, device_alert
from bench.gbcs import Eui64
from bench.gbcs.dlms import AccessRequest
from bench.gbcs.times import parse_date_time
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.gas_steps import next_wake
from testcases.joining.steps import historic_hashes, key_hashes, try_to_join

SUCCESS, ERROR, NOT_EXECUTED = 0, 1, 250
MOST = 16
KEY_HASH, NO_KEY = 16, 0  #: octets
CODE = bytes(range(16))
REPORT = 0x8F12  #: device log changed


def stranger(number):
    """An EUI-64 that no device has."""
    return Eui64.of(0x00155F00CAFE0000 + number)


def addition(eui, join_time=60):
    """The request that adds a device."""
    allowed = AddDeviceToCHFWhitelist(join_time=join_time, install_code=CODE)
    return UpdateHANDeviceLog(device=eui, request_type="Add", whitelist=allowed)


@testcase(
    "HAN-001",
    "A device that is added is in the log at once, without a key until it has joined",
    rules=["R-HAN-003", "R-HAN-002", "R-HAN-015"],
    requirements=["HA.02"],
    use_cases=["CCS01", "CCS07"],
    devices=["CHF"],
)
def test_added(hub, dcc, newcomer, suppliers, expect):
    answer = dcc.ask(newcomer.addition(), hub, as_user=suppliers.losing)
    expect("results", answer.results).equals([SUCCESS] * 3, rule="R-HAN-002")

    hashes = key_hashes(dcc, hub, suppliers.losing)
    expect("devices in the log", list(hashes)).satisfies("to name the new one", lambda seen: newcomer.eui in seen)
    expect("octets of its key hash", len(hashes[newcomer.eui])).equals(NO_KEY)
    others = {len(one) for eui, one in hashes.items() if eui not in (newcomer.eui,)}
    expect("octets of the others' key hashes", others).satisfies("to be 16, or none", {NO_KEY, KEY_HASH}.issuperset)


@testcase(
    "HAN-009",
    "What is read of the log tells no key",
    rules=["R-HAN-015"],
    requirements=["HA.16"],
    use_cases=["CCS07"],
    devices=["CHF"],
)
def test_no_keys(hub, dcc, han, suppliers, expect):
    hashes = key_hashes(dcc, hub, suppliers.losing).values()
    expect("link keys that are known", len(han.link_keys())).satisfies("to be some", bool)
    expect("link keys in the log", len(han.link_keys().intersection(hashes))).equals(0)


@testcase(
    "HAN-002",
    "The DCC hears of a key once a device has joined, and not before",
    rules=["R-HAN-009", "R-HAN-003", "R-HAN-015"],
    requirements=["HA.02"],
    use_cases=["CCS01", "CS14", "CCS07"],
    devices=["CHF"],
)
def test_reported(hub, dcc, newcomer, suppliers, clock, timeline, expect):
    supplier = suppliers.losing
    added = dcc.send(newcomer.addition(), hub, as_user=supplier)
    with timeline.never(dcc_alert("N24", to=supplier), during="10 s", rule="R-HAN-003"):
        added.response()

    expect("that the device has joined", try_to_join(newcomer, clock)).equals(True, rule="R-HAN-005")
    timeline.expect(dcc_alert("N24", to=supplier), within="1 min", after=added.posted)
    hashed = key_hashes(dcc, hub, supplier)[newcomer.eui]
    expect("octets of its key hash", len(hashed)).equals(KEY_HASH, rule="R-HAN-015")


@testcase(
    "HAN-003",
    "A device that is removed is gone from the log, is kept in the historic one, and the DCC hears of it",
    rules=["R-HAN-011", "R-HAN-009", "R-HAN-015"],
    requirements=["HA.02"],
    use_cases=["CCS02", "CS14", "CCS07"],
    devices=["CHF"],
)
def test_removed(hub, dcc, newcomer, suppliers, clock, timeline, expect):
    supplier = suppliers.losing
    dcc.ask(newcomer.addition(), hub, as_user=supplier)
    expect("that the device has joined", try_to_join(newcomer, clock)).equals(True, rule="R-HAN-005")
    hashed = key_hashes(dcc, hub, supplier)[newcomer.eui]

    removed = dcc.send(newcomer.removal(), hub, as_user=supplier)
    expect("results", removed.response().results).equals([SUCCESS])
    timeline.expect(dcc_alert("N24", to=supplier), within="1 min", after=removed.posted, rule="R-HAN-009")

    expect("devices in the log", list(key_hashes(dcc, hub, supplier))).satisfies(
        "not to name the one removed", lambda seen: newcomer.eui not in seen
    )
    expect("its hash in the historic log", historic_hashes(dcc, hub, supplier).get(newcomer.eui)).equals(hashed)


@testcase(
    "HAN-004",
    "A device that never had a key leaves no trace in the historic log",
    rules=["R-HAN-011"],
    use_cases=["CCS02", "CCS07"],
    devices=["CHF"],
)
def test_removed_before_it_joined(hub, dcc, newcomer, suppliers, expect):
    dcc.ask(newcomer.addition(), hub, as_user=suppliers.losing)
    dcc.ask(newcomer.removal(), hub, as_user=suppliers.losing)
    historic = list(historic_hashes(dcc, hub, suppliers.losing))
    expect("devices in the historic log", historic).satisfies("not to name it", lambda seen: newcomer.eui not in seen)


@testcase(
    "HAN-005",
    "Removing a device that is not there fails, and changes nothing",
    rules=["R-HAN-012"],
    use_cases=["CCS02", "CCS07"],
    devices=["CHF"],
)
def test_removed_unlisted(hub, dcc, suppliers, expect):
    before = key_hashes(dcc, hub, suppliers.losing)
    answer = dcc.ask(UpdateHANDeviceLog(device=stranger(1), request_type="Remove"), hub, as_user=suppliers.losing)
    expect("results", answer.results).equals([ERROR])
    expect("the log", key_hashes(dcc, hub, suppliers.losing)).equals(before)


@testcase(
    "HAN-006",
    "Adding a device a second time succeeds, drops the new install code and leaves its key alone",
    rules=["R-HAN-004", "R-RSP-017", "R-HAN-015"],
    use_cases=["CCS01", "CCS07"],
    devices=["CHF"],
)
def test_added_twice(hub, dcc, newcomer, suppliers, clock, expect):
    supplier = suppliers.losing
    dcc.ask(newcomer.addition(), hub, as_user=supplier)
    expect("that the device has joined", try_to_join(newcomer, clock)).equals(True, rule="R-HAN-005")
    hashed = key_hashes(dcc, hub, supplier)[newcomer.eui]

    again = dcc.ask(newcomer.addition(install_code=CODE), hub, as_user=supplier)
    expect("results", again.results).equals([SUCCESS] * 3, rule="R-RSP-017")
    expect("its key hash", key_hashes(dcc, hub, supplier)[newcomer.eui]).equals(hashed)
    newcomer.ask_display()
    clock.sleep(seconds(5))
    expect("days on its display", newcomer.display()).satisfies("to be some", bool)


@testcase(
    "HAN-286",
    "Adding a device again before it has joined leaves its install code as it was: it joins by the first one",
    rules=["R-HAN-004", "R-HAN-005"],
    use_cases=["CCS01"],
    devices=["CHF"],
)
def test_added_twice_before_it_joined(hub, dcc, newcomer, suppliers, clock, expect):
    dcc.ask(newcomer.addition(), hub, as_user=suppliers.losing)
    again = dcc.ask(newcomer.addition(install_code=CODE), hub, as_user=suppliers.losing)
    expect("results", again.results).equals([SUCCESS] * 3)

    expect("that the device joins by the install code named first", try_to_join(newcomer, clock)).equals(True)


@testcase(
    "HAN-007",
    "There is room for sixteen devices; the next one is refused, and joining is not opened for it",
    rules=["R-HAN-016", "R-HAN-017"],
    requirements=["SFA-29-MULTIESME"],
    use_cases=["CCS01", "CCS07"],
    devices=["CHF"],
)
def test_full(hub, dcc, suppliers, expect):
    supplier = suppliers.losing
    room = MOST - len(key_hashes(dcc, hub, supplier))
    for number in range(room):
        answer = dcc.ask(addition(stranger(number), 1), hub, as_user=supplier)
        expect(f"results for device {number + 1} of {room}", answer.results).equals([SUCCESS] * 3, rule="R-HAN-016")
    expect("devices in the log", len(key_hashes(dcc, hub, supplier))).equals(MOST, rule="R-HAN-016")

    refused = dcc.ask(addition(stranger(room)), hub, as_user=supplier)
    expect("results for one too many", refused.results).equals([ERROR, NOT_EXECUTED, NOT_EXECUTED], rule="R-HAN-017")
    expect("devices in the log", len(key_hashes(dcc, hub, supplier))).equals(MOST, rule="R-HAN-017")


@testcase(
    "HAN-008",
    "The hub tells of each device when it was heard last, and how well",
    rules=["R-HAN-014"],
    use_cases=["CCS06"],
    devices=["CHF", "GSME"],
)
def test_communications(hub, dut, gsme, dcc, suppliers, clock, expect):
    woken = next_wake(clock)
    clock.sleep_until(woken + minutes(10))
    before = clock.now()
    key_hashes(dcc, hub, suppliers.losing)
    dcc.credentials(dut, ["Supplier"], as_user=suppliers.losing)
    answer = dcc.ask(ReadDeviceLog(), hub, as_user=suppliers.losing)
    rows = answer.items(lambda data: {Eui64(row[0].value): row for row in data[0].value})
    expect("devices", list(rows)).satisfies("to name the electricity meter", lambda seen: dut.eui in seen)
    heard = parse_date_time(rows[dut.eui][8].value)
    expect("when the meter was heard last", heard).lies_between(before - seconds(1), clock.now())
    heard = parse_date_time(rows[gsme.eui][8].value)
    expect("when the gas meter was heard last", heard).lies_between(woken - minutes(1), woken + minutes(5))
    levels = [rows[dut.eui][number].value for number in (2, 3, 4)]
    expect("its levels (dBm)", levels).satisfies("to be those of a radio", lambda dbm: all(-110 < x < 10 for x in dbm))


@testcase(
    "HAN-136",
    "What the hub reports names each device with its key: the DCC hears of the one of two that has joined",
    rules=["R-HAN-010", "R-HAN-009"],
    use_cases=["CCS01", "CS14"],
    devices=["CHF"],
)
def test_reported_by_device(hub, dcc, newcomer, second_ppmid, suppliers, clock, timeline, expect):
    supplier = suppliers.losing
    began = clock.now()
    for one in (newcomer, second_ppmid):
        dcc.ask(one.addition(), hub, as_user=supplier)
    confirmed = [newcomer, second_ppmid][::-1]
    for number, one in enumerate(confirmed, 1):
        expect(f"that device {number} has joined", try_to_join(one, clock)).equals(True, rule="R-HAN-005")
        told = timeline.find(dcc_alert("N24", to=supplier), after=began)
        expect("devices that the DCC has heard of", [seen.data["details"]["device"] for seen in told]).equals(
            [str(each.eui) for each in confirmed[:number]]
        )
    with timeline.never(device_alert(hub, REPORT), during=seconds(30)):
        dcc.ask(newcomer.removal(), hub, as_user=supplier)


@testcase(
    "HAN-137",
    "An addition whose items are in another order is not carried out: nothing is listed, and joining stays closed",
    rules=["R-HAN-002", "R-SEC-002"],
    use_cases=["CCS01", "CCS07"],
    devices=["CHF"],
)
@pytest.mark.parametrize("order", [(1, 0, 2), (2, 0, 1), (0, 2, 1)], ids=["time first", "open first", "time last"])
def test_order(order, hub, dcc, local, newcomer, suppliers, clock, timeline, expect):
    before = key_hashes(dcc, hub, suppliers.losing)
    good = local.command(newcomer.addition(), hub, as_user=suppliers.losing)
    request = AccessRequest.parse(good.payload)
    specs, data = [request.specs[place] for place in order], [request.data[place] for place in order]
    payload = bytes(AccessRequest(request.invoke_id, specs, data))
    bad = local.protect(replace(good, payload=payload, mac=None), hub)

    with timeline.never(answer_to(bad), during=seconds(10)):
        local.deliver(bad, "CCS01 with its items in another order")
    expect("the log", key_hashes(dcc, hub, suppliers.losing)).equals(before)
    expect("that the device has joined", try_to_join(newcomer, clock)).equals(False)
