"""The home area network as an observation point: sniffed frames, dissected and put on the timeline."""

from collections import deque
from datetime import datetime, timedelta
from typing import Any

from bench.bus import Item
from bench.clock import Clock
from bench.gbcs import GbcsError
from bench.gbcs.gbt import Assembly
from bench.han.dissect import Dissector
from bench.han.frame import Frame
from bench.han.keyring import Keyring
from bench.message_text import describe
from bench.observation import Observation, Pattern, nanoseconds
from bench.parties import Device
from bench.timeline import Timeline

MICROSECOND = timedelta(microseconds=1)
WINDOW = timedelta(minutes=1)


class HanPoint:
    """Turns what a sniffer publishes into observations `frame`.

    The sniffer's clock is mapped to ours by the least delay seen lately between a frame and its arrival.
    """

    def __init__(self, timeline: Timeline, clock: Clock, keyring: Keyring, devices: list[Device]) -> None:
        self._timeline, self._clock = timeline, clock
        self._names: dict[bytes | None, str] = {bytes(device.eui): device.type for device in devices}
        self._dissector = Dissector(keyring)
        self._delays: deque[tuple[datetime, timedelta]] = deque()
        self._epoch = clock.now()
        self._assembly = Assembly()

    def take(self, item: Item) -> None:
        """Put one sniffed frame on the timeline."""
        since_start = int(item.data["device_us"]) * MICROSECOND
        arrival = item.time or self._clock.now()
        time = self._epoch + self._least_delay(arrival, arrival - self._epoch - since_start) + since_start
        channel, rssi, lqi = item.data["channel"], item.data["rssi"], item.data["lqi"]
        frame = self._dissector.feed(nanoseconds(time), item.raw, fcs=False, channel=channel, rssi=rssi, lqi=lqi)
        self._timeline.record(
            "han", "frame", self._data(frame) | {"channel": channel, "rssi": rssi, "lqi": lqi}, item.raw, time
        )

    def _least_delay(self, arrival: datetime, delay: timedelta) -> timedelta:
        """Return the least delay of the last minute: jitter only adds, and clocks drift."""
        while self._delays and self._delays[-1][1] >= delay:
            self._delays.pop()
        self._delays.append((arrival, delay))
        while self._delays[0][0] < arrival - WINDOW:
            self._delays.popleft()
        return self._delays[0][1]

    def _data(self, frame: Frame) -> dict[str, Any]:
        data: dict[str, Any] = {
            "what": frame.command,
            "src": self._name(frame, "src"),
            "dst": self._name(frame, "dst"),
            "decrypted": frame.decrypted,
            "repeat": frame.repeat_of is not None,
        }
        words = f"{data['src']} > {data['dst']}  {frame.command}"
        if frame.error:
            data["error"] = frame.error
            words += f"  [{frame.error}]"
        if frame.gbcs is not None:
            data |= self._message(frame.gbcs)
            words += f"  {data.get('message', 'block of a message')}"
        if frame.repeat_of is not None:
            words += "  (again)"
        return data | {"text": words}

    def _name(self, frame: Frame, end: str) -> str:
        eui = frame.src_eui if end == "src" else frame.dst_eui
        if eui in self._names:
            return self._names[eui]
        address = getattr(frame.mac, end, None)
        return {0xFFFF: "all", None: "-"}.get(address) or (f"{address:04X}" if isinstance(address, int) else "?")

    def _message(self, transfer: bytes) -> dict[str, Any]:
        try:
            whole = self._assembly.feed(transfer)
        except GbcsError as problem:
            return {"message": f"unreadable GBCS message: {problem}"}
        if whole is None:
            return {"block": True}
        described = describe(whole)
        return {key: described[key] for key in ("use_case", "message_code", "cra", "counter") if key in described} | {
            "message": described["text"]
        }


def frame(
    *, src: str | None = None, dst: str | None = None, what: str | None = None, use_case: str | None = None
) -> Pattern:
    """Return the pattern of a frame on air, by device types, command or tunnelled use case."""
    wanted = {
        key: value for key, value in (("src", src), ("dst", dst), ("what", what), ("use_case", use_case)) if value
    }

    def matches(seen: Observation) -> bool:
        return seen.kind == "frame" and all(seen.data.get(key) == value for key, value in wanted.items())

    words = "a frame on the HAN " + ", ".join(f"{key} {value}" for key, value in wanted.items())
    return Pattern(words, matches, lambda seen: seen.kind == "frame" and (not src or seen.data.get("src") == src))
