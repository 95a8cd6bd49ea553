"""The driver of a street of homes against transcripts."""

from datetime import timedelta

import pytest

from bench.capabilities import StreetOfHomes
from bench.errors import InstrumentError
from bench.gbcs import Eui64
from drivers.street import StreetConfig, StreetGenerator
from tests.drivers.peers import peer, transcript

STREET = "STREET 999 00-15-5F-02-00-00-00-00 00-15-5F-03-00-00-00-00"
HOMES = StreetOfHomes(999, Eui64.of("00-15-5F-02-00-00-00-00"), Eui64.of("00-15-5F-03-00-00-00-00"))


def play(text: str, dark: tuple[int, ...] = (), waves: tuple[int, ...] = (0,)) -> None:
    with peer(transcript(f"> STREET?\n< {STREET}\n{text}")) as far:
        street = StreetGenerator("street", StreetConfig(resource=far.visa, timeout_s=0.3))
        try:
            street.open()
            street.cut(timedelta(minutes=5), dark, [timedelta(seconds=wave) for wave in waves])
            far.done()
        finally:
            street.close()


def test_cut() -> None:
    play("> CUT 300 DARK - WAVES 0\n< OK")
    play("> CUT 300 DARK 3,77 WAVES 0,30\n< OK", (3, 77), (0, 30))


def test_refused() -> None:
    with pytest.raises(InstrumentError, match="refused CUT 300 DARK - WAVES 0: replied 'ERR busy'"):
        play("> CUT 300 DARK - WAVES 0\n< ERR busy")


def test_homes() -> None:
    with peer(transcript(f"> STREET?\n< {STREET}\n> STREET?\n< {STREET}\n> STREET?\n< STREET many")) as far:
        street = StreetGenerator("street", StreetConfig(resource=far.visa, timeout_s=0.3))
        street.open()
        assert street.homes() == HOMES
        with pytest.raises(InstrumentError, match="was not answered with a number and two EUI-64"):
            street.homes()
        street.close()


@pytest.mark.parametrize(
    ("eui", "home"),
    [
        ("00-15-5F-02-00-00-00-00", 0),
        ("00-15-5F-03-00-00-03-E6", 998),
        ("00-15-5F-03-00-00-03-E7", None),
        ("00-15-5F-00-11-22-33-44", None),
    ],
)
def test_number_of_a_home(eui: str, home: int | None) -> None:
    assert HOMES.number_of(Eui64.of(eui)) == home
