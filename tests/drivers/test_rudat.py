"""The attenuator driver against transcripts of the makers' programming manual for RUDAT and RCDAT."""

import threading

import pytest

from bench.errors import InstrumentError
from drivers.rudat import Rudat, RudatConfig
from tests.drivers.peers import Step, free_port, peer, transcript, within

OPENED = transcript("> :MN?\n< MN=RCDAT-6000-90")


def attenuator(resource: str, timeout_s: float = 1.0) -> Rudat:
    return Rudat("attenuator", RudatConfig(resource=resource, timeout_s=timeout_s))


def play(*scripts: list[Step], timeout_s: float = 0.2, db: float = 30.25) -> float:
    with peer(*scripts, ending=b"\r\n", reply_ending=b"\r\n") as far, within(3.0):
        instrument = attenuator(far.visa, timeout_s)
        try:
            instrument.open()
            set_to = instrument.set_attenuation(db)
            far.done()
            return set_to
        finally:
            instrument.close()


def test_set_and_read_back() -> None:
    assert play(OPENED + transcript("> :SETATT=30.25\n< 1\n> :ATT?\n< 30.25")) == 30.25


def test_telnet_banner_and_blank_line_before_the_first_answer() -> None:
    script = [(">raw", b"\r\nMini-Circuits telnet\r\n"), *OPENED, *transcript("> :SETATT=0.00\n< 1\n> :ATT?\n< 0.0")]
    assert play(script, db=0.0) == 0.0


@pytest.mark.parametrize(
    ("replies", "saying"),
    [
        ("> :SETATT=30.25\n< 0", r"refused 30.25 dB: replied '0'"),
        ("> :SETATT=30.25\n< 2", r"clipped 30.25 dB to its maximum: replied '2'"),
        (
            "> :SETATT=30.25\n< -99 Unrecognized Command. MN:RCDAT-6000-90",
            "refused 30.25 dB: replied '-99 Unrecognized",
        ),
        ("> :SETATT=30.25\n< 1\n> :ATT?\n< 0.0", "reports 0 dB after it was set to 30.25 dB"),
        ("> :SETATT=30.25\n< 1\n> :ATT?\n< thirty", r":ATT\? was not answered with a number: replied 'thirty'"),
        ("> :SETATT=30.25", "no answer to :SETATT=30.25 within 0.2 s"),
    ],
)
def test_trouble(replies: str, saying: str) -> None:
    with pytest.raises(InstrumentError, match=saying) as caught:
        play(OPENED + transcript(replies))
    assert str(caught.value).startswith("instrument attenuator: ")
    assert "-> :SETATT=30.25" in caught.value.last_exchange


def test_silent() -> None:
    with pytest.raises(InstrumentError, match=r"no answer to :MN\? within 0.2 s"):
        play([("<", ":MN?")])


def test_another_instrument() -> None:
    with pytest.raises(InstrumentError, match="is another instrument than the rig file says: replied 'LDA-602'"):
        play(transcript("> :MN?\n< LDA-602"))


def test_hangs_up_mid_way() -> None:
    with pytest.raises(InstrumentError, match=r"last exchange: .*-> :SETATT=30.25"):
        play([*OPENED, ("<", ":SETATT=30.25"), ("hang up", None)])


def test_not_there() -> None:
    for resource in (f"TCPIP::127.0.0.1::{free_port()}::SOCKET", "TCPIP::no-such-host.invalid::23::SOCKET"):
        with within(10.0), pytest.raises(InstrumentError, match=r"^instrument attenuator: cannot "):
            attenuator(resource, 0.5).open()


def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    """The `1` that comes late would otherwise pass for the attenuation in force."""
    late = threading.Event()
    first = [*OPENED, ("<", ":SETATT=30.25"), ("wait", late), (">", "1")]
    second = OPENED + transcript("> :ATT?\n< 30.25")
    with peer(first, second, ending=b"\r\n", reply_ending=b"\r\n") as far:
        instrument = attenuator(far.visa, 0.2)
        instrument.open()
        with pytest.raises(InstrumentError, match="no answer"):
            instrument.set_attenuation(30.25)
        late.set()
        assert instrument.attenuation() == 30.25
        far.done()
        instrument.close()
