"""Attacks on the air: frames sent again, without their protection, or past the network. Nothing comes of them."""

import pytest

from bench.clock import seconds
from bench.dcc.bodies import ReadSupplyStatus
from bench.han.aps import ApsFrame, ApsType
from bench.han.cbke import CLUSTER as KEY_ESTABLISHMENT
from bench.han.cbke import CONFIRM_KEY, EPHEMERAL_DATA, INITIATE, SUITE_2, TERMINATE
from bench.han.mac_commands import MAINS_END_DEVICE, Beacon, association_request, data_request, parse_command
from bench.han.nwk import COORDINATOR
from bench.han.zcl import ZclFrame
from bench.testcase import testcase

METERING, ZDO = 0x0702, 0x0000
GET_SAMPLED_DATA, DAILY = 0x08, 1
MGMT_PERMIT_JOINING = 0x0036
REPEATS_FORGOTTEN = seconds(30)  #: a device may know an ASDU again for that long by other means than its counter
ENABLED = 1
WINDOW = 120  #: s
#: what is wrong -> command, payload, whether it is an answer
GARBAGE = {
    "an unknown suite": (INITIATE, b"\x04\x00\x05\x05" + bytes(48), False),
    "suite 1 with a certificate of zeros": (INITIATE, b"\x01\x00\x05\x05" + bytes(48), False),
    "a certificate cut short": (INITIATE, b"\x02\x00\x05\x05" + bytes(40), False),
    "nothing at all": (INITIATE, b"", False),
    "an answer to nothing": (INITIATE, b"\x02\x00\x05\x05" + bytes(60), True),
    "a point before the start": (EPHEMERAL_DATA, bytes(37), False),
    "a confirmation before the start": (CONFIRM_KEY, bytes(16), False),
    "an end before the start": (TERMINATE, b"", False),
    "a command that does not exist": (0x7F, bytes(8), False),
}
SERVED = 'cluster == metering and src_eui == chf and cmd == "get_sampled_data_response"'


def asked_by_display(han, at_the_meter, clock):
    """Let the display ask for the gas history; return the frame in which it does."""
    before = clock.now() - seconds(1)
    at_the_meter.ask_display()
    asked = han.expect("cmd == get_sampled_data and src_eui == ihd", within="5 s", after=before)
    han.expect(SERVED, within="5 s", after=asked, rule="R-HAN-001")
    return asked


def history_request():
    """A request for the gas history of the last days, without APS security."""
    payload = DAILY.to_bytes(2, "little") + bytes(4) + bytes((0,)) + (10).to_bytes(2, "little")
    frame = ZclFrame.cluster(GET_SAMPLED_DATA, 77, payload)
    return ApsFrame.data(METERING, 201, bytes(frame), ack_request=True)


def is_alive(dcc, dut, suppliers, expect):
    """State that hub and meter still do what they are for."""
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch", status.value()).equals(ENABLED, rule="R-SEC-020")


@testcase(
    "SEC-501",
    "A frame that is sent again later has no effect: its counter has been used",
    rules=["R-AIR-006"],
    requirements=["HA.16", "SDAG9-3.5-DOS", "SFA-24-SHAREDSPACE"],
    use_cases=["ECS45"],
    devices=["CHF"],
)
def test_replayed(dut, dcc, han, attacker, at_the_meter, suppliers, clock, expect):
    asked = asked_by_display(han, at_the_meter, clock)
    clock.sleep(REPEATS_FORGOTTEN)

    with han.never(SERVED, during="10 s"):
        attacker.replay(asked)

    asked_by_display(han, at_the_meter, clock)
    is_alive(dcc, dut, suppliers, expect)


@testcase(
    "SEC-502",
    "A request for data without link key has no effect, also under the network key",
    rules=["R-AIR-008"],
    requirements=["HA.16", "SFA-12-NAS", "SFA-12-NETVSAPP"],
    use_cases=["ECS45"],
    devices=["CHF"],
)
@pytest.mark.parametrize("network_security", [True, False], ids=["network key", "no key"])
def test_without_link_key(network_security, dut, dcc, han, attacker, at_the_meter, suppliers, clock, expect):
    asked = asked_by_display(han, at_the_meter, clock)

    with han.never(SERVED, during="10 s"):
        attacker.data(
            asked, history_request(), "a request for the gas history in clear", network_security=network_security
        )

    is_alive(dcc, dut, suppliers, expect)


