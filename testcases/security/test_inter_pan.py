"""The hub's inter-PAN, by which hand-held terminals come in: what opens it, for how long, and that nothing else does.

Each test is for the hubs whose inter-PAN opens as it says (key `inter_pan` of the rig file).
"""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ReadSupplyStatus
from bench.han.aps import PROFILE_SMART_ENERGY, ApsFrame, ApsType
from bench.han.tunnelling import RequestTunnel
from bench.han.zcl import READ, WRITE, ZclFrame
from bench.testcase import opened_by, testcase
from testcases.security.test_han import is_alive

#: what opens it -> the rule of that
RULES = {"power-on": "R-AIR-010", "meter": "R-AIR-011", "no-wan": "R-AIR-012"}
HOUR = minutes(60)
START = seconds(10)  #: of a hub: it may count from the return of its supply or from its start
SHUTS_WITHIN = seconds(5)  #: of the return of the WAN
FLOOD = 20  #: offers
LATENCY = seconds(5)
TUNNELLING, PREPAYMENT, METERING, PRICE, SWITCHING, MESSAGING, MANAGEMENT, OTA, TIME, BASIC = (
    0x0704,
    0x0705,
    0x0702,
    0x0700,
    0x0701,
    0x0703,
    0x0708,
    0x0019,
    0x000A,
    0x0000,
)
#: what is sent -> cluster and frame
FAMILIES = {
    "a request for a tunnel": (TUNNELLING, RequestTunnel().frame(1)),
    "supply off": (METERING, ZclFrame.cluster(0x0C, 2, b"\x00")),
    "a request for half hours": (METERING, ZclFrame.cluster(0x08, 3, bytes(10))),
    "a read of the register": (METERING, ZclFrame.general(READ, 4, b"\x00\x00")),
    "emergency credit": (PREPAYMENT, ZclFrame.cluster(0x00, 5, b"\x02" + bytes(4))),
    "a token": (PREPAYMENT, ZclFrame.cluster(0x04, 6, b"\x02\x14" + b"0" * 20)),
    "a write of the price": (PRICE, ZclFrame.general(WRITE, 7, b"\x00\x04\x23\x01\x00\x00\x00")),
    "a load control event": (SWITCHING, ZclFrame.cluster(0x00, 8, bytes(23), from_server=True)),
    "a message": (MESSAGING, ZclFrame.cluster(0x00, 9, bytes(11) + b"\x02hi", from_server=True)),
    "a change of supplier": (MANAGEMENT, ZclFrame.cluster(0x01, 10, bytes(16), from_server=True)),
    "a query for an image": (OTA, ZclFrame.cluster(0x01, 11, bytes(9))),
    "a write of the time": (TIME, ZclFrame.general(WRITE, 12, b"\x00\x00\xe2\x00\x00\x00\x00")),
    "a reset to factory settings": (BASIC, ZclFrame.cluster(0x00, 13)),
}


def rule(inter_pan):
    """The rule of what opens this hub's."""
    return RULES[inter_pan.option]


@testcase(
    "SEC-531",
    "Inter-PAN is shut, and stays shut when something happens that opens that of other hubs",
    rules=["R-AIR-010", "R-AIR-011", "R-AIR-012", "R-AIR-009"],
    requirements=["SDAG9-3.4.1-INTERPAN", "SDAG9-3.4.2-INTERPAN", "SDAG9-3.4.3-INTERPAN"],
    devices=["CHF"],
)
def test_shut(dut, inter_pan, wan, clock, expect):
    expect("that the hub answers at first", inter_pan.knock()).equals(False, rule=rule(inter_pan))
    if inter_pan.option != "no-wan":
        with wan.down():
            clock.sleep(minutes(2))
            expect("that it answers without WAN", inter_pan.knock()).equals(False, rule=rule(inter_pan))
        clock.sleep(minutes(1))
        expect("that it answers when the WAN is back", inter_pan.knock()).equals(False, rule=rule(inter_pan))
    if inter_pan.option != "power-on":
        inter_pan.power_cycle()
        expect("that it answers after a power cycle", inter_pan.knock()).equals(False, rule=rule(inter_pan))
    if inter_pan.option != "meter" and dut.menu_pin:
        inter_pan.ask_at_meter(dut.menu_pin)
        clock.sleep(seconds(2))
        expect("that it answers when the meter has asked", inter_pan.knock()).equals(False, rule=rule(inter_pan))


