"""TI SmartRF Packet Sniffer 2 (CC13xx, CC26xx): framed messages over the board's serial line.

Sub-GHz (pages 28 to 31) or 2.4 GHz (page 0). A frame comes with its FCS, good or bad. The makers' documents
contradict each other on a checksum and on the PHY's length octets in front of the PSDU, so the parser takes both and
checks itself by the FCS of the frames that the sniffer calls good.
"""

import contextlib
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from bench.capture.sniffer import Heard, SnifferConfig, Stamps
from bench.errors import InstrumentError
from bench.han.mac import fcs
from drivers.ps2_frames import Deframer, Message, message
from drivers.serial_sniffer import SerialSniffer

PING, START, STOP, SET_FREQUENCY, SET_PHY = 0x40, 0x41, 0x42, 0x45, 0x47
RESPONSE, DATA, ERROR = 0x80, 0xC0, 0xC1
STATUS = {0: "ok", 1: "timeout", 2: "checksum error", 3: "invalid command", 4: "invalid state"}
BAUDS = (3_000_000, 921_600)  #: firmware from 1.9 on, and before
FCS_OK = 0x80
STAMP, TRAILER = 6, 2
JUDGED, NEEDED = 50, 0.9  #: of so many frames called good, this share must have a good FCS
_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")
#: frequency of channel 0 and spacing of a page (MHz), and its channels
PLANS: Mapping[int, tuple[float, float, range | tuple[int, ...]]] = {
    0: (2350.0, 5.0, range(11, 27)),
    28: (863.25, 0.2, range(27)),
    29: (863.25, 0.2, (*range(27, 35), 62)),
    30: (863.25, 0.2, range(35, 62)),
    31: (915.35, 0.2, range(27)),
}
#: firmware id -> board, PHY index for 2.4 GHz O-QPSK, for 100 kbit/s sub-GHz FSK
BOARDS: Mapping[int, tuple[str, int | None, int | None]] = {
    0x50: ("CC1352P", 0x12, 0x0B),
    0x30: ("CC1352R1", 0x0D, 0x09),
    0x40: ("CC1312R1", None, 0x09),
    0x20: ("CC2650", 0x00, None),
    0x21: ("CC26x2R1", 0x00, None),
    0x22: ("CC26x2R1", 0x00, None),
}


def frequency(channel: int, page: int) -> tuple[int, int]:
    """Return the centre frequency as whole MHz and 65536ths."""
    first, spacing, _ = PLANS[page]
    kilohertz = round(first * 1000) + round(spacing * 1000) * channel
    return kilohertz // 1000, kilohertz % 1000 * 65536 // 1000


class TiSniffer2Config(SnifferConfig):
    """Serial device, channel and page; `baud` and `phy` only where the program cannot find them out."""

    resource: str
    channel: int = Field(ge=0, le=62)
    page: int = 0
    baud: int | None = Field(None, gt=0)  #: None: both known ones are tried
    phy: int | None = Field(None, ge=0, le=255)  #: None: by the board's firmware id
    answer_s: float = Field(1.0, gt=0, le=60)
    stamps: Stamps = "unknown"

    @model_validator(mode="after")
    def _on_the_plan(self) -> Self:
        if self.page not in PLANS:
            raise ValueError(f"page {self.page} is none of {', '.join(map(str, PLANS))}")
        if self.channel not in PLANS[self.page][2]:
            raise ValueError(f"page {self.page} has no channel {self.channel}")
        return self


