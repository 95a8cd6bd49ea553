"""The gas side of the virtual home against hand-worked facts: sleep, valve, money, volume, mirror."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bench.dcc import Device, ServiceRequest
from bench.dcc.bodies import (
    ArmSupply,
    DisableSupply,
    ReadInstantaneousImportRegisters,
    ReadSupplyStatus,
    UpdatePaymentMode,
)
from bench.dcc.bodies.prepayment import PrepaymentMode
from bench.dcc.transform import transform
from bench.gbcs import Cra, Message
from bench.gbcs.crypto import add_mac, shared_secret, sign
from bench.gbcs.gbz import LAST, GbzComponent
from bench.gbcs.times import zigbee_utc
from bench.han.dissect import Dissector
from bench.han.keyring import Keyring
from rigs.virtual.account import Mode
from rigs.virtual.addresses import CHF_EUI, GPF_EUI, GSME_EUI
from rigs.virtual.gas_activation import GasActivations, Pending
from rigs.virtual.gas_mirror import GasMirror
from rigs.virtual.home import PAN
from rigs.virtual.valve import ValveState
from tests.rtds import RTDS, needs_rtds
from tests.virtual.homes import make

PENNY = 1000


@pytest.fixture
def bench():
    return make()


def ask(bench, body, target=GSME_EUI, kind=Device.GSME, seconds=1860):
    """Send what a request becomes through the hub; return what comes up."""
    who, bench.counter = bench.smki.identities, bench.counter + 1
    request = ServiceRequest.of(who.supplier, target, bench.counter, body)
    (message,) = transform(request, device=kind, acb=who.acb, at=bench.world.now)
    if message.signature is None:
        message = sign(message, bench.smki.party(message.originator).private_keys["ds"])
    broker = bench.smki.party(who.acb).private_keys["ka"]
    key = bench.smki.device(target).certificates["ka"].public_key()
    before = len(bench.upward)
    bench.home.hub.from_wan(bytes(add_mac(message, shared_secret(broker, key))))
    bench.run(seconds)
    return [message for _, message in bench.upward[before:]]


def responses(messages):
    return [one for one in messages if one.cra is Cra.RESPONSE]


def test_wakes_each_half_hour_and_is_silent_between(bench):
    bench.run(3 * 3600)
    wakes = bench.home.gsme_radio.wakes
    assert all(later - earlier <= timedelta(minutes=30) for earlier, later in pairwise(wakes))
    assert len(wakes) == 7  # at power on, and 20 s after each half hour from 09:00 to 11:30
    assert not bench.home.gsme_radio.awake


def test_a_command_is_fetched_at_the_next_wake(bench):
    bench.run(60)
    (response,) = responses(ask(bench, ReadSupplyStatus()))
    assert response.originator == GSME_EUI
    assert bench.home.hub.sleepy[GSME_EUI].waiting == []
    answered = bench.upward[-1][0]
    assert answered.minute in (0, 30) and 20 <= answered.second < 25


def test_the_valve_goes_round(bench):
    gsme = bench.home.gsme
    assert not gsme.valve.enable_locally()
    ask(bench, DisableSupply())
    assert gsme.valve.state is ValveState.DISABLED and not gsme.valve.enable_locally()
    ask(bench, ArmSupply())
    assert gsme.valve.state is ValveState.ARMED
    gsme.gas.set_flow(0)
    assert gsme.valve.enable_locally()
    bench.run(10)
    assert gsme.valve.state is ValveState.ENABLED


def test_an_open_tap_is_found(bench):
    gsme = bench.home.gsme
    ask(bench, DisableSupply())
    ask(bench, ArmSupply())
    gsme.valve.enable_locally()
    bench.run(10)
    assert gsme.valve.state is ValveState.ARMED
    assert [entry.code for entry in gsme.logs.event][-1] == 0x81BF


def test_volume_and_energy(bench):
    """2 m3 at 39.5 MJ/m3 and 1.02264 are 2 x 39.5 x 1.02264 / 3.6 = 22.441 kWh."""
    gsme = bench.home.gsme
    gsme.gas.set_flow(2)
    litres, watt_hours = gsme.gas.litres, gsme.energy()
    bench.run(3600)
    gsme.gas.settle()
    assert gsme.gas.litres - litres == pytest.approx(2000)
    assert gsme.energy() - watt_hours == pytest.approx(22_441, abs=1)


def test_money_for_gas(bench):
    """An hour at 2 m3/h and 7 p/kWh with 28 p a day is 22.441 x 7 + 28 / 24 = 158.25 p."""
    gsme = bench.home.gsme
    gsme.account.adjust(1000 * PENNY)
    mode = PrepaymentMode(suspend_debt_disabled=False, suspend_debt_emergency=False, disablement_threshold=0)
    ask(bench, UpdatePaymentMode(prepayment=mode))
    assert gsme.account.mode is Mode.PREPAYMENT and gsme.prepayment.configuration == 0x0897
    gsme.gas.set_flow(2)
    before = gsme.account.balance
    bench.run(3600)
    gsme.account.settle()
    assert before - gsme.account.balance == pytest.approx(158.25 * PENNY, abs=PENNY)


def test_the_mirror_has_the_half_hours_of_the_meter(bench):
    gsme, gpf = bench.home.gsme, bench.home.gpf
    for flow in (1, 0, 2.5, 0.3):
        gsme.gas.set_flow(flow)
        bench.run(1800)
    start = bench.world.now - timedelta(hours=6)
    own, copy = (dict(one.half_hours(start, bench.world.now)) for one in (gsme.gas, gpf.mirror))
    assert len(copy) >= 11 and copy == {at: own[at] for at in copy}


def test_the_proxy_answers_with_the_time_of_its_copy(bench):
    bench.run(1000)
    heard = bench.home.gpf.mirror.heard
    (response,) = ask(bench, ReadInstantaneousImportRegisters(), GPF_EUI, Device.GPF, 5)
    assert response.originator == GPF_EUI and response.date_time[-1] == 4
    assert response.date_time[5:8] == bytes((heard.hour, heard.minute, heard.second))


def test_messages_not_fetched_are_discarded_and_told(bench):
    bench.run(60)
    bench.home.gas_attenuation.db = 90
    sent = ask(bench, DisableSupply(), seconds=86_500)
    assert [(one.originator, one.payload[3:5].hex()) for one in sent] == [(GPF_EUI, "819d")]
    assert bench.home.gsme.valve.state is ValveState.ENABLED


def test_a_hole_is_filled_going_back_from_what_is_known():
    now = make().world.now
    mirror = GasMirror(lambda: now)
    start = now - timedelta(hours=2)
    mirror.totals = {start: 100, now: 160}
    mirror.fill(zigbee_utc(start + timedelta(minutes=30)), [10, 20, 25, 5])
    assert sorted(mirror.totals.values()) == [100, 110, 130, 155, 160]


def test_traffic_is_readable_with_the_key_ring_only(bench):
    ask(bench, ReadSupplyStatus())
    network, keyring = bench.home.site.network, Keyring()
    keyring.add_network_key(network.network_key, 0, pan=PAN)
    for eui, key in network.link_keys.items():
        keyring.add_link_key(key, (bytes(CHF_EUI), eui))

    def tunnelled(ring):
        dissector = Dissector(ring)
        frames = [
            dissector.feed(number, psdu, fcs=True, channel=15, rssi=-40, lqi=255)
            for number, (_, psdu, _) in enumerate(bench.frames)
        ]
        return [frame.tunnel_data.kind for frame in frames if frame.tunnel_data is not None]

    assert tunnelled(keyring).count("GET") == 1 and tunnelled(keyring).count("PUT") == 1
    assert tunnelled(Keyring()) == []


def test_the_same_seed_gives_the_same_air():
    runs = []
    for _ in range(2):
        bench = make(seed=5)
        ask(bench, DisableSupply())
        runs.append([psdu for _, psdu, _ in bench.frames])
    assert runs[0] == runs[1]


@needs_rtds
@pytest.mark.rtds
def test_an_activation_is_told_as_in_the_reference_data(bench):
    name = "GCS03_1.6_8F66_FUTURE_DATED_SUCCESS_ALERT_CHANGE_PAYMENT_MODE_GBCS.HEX"
    published = Message.parse(bytes.fromhex((Path(RTDS) / "messages/1.6_GCS03" / name).read_text().strip()))
    gsme, sent = bench.home.gsme, []
    gsme.send = lambda octets: sent.append(Message.parse(octets))
    command = GbzComponent(LAST, 0x0705, 0x01, 0, 0x06)
    at = bench.world.now.replace(month=1, day=15, hour=0, minute=0, second=0, microsecond=0)
    waiting = Pending(at, 0x006D, 1005, gsme.eui, command)
    GasActivations.report(gsme.activations, (0x0705, 0x06), waiting, 0x8F66)
    assert sent[0].payload == published.payload and sent[0].message_code == published.message_code


def test_a_day_is_quick(bench):
    """Both fuels, all traffic: a smoke test that no loop spins; benchmarks/ measures."""
    bench.run(24 * 3600)
    assert 45 <= len(bench.home.gsme_radio.wakes) <= 52
    assert len(bench.frames) < 20_000
