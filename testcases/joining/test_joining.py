"""A device joins: in its time, by its install code, with a key of its own; and everything that must not be a join."""

from dataclasses import replace

from bench.clock import minutes, seconds
from bench.dcc_point import dcc_alert
from bench.gbcs import Eui64
from bench.han.mac_commands import Beacon
from bench.testcase import testcase
from testcases.joining.steps import ATTEMPT, key_hashes, try_to_join

WINDOW, LONG_WINDOW = 120, 600  #: s
SUITE_2 = 1 << 1
NEED_A_KEY = "metering, prepayment, price, tunneling, messaging, events"
WRONG_CODE = bytes.fromhex("00112233445566778899AABBCCDDEEFF")


@testcase(
    "HAN-101",
    "A device joins by its install code, agrees a key by suite 2, and only then uses what needs one",
    rules=["R-HAN-030", "R-HAN-031", "R-HAN-005", "R-HAN-002", "R-AIR-002"],
    requirements=["HA.02", "SDAG1-3-ZIGBEE"],
    use_cases=["CCS01"],
    devices=["CHF", "IHD"],
)
def test_join(hub, dcc, han, newcomer, suppliers, clock, expect):
    added = dcc.ask(newcomer.addition(WINDOW), hub, as_user=suppliers.losing).seen

    with han.never(f'cluster in ({NEED_A_KEY}) and (src_eui == "{newcomer.eui}" or dst_eui == "{newcomer.eui}")'):
        newcomer.press_join()
        han.expect(f'cmd == association_response and dst == "{newcomer.eui}"', within="10 s", after=added)
        key = han.expect(f'cmd == transport_key and dst_eui == "{newcomer.eui}"', within="5 s", after=added)
        secured = han.frame_of(key).aps.security is not None
        expect("whether the network key is encrypted on its way", secured).equals(True, rule="R-AIR-002")
        offer = han.expect(f'cmd == initiate_request and src_eui == "{newcomer.eui}"', within="10 s", after=added)
        responses = f'cmd in (initiate_response, terminate) and dst_eui == "{newcomer.eui}"'
        answer = han.expect(responses, within="5 s", after=offer)
        expect("the hub's answer to it", answer.data["what"]).equals("InitiateResponse", rule="R-HAN-031")
        han.expect(f'cmd == confirm_key_response and dst_eui == "{newcomer.eui}"', within="20 s", after=offer)

    expect("suites it offers", han.frame_of(offer).zcl_fields["suite"]).equals(SUITE_2, rule="R-HAN-031")
    clock.sleep(ATTEMPT)
    expect("that the device has joined", newcomer.joined).equals(True, rule="R-HAN-005")


@testcase(
    "HAN-102",
    "A device that has joined is served",
    rules=["R-HAN-005", "R-HAN-001"],
    use_cases=["CCS01"],
    devices=["CHF", "IHD"],
)
def test_served(hub, dcc, newcomer, suppliers, clock, expect):
    dcc.ask(newcomer.addition(WINDOW), hub, as_user=suppliers.losing)
    expect("that the device has joined", try_to_join(newcomer, clock)).equals(True)
    newcomer.ask_display()
    clock.sleep(seconds(5))
    expect("days on its display", newcomer.display()).satisfies("to be some", bool)


@testcase(
    "HAN-103",
    "A device that is not in the log does not get in while joining is open for another",
    rules=["R-HAN-001"],
    requirements=["HA.02", "SP-WHITELIST"],
    use_cases=["CCS01"],
    devices=["CHF"],
)
def test_unlisted(hub, dcc, han, newcomer, suppliers, clock, expect):
    for_another = newcomer.addition(WINDOW)
    for_another = replace(for_another, device=Eui64.of(0x00155F00CAFE0001))
    added = dcc.ask(for_another, hub, as_user=suppliers.losing).seen

    with han.never(f'cmd == transport_key and nwk_dst == "{newcomer.eui}"', during="1 s"):
        expect("that it says it has joined", try_to_join(newcomer, clock)).equals(False)
    han.expect(f'cmd == association_response and dst == "{newcomer.eui}"', within="1 s", after=added)


@testcase(
    "HAN-104",
    "A device whose install code was entered wrongly does not get in, and the DCC is told that nothing has joined",
    rules=["R-HAN-030", "R-HAN-009"],
    requirements=["HA.02"],
    use_cases=["CCS01", "CS14"],
    devices=["CHF"],
)
def test_wrong_install_code(hub, dcc, newcomer, suppliers, clock, timeline, expect):
    supplier = suppliers.losing
    added = dcc.ask(newcomer.addition(WINDOW, WRONG_CODE), hub, as_user=supplier).seen
    expect("that it says it has joined", try_to_join(newcomer, clock)).equals(False)
    timeline.expect(dcc_alert("N25", to=supplier), within="5 min", after=added, rule="R-HAN-009")
    expect("its key hash", key_hashes(dcc, hub, supplier)[newcomer.eui]).equals(b"", rule="R-HAN-003")


