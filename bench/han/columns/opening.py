"""Opening secured frames in bulk with the keys of a keyring, and saying why where none fits."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.han.aux_header import KeyId
from bench.han.columns.ccm import U8, nonce_blocks, order, unseal
from bench.han.columns.headers import AUX, Secured, Work, sealed
from bench.han.columns.lookup import U64, Rows, groups
from bench.han.columns.views import ROW, gather, put, take
from bench.han.keyring import Keyring, LinkKey, NetworkKey
from bench.han.octets import eui_text
from bench.han.query_values import NO_EUI
from bench.han.security import aps_key


def open_network(work: Work, secured: Secured, keyring: Keyring, first: int) -> None:
    """Open the NWK layer of the frames from row `first` on that are not open yet."""
    waiting = np.flatnonzero(~secured.opened & (secured.rows >= first))
    rows = secured.rows[waiting]
    pans, sequences = work.fields["pan"][rows], work.fields["key_seq"][rows]
    for some in groups(pans, sequences):
        left = waiting[some]
        left = left[order(secured.header[left] + AUX, secured.length[left])]
        for network in _distinct(keyring.for_network(int(pans[some[0]]), int(sequences[some[0]]))):
            aad, aad_lengths, text, mics = sealed(work, secured, left)
            plain, fits = unseal(
                network.key, secured.nonces(work, left), aad, aad_lengths, text, secured.length[left], mics
            )
            opened = left[fits]
            if len(opened):
                put(secured.plain, opened, plain if fits.all() else take(plain, np.flatnonzero(fits)))
                secured.opened[opened] = True
                _fitted(keyring, network, len(opened))
                left = left[~fits]
            if not len(left):
                break


def network_reasons(work: Work, keyring: Keyring, rows: Rows) -> None:
    """Say why frames could not be opened."""
    fields = work.fields
    pans, sequences = fields["pan"][rows].tolist(), fields["key_seq"][rows].tolist()
    hops, counters = fields["hop_eui"][rows].tolist(), fields["nwk_counter"][rows].tolist()
    known: dict[tuple[int, int], str] = {}
    names: dict[int, str] = {}
    for row, pan, sequence, hop, counter in zip(rows.tolist(), pans, sequences, hops, counters, strict=True):
        fitting = known.get((pan, sequence))
        if fitting is None:
            keys = keyring.for_network(pan, sequence)
            fitting = known[pan, sequence] = "no fitting" if any(k.sequence in (sequence, None) for k in keys) else "no"
        name = names.get(hop) or names.setdefault(hop, eui_text(hop.to_bytes(8, "big")))
        work.reasons[row] = (
            f"NWK: {fitting} network key for sequence {sequence} (transmitter {name}, counter {counter})"
        )
    work.set("decrypted", rows, 0)


class ApsSecured:
    """APS-secured frames under link keys, in their everyday form: one element a frame."""

    def __init__(
        self, rows: Rows, plain: U8, header: NDArray[np.int64], length: NDArray[np.int64], src: Any, dst: Any
    ) -> None:
        """`plain` holds the APS frames (n, ROW), `length` their octets, src and dst the EUIs of the devices."""
        self.rows, self.header, self.dst = rows, header, dst
        self.frames = np.zeros((len(rows) + 2, ROW), np.uint8)  # with margin
        self.frames[: len(rows)] = plain
        flat, base = self.frames.reshape(-1), np.arange(len(rows), dtype=np.int64) * ROW
        place = base + header
        self.control = flat[place]
        self.counter = _numbers(flat, place + 1, 4).view("<u4")[:, 0].astype(np.int64)
        named = self.control & 0x20 != 0
        self.aux = np.where(named, 13, 5)
        self.originator = np.where(named, _numbers(flat, place + 5, 8).view("<u8")[:, 0], src)
        self.sealed = _numbers(flat, place + self.aux, ROW)
        self.length = length - header - self.aux - 4
        self.mics = _numbers(flat, base + length - 4, 4).view("<u4")[:, 0]
        self.frames[np.arange(len(rows)), header] = self.control & 0xF8 | 5
        self.plain = np.zeros((len(rows), ROW), np.uint8)
        self.opened = np.zeros(len(rows), bool)

    def nonces(self, some: Rows) -> U64:
        """Return CCM nonces of some of the frames."""
        return nonce_blocks(self.originator[some], self.counter[some], self.control[some])


def open_links(work: Work, aps: ApsSecured, keyring: Keyring) -> None:
    """Open the APS layer, and say why where no key fits."""
    likeliest: dict[bytes, tuple[LinkKey, list[Rows]]] = {}
    pairs = []
    for some in groups(aps.originator, aps.dst):
        src, dst = (_octets(side[some[0]]) for side in (aps.originator, aps.dst))
        bound = keyring.for_link(src, dst)
        links = _distinct([*bound, *(keyring.for_link(src, None) if dst is not None else [])])
        pairs.append((some, src, dst, bool(bound), links))
        if links:
            likeliest.setdefault(links[0].key, (links[0], []))[1].append(some)
    for link, several in likeliest.values():  # the likeliest key of each pair; both directions have the same
        _open_with(aps, np.concatenate(several), link, keyring)
    for some, src, dst, tried, links in pairs:
        left = some[~aps.opened[some]]
        for link in links[1:]:
            if len(left):
                left = _open_with(aps, left, link, keyring)
        if len(left):
            _link_reasons(work, aps, left, src, dst, tried=tried)


def _open_with(aps: ApsSecured, left: Rows, link: LinkKey, keyring: Keyring) -> Rows:
    """Open frames with one key; return those that it does not open."""
    left = left[order((aps.header + aps.aux)[left], aps.length[left])]
    plain, fits = unseal(
        aps_key(link.key, KeyId.DATA),
        aps.nonces(left),
        take(aps.frames, left),
        (aps.header + aps.aux)[left],
        take(aps.sealed, left),
        aps.length[left],
        aps.mics[left],
    )
    opened = left[fits]
    if len(opened):
        put(aps.plain, opened, plain if fits.all() else take(plain, np.flatnonzero(fits)))
        aps.opened[opened] = True
        _fitted(keyring, link, len(opened))
    others: Rows = left[~fits]
    return others


def _link_reasons(
    work: Work, aps: ApsSecured, rows: Rows, src: bytes | None, dst: bytes | None, *, tried: bool
) -> None:
    who = " and ".join("an unknown device" if eui is None else eui_text(eui) for eui in (src, dst))
    for row, counter in zip(aps.rows[rows].tolist(), aps.counter[rows].tolist(), strict=True):
        work.reasons[row] = f"APS: {'no fitting' if tried else 'no'} link key for {who} (counter {counter})"


def _octets(eui: Any) -> bytes | None:
    return None if int(eui) == NO_EUI else int(eui).to_bytes(8, "big")


def _numbers(flat: U8, starts: NDArray[np.int64], width: int) -> U8:
    return gather(flat, starts, width)


def _distinct(keys: Iterable[NetworkKey | LinkKey]) -> list[Any]:
    """Return the keys of different octets, in order."""
    found: dict[bytes, NetworkKey | LinkKey] = {}
    for key in keys:
        found.setdefault(key.key, key)
    return list(found.values())


def _fitted(keyring: Keyring, key: NetworkKey | LinkKey, times: int) -> None:
    if key.trial is not None:
        for _ in range(min(times, 2)):
            keyring.fitted(key)
