"""Inter-PAN and a hand-held terminal in the virtual home: what is on the air, by the dissector and by tshark."""

import subprocess
from datetime import timedelta

import pytest

from bench.han.capture import PcapngWriter
from rigs.virtual.addresses import GSME_EUI, HAND_HELD_EUI
from rigs.virtual.inter_pan import Option
from rigs.virtual.world import to_microseconds
from tests.tools import need
from tests.virtual.homes import make
from tests.virtual.test_radio import dissected

HOUR = timedelta(minutes=60)


def power_cycled():
    bench = make()
    bench.home.hub_feed.set_closed(False)
    bench.run(5)
    bench.home.hub_feed.set_closed(True)
    bench.run(10)
    del bench.frames[:]
    return bench


def visited():
    bench = power_cycled()
    bench.home.hand_held.visit()
    bench.run(30)
    assert bench.home.hand_held.state() == "joined"
    return bench


def test_six_messages_and_the_install_code_pass_by_the_network() -> None:
    frames = dissected(visited())
    assert [frame.error for frame in frames if frame.error] == []
    past = [frame for frame in frames if frame.nwk is not None and frame.nwk.type == 3]
    assert [frame.command for frame in past] == [
        "InitiateRequest", "InitiateResponse", "EphemeralDataRequest", "EphemeralDataResponse", "ConfirmKeyRequest",
        "ConfirmKeyResponse", "APS inter_pan",
    ]  # fmt: skip
    assert [frame.mac.control for frame in past] == [0xCC21] * 7


def test_tshark_reads_each_frame_without_complaint(tmp_path) -> None:
    tshark = need("tshark")
    capture = tmp_path / "visit.pcapng"
    bench = visited()
    with PcapngWriter(capture) as writer:
        sniffer = writer.add_interface("virtual")
        for time, psdu, _ in bench.frames:
            writer.write_psdu(sniffer, to_microseconds(time) * 1000, psdu)

    def fields(*names, where):
        wanted = [part for name in names for part in ("-e", name)]
        command = [tshark, "-r", str(capture), "-T", "fields", *wanted, "-Y", where]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    assert fields("frame.number", where="_ws.malformed") == []
    warned = fields("_ws.expert.message", where="zbee_nwk.frame_type == 3 and _ws.expert.severity >= 6291456")
    assert [line.endswith("Encrypted Payload") for line in warned] == [True]  # the install code, under their own key
    shown = fields("zbee_aps.type", "zbee_aps.cluster", "zbee_aps.security", where="zbee_nwk.frame_type == 3")
    assert [line.split("\t")[0] for line in shown] == ["0x03"] * 7
    assert {line.split("\t")[1] for line in shown} == {"0x0800"}
    steps = fields("zbee_zcl_se.ke.cmd.srv_rx.id", where="zbee_nwk.frame_type == 3 and zbee_zcl_se.ke.cmd.srv_rx.id")
    assert [int(one, 16) for one in steps] == [0, 1, 2]


def test_key_and_install_code_are_never_in_clear() -> None:
    bench = visited()
    home = bench.home
    secrets = [home.site.hand_held_install_code, home.site.network.network_key, home.hand_held._key]
    assert all(len(one) == 16 for one in secrets)
    assert not [psdu for _, psdu, _ in bench.frames if any(one in psdu for one in secrets)]


def test_the_last_visit_to_a_full_log_is_refused_without_harm() -> None:
    bench = power_cycled()
    log = bench.home.hub_log
    log.is_full = lambda: True  # type: ignore[method-assign]
    before = dict(log.entries)
    bench.home.hand_held.visit()
    bench.run(30)
    assert bench.home.hand_held.state() == "away"
    assert log.entries == before


def test_a_device_of_the_log_that_comes_as_a_terminal_keeps_its_entry() -> None:
    log = make().home.hub_log
    entry = log.entries[GSME_EUI]
    log.receive_visitor(GSME_EUI, bytes(16), log._chf.world.now)
    log.end_visits()
    assert log.entries[GSME_EUI] is entry


@pytest.mark.parametrize("option", list(Option))
def test_each_option_opens_by_its_own_cause(option) -> None:
    home = make().home
    door, meter = home.hub.inter_pan, home.esme.eui
    door.option = option
    opened = {}
    door.power_on()
    opened[Option.POWER_ON], door.opened_at = door.is_open(), None
    door.asked(meter, link_key=True)
    opened[Option.METER], door.opened_at = door.is_open(), None
    home.wan.antenna.db = 90.0
    opened[Option.NO_WAN] = door.is_open()
    assert [one for one, is_open in opened.items() if is_open] == [option]


def test_an_hour_is_counted_from_the_last_use() -> None:
    bench = visited()
    door, now = bench.home.hub.inter_pan, bench.world.now
    assert timedelta(0) < door.closes_at() - now < HOUR
    assert door.closes_at() > door.opened_at + HOUR
    bench.run(door.closes_at().timestamp() - now.timestamp() + 1)
    assert HAND_HELD_EUI not in bench.home.hub_log.entries
    assert bench.home.hand_held.state() == "away"


def test_the_terminal_without_answer_gives_up() -> None:
    bench = make()
    bench.home.hand_held.visit()
    bench.run(60)
    assert bench.home.hand_held.state() == "not answered"
