"""A gas command of several parts, one of which cannot be carried out: what becomes of the others."""

from dataclasses import replace

from bench.clock import minutes
from bench.gbcs import Message
from bench.gbcs.gbz import Gbz
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.gas_steps import WAKE

UNKNOWN = b"\xee\xee"  #: an attribute that no cluster has
READ_RESPONSE, DEFAULT_RESPONSE = 0x01, 0x0B
NOT_EXECUTED = b"\xff\x01"
FACTOR, CALORIFIC_VALUE = "0700:0302", "0700:0304"


@testcase(
    "GAS-676",
    "After a part that fails the others are answered as not executed; before it they are answered as they are",
    rules=["R-RSP-013", "R-RSP-014"],
    requirements=["ELS-Q24-E2EMSG"],
    use_cases=["GCS14"],
    devices=["GSME"],
)
def test_parts(gsme, local, timeline, gas_suppliers, expect):
    good = local.example("GCS14", gsme, as_user=gas_suppliers.losing)
    for place in (0, 1):
        parts = list(Gbz.parse(good.payload).components)
        parts[place] = replace(parts[place], payload=UNKNOWN)
        payload = bytes(replace(Gbz.parse(good.payload), components=parts))
        number = local.example("GCS14", gsme, as_user=gas_suppliers.losing).counter
        command = local.maced(replace(good, payload=payload, counter=number, mac=None), gsme)

        delivered = local.deliver(command, f"a read of two parts, of which part {place + 1} asks for what is not there")

        seen = timeline.expect(answer_to(command), within=WAKE + minutes(5), after=delivered)
        answers = Gbz.parse(Message.parse(seen.raw).payload).components
        expect("number of answers", len(answers)).equals(2, rule="R-RSP-014")
        if place:
            expect("command of the first answer", answers[0].command).equals(READ_RESPONSE)
            expect("status of its first attribute", answers[0].payload[2]).equals(0)
        else:
            told = answers[1].command, answers[1].payload
            expect("the second answer", told).equals((DEFAULT_RESPONSE, NOT_EXECUTED))


@testcase(
    "GAS-691",
    "A conversion factor that is set before a calorific value that cannot be read stays set, as its answer says",
    rules=["R-RSP-013a", "R-RSP-014"],
    requirements=["ELS-Q24-E2EMSG"],
    use_cases=["GCS23", "GCS21a"],
    devices=["GSME"],
)
def test_what_is_done_stays_done(gsme, gas, local, timeline, gas_suppliers, expect):
    def sent(command, words):
        delivered = local.deliver(command, words)
        return gas.read(timeline.expect(answer_to(command), within=WAKE + minutes(5), after=delivered))

    def in_force():
        command = local.example("GCS21a", gsme, as_user=gas_suppliers.losing)
        shown = sent(command, "a read of the conversion").attributes
        return shown[FACTOR], shown[CALORIFIC_VALUE]

    factor, calorific_value = in_force()
    good = local.example("GCS23", gsme, as_user=gas_suppliers.losing)
    first, second = Gbz.parse(good.payload).components
    parts = [
        replace(first, payload=first.payload[:8] + (int(factor) + 1).to_bytes(4, "little") + first.payload[12:]),
        replace(second, payload=second.payload[:-1]),
    ]
    payload = bytes(replace(Gbz.parse(good.payload), components=parts))
    command = local.protect(replace(good, payload=payload, signature=None, mac=None), gsme)

    statuses = sent(command, "a conversion factor, and a calorific value cut short").statuses

    expect("whether each part was done", [status == 0 for status in statuses]).equals([True, False], "R-RSP-014")
    expect("factor and calorific value", in_force()).equals((factor + 1, calorific_value), rule="R-RSP-013a")
