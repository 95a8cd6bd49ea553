"""TI Packet Sniffer 2: framing, tuning, and what its documents leave open; through a pseudo terminal."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bench.errors import InstrumentError
from bench.han.mac import with_fcs
from drivers.ps2_frames import Deframer, message
from drivers.ti_sniffer2 import TiSniffer2, TiSniffer2Config, frequency
from rigs.virtual.instruments.ti_sniffer import TiSniffer
from tests.drivers.listening import listen
from tests.drivers.peers import Terminal, until, within

FRAME = with_fcs(bytes.fromhex("49a85d41cb6400000000"))


def driver(path: str, **settings: object) -> TiSniffer2:
    config = {"resource": path, "channel": 15, "answer_s": 0.3} | settings
    return TiSniffer2("ti", TiSniffer2Config.model_validate(config))


@pytest.fixture(params=[(0, False), (0, True), (1, False), (1, True), (2, True)], ids=str)
def board(request: pytest.FixtureRequest) -> Iterator[TiSniffer]:
    lead, checksum = request.param
    yield TiSniffer(lambda point: None, lead=lead, checksum=checksum)


def test_every_form_of_data_message(board: TiSniffer) -> None:
    sniffer = driver(board.path)
    sniffer.open()
    assert (board.frequency, board.phy) == ((2425, 0), 0x12)
    sniffer.begin()
    until(lambda: board.running)
    for stamp in range(3):
        board.emit((1 << 40) + stamp, FRAME, -61)
    frames = listen(sniffer, 3)
    assert [frame.device_us for frame in frames] == [(1 << 40) + stamp for stamp in range(3)]
    assert {frame[1:] for frame in frames} == {(FRAME, True, -61, None, 15, 0)}
    assert sniffer.lost == 0
    sniffer.close()
    until(lambda: not board.running)


def test_sub_ghz_channel_on_the_wire() -> None:
    board = TiSniffer(lambda point: None)
    sniffer = driver(board.path, channel=0, page=28)
    sniffer.open()
    assert (board.frequency, board.phy) == ((863, 0x4000), 0x0B)
    sniffer.close()


@pytest.mark.parametrize(
    ("channel", "page", "megahertz"),
    [(11, 0, 2405.0), (26, 0, 2480.0), (1, 28, 863.45), (26, 28, 868.45), (62, 29, 875.65), (35, 30, 870.25),
     (0, 31, 915.35), (26, 31, 920.55)],
)  # fmt: skip
def test_frequencies(channel: int, page: int, megahertz: float) -> None:
    whole, fraction = frequency(channel, page)
    assert whole + fraction / 65536 == pytest.approx(megahertz, abs=1e-4)


@pytest.mark.parametrize(("channel", "page"), [(27, 0), (10, 0), (27, 28), (0, 29), (34, 30), (0, 27)])
def test_a_channel_off_the_plan_is_refused(channel: int, page: int) -> None:
    with pytest.raises(ValidationError, match=r"has no channel|is none of"):
        driver("nowhere", channel=channel, page=page)


def test_a_frame_called_bad_stays_bad_whatever_its_octets_say() -> None:
    sniffer = driver("nowhere")
    stream = message(0xC0, bytes(6) + FRAME + bytes((0xC3, 0x00)), checksum=False)
    (frame,) = sniffer.parse(stream)
    assert frame.psdu[:-2] == FRAME[:-2] and frame.psdu != FRAME


def test_frames_called_good_that_do_not_verify_are_trouble() -> None:
    """A wrong PHY, or firmware of another kind, shows in the FCS."""
    sniffer = driver("nowhere")
    for number in range(1, 51):
        sniffer.parse(message(0xC0, bytes(6) + bytes((number,)) * 20 + b"\xc3\x80"))
    assert "only 0 of 50 frames it called good have a good FCS; look at phy and firmware" in sniffer.loss
    assert sniffer.lost == 50


def test_resynchronises_and_counts() -> None:
    sniffer = driver("nowhere")
    good = message(0xC0, bytes(6) + FRAME + b"\xc3\x80", checksum=False)
    damaged = [b"\x40\x53\xc0\xff\xff", good[:20], b"noise @S", good[:-1] + b"X", message(0xC0, bytes(4))]
    heard = sniffer.parse(b"".join(octets + good for octets in damaged))
    assert [frame.psdu for frame in heard] == [FRAME] * len(damaged)
    assert sniffer.lost >= 2 and "octets that belong to no message" in sniffer.loss


def test_a_payload_that_holds_the_delimiters() -> None:
    inside = with_fcs(b"\x41\x88\x40\x53\xc0\x02\x00\x40\x45\x40\x53")
    sniffer = driver("nowhere")
    for checksum in (True, False):
        stream = message(0xC0, bytes(6) + inside + b"\xc3\x80", checksum=checksum)
        frames = [frame for octet in stream for frame in sniffer.parse(bytes((octet,)))]
        assert [frame.psdu for frame in frames] == [inside]
    assert sniffer.lost == 0


def test_an_error_message_is_a_loss() -> None:
    sniffer = driver("nowhere")
    assert sniffer.parse(message(0xC1, b"\x05")) == []
    assert sniffer.lost == 1 and sniffer.loss == "told of an error: 05"


@given(st.lists(st.binary(max_size=60) | st.sampled_from([message(0xC0, bytes(6) + FRAME + b"\xc3\x80"), b"@S"])))
def test_whatever_comes_raises_nothing(chunks: list[bytes]) -> None:
    sniffer = driver("nowhere")
    for chunk in chunks:
        sniffer.parse(chunk)


def test_octets_are_messages_or_skipped() -> None:
    frames = Deframer()
    stream = b"ab" + message(0x80, b"\0") + b"@" + message(0x80, b"\0") + b"c"
    assert len(list(frames.feed(stream))) == 2
    assert frames.skipped == 4


def test_refusal_is_told_in_words() -> None:
    board = TiSniffer(lambda point: None)
    sniffer = driver(board.path)
    sniffer.open()
    sniffer.begin()
    with pytest.raises(InstrumentError, match="refused to set PHY: invalid state: replied '04'"):
        sniffer._command("set PHY", 0x47, b"\x00")
    sniffer.close()


def test_a_board_without_the_band() -> None:
    sniffer = driver("nowhere", page=28, channel=3)
    with pytest.raises(InstrumentError, match=r"a CC2650 with firmware 20 has no known PHY for 100 kbit/s .*; set phy"):
        sniffer._phy(0x20)
    assert driver("nowhere", phy=7)._phy(0x99) == 7


@pytest.mark.parametrize("answer", [None, b"\xff@S" * 90], ids=["silent", "garbage"])
def test_no_answer_at_any_rate(answer: bytes | None) -> None:
    with Terminal(lambda line: answer) as far, within(4.0):
        sniffer = driver(far.path)
        if answer:
            far.send(answer)
        with pytest.raises(InstrumentError, match="did not answer to stop"):
            sniffer.open()
        sniffer.close()


def test_unplugged_and_not_there() -> None:
    with Terminal(lambda line: None) as far:
        sniffer = driver(far.path)
        sniffer.connect(921600)
        far.unplug()
        with pytest.raises(InstrumentError, match="plug it in again"):
            listen(sniffer, 1)
        sniffer.close()
    with pytest.raises(InstrumentError, match="is it plugged in"):
        driver("/dev/serial/by-id/none").open()
