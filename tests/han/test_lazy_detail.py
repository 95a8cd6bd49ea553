"""What `bench sniff` and tests show of a frame is the same whether every layer was read at once or only when needed."""

import contextlib
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from bench.han import sniff_command
from bench.han.capture_reader import Packet, read_capture
from bench.han.dissect import Dissector
from bench.han.fast import FastReader
from bench.han.heard import Heard
from bench.han.heard_row import HeardRow, command, tunnel, whole
from bench.han.invariants import Invariants
from bench.han.row import Messages, row
from bench.han.sniff_command import Options, read_file

from .mixed_traffic import START, traffic, write
from .test_columns import keyring
from .vectors import CHF, ESME, FRAMES, psdu

OPTIONS: tuple[dict[str, Any], ...] = (
    {"as_json": True},
    {"filter": "cluster == metering and not repeat_of"},
    {"as_json": True, "filter": "nwk_counter > 5100 or gbcs or error", "with_keys": True},
    {"verbose": True, "filter": "cmd == transfer_data"},
)
CAPTURES = [*range(3), "vectors"]


def capture(folder: Path, which: int | str) -> Path:
    frames = [psdu(name) for name in FRAMES] * 3 if which == "vectors" else traffic(int(which) * 100, 1000)
    return write(folder / "capture.pcapng", frames, seed=len(frames), rate=1000.0 if which == 2 else 30.0)


def sniffed(path: Path, **options: Any) -> tuple[int, str, str]:
    out, complaints = StringIO(), StringIO()
    with contextlib.redirect_stderr(complaints):
        code = read_file(path, Options(**options), out)
    return code, out.getvalue(), complaints.getvalue()


@pytest.mark.parametrize("kind", ["all", "network", "none", "install code"])
@pytest.mark.parametrize("which", CAPTURES)
def test_sniff_prints_the_same(tmp_path: Path, which: int | str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sniff_command, "keyring", lambda _: keyring(kind))
    path = capture(tmp_path, which)
    lazily = [sniffed(path, **options) for options in OPTIONS]
    take = FastReader.take

    def every_layer(self: FastReader, packet: Packet, *, detailed: bool = False) -> Heard:
        return take(self, packet, detailed=True)

    monkeypatch.setattr(FastReader, "take", every_layer)
    assert lazily == [sniffed(path, **options) for options in OPTIONS]


@pytest.mark.parametrize("kind", ["all", "network"])
def test_rows_and_frames_are_those_of_the_dissector(tmp_path: Path, kind: str) -> None:
    reader, dissector = FastReader(keyring(kind)), Dissector(keyring(kind))
    messages, others = Messages(), Messages()
    quick = 0
    for packet in read_capture(capture(tmp_path, 1)):
        heard, frame = reader.take(packet), dissector.feed_packet(packet)
        message = None if heard.gbcs is None else messages.assemble(heard.gbcs)
        shown = HeardRow(heard, packet.interface_name, message)
        wanted = row(frame, None if frame.gbcs is None else others.decode(frame.gbcs))
        assert whole(shown, reader.dissector.scales) == wanted
        assert {name: shown[name] for name in shown} == {k: v for k, v in wanted.items() if k != "fields"}
        assert (command(heard), tunnel(heard)) == (frame.command, frame.tunnel_data)
        assert reader.detail(heard, packet.psdu, packet.interface_name) == frame
        quick += heard.frame is None
    assert quick > 300 or kind != "all"


def test_invariants_say_the_same_of_records_and_of_frames() -> None:
    reader, dissector = FastReader(keyring()), FastReader(keyring())
    ours, theirs = Invariants([CHF, ESME]), Invariants([CHF, ESME])
    for number, octets in enumerate(traffic(8, 1500)):
        heard = reader.feed(START + number * 30_000_000, octets)
        packet = Packet(number + 1, START + number * 30_000_000, octets, True)
        ours.take(heard, octets)
        theirs.take(dissector.take(packet, detailed=True), octets)
    assert ours.outcomes() == theirs.outcomes()
    assert "broken" in {outcome.verdict for outcome in ours.outcomes().values()}
