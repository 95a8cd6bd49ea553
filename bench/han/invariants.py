"""What must hold of all frames of a network, whatever is tested: feed every frame, ask at the end.

Only frames whose FCS is good count; where network keys are at hand, only those that a key opened: what anybody may
forge says nothing of a device. A frame heard again (a retry, or by a second sniffer) is no second use of its counter.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from bench.han.aps import ApsType
from bench.han.aux_header import KeyId
from bench.han.heard import Heard
from bench.han.names import needs_link_key
from bench.han.octets import eui_text

NO_REUSED_NONCE = "no nonce is used twice"
NO_KEY_IN_CLEAR = "no key is sent in clear"
COUNTERS_RISE = "frame counters never fall"
NO_STRANGER = "no unknown device is on the network"
NO_PLAIN_DATA = "no application data is sent unencrypted"
NAMES = (NO_REUSED_NONCE, NO_KEY_IN_CLEAR, COUNTERS_RISE, NO_STRANGER, NO_PLAIN_DATA)

_MAC_HEADER = 9  #: octets of a data frame with short addresses of one PAN, which is all that has no `frame`
_KEY_ESTABLISHMENT = 0x0800
_MEMORY = 1 << 16  #: uses of counters remembered
_SHOWN = 20  #: breaches kept for each invariant


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether an invariant held. `frames` are those that broke it (the first of them), `seen` says how."""

    name: str
    verdict: Literal["ok", "broken", "inconclusive"]
    examined: int  #: frames that could have broken it
    frames: tuple[int, ...] = ()
    seen: tuple[str, ...] = ()


@dataclass(slots=True)
class Use:
    """One use of a counter under a key by a device, on the NWK or the APS layer."""

    number: int
    key: tuple[object, ...]  #: what tells the key and its user apart
    counter: int
    octets: object  #: the secured octets, or anything that differs when they do
    who: str
    channel: int | None = None  #: of the NWK layer: a hub's radios draw on one counter, and may overtake each other


@dataclass(slots=True)
class _Tally:
    examined: int = 0
    frames: list[int] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def broken(self, number: int, text: str) -> None:
        if len(self.frames) < _SHOWN:
            self.frames.append(number)
            self.seen.append(f"frame {number}: {text}")


class Invariants:
    """Collects what frames show. `devices`: the EUI-64s that belong to the network, None when they are not known."""

    def __init__(self, devices: Iterable[bytes] | None = None) -> None:
        self._devices = None if devices is None else frozenset(devices)
        self._tallies = {name: _Tally() for name in NAMES}
        self._used: OrderedDict[tuple[object, ...], object] = OrderedDict()
        self._highest: dict[tuple[object, ...], int] = {}

    def take(self, heard: Heard, psdu: bytes, *, keys: bool = True) -> None:
        """Examine the next frame; `keys`: whether network keys are at hand."""
        if heard.fcs_ok is False or heard.mac_type is None:
            return
        opened = heard.network_key is not None
        if heard.nwk_counter is not None and (opened or not keys):
            for use in _uses(heard, psdu):
                self.use(use)
            self.transmitter(heard.number, heard.hop_eui, authenticated=opened)
        self.key_delivery(heard.number, in_clear=heard.frame is not None and heard.frame.key_in_clear is not None)
        self._data(heard)

    def use(self, use: Use) -> None:
        """Examine one use of a counter."""
        reuse, rise = self._tallies[NO_REUSED_NONCE], self._tallies[COUNTERS_RISE]
        reuse.examined += 1
        rise.examined += 1
        name = (*use.key, use.counter)
        before = self._used.get(name)
        line = (*use.key, use.channel)
        highest = self._highest.get(line, -1)
        if before is not None:
            if before != use.octets:
                reuse.broken(use.number, f"{use.who} used counter {use.counter} again for other octets")
            return
        self._used[name] = use.octets
        if len(self._used) > _MEMORY:
            self._used.popitem(last=False)
        if use.counter <= highest:
            rise.broken(use.number, f"{use.who} went back from counter {highest} to {use.counter}")
        self._highest[line] = max(highest, use.counter)

    def transmitter(self, number: int, eui: bytes | None, *, authenticated: bool) -> None:
        """Examine who sent a secured frame; only an authenticated one tells."""
        if not authenticated or eui is None or self._devices is None:
            return
        tally = self._tallies[NO_STRANGER]
        tally.examined += 1
        if eui not in self._devices:
            tally.broken(number, f"{eui_text(eui)} sent a frame under the network key and is not a declared device")

    def key_delivery(self, number: int, *, in_clear: bool) -> None:
        """Examine whether a frame shows a key."""
        tally = self._tallies[NO_KEY_IN_CLEAR]
        tally.examined += 1
        if in_clear:
            tally.broken(number, "a key was sent without encryption")

    def data(self, number: int, cluster: int, who: str, *, network: bool, link: bool) -> None:
        """Examine application data: which layers were encrypted."""
        tally = self._tallies[NO_PLAIN_DATA]
        tally.examined += 1
        if cluster == _KEY_ESTABLISHMENT:
            return
        if not network and not link:
            tally.broken(number, f"{who} sent data of cluster {cluster:04X} in clear")
        elif not link and needs_link_key(cluster):
            tally.broken(number, f"{who} sent data of cluster {cluster:04X} under the network key alone")

    def _data(self, heard: Heard) -> None:
        if heard.aps_type not in (ApsType.DATA, ApsType.INTER_PAN) or not heard.profile or heard.cluster is None:
            return
        who = "a device" if heard.src_eui is None else eui_text(heard.src_eui)
        network, link = heard.nwk_counter is not None, heard.aps_frame_counter is not None
        self.data(heard.number, heard.cluster, who, network=network, link=link)

    def outcomes(self) -> dict[str, Outcome]:
        """Return how each invariant came out; one without anything to examine is inconclusive."""
        return {
            name: Outcome(
                name,
                "broken" if tally.frames else "ok" if tally.examined else "inconclusive",
                tally.examined,
                tuple(tally.frames),
                tuple(tally.seen),
            )
            for name, tally in self._tallies.items()
        }


def _uses(heard: Heard, psdu: bytes) -> Iterator[Use]:
    hop, counter = heard.hop_eui, heard.nwk_counter
    if hop is None or counter is None:
        return
    frame = heard.frame
    octets = psdu[_MAC_HEADER : None if heard.fcs_ok is None else -2]
    if frame is not None and frame.mac is not None:
        octets = frame.mac.payload
    yield Use(heard.number, (heard.pan, heard.key_seq, hop), counter, octets, eui_text(hop), heard.channel)
    originator = heard.src_eui
    if heard.aps_frame_counter is not None and heard.link_key is not None and originator is not None:
        key_id = KeyId.DATA if frame is None or frame.aps_security is None else frame.aps_security.key_id
        pair = ("link", heard.pan, key_id, originator, heard.dst_eui, heard.link_key)
        who = f"{eui_text(originator)} (link key)"
        yield Use(heard.number, pair, heard.aps_frame_counter, heard.nwk_payload, who)
