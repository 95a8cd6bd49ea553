"""Every reader of bench.han as a function of octets: it returns, or raises HanError with a one-line reason."""

import json
from collections.abc import Callable
from contextlib import redirect_stderr
from io import BytesIO, StringIO

from bench.han import aps_commands, layout, mac_commands, nwk_commands, smart_energy, tables, tunnelling, zcl, zdo
from bench.han.aps import ApsFrame
from bench.han.aux_header import KeyId
from bench.han.capture_reader import Packet, read_capture
from bench.han.columns import Decoder
from bench.han.columns.batch import of_packets
from bench.han.dissect import Dissector
from bench.han.errors import HanError
from bench.han.fast import FastReader
from bench.han.heard import heard
from bench.han.heard_row import HeardRow, whole
from bench.han.keyring import Keyring
from bench.han.mac import MacFrame
from bench.han.nwk import NwkFrame
from bench.han.octets import Octets
from bench.han.row import Messages, row, without_clear_key
from bench.han.security import secure_aps, secure_nwk
from bench.han.show import Painter, layers, line
from bench.han.sniff_command import Options, Sniff
from bench.han.tap import Tap
from tests.han.test_columns import differences

Target = Callable[[bytes], object]

_NK, _LK, _CHF, _ESME = bytes(range(16)), bytes(range(16, 32)), bytes.fromhex("00155f0011223344"), bytes(range(8))
_CLUSTERS = tables.clusters()


def _keys() -> Keyring:
    keys = Keyring()
    keys.add_network_key(_NK, 0)
    keys.add_link_key(_LK)
    return keys


def _shown(psdus: list[bytes], *, fcs: bool) -> None:
    """Dissect frames one after the other, and show them in every form."""
    dissector, messages = Dissector(_keys()), Messages()
    for number, octets in enumerate(psdus):
        frame = dissector.feed(number * 1_000_000, octets, fcs=fcs, channel=15, rssi=-60.0)
        gbcs = None if frame.gbcs is None else messages.decode(frame.gbcs)
        shown = row(frame, gbcs)
        json.dumps(shown)
        json.dumps(frame.as_dict())
        assert "\n" not in line(frame, shown, Painter(colour=False))
        list(layers(frame, gbcs))
        without_clear_key(frame)
        if frame.error is not None:
            assert frame.error.startswith(f"frame {number + 1}, ") and "\n" not in frame.error
    dissector.retry()


def _mac(payload: bytes) -> bytes:
    return bytes(MacFrame.data(0x1A62, 1, 0, 0, payload))


def _nwk(payload: bytes, *, command: bool = False, named: bool = True, hop: bytes = _CHF) -> bytes:
    make = NwkFrame.command if command else NwkFrame.data
    return _mac(bytes(secure_nwk(make(1, 0, 1, payload, src_eui=_CHF if named else None), _NK, 1, hop)))


def _aps(frame: ApsFrame, counter: int = 1, key_id: KeyId = KeyId.DATA) -> bytes:
    return _nwk(bytes(secure_aps(frame, _LK, counter, _CHF, key_id=key_id)))


def _relayed(frame: ApsFrame, *, extended: bool) -> bytes:
    """A frame that comes by a router and whose originator stands nowhere but, when `extended`, in the APS header."""
    return _nwk(bytes(secure_aps(frame, _LK, 1, _CHF, extended=extended)), named=False, hop=_ESME)


def asdu(data: bytes) -> None:
    """A ZCL or ZDO frame under both keys: the first octet chooses the cluster."""
    if len(data) > 1:
        cluster = (*_CLUSTERS, 0xFC00)[data[0] % (len(_CLUSTERS) + 1)]
        _shown([_aps(ApsFrame.data(cluster, 1, data[1:]))], fcs=False)


def blocks(data: bytes) -> None:
    """Fragments, each with an extended header of the octets' choice."""
    frames = []
    for at in range(0, min(len(data), 400), 40):
        header = b"\xe0\x01\x04\x07\x09\x01\x01\x01"
        plain = ApsFrame.parse(header + data[at : at + 40].ljust(3, b"\0"))
        frames.append(_nwk(bytes(plain)) if plain.security is None else _aps(ApsFrame.data(0x0704, 1, data)))
    _shown(frames, fcs=False)


def commands(data: bytes) -> None:
    """The layout of every command and the attributes of every cluster on the octets after the first three."""
    if len(data) < 3:
        return
    cluster = _CLUSTERS[data[0] % len(_CLUSTERS)]
    frame = zcl.ZclFrame(zcl.ZclType(data[1] & 1), 1, data[2], data[3:], bool(data[1] & 8))
    into: layout.Named = {}
    scales = smart_energy.Scales()
    try:
        smart_energy.describe(cluster, frame, into, scales, "meter")
        smart_energy.describe(cluster, frame, {}, scales, "meter")
    finally:
        json.dumps(into)


def capture(data: bytes) -> None:
    """A capture file, read and shown; damage is told, not raised."""
    packets: list[Packet] = []
    try:
        packets.extend(read_capture(BytesIO(data)))
    finally:
        assert [packet.number for packet in packets] == list(range(1, len(packets) + 1))
        sniff = Sniff(Options(as_json=True), StringIO())
        with redirect_stderr(StringIO()):
            for packet in packets:
                sniff.take(packet)


