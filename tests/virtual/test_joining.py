"""Joining in the virtual home: what is on the air, read by the project's dissector and by tshark, and the hub's log."""

import subprocess

from bench.catalogue import use_case
from bench.dcc import Device, ServiceRequest
from bench.dcc.bodies import AddDeviceToCHFWhitelist, ReadDeviceLog, UpdateHANDeviceLog
from bench.dcc.transform import transform
from bench.gbcs import Cra, Eui64, Message
from bench.gbcs.crypto import add_mac, shared_secret
from bench.gbcs.dlms import AccessResponse, DataNotification
from bench.gbcs.times import parse_date_time
from bench.han.capture import PcapngWriter
from bench.han.security import aes_mmo
from rigs.virtual.addresses import CHF_EUI, IHD_EUI, NEWCOMER_EUI
from rigs.virtual.blank import description, is_of
from rigs.virtual.hub_log import Listed
from rigs.virtual.world import to_microseconds
from tests.rtds import messages, needs_rtds, read
from tests.tools import need
from tests.virtual.homes import make
from tests.virtual.test_radio import dissected

SUCCESS = [0, 0, 0]


def ask_hub(bench, body, counter):
    """Send what a request becomes to the hub; return the results of its answer and the answer."""
    who = bench.smki.identities
    request = ServiceRequest.of(who.supplier, CHF_EUI, counter, body)
    (message,) = transform(
        request, device=Device.CHF, acb=who.acb, acb_counter=counter, cos_party=who.cos_party, cos_counter=counter,
        at=bench.world.now,
    )  # fmt: skip
    broker = bench.smki.party(who.acb).private_keys["ka"]
    key = bench.smki.device(CHF_EUI).certificates["ka"].public_key()
    before = len(bench.upward)
    bench.home.chf.receive(bytes(add_mac(message, shared_secret(broker, key))))
    bench.run(5)
    (answer,) = [one for _, one in bench.upward[before:] if one.cra is Cra.RESPONSE]
    response = AccessResponse.parse(answer.payload)
    return [code for _, code in response.results], response


def addition(code, join_time=120, device=NEWCOMER_EUI):
    allowed = AddDeviceToCHFWhitelist(join_time=join_time, install_code=code)
    return UpdateHANDeviceLog(device=device, request_type="Add", whitelist=allowed)


def joined(seed=1):
    bench = make(seed)
    assert ask_hub(bench, addition(bench.home.site.install_code), 5000)[0] == SUCCESS
    bench.home.newcomer.join()
    bench.run(15)
    assert bench.home.newcomer.powered()
    return bench


def test_both_sides_agree_on_the_key():
    bench = joined()
    key = bench.home.newcomer.memory.link_key
    assert bench.home.hub_log.entries[NEWCOMER_EUI].link_key == key
    _, answer = ask_hub(bench, ReadDeviceLog(security_details=True), 5001)
    hashes = {Eui64(row[0].value): row[1].value for row in answer.data[0][2].value}
    assert hashes[NEWCOMER_EUI] == aes_mmo(key)
    assert hashes[IHD_EUI] == aes_mmo(bench.home.site.network.link_keys[IHD_EUI])


def test_the_steps_are_in_order_and_well_formed():
    bench = joined()
    frames = dissected(bench)
    assert [frame.error for frame in frames if frame.error] == []
    seen = [frame.command for frame in frames]
    seen = seen[seen.index("BeaconRequest") :]
    steps = [
        "BeaconRequest", "beacon", "AssociationRequest", "DataRequest", "AssociationResponse", "APS command",
        "DeviceAnnce", "InitiateRequest", "InitiateResponse", "EphemeralDataRequest", "EphemeralDataResponse",
        "ConfirmKeyRequest", "ConfirmKeyResponse",
    ]  # fmt: skip
    places = [seen.index(step) for step in steps]
    assert places == sorted(places)


