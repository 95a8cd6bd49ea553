"""Generated traffic, compared field by field with tshark."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.han import mac_commands, nwk_commands, tunnelling, zcl, zdo
from bench.han.aps import ApsFrame
from bench.han.aps_commands import TransportKey
from bench.han.aux_header import KeyId
from bench.han.capture import PcapngWriter, read_capture
from bench.han.dissect import Dissector
from bench.han.fragments import fragment
from bench.han.frame import Frame
from bench.han.keyring import Keyring
from bench.han.mac import MacFrame
from bench.han.nwk import NwkFrame
from bench.han.octets import eui_text
from bench.han.security import secure_aps, secure_nwk
from bench.han.zcl_types import Value

from .test_zcl import ECS70
from .vectors import CHF, ESME, ESME_SHORT, FRAMES, GSME, GSME_SHORT, LK_INSTALL, NK, NK2, PAN, TCLK, psdu

pytestmark = [
    pytest.mark.tshark,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed"),
]

START = 1_790_000_000_000_000_000


def generated() -> list[bytes]:
    """A join, then traffic at every layer, among a hub (0000), an ESME (6F01) and a GSME (8C42)."""
    frames: list[bytes] = []
    counters = dict.fromkeys((CHF, ESME, GSME), 0)
    shorts = {CHF: 0, ESME: ESME_SHORT, GSME: GSME_SHORT}

    def nwk(src: bytes, frame: NwkFrame, key: bytes = NK, key_sequence: int = 0) -> None:
        counters[src] += 1
        secured = secure_nwk(frame, key, 70_000 + counters[src], src, key_sequence)
        dst = 0xFFFF if frame.dst >= 0xFFF8 else frame.dst
        frames.append(MacFrame.data(PAN, dst, shorts[src], len(frames) & 0xFF, bytes(secured)).psdu())

    def aps(src: bytes, dst: bytes, frame: ApsFrame, key: bytes | None = None, key_id: KeyId = KeyId.DATA) -> None:
        if key is not None:
            frame = secure_aps(frame, key, 900 + len(frames), src, key_id=key_id)
        nwk(src, NwkFrame.data(shorts[dst], shorts[src], len(frames) & 0xFF, bytes(frame), src_eui=src))

    frames.append(mac_commands.beacon_request(1).psdu())
    frames.append(mac_commands.beacon(PAN, 0, 2, CHF, permit=True).psdu())
    frames.append(mac_commands.association_request(PAN, 0, GSME, 3, mac_commands.SLEEPY_END_DEVICE).psdu())
    frames.append(MacFrame.ack(3).psdu())
    frames.append(mac_commands.data_request(PAN, 0, GSME, 4).psdu())
    frames.append(MacFrame.ack(4, pending=True).psdu())
    frames.append(mac_commands.association_response(PAN, GSME, CHF, 5, short=GSME_SHORT).psdu())
    transport = ApsFrame.command(1, TransportKey.network(NK, 0, GSME, CHF).octets())
    transport = secure_aps(transport, LK_INSTALL, 3, CHF, key_id=KeyId.KEY_TRANSPORT)
    delivered = NwkFrame.data(GSME_SHORT, 0, 2, bytes(transport), src_eui=CHF)
    frames.append(MacFrame.data(PAN, GSME_SHORT, 0, 6, bytes(delivered)).psdu())
    annce = ApsFrame.data(
        0x0013,
        2,
        bytes(zdo.DeviceAnnce(1, GSME_SHORT, GSME, 0x80)),
        profile=0,
        src_endpoint=0,
        dst_endpoint=0,
        broadcast=True,
    )
    nwk(GSME, NwkFrame.data(0xFFFD, GSME_SHORT, 3, bytes(annce), src_eui=GSME))

    for source, command in (
        (CHF, nwk_commands.LinkStatus.of([(ESME_SHORT, 1, 3), (0x1234, 7, 0)])),
        (ESME, nwk_commands.NetworkStatus(0x06, GSME_SHORT)),
        (GSME, nwk_commands.EndDeviceTimeoutRequest(5, 0)),
        (CHF, nwk_commands.EndDeviceTimeoutResponse(0, 3)),
        (GSME, nwk_commands.RejoinRequest(0x80)),
        (CHF, nwk_commands.RejoinResponse(GSME_SHORT, 0)),
        (CHF, nwk_commands.Leave.of(request=True, rejoin=True)),
        (ESME, nwk_commands.RouteRecord((0x1111, 0x2222))),
    ):
        dst = 0xFFFC if isinstance(command, nwk_commands.LinkStatus) else 0 if source != CHF else GSME_SHORT
        nwk(source, NwkFrame.command(dst, shorts[source], len(frames), command.octets(), src_eui=source))

    read = zcl.ZclFrame.general(zcl.READ, 0x31, zcl.read_attributes([0x0000, 0x0400]))
    aps(CHF, ESME, ApsFrame.data(0x000A, 3, bytes(read)))
    relayed = ApsFrame.data(0x000A, 4, bytes(read), ack_request=True)
    nwk(CHF, NwkFrame.data(GSME_SHORT, 0, 9, bytes(relayed), src_eui=CHF, dst_eui=GSME, relays=(ESME_SHORT, 0x2222)))
    aps(CHF, ESME, ApsFrame.data(0x0702, 5, bytes(read)), TCLK)
    answer = zcl.read_response([zcl.Attribute(0, 0, Value(0x25, 123456)), zcl.Attribute(0x400, 0, Value(0x2A, -40))])
    answered = ApsFrame.data(
        0x0702, 6, bytes(zcl.ZclFrame.general(1, 0x31, answer, from_server=True)), ack_request=True
    )
    aps(ESME, CHF, answered, TCLK)
    aps(CHF, ESME, answered.acknowledgement(), TCLK)

    aps(CHF, ESME, ApsFrame.data(0x0704, 7, bytes(tunnelling.RequestTunnel().frame(0x40))), TCLK)
    accepted = tunnelling.RequestTunnelResponse(0x0102, 0).frame(0x40)
    aps(ESME, CHF, ApsFrame.data(0x0704, 8, bytes(accepted)), TCLK)
    transfer = tunnelling.TransferData(0x0102, ECS70).frame(0x41, from_server=False)
    for block in fragment(ApsFrame.data(0x0704, 9, bytes(transfer))):
        aps(CHF, ESME, block, TCLK)
        aps(
            ESME,
            CHF,
            block.acknowledgement(base=block.extended.block if block.extended and not block.extended.first else 0),
            TCLK,
        )
    for data, source, dst, server in (
        (tunnelling.get(), GSME, CHF, False),
        (tunnelling.get_response(ECS70, 2), CHF, GSME, True),
        (tunnelling.put(ECS70), GSME, CHF, False),
    ):
        transfer = tunnelling.TransferData(0x0001, data).frame(0x42, from_server=server)
        for block in fragment(ApsFrame.data(0x0704, len(frames), bytes(transfer)), 48):
            aps(source, dst, block, TCLK)

    aps(CHF, ESME, ApsFrame.command(60, TransportKey.network(NK2, 1, ESME, CHF).octets()), TCLK, KeyId.KEY_TRANSPORT)
    time = ApsFrame.data(0x000A, 61, bytes(read))
    nwk(ESME, NwkFrame.data(0, ESME_SHORT, 99, bytes(time), src_eui=ESME), NK2, 1)
    return frames


def tshark(path: Path, fields: list[str]) -> list[dict[str, list[str]]]:
    """Return tshark's values of the fields, per frame; a field met twice has two values."""
    keys = [f'uat:zigbee_pc_keys:"{key.hex()}","Normal","{n}"' for n, key in enumerate((NK, TCLK, LK_INSTALL))]
    command = [
        "tshark",
        "-r",
        str(path),
        "-T",
        "fields",
        "-E",
        "separator=|",
        "-E",
        "occurrence=a",
        "-E",
        "aggregator=;",
    ]
    for key in keys:
        command += ["-o", key]
    for field in fields:
        command += ["-e", field]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    rows = [line.split("|") for line in output.splitlines()]
    return [{f: v.split(";") if v else [] for f, v in zip(fields, row, strict=True)} for row in rows]