def _frames(data: bytes) -> list[bytes]:
    """Frames made of octets: each piece begins with an octet that says under which layers the rest of it goes.

    The length of a piece stands behind it; what is secured opens, so that the octets reach the layer they are for.
    """
    made: list[bytes] = []
    while len(data) > 2 and len(made) < 12:
        how, length, data = data[0], data[1] & 0x7F, data[2:]
        piece, data = data[:length], data[length:]
        match how & 7:
            case 0:
                made.append(piece)
            case 1:
                made.append(_nwk(piece, command=True))
            case 2:
                made.append(_nwk(piece))
            case 3:
                made.append(_nwk(bytes(ApsFrame.parse(_DATA + piece[:90]))))
            case 4 | 5:
                made.append(_aps(ApsFrame.data(_CLUSTERS[(how >> 3) % len(_CLUSTERS)], 1, piece)))
            case 6 if how & 0x80:
                made.append(_relayed(ApsFrame.data(0x0702, 1, piece), extended=bool(how & 0x40)))
            case 6:
                made.append(_aps(ApsFrame.data(0x0702, how >> 3, piece)))
            case _ if made:
                made.append(made[how >> 3 & len(made) - 1])
    return [octets[:125] for octets in made]


def _keys_at_hand() -> Keyring:
    keys = _keys()
    keys.add_unsorted(_LK[::-1], "of unknown kind")
    return keys


def fast(data: bytes) -> None:
    """The live path against the dissector: records, rows, invariants' view and what is wrong must be the same."""
    reader, dissector, messages, others = (
        FastReader(_keys_at_hand()),
        Dissector(_keys_at_hand()),
        Messages(),
        Messages(),
    )
    for number, octets in enumerate(_frames(data)):
        time = number * 1_000_000
        frame = dissector.feed(time, octets, fcs=False, channel=15, rssi=-60.0)
        found = reader.feed(time, octets, fcs=False, channel=15, rssi=-60.0)
        assert found._replace(frame=None) == heard(frame)._replace(frame=None)
        message = None if found.gbcs is None else messages.assemble(found.gbcs)
        wanted = row(frame, None if frame.gbcs is None else others.decode(frame.gbcs))
        assert whole(HeardRow(found, None, message), reader.dissector.scales) == wanted
        assert repr(reader.detail(found, octets)) == repr(frame)


def columns(data: bytes) -> None:
    """The column path against the dissector, field by field."""
    frames = _frames(data)
    if not frames:
        return
    packets = [Packet(number, number * 1_000_000, octets, False) for number, octets in enumerate(frames, 1)]
    decoder, dissector = Decoder(_keys_at_hand()), Dissector(_keys_at_hand())
    assert (
        differences([dissector.feed_packet(one) for one in packets], decoder.decode(of_packets(packets, {(0, ""): 0})))
        == []
    )


_DATA = b"\x40\x01\x02\x07\x09\x01\x01\x01"  #: an APS header: metering, Smart Energy

TARGETS: dict[str, Target] = {
    "fast": fast,
    "columns": columns,
    "mac": lambda data: _shown([data], fcs=False),
    "mac with fcs": lambda data: _shown([data], fcs=True),
    "nwk": lambda data: _shown([_mac(data)], fcs=False),
    "nwk command": lambda data: _shown([_nwk(data, command=True)], fcs=False),
    "aps": lambda data: _shown([_nwk(data)], fcs=False),
    "aps command": lambda data: _shown([_nwk(bytes(ApsFrame.command(1, data)))], fcs=False),
    "aps command under key-load": lambda data: _shown(
        [_aps(ApsFrame.command(1, data), key_id=KeyId.KEY_LOAD)] * 2, fcs=False
    ),
    "asdu": asdu,
    "zdo": lambda data: _shown(
        [_nwk(bytes(ApsFrame.data(int.from_bytes(data[:2], "big"), 1, data[2:], profile=0)))], fcs=False
    ),
    "blocks": blocks,
    "commands": commands,
    "capture": capture,
    "pcap": lambda data: capture(b"\xd4\xc3\xb2\xa1" + data),
    "pcapng": lambda data: capture(b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\1\0\0\0" + b"\xff" * 8 + data),
    "tap": lambda data: bytes(Tap.parse(data)[0]),
    "beacon": lambda data: bytes(mac_commands.Beacon.parse(data)),
    "parsers": lambda data: [
        parse(data) for parse in (mac_commands.parse_command, nwk_commands.parse_command, aps_commands.parse_command)
    ],
    "zdo parser": lambda data: zdo.parse_zdo(int.from_bytes(data[:2], "big"), data[2:]),
    "tunnel": tunnelling.TunnelData.parse,
    "strings": lambda data: layout.read(
        layout.parse("a:str b:date4 c:octets d:value e:euibe f:rest"),
        Octets(data, "x"),
        tables.common_kinds().__getitem__,
        {},
    ),
}


def survives(target: Target, data: bytes) -> None:
    """Run a target; HanError must have a reason of one line, anything else is a finding."""
    try:
        target(data)
    except HanError as error:
        assert error.reason
        assert "\n" not in str(error)
