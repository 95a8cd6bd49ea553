"""The home area network as an observation point: sniffed frames, dissected and put on the timeline."""

from collections import defaultdict
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.bus import Item
from bench.capture.clock_fit import MAPPED_US, ClockFit
from bench.capture.repeats import Repeat, Repeats
from bench.clock import Clock, SelfTimed
from bench.errors import BenchError
from bench.gbcs import GbcsError
from bench.gbcs.gbt import Assembly
from bench.han.errors import HanError
from bench.han.fast import FastReader
from bench.han.frame import Frame
from bench.han.heard import Heard
from bench.han.heard_row import HeardRow, command, tunnel
from bench.han.invariants import Invariants
from bench.han.keyring import Keyring
from bench.han.row import Messages
from bench.message_text import describe
from bench.observation import EPOCH, MICROSECOND, Observation, Pattern, nanoseconds
from bench.parties import Device
from bench.run_invariants import RunInvariants
from bench.timeline import Timeline

REFIT = timedelta(minutes=4)  #: crystals part by 20 ms in that time at worst


class HanPoint:
    """Turns what sniffers publish into observations `frame`.

    A frame comes with the time at which it was on air, by our clock, when the capture process keeps time; otherwise
    the sniffer's clock is mapped to ours here. `copy_of` names the sniffer that heard the same frame first, `attempt`
    counts the retries of the MAC layer.
    """

    def __init__(self, timeline: Timeline, clock: Clock, keyring: Keyring, devices: list[Device]) -> None:
        self._timeline, self._clock = timeline, clock
        self._names: dict[bytes | None, str] = {bytes(device.eui): device.type for device in devices}
        self._reader = FastReader(keyring, keep=4096)
        self._invariants = Invariants(bytes(device.eui) for device in devices)
        self.invariants = RunInvariants(self._invariants)  #: of the whole run
        self._messages = Messages()
        self._frames: dict[int, HeardRow] = {}  # of the running test, by observation
        self._frames_of = timeline.seen
        self._types = {device.type.lower(): bytes(device.eui) for device in reversed(devices)}
        self._fits: defaultdict[str, ClockFit] = defaultdict(ClockFit)
        self._fitted: dict[str, datetime] = {}  #: sniffer -> when its clock was last compared with ours
        clock.pass_by(self._self_timed)
        self._repeats = Repeats()
        self._assembly = Assembly()
        self._forged: set[bytes] = set()  #: frames of our own transmitter: they say nothing of a device

    def take(self, item: Item) -> None:
        """Put one sniffed frame on the timeline."""
        time = item.time or self.on_air(item)
        heard = item.data
        fcs, channel, rssi, lqi = heard["fcs"], heard["channel"], heard["rssi"], heard["lqi"]
        time_ns = nanoseconds(time)
        frame = self._reader.feed(time_ns, item.raw, fcs=fcs, channel=channel, rssi=rssi, lqi=lqi)
        mac = item.raw[:-2] if fcs else item.raw
        if mac not in self._forged:
            self._invariants.take(frame, item.raw, keys=bool(self._reader.keyring.network_keys))
        repeat = self._repeats.feed(item.source, time_ns // 1000, mac, page=heard["page"])
        data = self._data(frame, repeat)
        data |= {"channel": channel, "rssi": rssi, "lqi": lqi, "sniffer": item.source, "fcs": fcs}
        if heard["page"]:
            data["page"] = heard["page"]
        seen = self._timeline.record("han", "frame", data, item.raw, time)
        if self._frames_of is not self._timeline.seen:  # another test has begun
            self._frames_of, self._frames = self._timeline.seen, {}
        message = None if frame.gbcs is None else self._messages.assemble(frame.gbcs)
        self._frames[seen.number] = HeardRow(frame, None, message)

    def share_invariants(self, folder: Path, worker: str) -> None:
        """Judge invariants with the other workers of a run, each of which has a folder in `folder`."""
        self.invariants = RunInvariants(self._invariants, folder, worker)

    def expect_forged(self, psdu: bytes) -> None:
        """Note a frame (with FCS) that the bench itself is about to send."""
        self._forged.add(psdu[:-2])

    def frame_of(self, seen: Observation) -> Frame | None:
        """Return the dissected frame of an observation of the running test."""
        known = self._frames.get(seen.number)
        return None if known is None else self._reader.detail(known.heard, seen.raw)

    def transfer(self, seen: Observation) -> bytes | None:
        """Return the GBCS message, or block of one, that a frame of the running test completes in a tunnel."""
        known = self._frames.get(seen.number)
        return None if known is None else known.heard.gbcs

    def network_key(self) -> bytes | None:
        """Return the network key, None when none is known."""
        keys = self._reader.keyring.network_keys
        return keys[0].key if keys else None

    def link_keys(self) -> set[bytes]:
        """Return the link keys of the key ring."""
        return {entry.key for entry in self._reader.keyring.link_keys}

    def query(self, text: str) -> Pattern:
        """Return the pattern of frames that fulfil a query (docs/searching.md); devices are named by their types.

        Raises BenchError for a query that is none.
        """
        from bench.han.query import compile_query

        try:
            query = compile_query(text, self._types)
        except HanError as fault:
            raise BenchError(f"{fault}: {text}") from None

        def matches(seen: Observation) -> bool:
            known = self._frames.get(seen.number) if seen.kind == "frame" and seen.point == "han" else None
            return known is not None and query.matches(known)

        return Pattern(f"a frame on the HAN: {text}", matches, lambda seen: seen.kind == "frame", on_air=True)

    def expect(
        self, query: str, *, within: timedelta | str, after: Observation | datetime | None = None, rule: str = ""
    ) -> Observation:
        """Return the first frame that fulfils a query, waiting for it. Raises Failure when there is none."""
        return self._timeline.expect(self.query(query), within=within, after=after, rule=rule)

    def never(
        self, query: str, *, during: timedelta | str = timedelta(0), rule: str = ""
    ) -> AbstractContextManager[None]:
        """State that no frame fulfils a query while the `with` block runs nor for `during` after it."""
        return self._timeline.never(self.query(query), during=during, rule=rule)

    def on_air(self, item: Item) -> datetime:
        """Return when a frame was on air by what its sniffer's clock says."""
        now = self._clock.now()
        if item.data["device_us"] is None:
            return now
        arrival, stamp, fit = nanoseconds(now) // 1000, int(item.data["device_us"]), self._fits[item.source]
        if item.source in self._clock.passed and fit.reads(stamp, arrival):
            on_air, since = EPOCH + fit.map(stamp) * MICROSECOND, self._clock.counted_since
            return on_air if since is None or on_air > since else since  # whatever was before has been collected
        self._fitted[item.source] = now
        return EPOCH + fit.feed(stamp, arrival) * MICROSECOND

    def _self_timed(self) -> SelfTimed:
        """Return the sniffers whose clocks are known well enough to stamp frames that are collected later; how late."""
        now = self._clock.now()
        known = {name: then for name, then in self._fitted.items() if now - then < REFIT}
        return known.keys(), min(known.values()) + MAPPED_US * MICROSECOND if known else None

    def _data(self, frame: Heard, repeat: Repeat) -> dict[str, Any]:
        what, carried = command(frame), tunnel(frame)
        data: dict[str, Any] = {
            "what": what,
            "src": self._name(frame, "src"),
            "dst": self._name(frame, "dst"),
            "decrypted": frame.decrypted,
            "repeat": frame.repeat_of is not None,
        }
        words = f"{data['src']} > {data['dst']}  {what}"
        if frame.error:
            data["error"] = frame.error
            words += f"  [{frame.error}]"
        if carried is not None and carried.kind != "message":
            data["tunnel"] = carried.kind
            words += f"  {carried.kind}"
            if carried.remaining is not None:
                data["remaining"] = carried.remaining
        if frame.gbcs is not None:
            data |= self._message(frame.gbcs)
            words += f"  {data.get('message', 'block of a message')}"
        if frame.repeat_of is not None:
            words += "  (again)"
        if repeat.copy_of is not None:
            data["copy_of"] = repeat.copy_of
        if repeat.attempt:
            data["attempt"] = repeat.attempt
        data["text"] = words
        return data

    def _name(self, frame: Heard, end: str) -> str:
        eui, address = (frame.src_eui, frame.src) if end == "src" else (frame.dst_eui, frame.dst)
        if eui in self._names:
            return self._names[eui]
        if isinstance(address, bytes):
            return "?"
        return {0xFFFF: "all", None: "-"}.get(address) or f"{address:04X}"

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
    *,
    src: str | None = None,
    dst: str | None = None,
    what: str | None = None,
    use_case: str | None = None,
    tunnel: str | None = None,
) -> Pattern:
    """Return the pattern of a frame on air, by device types, command, tunnelled use case, or GET, GET-RESPONSE, PUT."""
    wanted = {
        key: value
        for key, value in (("src", src), ("dst", dst), ("what", what), ("use_case", use_case), ("tunnel", tunnel))
        if value
    }

    def matches(seen: Observation) -> bool:
        return seen.kind == "frame" and all(seen.data.get(key) == value for key, value in wanted.items())

    words = "a frame on the HAN " + ", ".join(f"{key} {value}" for key, value in wanted.items())
    return Pattern(
        words,
        matches,
        lambda seen: seen.kind == "frame" and (not src or seen.data.get("src") == src),
        on_air=True,
    )
