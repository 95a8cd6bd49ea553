"""Columns say what the detailed dissector says, frame by frame, on generated and damaged traffic."""

import struct
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.han.capture import read_capture
from bench.han.columns import Capture, Columns, Decoder, detail, read, reader
from bench.han.columns.rows import row as columns_row
from bench.han.columns.table import EUI_FIELDS, FIELDS
from bench.han.dissect import Dissector
from bench.han.errors import HanError
from bench.han.frame import Frame
from bench.han.keyring import Keyring
from bench.han.query import compile_query
from bench.han.query_values import ABSENT, NO_EUI
from bench.han.row import Messages
from bench.han.row import row as frame_row
from bench.han.zcl import ZclFrame, parse_attributes

from .mixed_traffic import traffic, write
from .vectors import CHF, ESME, FRAMES, LK_INSTALL, NK, NK2, TCLK, TCLK2, psdu

CODE = bytes.fromhex("83fed3407a939723a5c639b26916d505")  #: install code of LK_INSTALL


def keyring(kind: str = "all") -> Keyring:
    keys = Keyring()
    if kind == "none":
        return keys
    if kind == "unknown":
        for number, octets in enumerate((NK, TCLK, TCLK2, NK2, CODE), 1):
            keys.add_unsorted(octets, f"--key {number}")
        return keys
    if kind == "install code":
        keys.add_link_key(LK_INSTALL)
        return keys
    keys.add_network_key(NK, 0)
    if kind != "network":
        keys.add_network_key(NK2, None)
        keys.add_link_key(TCLK, (CHF, ESME))
        keys.add_link_key(TCLK2)
        keys.add_link_key(TCLK)
    return keys


def expected(path: Path, keys: Keyring) -> list[Frame]:
    dissector = Dissector(keys)
    frames = []
    try:
        for packet in read_capture(path):
            frames.append(dissector.feed_packet(packet))
    except HanError:
        pass
    return frames


def differences(frames: list[Frame], columns: Columns) -> list[tuple[Any, ...]]:
    """Say where the two disagree: field, frame, dissector's value, column's value."""
    assert len(columns) == len(frames)
    found: list[tuple[Any, ...]] = []
    codes, names = columns.texts("command")
    repeats = columns.column("repeat_of")
    for row, frame in enumerate(frames):
        values = detail.values(frame) | {"frame": frame.number, "time": frame.time}
        values |= {} if frame.channel is None else {"channel": frame.channel}
        values |= {} if frame.lqi is None else {"lqi": frame.lqi}
        for name in FIELDS:
            if name in ("interface", "rssi", "nwk_hash"):
                continue
            value = values.get(name, NO_EUI if name in EUI_FIELDS else ABSENT)
            if value != int(columns.fields[name][row]):
                found.append((name, frame.number, value, int(columns.fields[name][row]), frame.summary()))
        rssi = columns.fields["rssi"][row]
        shown = (
            ("rssi", frame.rssi, None if np.isnan(rssi) else float(rssi)),
            ("decrypted", frame.decrypted if isinstance(frame.decrypted, str) else None, columns.reasons.get(row)),
            ("payload", detail.shown_payload(frame), columns.payload(row)),
            ("command", frame.command, names[codes[row]]),
            ("gbcs", frame.gbcs, columns.gbcs.get(row)),
            ("repeat", frame.repeat_of, None if repeats[row] == ABSENT else int(repeats[row])),
        )
        found += [(name, frame.number, ours, theirs) for name, ours, theirs in shown if ours != theirs]
        if columns.errors.get(row) != frame.error:
            found.append(("error", frame.number, frame.error, columns.errors.get(row)))
    return found


@pytest.mark.parametrize("kind", ["all", "network", "none", "install code"])
@pytest.mark.parametrize("seed", range(3))
def test_columns_agree_with_the_dissector(
    tmp_path: Path, seed: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "FRAMES", 256)  # messages and keys reach from batch to batch
    path = write(tmp_path / "mixed.pcapng", traffic(seed * 100, 1200), seed=seed)
    assert differences(expected(path, keyring(kind)), read(path, keyring(kind)))[:5] == []


@pytest.mark.parametrize("seed", range(3, 6))
def test_columns_agree_in_one_batch(tmp_path: Path, seed: int) -> None:
    path = write(tmp_path / "mixed.pcapng", traffic(seed * 100, 1500), seed=seed, rate=1000.0)
    assert differences(expected(path, keyring()), read(path, keyring()))[:5] == []


def test_all_vectors(tmp_path: Path) -> None:
    path = write(tmp_path / "vectors.pcapng", [psdu(name) for name in FRAMES])
    for kind in ("all", "network", "none", "install code"):
        assert differences(expected(path, keyring(kind)), read(path, keyring(kind))) == []