def test_tshark_opens_the_network_key_with_the_install_code_alone(tmp_path):
    tshark = need("tshark")
    bench = joined()
    capture = tmp_path / "join.pcapng"
    with PcapngWriter(capture) as writer:
        sniffer = writer.add_interface("virtual")
        for time, psdu, _ in bench.frames:
            writer.write_psdu(sniffer, to_microseconds(time) * 1000, psdu)
    link_key = bench.home.newcomer._install_key.hex()
    option = f'uat:zigbee_pc_keys:"{link_key}","Normal","install code"'
    shown = subprocess.run(
        [tshark, "-r", str(capture), "-o", option, "-T", "fields", "-e", "zbee_aps.cmd.key",
         "-Y", "zbee_aps.cmd.id == 5"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert bench.home.site.network.network_key.hex() in shown.replace(":", "")


def test_a_baseline_knows_nothing_of_the_join():
    bench = joined()
    bench.world.restore_baseline()
    bench.run(5)
    assert NEWCOMER_EUI not in bench.home.hub_log.entries
    assert not bench.home.newcomer.powered()
    assert NEWCOMER_EUI not in bench.home.site.network.link_keys


def test_frame_counters_go_on_after_a_baseline():
    bench = joined()
    before = bench.home.site.network.counters[bytes(NEWCOMER_EUI), "nwk"]
    bench.world.restore_baseline()
    assert ask_hub(bench, addition(bench.home.site.install_code), 6000)[0] == SUCCESS
    bench.home.newcomer.join()
    bench.run(15)
    assert bench.home.site.network.counters[bytes(NEWCOMER_EUI), "nwk"] > before


def test_the_historic_log_has_fifteen_places():
    bench = make()
    log = bench.home.hub_log
    for number in range(20):
        eui = Eui64.of(0x00155F00CAFE0000 + number)
        ask_hub(bench, addition(bytes(16), 1, eui), 7000 + 2 * number)
        log.entries[eui].link_key = bytes((number,)) * 16
        ask_hub(bench, UpdateHANDeviceLog(device=eui, request_type="Remove"), 7001 + 2 * number)
    assert [key[0] for key in log.historic.values()] == list(range(5, 20))


def test_a_hub_without_supply_lets_nobody_join():
    bench = make()
    ask_hub(bench, addition(bench.home.site.install_code), 5000)
    bench.home.feed.set_closed(False)
    bench.home.newcomer.join()
    bench.run(20)
    assert not bench.home.newcomer.powered()


@needs_rtds
def test_the_report_of_the_log_is_that_of_the_reference_data(monkeypatch):
    (path,) = [one for one in messages() if one.name == "CS14_NA_8F12_ALERT_GBCS.HEX"]
    reference = Message.parse(read(path))
    notification = DataNotification.parse(reference.payload)
    at, pan, rows = notification.data[2].value
    bench = make()
    chf, log = bench.home.chf, bench.home.hub_log
    monkeypatch.setattr(chf, "eui", Eui64(pan.value))
    monkeypatch.setattr(chf, "clock", lambda: parse_date_time(at.value))
    log.entries = {Eui64(row[0].value): Listed(link_key=row[1].value) for row in rows.value}
    monkeypatch.setattr(log, "key_hash", lambda key: key)
    sent = []
    monkeypatch.setattr(chf, "next_own_counter", lambda: reference.counter)
    monkeypatch.setattr(chf, "send_alert", lambda *arguments, **more: sent.append((arguments, more)))
    log.report()
    (((counter, party, code, payload), more),) = sent
    assert (counter, code, payload) == (reference.counter, reference.message_code, reference.payload)
    assert party == bench.smki.identities.acb
    assert more == {"critical": False}


def test_answers_are_of_the_types_of_the_catalogue():
    bench = joined()
    log = bench.home.hub_log
    (active,) = use_case("CCS06").command
    assert is_of(log.active(), description(active.answer))
    for part, value in zip(use_case("CCS07").response, (log.backup(), log.historic_backup()), strict=True):
        assert is_of(value, description(part.type))