def address(value: object, kind: type) -> list[str]:
    if not isinstance(value, kind):
        return []
    return [f"0x{value:04x}"] if isinstance(value, int) else [eui_text(bytes(value)).lower().replace("-", ":")]


def decimal(value: int | None) -> list[str]:
    return [] if value is None else [str(value)]


def hexadecimal(value: int | None, digits: int) -> list[str]:
    return [] if value is None else [f"0x{value:0{digits}x}"]


def counters(frame: Frame) -> list[str]:
    return [str(aux.counter) for aux in (frame.nwk_security, frame.aps_security) if aux is not None]


OURS: dict[str, Callable[[Frame], list[str]]] = {
    "wpan.frame_type": lambda f: hexadecimal(f.mac.type, 4) if f.mac else [],
    "wpan.seq_no": lambda f: decimal(f.mac.sequence) if f.mac else [],
    "wpan.dst_pan": lambda f: hexadecimal(f.mac.dst_pan, 4) if f.mac else [],
    "wpan.dst16": lambda f: address(f.mac.dst, int) if f.mac else [],
    "wpan.src16": lambda f: address(f.mac.src, int) if f.mac else [],
    "zbee_nwk.dst": lambda f: hexadecimal(f.nwk.dst, 4) if f.nwk else [],
    "zbee_nwk.src": lambda f: hexadecimal(f.nwk.src, 4) if f.nwk else [],
    "zbee_nwk.radius": lambda f: decimal(f.nwk.radius) if f.nwk else [],
    "zbee_nwk.seqno": lambda f: decimal(f.nwk.sequence) if f.nwk else [],
    "zbee_nwk.relay": lambda f: [str(r) for r in f.nwk.relays or ()] if f.nwk else [],
    "zbee_nwk.cmd.id": lambda f: hexadecimal(f.nwk_command.ID, 2) if f.nwk_command else [],
    "zbee.sec.counter": counters,
    "zbee.sec.key_seqno": lambda f: decimal(f.nwk_security.key_sequence) if f.nwk_security else [],
    "zbee.sec.key_id": lambda f: [f"0x{a.key_id:02x}" for a in (f.nwk_security, f.aps_security) if a is not None],
    "zbee_aps.type": lambda f: hexadecimal(f.aps.type, 2) if f.aps else [],
    "zbee_aps.counter": lambda f: decimal(f.aps.counter) if f.aps else [],
    "zbee_aps.dst": lambda f: decimal(f.aps.dst_endpoint) if f.aps else [],
    "zbee_aps.src": lambda f: decimal(f.aps.src_endpoint) if f.aps else [],
    "zbee_aps.profile": lambda f: hexadecimal(f.aps.profile, 4) if f.aps else [],
    "zbee_aps.cluster": lambda f: hexadecimal(f.aps.cluster, 4) if f.aps and f.aps.profile else [],
    "zbee_aps.zdp_cluster": lambda f: hexadecimal(f.aps.cluster, 4) if f.aps and f.aps.profile == 0 else [],
    "zbee_aps.block": lambda f: decimal(f.aps.extended.block) if f.aps and f.aps.extended else [],
    "zbee_aps.cmd.id": lambda f: hexadecimal(f.aps_command.ID, 2) if f.aps_command else [],
    "zbee_aps.cmd.key": lambda f: [f.aps_command.key.hex()] if isinstance(f.aps_command, TransportKey) else [],
    "zbee_zcl.cmd.tsn": lambda f: decimal(f.zcl.sequence) if f.zcl else [],
    "zbee_zcl_se.tun.tunnel_id": lambda f: (
        [f"0x{f.tunnel.tunnel:04x}"]
        if isinstance(f.tunnel, tunnelling.TransferData | tunnelling.RequestTunnelResponse)
        else []
    ),
    "gbcs_tunnel.remaining": lambda f: decimal(f.tunnel_data.remaining) if f.tunnel_data else [],
}


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tshark") / "generated.pcapng"
    with PcapngWriter(path) as writer:
        ns = writer.add_interface("ns")
        us = writer.add_interface("us", resolution=6)
        for number, octets in enumerate(generated()):
            time = START + number * 12_345_678
            writer.write_psdu(
                us if number % 2 else ns, time, octets, channel=15, rssi=-60.5, lqi=99, comment=f"n{number}"
            )
    return path


