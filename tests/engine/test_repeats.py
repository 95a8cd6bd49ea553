"""The same octets again: another sniffer's hearing, a retry, or an ack of something else."""

from bench.capture.repeats import FRESH, Repeat, Repeats

FRAME, OTHER = bytes.fromhex("49a85d41cb6400000000"), bytes.fromhex("49a85e41cb6400000000")
ACK = bytes.fromhex("02005d")
MS = 1000


def test_two_hearings_and_a_retry() -> None:
    repeats = Repeats()
    assert repeats.feed("a", 0, FRAME) == FRESH
    assert repeats.feed("b", 300, FRAME) == Repeat("a", 0)
    assert repeats.feed("a", 5 * MS, FRAME) == Repeat(None, 1)
    assert repeats.feed("b", 5 * MS + 20, FRAME) == Repeat("a", 1)
    assert repeats.feed("b", 10 * MS, FRAME) == Repeat(None, 2), "the first sniffer missed this one"
    assert repeats.feed("a", 11 * MS, OTHER) == FRESH


def test_much_later_it_is_another_frame() -> None:
    repeats = Repeats()
    repeats.feed("a", 0, FRAME)
    assert repeats.feed("a", 60 * MS, FRAME) == FRESH


def test_sub_ghz_retries_come_later() -> None:
    repeats = Repeats()
    repeats.feed("a", 0, FRAME, page=28)
    assert repeats.feed("a", 150 * MS, FRAME, page=28) == Repeat(None, 1)


def test_an_ack_is_copied_but_never_sent_again() -> None:
    repeats = Repeats()
    assert repeats.feed("a", 0, ACK) == FRESH
    assert repeats.feed("b", 100, ACK) == Repeat("a", 0)
    assert repeats.feed("a", 5 * MS, ACK) == FRESH


def test_memory_is_bounded() -> None:
    repeats = Repeats()
    for number in range(5000):
        repeats.feed("a", number * MS, number.to_bytes(4, "big"))
    assert len(repeats._seen) <= 1024
