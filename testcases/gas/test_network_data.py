"""The network data log: use in steps of six minutes, for four hours from when the transporter's request arrives."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import ReadLogPeriod, ReadNetworkData, RecordNetworkDataGAS
from bench.gbcs import Message
from bench.gbcs.gbz import Gbz
from bench.gbcs.times import from_zigbee_utc
from bench.local_point import answer_to
from bench.testcase import testcase

NOT_STARTED = 0xFFFF
STEP, MOST = minutes(6), 41
NOTHING = 0x8B  #: not found
FLOW = 0.5  #: m3/h: 50 litres in six minutes
REQUIREMENTS = ["GS.01"]


def recorded(gas, gsme, user, clock):
    """The answer to a read of the network data log (4.10, GCS18)."""
    body = ReadNetworkData(period=ReadLogPeriod(start=clock.now() - hours(1), end=clock.now()))
    return gas.ask(body, gsme, as_user=user)


@testcase(
    "GAS-351",
    "A recording that is started answers with its number, is read under it, and holds what flowed in each six minutes",
    rules=["R-GAS-018", "R-GAS-012"],
    requirements=REQUIREMENTS,
    use_cases=["GCS31", "GCS18"],
    devices=["GSME"],
)
def test_recorded(gsme, gas, at_the_meter, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    at_the_meter.set_taps(FLOW)
    expect("answer before there was a recording", recorded(gas, gsme, supplier, clock).statuses).equals([NOTHING])

    began = gas.ask(RecordNetworkDataGAS(), gsme, as_user=supplier)

    number = began.fields()["sampleId"]
    expect("number of the recording", number).satisfies("not FFFF", lambda one: one != NOT_STARTED)
    clock.sleep(hours(2))
    told = recorded(gas, gsme, supplier, clock).fields()
    expect("number of the samples", told["sampleId"]).equals(number)
    expect("seconds between samples", told["interval"]).equals(STEP.total_seconds(), rule="R-GAS-012")
    litres = [row["sample"] for row in told["samples"]]
    passed = (clock.now() - began.seen.time) // STEP
    expect("samples so far", len(litres)).lies_between(passed - 6, passed + 1, rule="R-GAS-012")
    expect("litres in each six minutes", litres[1:]).satisfies(
        "49 to 51", lambda each: all(49 <= one <= 51 for one in each), "R-GAS-012"
    )
    first = from_zigbee_utc(told["start"])
    expect("time of the first sample", first).lies_between(
        began.seen.time - seconds(30), began.seen.time + STEP + seconds(30), rule="R-GAS-012"
    )


@testcase(
    "GAS-352",
    "The recording ends by itself after 41 samples, and keeps what it holds; another one begins anew",
    rules=["R-GAS-012", "R-GAS-018"],
    requirements=REQUIREMENTS,
    use_cases=["GCS31", "GCS18"],
    devices=["GSME"],
)
def test_ends(gsme, gas, at_the_meter, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    at_the_meter.set_taps(FLOW)
    began = gas.ask(RecordNetworkDataGAS(), gsme, as_user=supplier)
    clock.sleep_until(began.seen.time + MOST * STEP + timedelta(minutes=2))
    first = recorded(gas, gsme, supplier, clock).fields()
    expect("samples", len(first["samples"])).equals(MOST)

    clock.sleep(hours(1))

    answer = recorded(gas, gsme, supplier, clock)
    expect("status of a read an hour later", answer.statuses).equals([0])
    second = answer.fields()
    expect("start of the samples an hour later", second["start"]).equals(first["start"])
    expect("the samples an hour later", second["samples"]).equals(first["samples"])
    again = gas.ask(RecordNetworkDataGAS(), gsme, as_user=supplier)
    clock.sleep(hours(1))
    third = recorded(gas, gsme, supplier, clock).fields()
    expect("start of the samples of another recording", from_zigbee_utc(third["start"])).satisfies(
        "after it began", lambda start: start > again.seen.time - STEP
    )


@testcase(
    "GAS-396",
    "A recording in other steps or of more samples than there is room for is not started, which the answer says",
    rules=["R-GAS-018", "R-GAS-012"],
    requirements=REQUIREMENTS,
    use_cases=["GCS31", "GCS18"],
    devices=["GSME"],
)
@pytest.mark.parametrize(("step", "count"), [(600, MOST), (360, MOST + 1), (60, 10)])
def test_not_started(step, count, gsme, gas, local, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    good = local.command(RecordNetworkDataGAS(), gsme, as_user=supplier)
    whole = Gbz.parse(good.payload)
    (component,) = whole.components
    octets = component.payload[:-4] + step.to_bytes(2, "little") + count.to_bytes(2, "little")
    changed = Gbz(whole.profile, [replace(component, payload=octets)])
    command = local.protect(replace(good, payload=bytes(changed), mac=None), gsme)

    delivered = local.deliver(command, f"GCS31 for {count} samples, one each {step} s")
    seen = timeline.expect(answer_to(command), within=hours(1), after=delivered)

    (answer,) = Gbz.parse(Message.parse(seen.raw).payload).components
    expect("number of the recording", int.from_bytes(answer.payload[-2:], "little")).equals(NOT_STARTED)
    expect("statuses of a read", recorded(gas, gsme, supplier, clock).statuses).equals([NOTHING], rule="R-GAS-012")