@pytest.fixture(scope="module")
def ours(capture: Path) -> list[Frame]:
    keys = Keyring()
    keys.add_network_key(NK, 0)
    keys.add_link_key(TCLK, (CHF, ESME))
    keys.add_link_key(TCLK, (CHF, GSME))
    keys.add_link_key(LK_INSTALL)
    dissector = Dissector(keys)
    return [dissector.feed_packet(packet) for packet in read_capture(capture)]


def test_ours_has_nothing_to_complain_of(ours: list[Frame]) -> None:
    assert [f.summary() for f in ours if f.error is not None or isinstance(f.decrypted, str)] == []
    assert [f.gbcs for f in ours if f.gbcs is not None] == [ECS70] * 3


@pytest.fixture(scope="module")
def rows(capture: Path) -> list[dict[str, list[str]]]:
    return tshark(capture, list(OURS))


@pytest.mark.parametrize("field", OURS)
def test_field(rows: list[dict[str, list[str]]], ours: list[Frame], field: str) -> None:
    theirs = [row[field] for row in rows]
    assert theirs == [OURS[field](frame) for frame in ours]
    assert any(theirs), f"nothing in the traffic exercises {field}"


def test_capture_metadata(capture: Path, ours: list[Frame]) -> None:
    fields = [
        "frame.time_epoch",
        "frame.interface_name",
        "frame.comment",
        "wpan-tap.ch_num",
        "wpan-tap.rss",
        "wpan-tap.lqi",
    ]
    for number, (row, frame) in enumerate(zip(tshark(capture, fields), ours, strict=True)):
        seconds, fraction = row["frame.time_epoch"][0].split(".")
        assert int(seconds) * 10**9 + int(fraction.ljust(9, "0")) == frame.time
        assert row["frame.interface_name"] == ["us" if number % 2 else "ns"]
        assert row["frame.comment"] == [f"n{number}"]
        assert row["wpan-tap.ch_num"] == ["15"] and float(row["wpan-tap.rss"][0]) == -60.5
        assert row["wpan-tap.lqi"] == ["99"]


