"""NWK commands, APS and ZCL of opened frames, read as arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.han.columns.ccm import MIC, U8
from bench.han.columns.headers import Secured, Work
from bench.han.columns.lookup import ABSENT_EUI, Rows
from bench.han.columns.opening import ApsSecured, open_links
from bench.han.columns.views import ROW, gather, put, take
from bench.han.keyring import Keyring

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
#: octets of NWK commands with a fixed layout, identifier included; the others are for the dissector
_COMMANDS = np.full(256, ROW + 1, np.int64)
for _identifier, _octets in ((3, 4), (4, 2), (6, 2), (0x0B, 3), (0x0C, 3)):
    _COMMANDS[_identifier] = _octets


@dataclass(slots=True)
class Inner:
    """What lies inside the secured frames of a batch, one element a frame: which is for the dissector, and why not."""

    detail: Bools
    teaches_keys: Bools  #: of `detail`: APS commands, or what may be one
    command: Bools  #: NWK commands
    aps: Bools  #: APS frames in their everyday form
    header: Ints  #: octets of the APS header without security header
    secured: Bools  #: under a link key


def read_inner(secured: Secured, nwk_type: NDArray[Any]) -> Inner:
    """Tell the opened frames apart."""
    plain, length, opened = secured.plain[:-1], secured.length, secured.opened
    command = opened & (nwk_type == 1)
    data = opened & (nwk_type == 0) & (length > 0)
    first = plain[:, 0]
    known = length >= _command_lengths(plain)
    control = first
    kind, extended = control & 3, control & 0x80 != 0
    secured_aps = data & (control & 0x20 != 0)
    usual = ((kind == 0) | ((kind == 2) & (control & 0x10 == 0))) & (control & 0x0C != 0x0C) & (length >= 9)
    fragmented = extended & (plain[:, 8] & 3 != 0)
    header = 8 + extended * 1 + fragmented * 1 + (fragmented & (kind == 2)) * 1
    place = np.arange(len(first)) * ROW + np.minimum(header, ROW - 1)
    security = secured.plain.reshape(-1)[place]
    aux = np.where(security & 0x20 != 0, 13, 5)
    usual &= length >= header + secured_aps * (aux + MIC)
    usual &= ~secured_aps | (security & 0x18 == 0)
    # An APS header of 8 octets with nothing behind it is whole too.
    usual |= (
        (length == 8)
        & (control & 0xA0 == 0)
        & ((kind == 0) | ((kind == 2) & (control & 0x10 == 0)))
        & (control & 0x0C != 0x0C)
    )
    profile = plain[:, 4].astype(np.int32) | plain[:, 5].astype(np.int32) << 8
    usual &= (kind != 0) | (profile != 0)  # ZDO is for the dissector
    detail = (command & ~known) | (data & ~usual)
    return Inner(
        detail,
        data & ~usual & (kind != 0),
        command & known,
        data & usual,
        header.astype(np.int64),
        secured_aps & usual,
    )


def _command_lengths(plain: U8) -> Ints:
    """Return how many octets NWK commands need; more than a row for those the dissector is to read."""
    identifier, second = plain[:, 0], plain[:, 1].astype(np.int64)
    need = _COMMANDS[identifier]
    need = np.where(identifier == 8, 2 + 3 * (second & 0x1F), need)  # link status
    need = np.where(identifier == 5, 2 + 2 * second, need)  # route record
    return np.where(identifier == 1, 6 + 8 * (second >> 5 & 1), need)  # route request


def finish(work: Work, secured: Secured, inner: Inner, some: Rows, keyring: Keyring) -> list[int]:
    """Read NWK commands, APS and ZCL of some of the secured frames; return rows the dissector is to read after all.

    `some` are indices of secured frames. Their EUIs are in the columns already.
    """
    commands = some[inner.command[some]]
    rows = secured.rows[commands]
    work.set("nwk_command", rows, secured.plain[commands, 0])
    opened = some[secured.opened[some]]
    work.set("decrypted", secured.rows[opened], 1)
    chosen = some[inner.aps[some]]
    if not len(chosen):
        return []
    rows, plain, header, length = (
        secured.rows[chosen],
        secured.plain[chosen],
        inner.header[chosen],
        secured.length[chosen],
    )
    control = plain[:, 0]
    work.set("aps_type", rows, control & 3)
    work.set("dst_endpoint", rows, plain[:, 1])
    shorts = np.ascontiguousarray(plain[:, 2:6]).view("<u2").astype(np.int32)
    work.set("cluster", rows, shorts[:, 0])
    work.set("profile", rows, shorts[:, 1])
    work.set("src_endpoint", rows, plain[:, 6])
    work.set("aps_counter", rows, plain[:, 7])
    fragmented = (control & 0x80 != 0) & (plain[:, 8] & 3 != 0)
    starts = fragmented & (plain[:, 8] & 3 == 1)
    work.set("fragment", rows[fragmented], np.where(starts, 0, plain[:, 9])[fragmented])
    work.set("fragments", rows[starts], plain[starts, 9])
    work.extended[rows[fragmented]] = plain[fragmented, 8:10]

    payload = np.empty((len(rows), ROW), np.uint8)
    payload_length = length - header
    locked = np.zeros(len(rows), bool)
    link = np.flatnonzero(inner.secured[chosen])
    clear = np.flatnonzero(~inner.secured[chosen])
    flat = np.concatenate([plain.reshape(-1), np.zeros(ROW, np.uint8)])
    put(payload, clear, gather(flat, clear * ROW + header[clear], ROW))
    if len(link):
        aps = ApsSecured(
            rows[link],
            take(plain, link),
            header[link],
            length[link],
            work.fields["src_eui"][rows[link]],
            work.fields["dst_eui"][rows[link]],
        )
        open_links(work, aps, keyring)
        work.set("aps_frame_counter", rows[link], aps.counter)
        work.set("aps_key", rows[link], 0)
        put(payload, link, aps.plain)
        payload_length[link] = aps.length
        locked[link] = ~aps.opened
        work.set("decrypted", rows[link[~aps.opened]], 0)
    payload_length[locked] = -1
    work.set("payload_length", rows, payload_length)
    put(work.payload, rows, payload)
    whole = ~locked & (control & 3 == 0) & ~fragmented
    some = np.flatnonzero(whole)
    return read_zcl(work, rows[some], take(payload, some), payload_length[some])


def read_zcl(work: Work, rows: Rows, payload: U8, length: Ints) -> list[int]:
    """Read ZCL headers; return the rows that have none."""
    control = payload[:, 0]
    manufacturer = control & 4 != 0
    usual = (control & 3 < 2) & (length >= 3 + 2 * manufacturer)
    at = np.where(manufacturer, 3, 1)
    numbered = np.arange(len(rows))
    good = rows[usual]
    work.set("zcl_type", good, (control & 3)[usual])
    work.set("zcl_from_server", good, (control >> 3 & 1)[usual])
    work.set("zcl_seq", good, payload[numbered, at][usual])
    work.set("zcl_command", good, payload[numbered, at + 1][usual])
    coded = usual & manufacturer
    work.set("manufacturer", rows[coded], payload[coded, 1].astype(np.int32) | payload[coded, 2].astype(np.int32) << 8)
    late: list[int] = rows[~usual].tolist()
    return late


def unknown_originator(inner: Inner, src: NDArray[Any]) -> Bools:
    """Return which frames have an originator that nothing else has told: if a key fits, they tell it."""
    unknown: Bools = inner.secured & (src == ABSENT_EUI)
    return unknown