@testcase(
    "SEC-532",
    "Inter-PAN that the hub's power-on opens shuts after 60 minutes, to the second; refused offers do not prolong that",
    rules=["R-AIR-010"],
    requirements=["SDAG9-3.4.1-INTERPAN"],
    devices=["CHF"],
)
@opened_by("power-on")
def test_hour(inter_pan, clock, expect):
    with inter_pan.opened() as opened:
        expect("that the hub answers after its start", inter_pan.knock()).equals(True)
        clock.sleep_until(opened + HOUR / 2)
        expect("that it answers after half an hour", inter_pan.knock()).equals(True)
        clock.sleep_until(opened + HOUR - seconds(4))
        answered = None
        while clock.now() < opened + HOUR + START + seconds(4) and inter_pan.knock():
            answered = clock.now()
    expect("that it answers 4 s before the end", answered is not None).equals(True)
    expect("seconds for which it was open", (answered - opened) / seconds(1)).lies_between(
        (HOUR - seconds(1.5)) / seconds(1), (HOUR + START + seconds(1)) / seconds(1)
    )


@testcase(
    "SEC-533",
    "Inter-PAN stays open while a terminal uses it, and shuts 60 minutes after it was used last",
    rules=["R-AIR-010", "R-HAN-068"],
    requirements=["SDAG9-3.4.1-INTERPAN"],
    devices=["CHF"],
)
@opened_by("power-on")
def test_prolonged_by_use(inter_pan, hand_held, clock, expect):
    with inter_pan.opened() as opened:
        hand_held.press_join()
        clock.sleep(seconds(20))
        expect("that the terminal has joined", hand_held.joined).equals(True, rule="R-AIR-013")
        clock.sleep_until(opened + minutes(40))
        hand_held.ask_display()
        used = clock.now()

        clock.sleep_until(opened + HOUR + minutes(1))
        expect("that the hub answers after an hour", inter_pan.knock()).equals(True)
        expect("that the terminal is on the network", hand_held.joined).equals(True)
        clock.sleep_until(used + HOUR - seconds(2))
        expect("that the hub answers 59 min 58 s after the last use", inter_pan.knock()).equals(True)
        clock.sleep_until(used + HOUR + START)
        expect("that the hub answers after that hour", inter_pan.knock()).equals(False)
        expect("that the terminal is on the network", hand_held.joined).equals(False, rule="R-HAN-068")


@testcase(
    "SEC-534",
    "A meter opens inter-PAN, after the PIN of its menu; a wrong PIN or another device does not",
    rules=["R-AIR-011"],
    requirements=["SDAG9-3.4.2-INTERPAN"],
    devices=["CHF", "ESME"],
)
@opened_by("meter")
@pytest.mark.parametrize("meter", ["ESME", "GSME"])
def test_menu(meter, home, inter_pan, clock, expect):
    pin = home.device(meter).menu_pin
    wrong = f"{(int(pin) + 1) % 10 ** len(pin):0{len(pin)}d}"
    inter_pan.ask_at_meter(wrong, meter)
    clock.sleep(seconds(2))
    expect("that the hub answers after a wrong PIN", inter_pan.knock()).equals(False)
    inter_pan.ask_at("CAD")
    clock.sleep(seconds(2))
    expect("that the hub answers when a CAD has asked", inter_pan.knock()).equals(False)

    inter_pan.ask_at_meter(pin, meter)
    clock.sleep(seconds(2))
    expect("that the hub answers after the right PIN", inter_pan.knock()).equals(True)
    clock.sleep(HOUR)
    expect("that it answers an hour later", inter_pan.knock()).equals(False)


