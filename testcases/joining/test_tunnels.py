"""Tunnels: what the hub does when it is refused one, what a meter refuses, and what the hub carries to whom."""

from itertools import pairwise

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ReadEventOrSecurityLog,
    ReadFirmwareVersion,
    ReadLogPeriod,
    ReadSupplyStatus,
    UpdateHANDeviceLog,
)
from bench.dcc_point import dcc_alert, device_alert, response_to
from bench.gbcs import decode_der
from bench.han.tunnelling import CloseTunnel, RequestTunnelResponse
from bench.han_point import frame
from bench.testcase import testcase

SUCCESS = 0
ANSWER = "RequestTunnelResponse"
BUSY_WAIT = minutes(3)
REQUEST_REJECTED, CLOSE_REJECTED = 0x81BA, 0x81A4
ATTEMPTS = {"request-tunnel": REQUEST_REJECTED, "close-tunnel 1": CLOSE_REJECTED}
GIVES_UP_WITHIN = minutes(60)  #: no source says when a hub tells that it cannot deliver


def asked_again(hub, ppmid, mains, clock):
    """Have the hub start, so that it asks its devices for tunnels; return when it started."""
    outage = mains.of(hub).interrupt("10 s")
    clock.sleep(seconds(15))
    return outage.ended


def version(dcc, ppmid, user):
    """Result of reading the PPMID's version (CS08): a command through the tunnel."""
    return decode_der.payload(dcc.ask(ReadFirmwareVersion(), ppmid, as_user=user).message)["response_code"]


@testcase(
    "HAN-141",
    "A device that is busy is asked again for a tunnel after three minutes, and then commands reach it",
    rules=["R-HUB-012", "R-HUB-011"],
    use_cases=["CS08"],
    devices=["CHF"],
)
def test_busy(hub, ppmid, dcc, mains, han, at_the_ppmid, suppliers, clock, timeline, expect):
    at_the_ppmid.answer_tunnels("busy")
    started = asked_again(hub, ppmid, mains, clock)
    clock.sleep(2 * BUSY_WAIT + seconds(30))
    at_the_ppmid.answer_tunnels("free")

    answers = timeline.find(han.query("cmd == request_tunnel_response and src == ppmid"), after=started)
    asked = [one.time for one in answers if not one.data["repeat"] and "attempt" not in one.data]
    gaps = [(later - earlier) / seconds(1) for earlier, later in pairwise(asked)]
    expect("times it was asked", len(asked)).equals(3)
    expect("seconds between them", gaps).satisfies("180", lambda each: all(178 <= gap <= 185 for gap in each))
    clock.sleep(BUSY_WAIT)
    expect("result of reading its version", version(dcc, ppmid, suppliers.losing)).equals(SUCCESS, rule="R-HUB-011")


@testcase(
    "HAN-142",
    "A device without free tunnels has those closed that it has with the hub, and then is asked again",
    rules=["R-HUB-013"],
    use_cases=["CS08"],
    devices=["CHF"],
)
def test_none_left(hub, ppmid, dcc, mains, han, at_the_ppmid, suppliers, clock, timeline, expect):
    began = clock.now()
    for _ in range(2):  # each time it has another tunnel, and those from before may be open still
        asked_again(hub, ppmid, mains, clock)
    given = han.query("cmd == request_tunnel_response and src == ppmid")
    answers = (han.frame_of(seen).zcl.payload for seen in timeline.find(given, after=began))
    numbers = {RequestTunnelResponse.parse(payload).tunnel for payload in answers}
    at_the_ppmid.answer_tunnels("full")
    started = asked_again(hub, ppmid, mains, clock)
    clock.sleep(seconds(20))

    between = "cluster == tunneling and (src == chf and dst == ppmid or src == ppmid and dst == chf)"
    frames = timeline.find(han.query(between), after=started)
    seen = [one.data["what"] for one in frames if not one.data["repeat"] and one.data["what"] != "APS ack"]
    passed = seen[seen.index(ANSWER) :] if ANSWER in seen else seen
    closes = passed.count("CloseTunnel")
    asked = timeline.find(han.query("cmd == close_tunnel and src == chf and dst == ppmid"), after=started)
    closed = {CloseTunnel.parse(han.frame_of(one).zcl.payload).tunnel for one in asked}
    expect("tunnels it closes", closed).satisfies(f"{sorted(numbers)} at least", lambda each: each >= numbers)
    expect("what passes from its first answer on", passed).equals(
        [ANSWER, *["CloseTunnel", "DefaultResponse"] * closes, "RequestTunnel", ANSWER]
    )
    expect("result of reading its version", version(dcc, ppmid, suppliers.losing)).equals(SUCCESS)


@testcase(
    "HAN-143",
    "A meter refuses another device than the hub a tunnel, tells of it and logs it; the hub's tunnel goes on",
    rules=["R-HUB-014", "R-HAN-060"],
    use_cases=["ECS35a", "ECS52"],
    devices=["ESME"],
)
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_refused(attempt, dut, dcc, at_the_cad, suppliers, clock, timeline, expect):
    supplier, began = suppliers.losing, clock.now()
    status = at_the_cad.attempt(attempt)
    expect("status of the refusal", status).satisfies("to be there", lambda one: one not in ("nothing", "00"))
    timeline.expect(device_alert(dut, ATTEMPTS[attempt], to=supplier), within=minutes(1), after=began)

    period = ReadLogPeriod(start=began.replace(microsecond=0), end=clock.now() + seconds(1))
    logged = dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), dut, as_user=supplier).log()
    codes = [one.code for one in logged if one.code in ATTEMPTS.values()]
    expect("rejections in the event log", codes).equals([ATTEMPTS[attempt]])


