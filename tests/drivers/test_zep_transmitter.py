"""The transmitter against the octets of ZEP version 2, and against a far end that is silent, late or wrong."""

import socket
import struct
import subprocess
import threading

import pytest

from bench.errors import InstrumentError
from bench.han.mac import MacFrame
from drivers.zep_transmitter import ZepTransmitter, ZepTransmitterConfig
from tests.tools import need

PSDU = MacFrame.data(0x1A62, 0x0000, 0x6F01, 7, b"frame").psdu()


class Radio:
    """A far end: answers each datagram with what `answer(datagram)` gives, if anything."""

    def __init__(self, answer):
        self.got = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._answer = answer
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            datagram, sender = self._socket.recvfrom(4096)
            self.got.append(datagram)
            for reply in self._answer(datagram):
                self._socket.sendto(reply, sender)


def acknowledge(datagram):
    return [b"EX\x02\x02" + datagram[17:21]]


def transmitter(port, **more):
    driver = ZepTransmitter("tx", ZepTransmitterConfig(resource=f"127.0.0.1:{port}", channel=15, timeout_s=0.3, **more))
    driver.open()
    return driver


def test_datagram():
    radio = Radio(acknowledge)
    driver = transmitter(radio.port, device=0x0102)
    driver.transmit(PSDU)
    driver.transmit(PSDU)
    first, second = radio.got
    assert first[:10] == b"EX\x02\x01" + bytes((15, 1, 2, 1, 0)) + first[9:10]
    assert [struct.unpack(">I", one[17:21])[0] for one in (first, second)] == [1, 2]
    assert first[21:31] == bytes(10)
    assert first[31] == len(PSDU)
    assert first[32:] == PSDU


def test_wireshark_reads_the_datagram(tmp_path):
    tshark, text2pcap = need("tshark"), need("text2pcap")
    radio = Radio(acknowledge)
    driver = transmitter(radio.port)
    driver.transmit(PSDU)
    dump = tmp_path / "dump.txt"
    dump.write_text("0000 " + radio.got[0].hex(" ") + "\n")
    capture = tmp_path / "zep.pcap"
    subprocess.run([text2pcap, "-q", "-u", "40000,17754", str(dump), str(capture)], check=True, capture_output=True)
    fields = ["zep.version", "zep.channel_id", "zep.seqno", "zep.length", "wpan.seq_no", "wpan.fcs_ok"]
    shown = subprocess.run(
        [tshark, "-r", str(capture), "-T", "fields", *(word for name in fields for word in ("-e", name))],
        check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    assert shown[:5] == ["2", "15", "1", str(len(PSDU)), "7"]
    assert shown[5] in ("1", "True")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (lambda datagram: [], "did not say within"),
        (lambda datagram: [b"EX\x02\x02" + bytes(4)], "did not say within"),
        (lambda datagram: [b"hello"], "no acknowledgement of ZEP"),
    ],
    ids=["silent", "of another frame", "garbage"],
)
def test_trouble(answer, problem):
    driver = transmitter(Radio(answer).port)
    with pytest.raises(InstrumentError, match=problem):
        driver.transmit(PSDU)


def test_a_late_acknowledgement_is_not_that_of_the_next_frame():
    kept = []

    def late(datagram):
        kept.append(datagram)
        return acknowledge(kept[0]) if len(kept) == 2 else []

    driver = transmitter(Radio(late).port)
    for _ in range(2):
        with pytest.raises(InstrumentError, match="did not say within"):
            driver.transmit(PSDU)


def test_nobody_there():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = transmitter(port)
    with pytest.raises(InstrumentError, match=r"look at the network|did not say"):
        driver.transmit(PSDU)


@pytest.mark.parametrize("resource", ["nowhere", "127.0.0.1:port", "127.0.0.1:99999999"])
def test_wrong_address(resource):
    driver = ZepTransmitter("tx", ZepTransmitterConfig(resource=resource, channel=15))
    with pytest.raises(InstrumentError, match="check the address"):
        driver.open()


@pytest.mark.parametrize("psdu", [b"", bytes(4), bytes(128)], ids=["nothing", "too short", "too long"])
def test_no_psdu(psdu):
    driver = transmitter(Radio(acknowledge).port)
    with pytest.raises(InstrumentError, match="5 to 127 octets"):
        driver.transmit(psdu)