@testcase(
    "SEC-503",
    "A frame without network security has no effect, whatever it carries",
    rules=["R-AIR-007"],
    requirements=["HA.16", "SFA-12-NAS"],
    use_cases=["ECS45"],
    devices=["CHF"],
)
def test_clear_network_frame(dut, dcc, han, attacker, at_the_meter, suppliers, clock, expect):
    asked = asked_by_display(han, at_the_meter, clock)
    offer = SUITE_2.number.to_bytes(2, "little") + bytes((5, 5)) + bytes(SUITE_2.certificate)
    initiate = ApsFrame.data(KEY_ESTABLISHMENT, 202, bytes(ZclFrame.cluster(INITIATE, 78, offer)), ack_request=True)

    with han.never("cluster == key_establishment and src_eui == chf", during="10 s"):
        attacker.data(asked, initiate, "the start of key establishment in clear", network_security=False)

    is_alive(dcc, dut, suppliers, expect)


@testcase(
    "SEC-504",
    "A request past the network, from PAN to PAN, has no effect",
    rules=["R-AIR-009"],
    requirements=["HA.16", "SFA-12-NAS", "ELS-Q42-ADDRESS"],
    use_cases=["ECS45"],
    devices=["CHF"],
)
def test_inter_pan(dut, dcc, han, attacker, at_the_meter, suppliers, clock, expect):
    asked = asked_by_display(han, at_the_meter, clock)
    request = history_request()
    stub = ApsFrame(ApsType.INTER_PAN, None, request.payload, cluster=METERING, profile=request.profile)

    with han.never(SERVED, during="10 s"):
        attacker.inter_pan(asked, stub, "a request for the gas history from PAN to PAN")

    is_alive(dcc, dut, suppliers, expect)


@testcase(
    "SEC-505",
    "Only the hub opens the network: a device that tells it to is not obeyed",
    rules=["R-HAN-001"],
    requirements=["HA.02", "SFA-12-NAUTH"],
    use_cases=["CCS01"],
    devices=["CHF"],
)
@pytest.mark.parametrize("network_security", [True, False], ids=["network key", "no key"])
def test_opened_by_another(network_security, han, attacker, at_the_meter, newcomer, clock, expect):
    asked = asked_by_display(han, at_the_meter, clock)
    permit = ApsFrame.data(
        MGMT_PERMIT_JOINING, 203, bytes((1, 0xFE, 0x01)), profile=ZDO, src_endpoint=0, dst_endpoint=0
    )
    attacker.data(asked, permit, "Mgmt_Permit_Joining", network_security=network_security)

    tried = clock.now()
    newcomer.press_join()
    beacon = han.expect("cmd == beacon and src == chf", within="5 s", after=tried)
    expect("that the beacon offers joining", Beacon.parse(han.frame_of(beacon).mac.payload).association_permit).equals(
        False
    )
    clock.sleep(seconds(15))
    expect("that a device has joined", newcomer.joined).equals(False)


@testcase(
    "SEC-506",
    "A device that does not heed the closed beacon is refused, listed or not",
    rules=["R-HAN-008", "R-HAN-001"],
    requirements=["HA.02", "SDAG9-3.5-DOS", "SP-WHITELIST"],
    use_cases=["CCS01"],
    devices=["CHF"],
)
@pytest.mark.parametrize("when", ["never opened", "listed, time over"])
def test_association_while_closed(
    when, hub, dut, dcc, han, attacker, at_the_meter, newcomer, suppliers, clock, timeline, expect
):
    pan = han.frame_of(asked_by_display(han, at_the_meter, clock)).mac.pan
    if when == "listed, time over":
        dcc.ask(newcomer.addition(WINDOW), hub, as_user=suppliers.losing)
        clock.sleep(seconds(WINDOW + 5))

    with han.never(f'cmd == transport_key and dst_eui == "{newcomer.eui}"', during="10 s", rule="R-HAN-001"):
        request = association_request(pan, COORDINATOR, newcomer.eui, 1, MAINS_END_DEVICE)
        asked = attacker.send(request, "an association request")
        clock.sleep(seconds(0.5))
        attacker.send(data_request(pan, COORDINATOR, newcomer.eui, 2), "the poll for its answer")

    answers = timeline.find(han.query(f'cmd == association_response and dst == "{newcomer.eui}"'), after=asked)
    granted = [one.number for one in answers if parse_command(han.frame_of(one).mac.payload).status == 0]
    expect("answers that let it in", granted).equals([])
    is_alive(dcc, dut, suppliers, expect)


