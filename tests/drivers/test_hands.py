"""The driver of hands against transcripts of its protocol."""

import pytest

from bench.errors import InstrumentError, NotRun
from drivers.hands import Hands, HandsConfig
from tests.drivers.peers import peer, transcript, within

OPENED = transcript("> HANDS?\n< HANDS robot 3")


def play(text: str, device: str, act: str) -> str:
    with peer(OPENED + transcript(text)) as far, within(3.0):
        hands = Hands("hands", HandsConfig(resource=far.visa, timeout_s=1.0))
        try:
            hands.open()
            return hands.do(device, act)
        finally:
            hands.close()


def test_an_act_is_done_and_what_is_shown_is_returned() -> None:
    text = "> DO esme token 73941569907863060481\n< OK accepted"
    assert play(text, "esme", "token 73941569907863060481") == "accepted"


@pytest.mark.parametrize("reply", ["ERR there are gsme, ihd", "ERR esme: cannot cover; it can token"])
def test_what_there_are_no_hands_for_is_not_run(reply: str) -> None:
    with pytest.raises(NotRun, match="cannot cover at esme"):
        play(f"> DO esme cover\n< {reply}", "esme", "cover")


def test_hands_that_fail_are_a_fault_of_the_rig() -> None:
    with pytest.raises(InstrumentError, match="could not do 'token 12' at esme"):
        play("> DO esme token 12\n< ERR esme token: key 3 does not move", "esme", "token 12")