class TiSniffer2(SerialSniffer):
    """One board on one channel."""

    Config = TiSniffer2Config
    hardware = "TI SmartRF Packet Sniffer 2"

    def __init__(self, name: str, config: TiSniffer2Config) -> None:
        super().__init__(name, config)
        self.config = config
        self.channel, self.page, self.stamps = config.channel, config.page, config.stamps
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._deframer = Deframer()
        self._skipped = 0
        self._lead = 0  #: octets in front of the PSDU, as the last good frame had them
        self._judged = self._fitting = 0

    def open(self) -> None:
        """Connect at the rate at which the board answers, and tune it. Raises InstrumentError."""
        bauds = (self.config.baud,) if self.config.baud else BAUDS
        for last, baud in ((baud == bauds[-1], baud) for baud in bauds):
            self.connect(baud)
            self._begin_anew()
            try:
                self._command("stop", STOP)
                identity = self._command("ping", PING)
                break
            except InstrumentError:
                if last:
                    raise
        firmware = identity[4] if len(identity) > 4 else 0
        megahertz, fraction = frequency(self.channel, self.page)
        self._command("set PHY", SET_PHY, bytes((self._phy(firmware),)))
        self._command("set frequency", SET_FREQUENCY, megahertz.to_bytes(2, "little") + fraction.to_bytes(2, "little"))

    def _phy(self, firmware: int) -> int:
        if self.config.phy is not None:
            return self.config.phy
        board, oqpsk, fsk = BOARDS.get(firmware, ("", None, None))
        index = oqpsk if self.page == 0 else fsk
        if index is None:
            band = "2.4 GHz O-QPSK" if self.page == 0 else "100 kbit/s sub-GHz FSK"
            what = f"a {board} with firmware" if board else "firmware"
            raise self.error(f"{what} {firmware:02X} has no known PHY for {band}; set phy")
        return index

    def begin(self) -> None:
        """Begin to receive."""
        self._begin_anew()
        self._command("start", START)

    def close(self) -> None:
        """Stop the board and let go of the line."""
        if self._serial is not None:
            with contextlib.suppress(InstrumentError):
                self.write(message(STOP))
        self.disconnect()

    def _command(self, name: str, info: int, payload: bytes = b"") -> bytes:
        """Send a command and return the payload of its response."""
        octets = message(info, payload)
        self.sent(f"{octets.hex(' ')} ({name})")
        self.write(octets)
        self.unanswered += 1
        waited = 0.0
        seen = b""
        while waited < self.config.answer_s:
            chunk = self.wait(0.05)
            waited += 0.0 if chunk else 0.05
            seen = (seen + chunk)[-64:]
            for reply in self._deframer.feed(chunk):
                if reply.info != RESPONSE:
                    continue  # frames from before it was stopped
                self.received(reply.payload.hex(" "))
                if reply.payload[:1] != b"\0":
                    status = STATUS.get(reply.payload[0], "unknown status") if reply.payload else "no status"
                    raise self.error(f"refused to {name}: {status}", reply.payload.hex(" "))
                return reply.payload
            if self._deframer.skipped > 1 << 16:
                break
        raise self.error(f"did not answer to {name}", seen.hex(" ") or None)

    def parse(self, chunk: bytes) -> list[Heard]:
        """Return the frames of whole messages; octets that belong to no message are a loss."""
        deframer = self._deframer
        heard = [frame for each in deframer.feed(chunk) for frame in self._message(each)]
        if deframer.skipped > self._skipped:
            self.lose(1, f"sent {deframer.skipped - self._skipped} octets that belong to no message")
            self._skipped = deframer.skipped
        return heard

    def _message(self, each: Message) -> list[Heard]:
        if each.info == DATA:
            return self._data(each.payload)
        if each.info == ERROR:
            self.lose(1, f"told of an error: {each.payload[:16].hex(' ')}")
        return []

    def _data(self, payload: bytes) -> list[Heard]:
        body = payload[STAMP:-TRAILER]
        if len(body) < 5:
            self.lose(1, f"sent a frame of {len(payload)} octets in all, which holds none")
            return []
        good = bool(payload[-1] & FCS_OK)
        psdu = self._psdu(body, good)
        rssi = int.from_bytes(payload[-2:-1], "little", signed=True)
        device_us = int.from_bytes(payload[:STAMP], "little")
        if good == (_fcs_fits(psdu)):
            return [Heard(device_us, psdu, True, rssi, None, self.channel, self.page)]
        if not good:  # the sniffer's word counts: what it calls bad must not pass for good
            psdu = psdu[:-2] + (fcs(psdu[:-2]) ^ 0xFFFF).to_bytes(2, "little")
        return [Heard(device_us, psdu, True, rssi, None, self.channel, self.page)]

    def _psdu(self, body: bytes, good: bool) -> bytes:
        """Take the PHY's length octets off, if there are any: what is left of a good frame has a good FCS."""
        if not good:
            return body[self._lead :]
        self._judged += 1
        for lead in (*(lead for lead in (1, 2) if _tells_length(body, lead)), 0, 1, 2):
            if len(body) - lead >= 5 and _fcs_fits(body[lead:]):
                self._lead = lead
                self._fitting += 1
                return body[lead:]
        if self._judged >= JUDGED and self._fitting < NEEDED * self._judged:
            share = f"{self._fitting} of {self._judged} frames it called good have a good FCS"
            self.lose(self._judged - self._fitting, f"is not understood: only {share}; look at phy and firmware")
            self._judged = self._fitting = 0
        return body[self._lead :]


def _fcs_fits(psdu: bytes) -> bool:
    return fcs(psdu[:-2]) == int.from_bytes(psdu[-2:], "little")


def _tells_length(body: bytes, lead: int) -> bool:
    """Whether the first `lead` octets say how long the rest is; the FCS alone cannot tell: it passes over zeros."""
    mask = 0x7F if lead == 1 else 0x7FF
    return len(body) - lead in {int.from_bytes(body[:lead], order) & mask for order in _ORDERS}
