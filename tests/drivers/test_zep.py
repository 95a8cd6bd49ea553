"""ZEP over real UDP sockets: every version, lost datagrams, and what is no ZEP."""

import socket
import struct
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import InstrumentError
from bench.han.mac import fcs, with_fcs
from drivers.zep import NTP_TO_UNIX, Zep, ZepConfig
from tests.drivers.listening import listen
from tests.drivers.peers import free_port

MAC = bytes.fromhex("49a85d41cb6400000000")
FRAME = with_fcs(MAC)
NOON = int(datetime(2030, 1, 7, 12, tzinfo=UTC).timestamp())


def v1(psdu: bytes = FRAME, mode: int = 1, channel: int = 15) -> bytes:
    return struct.pack(">2sBBHBB7xB", b"EX", 1, channel, 7, mode, 200, len(psdu)) + psdu


def v2(number: int, psdu: bytes = FRAME, mode: int = 1, version: int = 2, device: int = 7) -> bytes:
    time = (NOON + NTP_TO_UNIX << 32) + (1 << 31)
    return struct.pack(">2sBBBHBBQI10xB", b"EX", version, 1, 15, device, mode, 200, time, number, len(psdu)) + psdu


class Air:
    """A driver on a port of its own, and a sender."""

    def __init__(self, **settings: object) -> None:
        self.port = free_port()
        config = {"resource": f"127.0.0.1:{self.port}"} | settings
        self.driver = Zep("zep", ZepConfig.model_validate(config))
        self.driver.open()
        self.driver.begin()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send(self, *datagrams: bytes) -> None:
        for datagram in datagrams:
            self._socket.sendto(datagram, ("127.0.0.1", self.port))

    def close(self) -> None:
        self.driver.close()
        self._socket.close()


@pytest.fixture
def air() -> Iterator[Air]:
    air = Air()
    yield air
    air.close()


def test_every_version(air: Air) -> None:
    air.send(v1(), v2(1), v2(2, version=3), struct.pack(">2sBBI", b"EX", 2, 2, 1))
    half_past = NOON * 1_000_000 + 500_000
    assert listen(air.driver, 3) == [
        (None, FRAME, True, None, 200, 15, 0),
        (half_past, FRAME, True, None, 200, 15, 0),
        (half_past, FRAME, True, None, 200, 15, 0),
    ]
    assert air.driver.lost == 0, "an acknowledgement is no loss"


def test_cc24xx_trailer_becomes_rssi_and_fcs(air: Air) -> None:
    air.send(v1(MAC + bytes((12, 0x80 | 105)), mode=0), v1(MAC + bytes((12, 105)), mode=0))
    good, bad = listen(air.driver, 2)
    assert (good.psdu, good.rssi, good.lqi) == (FRAME, -61, 105)
    assert bad.psdu == MAC + (fcs(MAC) ^ 0xFFFF).to_bytes(2, "little")


def test_a_device_that_says_bad_with_mode_1() -> None:
    air = Air(mode="crc-in-mode")
    air.send(v1(mode=0), v1(mode=1))
    good, bad = listen(air.driver, 2)
    assert good.psdu == FRAME and bad.psdu != FRAME
    air.close()


def test_datagrams_that_never_came_are_counted(air: Air) -> None:
    air.send(v2(5), v2(6), v2(9), v2(8), v2(100, device=8), v2(10), v2(1 << 20))
    listen(air.driver, 7)
    assert air.driver.lost == 2 and air.driver.loss == "2 datagrams of 127.0.0.1 never came"


def test_other_channels_and_senders_are_passed_over() -> None:
    air = Air(channel=20)
    air.send(v1(), v1(channel=20))
    assert [frame.channel for frame in listen(air.driver, 1)] == [20]
    air.close()
    air = Air(sender="192.0.2.1")
    air.send(v1())
    assert listen(air.driver) == []
    air.close()


@pytest.mark.parametrize(
    "datagram",
    [b"", b"x", b"EX", b"EX\x02", v1()[:-1], v1() + b"x", v2(1)[:31], b"EX\x09" + bytes(40), v1(FRAME[:3])],
    ids=range(9),
)
def test_what_is_no_zep_is_a_loss(air: Air, datagram: bytes) -> None:
    air.send(datagram, v1())
    assert len(listen(air.driver, 1)) == 1
    assert air.driver.lost == 1 and "is not ZEP" in air.driver.loss


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: v2(1)[:20] + tail))
def test_whatever_comes_raises_nothing(datagram: bytes) -> None:
    Zep("zep", ZepConfig()).parse(datagram)


def test_a_port_in_use() -> None:
    air = Air()
    with pytest.raises(InstrumentError, match=r"cannot listen on '127.0.0.1:\d+' \(.*in use"):
        Zep("zep", ZepConfig(resource=f"127.0.0.1:{air.port}")).open()
    air.close()
    for resource in ("nonsense", "127.0.0.1:http", "127.0.0.1:99999999"):
        with pytest.raises(InstrumentError, match="cannot listen on"):
            Zep("zep", ZepConfig(resource=resource)).open()
