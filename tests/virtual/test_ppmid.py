"""The PPMID's messages against the reference data, and what its keys do in the virtual home."""

from datetime import UTC, datetime

import pytest

from bench.gbcs import Cra, Message
from bench.gbcs.crypto import shared_secret, verify_mac
from bench.gbcs.gbz import Gbz
from rigs.virtual.addresses import CHF_EUI, GSME_EUI, PPMID_EUI
from rigs.virtual.han_server import SUPPLY_ON
from tests.rtds import RTDS, needs_rtds, read
from tests.virtual.homes import make

TOKEN = "73941656880950804485"  #: of the reference command


@pytest.fixture
def home():
    bench = make()
    bench.home.run = bench.run
    return bench.home


def reference(name):
    return Message.parse(read(RTDS / "messages" / "NA_PCS01" / f"PCS01_NA_SUCCESS_{name}_GBCS.HEX"))


@needs_rtds
@pytest.mark.rtds
def test_top_up_of_gas_is_the_reference_command(home):
    ppmid, sent = home.household.ppmid, []
    ppmid.send = sent.append
    ppmid.top_up("gas", TOKEN)
    command, expected = Message.parse(sent[0]), reference("COMMAND")
    assert command.payload == expected.payload
    assert (command.message_code, command.cra, command.signature) == (0x009B, Cra.COMMAND, expected.signature)
    assert (command.date_time, command.supplementary_party) == (expected.date_time, expected.supplementary_party)
    assert (command.originator, command.target) == (PPMID_EUI, GSME_EUI)


@needs_rtds
@pytest.mark.rtds
def test_outcome_of_new_firmware_is_the_reference_alert(home):
    expected = Message.parse(read(RTDS / "messages" / "NA_CS09" / "CS09_NA_8F8B_ALERT_GBCS.HEX"))
    ppmid, sent = home.household.ppmid, []
    ppmid.send = sent.append
    ppmid.clock = lambda: datetime(2015, 1, 1, tzinfo=UTC)
    ppmid.firmware.version = bytes.fromhex("1234ABCD")
    ppmid.firmware.report(0)
    alert = Message.parse(sent[0])
    assert (alert.payload, alert.message_code, alert.cra) == (expected.payload, 0x012B, Cra.ALERT)
    assert (alert.target, alert.mac) == (home.site.smki.identities.acb, expected.mac)


def test_its_mac_is_made_of_both_devices_keys(home):
    ppmid, sent = home.household.ppmid, []
    ppmid.send = sent.append
    ppmid.activate_emergency("gas")
    smki = home.site.smki
    of_the_meter = smki.device(GSME_EUI).private_keys["ka"]
    secret = shared_secret(of_the_meter, smki.device(PPMID_EUI).certificates["ka"].public_key())
    assert verify_mac(Message.parse(sent[0]), secret)


@needs_rtds
@pytest.mark.rtds
def test_the_reference_response_is_understood(home):
    ppmid = home.household.ppmid
    ppmid.send = lambda message: None
    ppmid.top_up("gas", TOKEN)
    ppmid._answered(Gbz.parse(reference("RESPONSE").payload).components[0])
    assert ppmid.shown == "accepted"


def test_an_answer_with_another_mac_is_not_shown(home):
    ppmid, sent = home.household.ppmid, []
    ppmid.send = sent.append
    ppmid.top_up("gas", TOKEN)
    command = Message.parse(sent[0])
    gsme = home.gsme
    answers = []
    gsme.send = answers.append
    gsme.receive(sent[0])
    home.run(2)
    (answer,) = [one for one in map(Message.parse, answers) if one.cra is Cra.RESPONSE]
    assert (answer.target, answer.counter) == (PPMID_EUI, command.counter)
    forged = bytes(answer)[:-1] + bytes((bytes(answer)[-1] ^ 1,))
    ppmid.receive(forged)
    assert ppmid.shown == "sent"
    ppmid.receive(bytes(answer))
    assert ppmid.shown == "rejected"


def test_supply_is_asked_for_on_the_air_to_the_meter_itself(home):
    esme = home.esme
    esme.switch.disable()
    esme.switch.arm()
    ppmid = home.household.ppmid
    assert ppmid.turn_on(SUPPLY_ON) == "sent"
    home.run(2)
    assert ppmid.shown == "on"
    assert esme.is_on()
    assert ppmid.node.heard.keys() >= {0x6F01}
    assert home.hub.node.heard.get(0x6F04) is None, f"nothing of it went through the hub {CHF_EUI}"


def test_without_a_join_there_is_no_meter(home):
    ppmid = home.household.ppmid
    ppmid.device_log.entries.clear()
    assert ppmid.top_up("gas", TOKEN) == ppmid.turn_on() == "no meter"
    home.run(1)
    assert ppmid.node.heard.get(0x6F01) is None