@testcase(
    "SEC-535",
    "A request to open in the meter's name, without link key, opens nothing",
    rules=["R-AIR-011"],
    requirements=["SDAG9-3.4.2-INTERPAN"],
    devices=["CHF"],
)
@opened_by("meter")
def test_forged_request(inter_pan, attacker, han, clock, expect):
    permit = ApsFrame.data(0x0036, 220, bytes((1, 0xFE, 1)), profile=0, src_endpoint=0, dst_endpoint=0)
    heard = han.expect("cmd == link_status and src == esme", within="20 s")
    attacker.data(heard, permit, "Mgmt_Permit_Joining in the meter's name", network_security=True, to=0)
    clock.sleep(seconds(2))
    expect("that the hub answers", inter_pan.knock()).equals(False)


@testcase(
    "SEC-536",
    "Inter-PAN that is open without WAN shuts as soon as the WAN is back, and who came in by it is out",
    rules=["R-AIR-012"],
    requirements=["SDAG9-3.4.3-INTERPAN"],
    devices=["CHF"],
)
@opened_by("no-wan")
def test_wan_returns(inter_pan, hand_held, clock, timeline, expect):
    with inter_pan.opened():
        expect("that the hub answers without WAN", inter_pan.knock()).equals(True)
        clock.sleep(minutes(90))
        hand_held.press_join()
        clock.sleep(seconds(20))
        expect("that a terminal has joined after 90 minutes without WAN", hand_held.joined).equals(True)
    back = clock.now()
    while inter_pan.knock() and clock.now() < back + minutes(2):
        pass
    shut = (clock.now() - back) / seconds(1)
    timeline.record("bench", "step", {"text": f"inter-PAN was shut {shut:g} s after the WAN's return"})
    expect("seconds until it was shut", shut).lies_between(0, SHUTS_WITHIN / seconds(1) + 1)
    clock.sleep_until(back + SHUTS_WITHIN + seconds(2))
    expect("that the terminal is on the network", hand_held.joined).equals(False)


@testcase(
    "SEC-537",
    "While inter-PAN is open, commands of every family that come by it have no effect at hub and meter",
    rules=["R-AIR-009"],
    requirements=["SDAG9-3.5-INJECT"],
    devices=["CHF", "ESME"],
)
@pytest.mark.parametrize("target", ["hub", "meter"])
def test_injected(target, dut, hub, dcc, inter_pan, attacker, han, suppliers, clock, expect):
    to, name = (hub, "chf") if target == "hub" else (dut, "esme")
    with inter_pan.opened():
        expect("that inter-PAN is open", inter_pan.knock()).equals(True, rule=rule(inter_pan))
        heard = han.expect("cmd == link_status and src == chf", within="20 s")
        with han.never(f'cluster != key_establishment and src_eui == {name} and dst_eui == "00-15-5F-00-DE-AD-BE-EF"'):
            for words, (cluster, zcl) in FAMILIES.items():
                aps = ApsFrame(ApsType.INTER_PAN, None, bytes(zcl), cluster=cluster, profile=PROFILE_SMART_ENERGY)
                attacker.inter_pan(heard, aps, words, to=to.eui, own_name=True)
                clock.sleep(seconds(1))
    clock.sleep(START)
    is_alive(dcc, dut, suppliers, expect)


@testcase(
    "SEC-538",
    "A flood of offers while inter-PAN is open holds up neither the meter's commands nor a terminal",
    rules=["R-AIR-013", "R-AIR-009"],
    requirements=["SDAG9-3.5-OCCUPY", "SDAG9-3.5-DOS"],
    devices=["CHF"],
)
@opened_by("power-on", "meter")
def test_flood(dut, dcc, inter_pan, hand_held, suppliers, clock, expect):
    with inter_pan.opened():
        for _ in range(FLOOD):
            inter_pan.offer()
            clock.sleep(seconds(0.1))
        asked = clock.now()
        dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
        expect("seconds until the meter's answer", (clock.now() - asked) / seconds(1)).lies_between(
            0, LATENCY / seconds(1)
        )
        hand_held.press_join()
        clock.sleep(seconds(20))
        expect("that the terminal has joined", hand_held.joined).equals(True)
