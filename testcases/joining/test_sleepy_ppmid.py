"""A PPMID that sleeps: the hub holds what is for it, and hands it over when it asks."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ReadFirmwareVersion
from bench.dcc_point import response_to
from bench.gbcs import decode_der
from bench.testcase import testcase

SUCCESS = 0
PENDING = 0x10  #: in the first octet of a frame: more waits
ACK, TYPE = 2, 0x07
AT_ONCE = seconds(0.2)  #: after it has asked
ANSWERED = seconds(14)  #: it asks each 7.5 s at least, and the way through the WAN takes some seconds
COMMANDS = 4


def asked(han, timeline, ppmid, after):
    """Its data requests since an instant, without repeats."""
    polls = timeline.find(han.query(f'cmd == data_request and src_eui == "{ppmid.eui}"'), after=after)
    return [one for one in polls if "attempt" not in one.data]


@testcase(
    "HAN-148",
    "What is for a PPMID that sleeps waits at the hub until it asks, and is handed over then, once",
    rules=["R-HAN-066", "R-HUB-002"],
    use_cases=["CS08"],
    devices=["CHF", "PPMID"],
)
def test_held(sleepy_ppmid, dcc, han, suppliers, clock, timeline, expect):
    clock.sleep(minutes(1))
    began = clock.now()
    for number in range(1, COMMANDS + 1):
        sent = dcc.send(ReadFirmwareVersion(), sleepy_ppmid, as_user=suppliers.losing)
        answer = sent.response(within=ANSWERED)
        result = decode_der.payload(answer.message)["response_code"]
        expect(f"result of reading its version ({number} of {COMMANDS})", result).equals(SUCCESS)
        clock.sleep(seconds(21))

    polls = asked(han, timeline, sleepy_ppmid, began)
    given = timeline.find(han.query(f'src == chf and dst_eui == "{sleepy_ppmid.eui}" and nwk_counter > 0'), after=began)
    waited = [min((one.time - poll.time for poll in polls if poll.time < one.time), default=ANSWERED) for one in given]
    expect("frames that it is sent", len(given)).satisfies("to be some", bool)
    expect("longest time from its question to a frame", max(waited)).lies_between(seconds(0), AT_ONCE)
    clock.sleep(minutes(2))
    expect("answers", len(timeline.find(response_to(sent.request), after=sent.posted))).equals(1, rule="R-HUB-002")


@testcase(
    "HAN-149",
    "A PPMID that sleeps is told in the acknowledgement of its question whether there is something for it",
    rules=["R-HAN-066"],
    use_cases=["CS08"],
    devices=["CHF"],
)
@pytest.mark.parametrize("something", [True, False], ids=["something", "nothing"])
def test_told(something, sleepy_ppmid, dcc, han, suppliers, clock, timeline, expect):
    clock.sleep(minutes(1))
    began = clock.now()
    if something:
        dcc.send(ReadFirmwareVersion(), sleepy_ppmid, as_user=suppliers.losing).response(within=ANSWERED)
    else:
        clock.sleep(ANSWERED)
    polls = asked(han, timeline, sleepy_ppmid, began)
    expect("times it asks", len(polls)).satisfies("to be some", bool)
    frames = [one for one in timeline.seen if one.kind == "frame" and one.time >= began and one.raw]
    acks = [one for one in frames if one.raw[0] & TYPE == ACK]
    answers = [next((a for a in acks if a.number > poll.number and a.raw[2] == poll.raw[2]), None) for poll in polls]
    told = [bool(one.raw[0] & PENDING) for one in answers if one is not None]
    expect("that it was told of something", any(told)).equals(something)