def test_gbcs_message_code_and_tunnel_command(capture: Path, ours: list[Frame]) -> None:
    rows = tshark(capture, ["gbcs_message.grouping_header.message_code", "gbcs_tunnel.command", "wpan.fcs_ok"])
    codes = [row["gbcs_message.grouping_header.message_code"] for row in rows]
    assert [bool(code) for code in codes] == [frame.gbcs is not None for frame in ours]
    assert {int(code[0], 0) for code in codes if code} == {0x0062}
    commands = {"GET": 1, "GET-RESPONSE": 2, "PUT": 3}
    expected = [commands.get(f.tunnel_data.kind) if f.tunnel_data else None for f in ours]
    assert [int(row["gbcs_tunnel.command"][0], 0) if row["gbcs_tunnel.command"] else None for row in rows] == expected


def test_decrypted_octets(capture: Path, ours: list[Frame]) -> None:
    """The data tshark shows for what it decrypted holds the very octets we decrypted."""
    command = ["tshark", "-r", str(capture), "-x"]
    for key in (NK, TCLK, LK_INSTALL):
        command += ["-o", f'uat:zigbee_pc_keys:"{key.hex()}","Normal",""']
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    dumps = _sources(output)
    assert len(dumps) == len(ours)
    compared = 0
    for sources, frame in zip(dumps, ours, strict=True):
        for plaintext, secured in ((frame.nwk_payload, frame.nwk_security), (frame.aps_payload, frame.aps_security)):
            if secured is not None and plaintext:
                assert plaintext in sources, frame.summary()
                compared += 1
        if frame.aps is not None and frame.aps.extended is not None and frame.asdu:
            assert frame.asdu in sources
            compared += 1
    assert compared > 40


def _sources(output: str) -> list[list[bytes]]:
    """Return the data sources of each frame in the output of tshark -x: the frame, then each decrypted layer."""
    frames: list[list[bytes]] = []
    current = bytearray()

    def close() -> None:
        if current:
            frames[-1].append(bytes(current))
            current.clear()

    for line in output.splitlines():
        head, _, rest = line.partition("  ")
        if len(head) == 4 and all(c in "0123456789abcdef" for c in head):
            if head == "0000":
                close()
            current += bytes.fromhex(rest[:48])
        elif line.startswith(("Packet (", "Frame (")):
            close()
            frames.append([])
        elif line:
            close()
    close()
    return frames


def test_vectors_too(tmp_path: Path) -> None:
    path = tmp_path / "vectors.pcapng"
    with PcapngWriter(path) as writer:
        interface = writer.add_interface("vectors", linktype=195)
        for number, name in enumerate(FRAMES):
            writer.write(interface, START + number, psdu(name))
    keys = Keyring()
    keys.add_network_key(NK, 0)
    keys.add_link_key(TCLK)
    keys.add_link_key(LK_INSTALL)
    dissector = Dissector(keys)
    frames = [dissector.feed_packet(packet) for packet in read_capture(path)]
    fields = ["zbee.sec.counter", "zbee_aps.counter", "zbee_zcl.cmd.tsn", "zbee_nwk.cmd.id"]
    for row, frame in zip(tshark(path, fields), frames, strict=True):
        if frame.carried is not None or frame.error is not None:
            continue
        assert row["zbee.sec.counter"] == counters(frame), frame.summary()
        assert row["zbee_nwk.cmd.id"] == OURS["zbee_nwk.cmd.id"](frame)
        assert row["zbee_aps.counter"] == OURS["zbee_aps.counter"](frame), frame.summary()
        assert row["zbee_zcl.cmd.tsn"] == OURS["zbee_zcl.cmd.tsn"](frame), frame.summary()