@testcase(
    "HAN-144",
    "The hub carries nothing to a device that is not in its log, and goes on with those that are",
    rules=["R-HUB-003"],
    requirements=["HA.02"],
    use_cases=["CCS02", "CS08", "ECS52"],
    devices=["CHF"],
)
def test_unlisted(hub, ppmid, dut, dcc, han, suppliers, clock, timeline, expect):
    supplier = suppliers.losing
    expect("result of reading its version", version(dcc, ppmid, supplier)).equals(SUCCESS, rule="R-HUB-002")
    dcc.ask(UpdateHANDeviceLog(device=ppmid.eui, request_type="Remove"), hub, as_user=supplier)
    clock.sleep(seconds(10))

    with han.never(f'cluster == tunneling and src == chf and dst_eui == "{ppmid.eui}"', during=minutes(2)):
        sent = dcc.send(ReadFirmwareVersion(), ppmid, as_user=supplier)
    expect("answers", timeline.find(response_to(sent.request), after=sent.posted)).equals([])
    expect("state of the supply", dcc.ask(ReadSupplyStatus(), dut, as_user=supplier).value()).equals(1, "R-HUB-002")


@testcase(
    "HAN-145",
    "Each command that cannot be delivered to the electricity meter is told to who sent it, once",
    rules=["R-HUB-015"],
    use_cases=["ECS70"],
    devices=["CHF"],
)
def test_undelivered(dut, dcc, link, suppliers, clock, timeline, expect):
    link.black_out()
    sent = dcc.send(ReadSupplyStatus(), dut, as_user=suppliers.losing)

    told = timeline.expect(dcc_alert("N53", to=suppliers.losing), within=GIVES_UP_WITHIN, after=sent.posted)
    expect("the command that it names", told.data["details"]["request_id"]).equals(str(sent.request.request_id))
    clock.sleep(minutes(30))
    again = timeline.find(dcc_alert("N53", to=suppliers.losing), after=sent.posted)
    expect("alerts", len(again)).equals(1)
    second = dcc.send(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    told = timeline.expect(dcc_alert("N53", to=suppliers.losing), within=GIVES_UP_WITHIN, after=second.posted)
    expect("the second command", told.data["details"]["request_id"]).equals(str(second.request.request_id))


@testcase(
    "HAN-196",
    "What was delivered before an outage of the hub is not delivered again after it, to a meter or to the WAN",
    rules=["R-HUB-017", "R-RSP-018"],
    use_cases=["GCS33", "ECS45"],
    devices=["CHF"],
)
def test_delivered_once(hub, dut, gsme, dcc, gas, mains, clock, timeline, suppliers, gas_suppliers, expect):
    sent = [
        dcc.send(ReadSupplyStatus(), gsme, as_user=gas_suppliers.losing),
        dcc.send(ReadSupplyStatus(), dut, as_user=suppliers.losing),
    ]
    for one in sent:
        one.response()
    clock.sleep(minutes(1))
    began = clock.now()
    with timeline.never(frame(src="CHF", dst="GSME", tunnel="GET-RESPONSE", use_case="GCS33")):
        mains.of(hub).interrupt("1 min")
        clock.sleep(minutes(35))

    again = [len(timeline.find(response_to(one.request), after=began)) for one in sent]
    expect("responses after the outage, of gas and electricity meter", again).equals([0, 0])


@testcase(
    "HAN-146",
    "A hub tells the version of its firmware, four octets that are no blank",
    rules=["R-HUB-022"],
    use_cases=["ECS52"],
    devices=["CHF"],
)
def test_version(hub, dcc, suppliers, expect):
    answer = dcc.ask(ReadFirmwareVersion(), hub, as_user=suppliers.losing)
    expect("results", answer.results).equals([SUCCESS])
    shown = answer.value()
    expect("octets", len(shown)).equals(4)
    expect("the version", shown).satisfies("to be one", lambda octets: any(octets) and octets != b"\xff" * 4)


@testcase(
    "HAN-147",
    "The hub's lamps show whether there is a WAN, and whether the gas meter is heard",
    rules=["R-HUB-024"],
    devices=["CHF"],
)
def test_lamps(at_the_hub, wan, gas_link, clock, expect):
    clock.sleep(minutes(1))
    at_first = at_the_hub.lamps()
    expect("lamps at first", at_first).equals({"software": "on", "wan": "on", "gas": "on"})
    with wan.down():
        gas_link.black_out()
        clock.sleep(minutes(10))
        expect("the lamp of the WAN without it", at_the_hub.lamps()["wan"]).equals("off")
        clock.sleep(minutes(80))
        expect("the lamp of the gas meter when it is not heard", at_the_hub.lamps()["gas"]).equals("off")
    gas_link.settle()
    clock.sleep(minutes(35))
    expect("lamps in the end", at_the_hub.lamps()).equals(at_first)