def test_inter_pan_frames_that_are_alike_are_no_repeats(tmp_path: Path) -> None:
    name = "inter-PAN key establishment (Initiate without certificate)"
    path = write(tmp_path / "twice.pcapng", [psdu(name), psdu(name)])
    assert [frame.repeat_of for frame in expected(path, keyring())] == [None, None]
    assert differences(expected(path, keyring()), read(path, keyring())) == []


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_octets(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Any frame with any octets changed, the FCS made good again, decodes as the dissector decodes it."""
    names = data.draw(st.lists(st.sampled_from(sorted(FRAMES)), min_size=1, max_size=12))
    frames = []
    for name in names:
        octets = bytearray(psdu(name)[:-2])
        for place, value in data.draw(st.lists(st.tuples(st.integers(0, 126), st.integers(0, 255)), max_size=3)):
            if place < len(octets):
                octets[place] = value
        frames.append(bytes(octets[: data.draw(st.integers(0, len(octets)))] if data.draw(st.booleans()) else octets))
    path = tmp_path_factory.mktemp("damaged") / "d.pcap"
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 230)
    path.write_bytes(header + b"".join(struct.pack("<IIII", 1, 2, len(f), len(f)) + f for f in frames))
    assert differences(expected(path, keyring()), read(path, keyring()))[:3] == []


def test_attributes_are_those_of_the_dissector(tmp_path: Path) -> None:
    path = write(tmp_path / "mixed.pcapng", traffic(77, 1500))
    frames, columns = expected(path, keyring()), read(path, keyring())
    table = columns.attributes
    compared = 0
    for row, frame in enumerate(frames):
        some = np.flatnonzero(table.row == row)
        zcl = frame.zcl
        if zcl is None or zcl.type != 0 or zcl.command not in (1, 2, 3, 5, 10):
            assert len(some) == 0
            continue
        if frame.error is not None:
            continue
        wanted = parse_attributes(ZclFrame.parse(frame.asdu or b""))
        assert [int(i) for i in table.id[some]] == [attribute.id for attribute in wanted]
        for at, attribute in zip(some, wanted, strict=True):
            value = attribute.value
            assert table.status[at] == attribute.status
            assert table.type[at] == (ABSENT if value is None else value.type)
            number = value is not None and isinstance(value.value, int)
            assert bool(table.known[at]) == number
            if number and value is not None:
                assert (int(table.value[at]) - int(value.value)) % (1 << 64) == 0
                compared += 1
    assert compared > 100


QUERIES = """
cluster == metering and not decrypted
decrypted and src == 0x6f01
cluster == tunneling and cmd == transfer_data and esme
nwk_counter > 5100 or aps_counter < 40
src == esme or dst_eui == chf
src_eui != esme
dst != 0
src == 00:15:5f:00:99:aa:bb:cc
nwk_src == 0x6f01 and nwk_dst != esme
rssi < -80 and channel == 15
rssi
lqi == 200
time > "2026-09-21T14:13:30" and time < 1790000020.5
time == "2026-09-21T14:13:30.123456789Z"
payload contains 0x0000
payload contains "serial"
payload == 0x000100
payload
gbcs
gbcs.use_case == "ECS70" or gbcs.message_code == 0062
gbcs.counter > 3
command contains read or command == ack
command == "fragment 1" or cmd == link_status
command == 1
cluster_name == zdo or cluster in (price, 0x4242)
cluster_name
profile == se and not cluster_name
decrypted contains "no fitting"
decrypted == false
error contains fcs
error
repeat_of > 3
pan == 0x2222 or nwk_key_seq == 1 or mac_seq == 7
interface != b and command_id not in (1, 2)
aps_frame_counter >= 75000
frame in (1, 2, 3, 50)
""".strip().splitlines()


@pytest.mark.parametrize("kind", ["all", "network"])
def test_rows_and_queries_say_the_same_of_columns(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "mixed.pcapng", traffic(9, 1500))
    frames, columns, messages = expected(path, keyring(kind)), read(path, keyring(kind)), Messages()
    rows = [frame_row(frame, messages.decode(frame.gbcs) if frame.gbcs else None) for frame in frames]
    for at, one in enumerate(rows):
        ours = columns_row(columns, at)
        left_out = {"fields", "network_key", "link_key"}
        assert {k: v for k, v in ours.items() if k not in left_out} == {
            k: v for k, v in one.items() if k not in left_out
        }
    met = 0
    for text in QUERIES:
        query = compile_query(text, {"esme": ESME, "chf": CHF})
        mask = query.mask(columns)
        assert mask.dtype == bool
        assert [query.matches(one) for one in rows] == mask.tolist(), text
        met += 0 < int(mask.sum()) < len(rows)
    assert met >= (len(QUERIES) - 5 if kind == "all" else 20)


@pytest.mark.parametrize("seed", [2, 7, 207])
def test_keys_of_unknown_kind(tmp_path: Path, seed: int) -> None:
    path = write(tmp_path / "mixed.pcapng", traffic(seed, 1200), seed=seed % 5)
    theirs, ours = keyring("unknown"), keyring("unknown")
    assert differences(expected(path, theirs), read(path, ours))[:3] == []
    for kind in ("unsorted_keys", "network_keys", "link_keys"):
        assert set(getattr(theirs, kind)) == set(getattr(ours, kind))


def test_keys_learned_on_air_serve_from_then_on(tmp_path: Path) -> None:
    path = write(tmp_path / "chain.pcapng", [psdu(name) for name in ("V4", "V3", "V4")])
    columns = read(path, keyring("install code"))
    assert columns.fields["decrypted"].tolist() == [0, 1, 1]
    assert "no network key for sequence 2" in columns.reasons[0]


@pytest.mark.parametrize("linktype", [195, 230, 215, 283])
@pytest.mark.parametrize("form", ["pcap", "pcap ns", "pcap big", "pcapng big"])
def test_every_link_type_and_byte_order(tmp_path: Path, linktype: int, form: str) -> None:
    octets = psdu("V1")
    content = {
        195: octets,
        230: octets[:-2],
        215: bytes(4) + b"\xa7" + bytes((len(octets),)) + octets,
        283: bytes.fromhex("0000140000000100010000000300030013000000") + octets,
    }[linktype]
    order = ">" if form.endswith("big") else "<"
    path = tmp_path / "one"
    if form == "pcapng big":
        blocks = (
            (0x0A0D0D0A, struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1)),
            (1, struct.pack(">HHI", linktype, 0, 0)),
            (
                6,
                struct.pack(">IIIII", 0, 0, 5_000_000, len(content), len(content)) + content + bytes(-len(content) % 4),
            ),
        )
        path.write_bytes(
            b"".join(struct.pack(">II", k, len(b) + 12) + b + struct.pack(">I", len(b) + 12) for k, b in blocks)
        )
    else:
        magic, fraction = (0xA1B23C4D, 0) if form == "pcap ns" else (0xA1B2C3D4, 0)
        path.write_bytes(
            struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, linktype)
            + struct.pack(order + "IIII", 5, fraction, len(content), len(content))
            + content
        )
    columns = read(path, keyring())
    assert columns.errors == {} and columns.fields["decrypted"].tolist() == [1]
    assert columns.fields["time"].tolist() == [5_000_000_000]
    assert columns.fields["channel"].tolist() == [19 if linktype == 283 else ABSENT]
    assert columns.fields["fcs_ok"].tolist() == [ABSENT if linktype == 230 else 1]


@pytest.mark.parametrize("chunk", [64, 200, 1000])
@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_a_cut_file_gives_what_it_holds(tmp_path: Path, chunk: int, form: str) -> None:
    whole = tmp_path / "whole"
    frames = [psdu(name) for name in list(FRAMES)[:12]]
    if form == "pcapng":
        write(whole, frames)
    else:
        header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 195)
        whole.write_bytes(header + b"".join(struct.pack("<IIII", 1, 2, len(f), len(f)) + f for f in frames))
    octets = whole.read_bytes()
    for size in range(0, len(octets), 37):
        cut = tmp_path / "cut"
        cut.write_bytes(octets[:size])
        outcomes = []
        for source in (lambda: read_capture(cut), lambda: Capture(cut, chunk).batches()):  # noqa: B023 - called here
            count, fault = 0, None
            try:
                for found in source():
                    count += len(found) if hasattr(found, "starts") else 1
            except HanError as trouble:
                fault = str(trouble)
            outcomes.append((count, fault is None))
        assert outcomes[0] == outcomes[1], size


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_file_is_read_as_the_packet_reader_reads_it(tmp_path: Path, seed: int) -> None:
    chooser = Random(seed)
    octets = bytearray(write(tmp_path / "whole", traffic(seed, 250), seed=seed).read_bytes())
    for _ in range(chooser.randrange(1, 4)):
        place = chooser.randrange(200, len(octets))
        octets[place : place + chooser.randrange(8)] = chooser.randbytes(chooser.randrange(8))
    path = tmp_path / "damaged"
    path.write_bytes(octets)
    capture, decoder = Capture(path, chunk=3000), Decoder(keyring())
    parts, fault = [], ""
    try:
        parts.extend(decoder.decode(batch) for batch in capture.batches())
    except HanError as trouble:
        fault = str(trouble)
    frames, theirs = [], ""
    dissector = Dissector(keyring())
    try:
        frames.extend(dissector.feed_packet(packet) for packet in read_capture(path))
    except HanError as trouble:
        theirs = str(trouble)
    assert fault == theirs
    assert differences(frames, Columns.joined(parts))[:3] == []


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["pcap", "pcapng", "none"]))
def test_any_octets_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, octets: bytes, form: str) -> None:
    start = {
        "pcap": struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 283),
        "pcapng": struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
        + struct.pack("<IIHHII", 1, 20, 283, 0, 0, 20),
        "none": b"",
    }[form]
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(start + octets)
    try:
        read(path, keyring())
    except HanError as fault:
        assert "\n" not in str(fault)


def test_memory_is_bounded_by_batches(tmp_path: Path) -> None:
    path = write(tmp_path / "mixed.pcapng", traffic(5, 600))
    capture, decoder = Capture(path, chunk=5000), Decoder(keyring())
    sizes = [len(decoder.decode(batch)) for batch in capture.batches()]
    assert len(sizes) > 10 and max(sizes) < 200 and sum(sizes) >= 600