@testcase(
    "HAN-105",
    "Joining is closed before the first request, and again when its time is over",
    rules=["R-HAN-008", "R-HAN-001"],
    requirements=["HA.02"],
    use_cases=["CCS01"],
    devices=["CHF"],
)
def test_window(hub, dcc, han, newcomer, suppliers, clock, expect):
    expect("that it says it has joined, before", try_to_join(newcomer, clock)).equals(False, rule="R-HAN-001")
    dcc.ask(newcomer.addition(WINDOW), hub, as_user=suppliers.losing)
    clock.sleep(seconds(WINDOW + 5))

    closed = clock.now()
    expect("that it says it has joined, after", try_to_join(newcomer, clock)).equals(False)
    beacon = han.expect("cmd == beacon and src == chf", within="1 s", after=closed)
    expect("that the beacon offers joining", Beacon.parse(han.frame_of(beacon).mac.payload).association_permit).equals(
        False
    )


@testcase(
    "HAN-106",
    "A device has the whole time to join in",
    rules=["R-HAN-005", "R-HAN-008"],
    use_cases=["CCS01"],
    devices=["CHF"],
)
def test_late(hub, dcc, newcomer, suppliers, clock, expect):
    dcc.ask(newcomer.addition(WINDOW), hub, as_user=suppliers.losing)
    clock.sleep(seconds(WINDOW - 20))
    expect("that the device has joined", try_to_join(newcomer, clock)).equals(True)


@testcase(
    "HAN-801",
    "A time to join in of ten minutes is kept to the end: more than the 254 s that one octet of ZigBee can say",
    rules=["R-HAN-008", "R-HAN-002"],
    use_cases=["CCS01"],
    devices=["CHF"],
)
def test_long_time(hub, dcc, newcomer, suppliers, clock, expect):
    dcc.ask(newcomer.addition(LONG_WINDOW), hub, as_user=suppliers.losing)
    clock.sleep(seconds(LONG_WINDOW - 30))
    expect("that the device has joined", try_to_join(newcomer, clock)).equals(True, rule="R-HAN-008")


@testcase(
    "HAN-107",
    "A device that was here before comes back by its old key in the first half of the time",
    rules=["R-HAN-006", "R-HAN-007", "R-HAN-009"],
    use_cases=["CCS01", "CCS02", "CS14", "CCS07"],
    devices=["CHF"],
)
def test_return_by_old_key(hub, dcc, han, newcomer, suppliers, clock, timeline, expect):
    supplier = suppliers.losing
    hashed = joined_and_removed(hub, dcc, newcomer, supplier, clock, expect)
    added = dcc.ask(newcomer.addition(WINDOW), hub, as_user=supplier).seen

    with han.never(f'cluster == key_establishment and src_eui == "{newcomer.eui}"', rule="R-HAN-006"):
        expect("that the device has joined", try_to_join(newcomer, clock)).equals(True)
    timeline.expect(dcc_alert("N24", to=supplier), within="1 min", after=added, rule="R-HAN-007")
    expect("its key hash", key_hashes(dcc, hub, supplier)[newcomer.eui]).equals(hashed, rule="R-HAN-007")


@testcase(
    "HAN-108",
    "A device that was here before joins by its install code in the second half of the time, not in the first",
    rules=["R-HAN-006"],
    use_cases=["CCS01", "CCS02"],
    devices=["CHF"],
)
def test_return_by_install_code(hub, dcc, newcomer, suppliers, clock, expect):
    supplier = suppliers.losing
    hashed = joined_and_removed(hub, dcc, newcomer, supplier, clock, expect)
    newcomer.reset()
    dcc.ask(newcomer.addition(WINDOW), hub, as_user=supplier)
    clock.sleep(seconds(WINDOW * 0.3))
    expect("that it says it has joined, in the first half", try_to_join(newcomer, clock)).equals(False)

    clock.sleep(seconds(WINDOW * 0.2))
    expect("that it says it has joined, in the second half", try_to_join(newcomer, clock)).equals(True)
    now = key_hashes(dcc, hub, supplier)[newcomer.eui]
    expect("its key hash", now).satisfies("to be a new one", lambda seen: seen not in (hashed, b""))


@testcase(
    "HAN-109",
    "A device that is removed is put out at once, and is not served any more",
    rules=["R-HAN-013"],
    requirements=["HA.02", "SP-WHITELIST"],
    use_cases=["CCS02"],
    devices=["CHF"],
)
def test_put_out(hub, dcc, han, newcomer, suppliers, clock, timeline, expect):
    supplier = suppliers.losing
    dcc.ask(newcomer.addition(WINDOW), hub, as_user=supplier)
    expect("that the device has joined", try_to_join(newcomer, clock)).equals(True, rule="R-HAN-005")

    removed = dcc.ask(newcomer.removal(), hub, as_user=supplier).seen
    newcomer.ask_display()
    clock.sleep(minutes(1))
    served = han.query(f'cluster == metering and src_eui == chf and dst_eui == "{newcomer.eui}"')
    expect("what it is sent after that", timeline.find(served, after=removed)).equals([])
    expect("days on its display", newcomer.display()).equals({})
    expect("that it says it is joined", newcomer.joined).equals(False)


def joined_and_removed(hub, dcc, newcomer, supplier, clock, expect):
    """Let the device join and remove it; return the hash of the key it had. Joining is closed then."""
    dcc.ask(newcomer.addition(WINDOW), hub, as_user=supplier)
    expect("that the device has joined at first", try_to_join(newcomer, clock)).equals(True, rule="R-HAN-005")
    hashed = key_hashes(dcc, hub, supplier)[newcomer.eui]
    dcc.ask(newcomer.removal(), hub, as_user=supplier)
    clock.sleep(seconds(WINDOW))
    return hashed