@testcase(
    "SEC-507",
    "Many attempts to join shut nobody out",
    rules=["R-HAN-001"],
    requirements=["SDAG9-3.5-DOS", "HA.02"],
    use_cases=["ECS45", "CCS01"],
    devices=["CHF"],
)
def test_flood_of_requests(hub, dut, dcc, han, attacker, at_the_meter, newcomer, suppliers, clock, expect):
    pan = han.frame_of(asked_by_display(han, at_the_meter, clock)).mac.pan
    dcc.ask(newcomer.addition(WINDOW), hub, as_user=suppliers.losing)
    for number in range(60):
        eui = (0x00155F00BAD00000 + number).to_bytes(8, "big")
        attacker.send(
            association_request(pan, COORDINATOR, eui, number, MAINS_END_DEVICE), f"association request {number}"
        )
        clock.sleep(seconds(0.1))

    is_alive(dcc, dut, suppliers, expect)
    newcomer.press_join()
    clock.sleep(seconds(15))
    expect("that the rightful device has joined", newcomer.joined).equals(True, rule="R-HAN-005")


@testcase(
    "SEC-508",
    "Somebody who claims the identifier of a device on the network does not put that device off it",
    rules=["R-HAN-004", "R-HAN-001"],
    requirements=["HA.02", "SDAG9-3.8-GUID"],
    use_cases=["CCS01", "ECS45"],
    devices=["CHF"],
)
def test_claimed_identifier(hub, dut, dcc, han, attacker, at_the_meter, newcomer, suppliers, clock, expect):
    pan = han.frame_of(asked_by_display(han, at_the_meter, clock)).mac.pan
    dcc.ask(newcomer.addition(WINDOW), hub, as_user=suppliers.losing)

    attacker.send(association_request(pan, COORDINATOR, dut.eui, 1, MAINS_END_DEVICE), "an association as the meter")
    clock.sleep(seconds(0.5))
    attacker.send(data_request(pan, COORDINATOR, dut.eui, 2), "the poll for its answer")
    clock.sleep(seconds(10))

    answer = dcc.send(ReadSupplyStatus(), dut, as_user=suppliers.losing).response(rule="R-HAN-004")
    expect("state of the load switch", answer.value()).equals(ENABLED, rule="R-SEC-020")


@testcase(
    "SEC-509",
    "Key establishment that goes wrong at any step leaves hub and home at work",
    rules=["R-HAN-030", "R-HAN-031"],
    requirements=["HA.16", "SDAG9-3.5-DOS"],
    use_cases=["ECS45"],
    devices=["CHF"],
)
@pytest.mark.parametrize("what", GARBAGE)
def test_garbled_key_establishment(what, dut, dcc, han, attacker, at_the_meter, suppliers, clock, expect):
    asked = asked_by_display(han, at_the_meter, clock)
    command, payload, from_server = GARBAGE[what]
    frame = ZclFrame.cluster(command, 79, payload, from_server=from_server)
    aps = ApsFrame.data(KEY_ESTABLISHMENT, 204, bytes(frame), ack_request=True)

    with han.never("cmd == confirm_key_response and src_eui == chf", during="10 s"):
        attacker.data(asked, aps, f"key establishment: {what}", network_security=True)

    is_alive(dcc, dut, suppliers, expect)
    asked_by_display(han, at_the_meter, clock)
