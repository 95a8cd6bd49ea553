"""What a capture shows as a whole: networks, devices, joins, links, retries, what stayed locked, latencies, anomalies.

Fed with columns batch by batch, so that memory does not grow with the capture.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.han import tunnelling
from bench.han.columns.devices import Devices
from bench.han.columns.table import Columns
from bench.han.invariants import NAMES, Invariants, Use
from bench.han.keyring import Keyring
from bench.han.octets import eui_text
from bench.han.query_values import ABSENT, NO_EUI

RETRY_WINDOW = 50_000_000  #: ns: an identical frame within is a MAC retry, a later one was sent anew
_COPY_WINDOW = 500_000  #: ns: an identical frame within was heard by a second sniffer
_ANSWER_WINDOW = 60_000_000_000  #: ns after which a request stays without answer
STEPS = (  #: what a join shows on air, in order (han.md 3.9)
    "beacon request", "beacon", "association request", "association response", "transport key", "device announce",
    "key establishment", "link key in use", "tunnel requested",
)  # fmt: skip
_MAC_STEPS = {7: 0, 1: 2, 2: 3}


@dataclass
class Link:
    """Frames from one device to another, as the sniffers heard them."""

    frames: int = 0
    retries: int = 0
    rssi: list[float] = field(default_factory=lambda: [0.0, 0.0, np.inf, -np.inf])  #: count, sum, least, greatest
    lqi: list[float] = field(default_factory=lambda: [0.0, 0.0])  #: count, sum


@dataclass
class Network:
    """One PAN on one channel."""

    frames: int = 0
    channels: Counter[int] = field(default_factory=Counter)
    key_sequences: set[int] = field(default_factory=set)
    coordinator: int | None = None


class Summary:
    """Collects what `bench han summary` tells of captures."""

    def __init__(self, keyring: Keyring | None = None) -> None:
        self.frames = self.secured = self.locked = self.damaged = 0
        self.first: int | None = None
        self.last: int | None = None
        self.networks: defaultdict[int, Network] = defaultdict(Network)
        self.devices = Devices(keyring)
        self.joins: defaultdict[int, dict[str, tuple[int, int]]] = defaultdict(dict)  # step: frame, time
        self.links: defaultdict[tuple[int, int], Link] = defaultdict(Link)
        self.reasons: Counter[str] = Counter()
        self.retries = self.copies = self.anew = 0
        self.latencies: list[int] = []
        self.unanswered = 0
        self.invariants = Invariants()
        self._asked: dict[tuple[int, ...], int] = {}

    def take(self, columns: Columns, repeats: NDArray[np.int64]) -> None:
        """Add one batch; `repeats` is its column repeat_of."""
        fields = columns.fields
        times = fields["time"]
        if not len(columns):
            return
        self.frames += len(columns)
        self.first = int(times.min()) if self.first is None else min(self.first, int(times.min()))
        self.last = int(times.max()) if self.last is None else max(self.last, int(times.max()))
        self.damaged += len(columns.errors)
        self.secured += int((fields["decrypted"] != ABSENT).sum())
        self.locked += len(columns.reasons)
        for reason in columns.reasons.values():
            self.reasons[reason.partition(" (")[0]] += 1
        self.devices.take(columns)
        self._networks(columns)
        self._links(columns, repeats)
        self._joins(columns)
        self._tunnel(columns, repeats)
        self._watch(columns)

    def _networks(self, columns: Columns) -> None:
        fields = columns.fields
        seen = (fields["nwk_src"] >= 0) & (fields["pan"] >= 0)
        for pan in np.unique(fields["pan"][seen]).tolist():
            rows = seen & (fields["pan"] == pan)
            network = self.networks[pan]
            network.frames += int(rows.sum())
            network.channels.update(c for c in fields["channel"][rows].tolist() if c >= 0)
            network.key_sequences |= {s for s in np.unique(fields["key_seq"][rows]).tolist() if s >= 0}
            hub = fields["src_eui"][rows & (fields["nwk_src"] == 0)]
            known = hub[hub != NO_EUI]
            if len(known):
                network.coordinator = int(known[-1])

    def _links(self, columns: Columns, repeats: NDArray[np.int64]) -> None:
        fields = columns.fields
        numbers, times = fields["frame"], fields["time"]
        again = repeats != ABSENT
        # Of a repeat, the time since the frame it repeats tells what it is; what lies in an earlier batch is sent anew.
        at = np.clip(np.searchsorted(numbers, repeats), 0, len(numbers) - 1)
        since = np.where(numbers[at] == repeats, times - times[at], RETRY_WINDOW + 1)
        copies, retries = again & (since < _COPY_WINDOW), again & (since >= _COPY_WINDOW) & (since <= RETRY_WINDOW)
        self.copies += int(copies.sum())
        self.retries += int(retries.sum())
        self.anew += int(again.sum()) - int(copies.sum()) - int(retries.sum())
        unicast = (fields["hop_eui"] != NO_EUI) & (fields["dst"] >= 0) & (fields["dst"] < 0xFFF8)
        rows = np.flatnonzero(unicast)
        rssi, lqi = fields["rssi"], fields["lqi"]
        pairs = np.stack([fields["hop_eui"][rows], fields["dst"][rows].astype(np.uint64)], axis=1)
        for pair in np.unique(pairs, axis=0).tolist():
            some = rows[(pairs == np.array(pair, np.uint64)).all(axis=1)]
            link = self.links[int(pair[0]), int(pair[1])]
            link.frames += len(some)
            link.retries += int(retries[some].sum())
            levels = rssi[some][~np.isnan(rssi[some])]
            if len(levels):
                count, total, least, greatest = link.rssi
                link.rssi = [
                    count + len(levels),
                    total + float(levels.sum()),
                    min(least, float(levels.min())),
                    max(greatest, float(levels.max())),
                ]
            quality = lqi[some][lqi[some] >= 0]
            link.lqi = [link.lqi[0] + len(quality), link.lqi[1] + float(quality.sum())]

    def _joins(self, columns: Columns) -> None:
        fields = columns.fields
        steps: list[tuple[int, NDArray[np.intp], str]] = [
            (step, np.flatnonzero(fields["mac_command"] == command), "dst_long" if step == 3 else "src_long")
            for command, step in _MAC_STEPS.items()
        ]
        steps.append((4, np.flatnonzero(fields["aps_command"] == 5), "dst_eui"))
        annce = (fields["profile"] == 0) & (fields["cluster"] == 0x0013)
        steps.append((5, np.flatnonzero(annce), "src_eui"))
        steps.append((6, np.flatnonzero((fields["cluster"] == 0x0800) & (fields["nwk_src"] != 0)), "src_eui"))
        link = (fields["aps_frame_counter"] != ABSENT) & (fields["aps_key"] == 0) & (fields["nwk_src"] > 0)
        steps.append((7, np.flatnonzero(link), "src_eui"))
        request = (fields["cluster"] == tunnelling.CLUSTER) & (fields["zcl_type"] == 1)
        request &= (fields["zcl_command"] == 0) & (fields["zcl_from_server"] == 0)
        asked = np.flatnonzero(request)
        steps.append((8, asked[fields["nwk_src"][asked] == 0], "dst_eui"))
        steps.append((8, asked[fields["nwk_src"][asked] != 0], "src_eui"))
        for step, rows, who in steps:
            euis = fields[who][rows]
            for eui in np.unique(euis).tolist():
                if eui == NO_EUI:
                    continue
                row = int(rows[np.argmax(euis == eui)])
                self.joins[eui].setdefault(STEPS[step], (int(fields["frame"][row]), int(fields["time"][row])))

    def _tunnel(self, columns: Columns, repeats: NDArray[np.int64]) -> None:
        """Time from a tunnel's request to its response: the ZCL sequence number of one is that of the other."""
        fields = columns.fields
        rows = (fields["cluster"] == tunnelling.CLUSTER) & (fields["zcl_type"] == 1) & (fields["zcl_command"] == 0)
        names = ("pan", "nwk_src", "nwk_dst", "zcl_seq", "zcl_from_server", "time")
        chosen = np.flatnonzero(rows & (repeats == ABSENT))
        for pan, src, dst, sequence, response, time in zip(
            *(fields[name][chosen].tolist() for name in names), strict=True
        ):
            if response:
                asked = self._asked.pop((pan, dst, src, sequence), None)
                if asked is not None and time - asked <= _ANSWER_WINDOW:
                    self.latencies.append(time - asked)
            else:
                self.unanswered += (pan, src, dst, sequence) in self._asked
                self._asked[pan, src, dst, sequence] = time

    def _watch(self, columns: Columns) -> None:
        """Hold the batch against the invariants."""
        fields = columns.fields
        opened = columns.opened()
        names = ("frame", "pan", "key_seq", "hop_eui", "nwk_counter", "nwk_hash", "channel")
        rows = np.flatnonzero(opened)
        who: dict[int, str] = {}
        for number, pan, sequence, eui, counter, octets, channel in zip(
            *(fields[name][rows].tolist() for name in names), strict=True
        ):
            if eui not in who:
                who[eui] = eui_text(eui.to_bytes(8, "big"))
            self.invariants.use(Use(number, (pan, sequence, eui), counter, octets, who[eui], channel))
        clear = (fields["aps_command"] == 5) & (fields["aps_frame_counter"] == ABSENT)
        clear &= fields["nwk_counter"] == ABSENT
        for number, in_clear in zip(
            fields["frame"][fields["aps_command"] == 5].tolist(),
            clear[fields["aps_command"] == 5].tolist(),
            strict=True,
        ):
            self.invariants.key_delivery(number, in_clear=in_clear)
        data = np.flatnonzero(
            ((fields["aps_type"] == 0) | (fields["aps_type"] == 3)) & (fields["profile"] > 0) & (fields["cluster"] >= 0)
        )
        plain = data[(fields["nwk_counter"][data] == ABSENT) | (fields["aps_frame_counter"][data] == ABSENT)]
        for row in plain.tolist():
            eui = int(fields["src_eui"][row])
            self.invariants.data(
                int(fields["frame"][row]),
                int(fields["cluster"][row]),
                "a device" if eui == NO_EUI else eui_text(eui.to_bytes(8, "big")),
                network=bool(fields["nwk_counter"][row] != ABSENT),
                link=bool(fields["aps_frame_counter"][row] != ABSENT),
            )

    def told(self) -> dict[str, Any]:
        """Return everything as JSON can hold it: times in seconds, levels in dBm, EUIs as text."""
        outcomes = self.invariants.outcomes()
        anomalies = [text for name in NAMES for text in outcomes[name].seen]
        devices = sorted(self.devices.known.values(), key=lambda device: (device.pan or 0, device.short or 0))
        return {
            "frames": self.frames,
            "seconds": 0 if self.first is None or self.last is None else (self.last - self.first) / 1e9,
            "damaged": self.damaged,
            "networks": [
                {
                    "pan": f"{pan:04X}",
                    "channels": sorted(network.channels),
                    "frames": network.frames,
                    "key_sequences": sorted(network.key_sequences),
                    "coordinator": _eui(network.coordinator),
                }
                for pan, network in sorted(self.networks.items())
            ],
            "devices": [
                {
                    "eui": eui_text(device.eui),
                    "short": None if device.short is None else f"{device.short:04X}",
                    "pan": None if device.pan is None else f"{device.pan:04X}",
                    "type": device.type.upper() or None,
                    "name": device.name or None,
                    "frames": device.frames,
                }
                for device in devices
            ],
            "joins": [
                {
                    "device": _eui(eui),
                    "steps": {step: found[step][0] for step in STEPS if step in found},
                    "seconds": _since_first(found),
                }
                for eui, found in sorted(self.joins.items())
                if {"association request", "association response", "transport key", "device announce"} & found.keys()
            ],
            "links": [self._link(eui, short, link) for (eui, short), link in sorted(self.links.items())],
            "repeats": {"retries": self.retries, "heard twice": self.copies, "sent anew or relayed": self.anew},
            "undecrypted": {
                "frames": self.locked,
                "share": self.locked / self.secured if self.secured else 0.0,
                "reasons": dict(self.reasons.most_common(20)),
            },
            "tunnel_latency": _spread(self.latencies) | {"unanswered": self.unanswered + len(self._asked)},
            "anomalies": anomalies,
        }

    def _link(self, eui: int, short: int, link: Link) -> dict[str, Any]:
        count, total, least, greatest = link.rssi
        return {
            "from": _eui(eui),
            "to": f"{short:04X}",
            "frames": link.frames,
            "retries": link.retries,
            "rssi": None if not count else {"mean": round(total / count, 1), "least": least, "greatest": greatest},
            "lqi": round(link.lqi[1] / link.lqi[0]) if link.lqi[0] else None,
        }


def _since_first(found: dict[str, tuple[int, int]]) -> dict[str, float]:
    """Return when each step of a join was, in seconds since the first."""
    first = min(time for _, time in found.values())
    return {step: round((found[step][1] - first) / 1e9, 3) for step in STEPS if step in found}


def _eui(eui: int | None) -> str | None:
    return None if eui is None else eui_text(eui.to_bytes(8, "big"))


def _spread(latencies: list[int]) -> dict[str, Any]:
    if not latencies:
        return {"answered": 0}
    least, median, most = np.percentile(latencies, (0, 50, 100)) / 1e9
    return {"answered": len(latencies), "least_s": float(least), "median_s": float(median), "greatest_s": float(most)}
