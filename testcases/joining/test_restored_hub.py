"""A hub is given the log of another (CCS03): it forms that network, and devices come back without install codes."""

import pytest

from bench.clock import seconds
from bench.dcc.bodies import RestoreHANDeviceLog
from bench.expecting import precondition
from bench.gbcs import Eui64
from bench.han.mac_commands import Beacon
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.joining.steps import key_hashes, try_to_join

SUCCESS, ERROR = 0, 1
MOST, KEY_HASH = 16, 16
WINDOW = 60  #: s
ANOTHER_NETWORK = Eui64.of(0x00155F00CAFE6000)
REQUIREMENTS = ["SFA-29-EXPAND", "SFA-12-SEPARATE", "IM.03"]


def stranger(number):
    """An EUI-64 that no device has."""
    return Eui64.of(0x00155F00CAFE6100 + number)


class Restoring:
    """Sends CCS03 with any log to the hub."""

    def __init__(self, local, timeline, hub, home):
        self._local, self._timeline, self._hub, self._broker = local, timeline, hub, home.acb

    def restore(self, network, log):
        """Give the hub a network and its devices (EUI-64 -> hash of the key); return the results."""
        body = RestoreHANDeviceLog(old_hub=self._hub.eui)
        facts = {"hub_log": (bytes(network), list(log.items()))}
        command = self._local.command(body, self._hub, as_user=self._broker, facts=facts)
        delivered = self._local.deliver(command, f"CCS03 with {len(log)} devices")
        seen = self._timeline.expect(answer_to(command), within="1 min", after=delivered)
        return self._local.read(seen).results


@pytest.fixture
def restoring(local, timeline, hub, home):
    """CCS03 with any log."""
    return Restoring(local, timeline, hub, home)


@testcase(
    "HAN-241",
    "A hub that is given the log of before has a device back that is in it: without install code, and joining closed",
    rules=["R-HAN-018", "R-HAN-019", "R-HAN-009"],
    requirements=REQUIREMENTS,
    use_cases=["CCS03", "CCS01", "CCS02", "CCS07"],
    devices=["CHF"],
)
def test_return(hub, dcc, han, restoring, newcomer, suppliers, clock, timeline, expect):
    supplier = suppliers.losing
    dcc.ask(newcomer.addition(WINDOW), hub, as_user=supplier)
    precondition(try_to_join(newcomer, clock), "the device joins")
    log = key_hashes(dcc, hub, supplier)
    dcc.ask(newcomer.removal(), hub, as_user=supplier)
    clock.sleep(seconds(WINDOW))
    precondition(not try_to_join(newcomer, clock), "the device is out, and joining is closed")

    expect("results", restoring.restore(hub.eui, log)).equals([SUCCESS], rule="R-HAN-019")

    expect("the log then", key_hashes(dcc, hub, supplier)).equals(log, rule="R-HAN-019")
    returned = clock.now()
    expect("that the device is back", try_to_join(newcomer, clock)).equals(True)
    beacon = han.expect("cmd == beacon and src == chf", within="10 s", after=returned)
    expect("that the beacon offers joining", Beacon.parse(han.frame_of(beacon).mac.payload).association_permit).equals(
        False, rule="R-HAN-008"
    )
    asked = timeline.find(han.query(f'cmd == association_request and src == "{newcomer.eui}"'), after=returned)
    expect("association requests", len(asked)).equals(0)
    now = key_hashes(dcc, hub, supplier)[newcomer.eui]
    expect("octets of its key hash", len(now)).equals(KEY_HASH, rule="R-HAN-009")
    newcomer.ask_display()
    clock.sleep(seconds(5))
    expect("days on its display", newcomer.display()).satisfies("to be some", bool)


@testcase(
    "HAN-242",
    "A device that has another key than the restored log says, or of which it says none, does not come back",
    rules=["R-HAN-018", "R-HAN-001"],
    requirements=REQUIREMENTS,
    use_cases=["CCS03", "CCS01", "CCS02"],
    devices=["CHF"],
)
def test_other_key(hub, dcc, restoring, newcomer, suppliers, clock, expect):
    supplier = suppliers.losing
    dcc.ask(newcomer.addition(WINDOW), hub, as_user=supplier)
    precondition(try_to_join(newcomer, clock), "the device joins")
    log = key_hashes(dcc, hub, supplier)
    dcc.ask(newcomer.removal(), hub, as_user=supplier)
    clock.sleep(seconds(WINDOW))

    for what, digest in (("no key", b""), ("another key", bytes(KEY_HASH))):
        results = restoring.restore(hub.eui, log | {newcomer.eui: digest})
        expect(f"results with {what}", results).equals([SUCCESS], rule="R-HAN-019")
        expect("that the device is back", try_to_join(newcomer, clock)).equals(False)


@testcase(
    "HAN-243",
    "A hub that is given another's network shows that network in its beacons and its log",
    rules=["R-HAN-018"],
    requirements=REQUIREMENTS,
    use_cases=["CCS03", "CCS07"],
    devices=["CHF"],
)
def test_network(hub, dut, dcc, han, restoring, newcomer, suppliers, clock, expect):
    log = key_hashes(dcc, hub, suppliers.losing)
    expect("results", restoring.restore(ANOTHER_NETWORK, log)).equals([SUCCESS])

    scanned = clock.now()
    newcomer.press_join()
    beacon = han.expect("cmd == beacon and src == chf", within="5 s", after=scanned)
    told = Beacon.parse(han.frame_of(beacon).mac.payload).zigbee.epid
    expect("extended PAN id in the beacon", Eui64(told)).equals(ANOTHER_NETWORK)
    expect("devices in the log", key_hashes(dcc, hub, suppliers.losing)).equals(log, rule="R-HAN-019")
    answer = dcc.credentials(dut, ["Supplier"], as_user=suppliers.losing)
    expect("answer of the meter", answer).satisfies("to be there", bool)


@testcase(
    "HAN-244",
    "A restored log takes the place of the one there was; it has one device at least and sixteen at the most",
    rules=["R-HAN-019", "R-HAN-016"],
    requirements=REQUIREMENTS,
    use_cases=["CCS03", "CCS07"],
    devices=["CHF"],
)
def test_replaced(hub, dut, dcc, restoring, suppliers, expect):
    supplier = suppliers.losing
    log = key_hashes(dcc, hub, supplier)
    for count in (0, MOST + 1):
        wrong = {stranger(number): bytes(KEY_HASH) for number in range(count)}
        expect(f"results for {count} devices", restoring.restore(hub.eui, wrong)).equals([ERROR])
        expect("the log then", key_hashes(dcc, hub, supplier)).equals(log)

    full = log | {stranger(number): bytes(range(KEY_HASH)) for number in range(MOST - len(log))}
    expect("results for 16 devices", restoring.restore(hub.eui, full)).equals([SUCCESS])
    expect("the log then", key_hashes(dcc, hub, supplier)).equals(full)

    expect("results for fewer again", restoring.restore(hub.eui, log)).equals([SUCCESS])
    expect("the log then", key_hashes(dcc, hub, supplier)).equals(log)
    answer = dcc.credentials(dut, ["Supplier"], as_user=supplier)
    expect("answer of the meter", answer).satisfies("to be there", bool)
