"""APS fragmentation: splitting an ASDU into blocks, and putting received blocks together (ZigBee PRO 2.2.8.4.5)."""

from dataclasses import dataclass, field, replace

from bench.han.aps import ApsFrame, Extended
from bench.han.errors import HanError

TIMEOUT = 60_000_000_000  #: ns without a further block after which a half-received message is given up
BLOCK = 50  #: a block size that fits beside every optional header


def room(*, euis: int = 0, relays: int | None = None, link_key: bool = True, fragment: bool = False) -> int:
    """Return the octets of ASDU that fit one 127-octet PSDU.

    `euis`: EUIs in the NWK header (0..2). `relays`: length of the source route, None without one. `link_key`: APS
    security. `fragment`: with the extended header.
    """
    mac, nwk, nwk_security, aps, aps_security = 9 + 2, 8, 14 + 4, 8, 5 + 4
    route = 0 if relays is None else 2 + 2 * relays
    used = mac + nwk + 8 * euis + route + nwk_security + aps + 2 * fragment
    return 127 - used - aps_security * link_key


def fragment(frame: ApsFrame, size: int = BLOCK) -> list[ApsFrame]:
    """Return the frame as it is when its payload fits `size` octets, otherwise its fragments, each asking for an ack.

    Give the frame unsecured: each fragment is secured by itself, with its own counter.
    """
    if len(frame.payload) <= size:
        return [frame]
    if frame.security is not None:
        raise HanError("APS", None, "a secured frame cannot be split")
    blocks = [frame.payload[start : start + size] for start in range(0, len(frame.payload), size)]
    if len(blocks) > 255:
        raise HanError("APS", None, f"{len(blocks)} blocks, at most 255 can be numbered")
    return [
        replace(
            frame,
            payload=block,
            ack_request=True,
            extended=Extended(2, index) if index else Extended(1, len(blocks)),
        )
        for index, block in enumerate(blocks)
    ]


@dataclass(slots=True)
class _Partial:
    started: int
    latest: int
    total: int | None = None
    blocks: dict[int, bytes] = field(default_factory=dict)


class Reassembly:
    """Puts fragments together, per sender, receiver and APS counter.

    Blocks may come in any order and more than once. A block that contradicts one already there starts the message anew.
    """

    def __init__(self, timeout: int = TIMEOUT, capacity: int = 256) -> None:
        self._partial: dict[tuple[object, ...], _Partial] = {}
        self._timeout = timeout
        self._capacity = capacity
        self.abandoned = 0  #: messages given up with blocks missing

    def add(self, key: tuple[object, ...], time: int, frame: ApsFrame, block: bytes) -> bytes | None:
        """Add the plaintext of one fragment; return the whole ASDU when this block completes it.

        `key` tells senders and receivers apart, `time` is in ns. Raises HanError when the block number is impossible.
        """
        extended = frame.extended
        if extended is None or extended.block is None:
            return block
        total = extended.block if extended.first else None
        index = 0 if extended.first else extended.block
        if total == 0 or (not extended.first and index == 0):
            raise HanError(
                "APS", None, f"block number {extended.block} in a {'first' if extended.first else 'later'} fragment"
            )
        self._expire(time)
        key = (*key, frame.counter, frame.cluster, frame.src_endpoint, frame.dst_endpoint)
        partial = self._partial.get(key)
        if partial is None or _contradicts(partial, index, total, block):
            self.abandoned += partial is not None
            self._partial.pop(key, None)
            partial = self._partial[key] = _Partial(time, time)
        partial.latest = time
        partial.blocks[index] = block
        partial.total = total or partial.total
        if partial.total is None or len(partial.blocks) < partial.total:
            return None
        del self._partial[key]
        if max(partial.blocks) >= partial.total:
            raise HanError("APS", None, f"block {max(partial.blocks)} of a message of {partial.total} blocks")
        return b"".join(partial.blocks[i] for i in range(partial.total))

    def _expire(self, time: int) -> None:
        stale = [key for key, partial in self._partial.items() if time - partial.latest > self._timeout]
        if not stale and len(self._partial) >= self._capacity:
            stale = [next(iter(self._partial))]
        for key in stale:
            del self._partial[key]
        self.abandoned += len(stale)


def _contradicts(partial: _Partial, index: int, total: int | None, block: bytes) -> bool:
    if total is not None and partial.total not in (None, total):
        return True
    return partial.blocks.get(index, block) != block
