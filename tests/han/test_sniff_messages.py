"""Messages of the Reference Test Data Set through the tunnel: what `bench sniff` shows is what `bench decode` shows."""

import json
from io import StringIO
from pathlib import Path
from random import Random

import pytest

from bench.gbcs.decode_command import run as decode
from bench.gbcs.gbt import split
from bench.han.capture import PcapngWriter
from bench.han.keyring import Keyring
from bench.han.sniff_command import Options, read_file
from bench.han.tunnelling import TransferData, put
from tests.rtds import messages, needs_rtds, read

from .broad_traffic import Network

pytestmark = [needs_rtds, pytest.mark.rtds]


def test_messages_as_bench_decode_shows_them(tmp_path: Path) -> None:
    network = Network(0x1A62, 1, bytes(range(16)), {0x6F01: bytes(16), 0x8C42: bytes([1] * 16)})
    keys, files = Keyring(), Random(1).sample(messages(), 60)
    network.keyring(keys)
    keys.save(tmp_path / "keys.toml")
    for path in files:
        whole = read(path)
        for data in split(whole):
            to_esme = TransferData(1, data).frame(1, from_server=False)
            network.data(0, 0x6F01, 0x0704, bytes(to_esme))
    network.data(0x8C42, 0, 0x0704, bytes(TransferData(1, put(read(files[0]))).frame(2, from_server=False)))
    with PcapngWriter(tmp_path / "a.pcapng") as writer:
        interface = writer.add_interface("s")
        for number, (channel, octets) in enumerate(network.frames):
            writer.write_psdu(interface, 10**18 + number * 5 * 10**6, octets, channel=channel)
    out, expected = StringIO(), StringIO()
    assert read_file(tmp_path / "a.pcapng", Options(as_json=True, keys=tmp_path / "keys.toml"), out) == 0
    found = [row["gbcs"] for row in map(json.loads, out.getvalue().splitlines()) if row["gbcs"]]
    decode([str(path) for path in [*files, files[0]]], None, None, True, expected)
    wanted = [json.loads(line) for line in expected.getvalue().splitlines()]
    for one in wanted:
        del one["file"]
    assert found == wanted
