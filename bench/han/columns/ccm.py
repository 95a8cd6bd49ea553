"""AES-CCM* at level 5 over many frames at once, and their frame check sequences (ZigBee PRO annex A; RFC 3610).

One call of the cipher makes the counter blocks of all frames; then the CBC-MAC goes forward one block of every frame a
call. Arrays of octets are u8; a frame is a row.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from bench.han.columns.views import ROW, gather, masks

U8 = NDArray[np.uint8]
Ints = NDArray[np.int64]
MIC = 4
_FLAGS = 0x49  #: of block B0: authenticated data, MIC of 4 octets, length field of 2
_COUNTERS = np.arange(9, dtype=np.uint64) << np.uint64(56)
PORTION = 768  #: frames opened at a time: what they take fits the processor's cache
_CHECKED = 4096  #: frames checked at a time


@lru_cache(maxsize=512)
def _ecb(key: bytes) -> Callable[[Any, Any], int]:
    """Return the block cipher under a key: (from, into) over whole blocks."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # CCM is built on single blocks
    return encryptor.update_into


def encrypt_blocks(key: bytes, blocks: U8) -> U8:
    """Return AES under `key` of each block; `blocks` is C-contiguous, its size a multiple of 16."""
    into = np.empty(blocks.size + 16, np.uint8)
    _ecb(key)(blocks.reshape(-1).data, into.data)
    return into[: blocks.size].reshape(blocks.shape)


def nonce_blocks(euis: NDArray[np.uint64], counters: Ints, controls: U8) -> NDArray[np.uint64]:
    """Return blocks (n, 2) with a nonce each, their flags and their last two octets zero.

    EUIs and counters as numbers, security controls as on air; a block is two numbers, low octet first.
    """
    blocks = np.empty((len(euis), 2), np.uint64)
    blocks[:, 0] = euis << np.uint64(8)
    high = counters.astype(np.uint64) << np.uint64(8) | euis >> np.uint64(56)
    blocks[:, 1] = high | (controls & 0xF8 | 5).astype(np.uint64) << np.uint64(40)
    return blocks


def order(aad_lengths: Ints, lengths: Ints) -> NDArray[np.intp]:
    """Return the order in which `unseal` is best given frames: those alike in size side by side, the longest first."""
    weight = ((aad_lengths + 17) >> 4) * 16 + ((lengths + 15) >> 4)
    return np.argsort((255 - weight).astype(np.uint8), kind="stable")


def unseal(
    key: bytes, nonces: NDArray[np.uint64], aad: U8, aad_lengths: Ints, sealed: U8, lengths: Ints, mics: Any
) -> tuple[U8, Any]:
    """Return the plaintexts (n, ROW) and which MICs fit (n).

    nonces as of `nonce_blocks`; aad (n, ROW) with aad_lengths octets used; sealed (n, ROW) with `lengths` octets of
    ciphertext; mics u32 (n), low octet first: all in the order that `order` says. Rows past their length hold octets
    of no meaning; plaintexts are zero there.
    """
    count = len(lengths)
    plain = np.zeros((count, ROW), np.uint8)
    fits = np.empty(count, bool)
    widths = (aad_lengths + 17) >> 4
    cuts = (np.flatnonzero(np.diff(widths)) + 1).tolist()
    start = 0
    for group in (*cuts, count):
        while start < group:
            end = min(start + PORTION, group)
            some = slice(start, end)
            fits[some] = _unseal_group(
                key,
                int(widths[start]),
                nonces[some],
                aad[some],
                aad_lengths[some],
                sealed[some],
                lengths[some],
                mics[some],
                plain[some],
            )
            start = end
    return plain, fits


def _unseal_group(
    key: bytes,
    width: int,
    nonces: NDArray[np.uint64],
    aad: U8,
    aad_lengths: Ints,
    sealed: U8,
    lengths: Ints,
    mics: Any,
    plain: U8,
) -> Any:
    """As unseal, for rows whose AAD takes `width` blocks, the longest ciphertext first; fills in `plain`."""
    count = len(lengths)
    most = int(lengths[0]) + 15 >> 4
    blocks = (lengths + 15) >> 4
    #  the last two octets of a block count, high octet first
    counters = np.empty((count, most + 1, 2), np.uint64)
    counters[:, :, 0] = nonces[:, :1] | np.uint64(1)
    counters[:, :, 1] = nonces[:, 1:] | _COUNTERS[: most + 1]
    stream = encrypt_blocks(key, counters.view(np.uint8))
    size = most * 16
    text = 16 + width * 16
    chain = np.empty((count, text + size), np.uint8)
    wide = chain.view(np.uint64)
    wide[:, 0] = nonces[:, 0] | np.uint64(_FLAGS)
    wide[:, 1] = nonces[:, 1] | lengths.astype(np.uint64) << np.uint64(56)
    wide[:, 2 : text // 8] = 0
    chain[:, 17] = aad_lengths
    room = min(width * 16 - 2, ROW)
    np.bitwise_and(aad[:, :room], masks(aad_lengths)[:, :room], out=chain[:, 18 : 18 + room])
    if size:
        words = wide[:, text // 8 :]
        np.bitwise_xor(
            sealed.view(np.uint64)[:, : size // 8], stream.view(np.uint64).reshape(count, -1)[:, 2:], out=words
        )
        words &= masks(lengths).view(np.uint64)[:, : size // 8]
        plain.view(np.uint64)[:, : size // 8] = words
    state = encrypt_blocks(key, np.ascontiguousarray(chain[:, :16])).view(np.uint64)
    active = np.searchsorted(-blocks, -np.arange(most + 1), side="right")  # rows with at least so many blocks
    for step in range(1, width + most + 1):
        rows = count if step <= width else int(active[step - width])
        if not rows:
            break
        state[:rows] ^= wide[:rows, 2 * step : 2 * step + 2]
        state[:rows] = encrypt_blocks(key, state[:rows].view(np.uint8)).view(np.uint64)
    tags = (
        state.view(np.uint32)[:, 0]
        ^ np.ascontiguousarray(stream.reshape(count, size + 16)[:, :4]).view(np.uint32)[:, 0]
    )
    return tags == mics


def _crc_table() -> NDArray[np.uint16]:
    octet = np.arange(256, dtype=np.uint16)
    for _ in range(8):
        octet = np.where(octet & 1, octet >> 1 ^ 0x8408, octet >> 1).astype(np.uint16)
    pair = np.arange(65536, dtype=np.uint32)
    first = octet[pair & 0xFF].astype(np.uint32)
    result: NDArray[np.uint16] = (octet[(first ^ pair >> 8) & 0xFF] ^ (first >> 8)).astype(np.uint16)
    return result


_PAIRS = _crc_table()


def checks(octets: U8, ends: Ints, lengths: Ints) -> NDArray[np.uint16]:
    """Return the FCS remainder of frames: 0 where the last two octets are the right FCS of those before.

    `ends` say where frames end in `octets`, `lengths` (0..ROW) how long they are.
    """
    result = np.empty(len(lengths), np.uint16)
    longest = np.argsort((255 - lengths).astype(np.uint8), kind="stable")
    for at in range(0, len(lengths), _CHECKED):
        some = longest[at : at + _CHECKED]
        result[some] = _check_some(gather(octets, ends[some] - ROW, ROW), lengths[some])
    return result


def _check_some(ending: U8, lengths: Ints) -> NDArray[np.uint16]:
    """As checks, for right-aligned frames, the longest first."""
    words = ending.view("<u2")
    pairs = (lengths + 1) >> 1
    first = ROW // 2 - int(pairs[0])
    entered = np.searchsorted(-pairs, -np.arange(ROW // 2, 0, -1), side="right")
    state = np.zeros(len(lengths), np.uint16)
    before = 0
    odd = np.where(lengths & 1, 0xFF00, 0xFFFF).astype(np.uint16)
    for step in range(first, ROW // 2):
        rows = int(entered[step])
        word = words[:rows, step] ^ state[:rows]
        if rows > before:  # those that begin here; of an odd number of octets only the second counts
            word[before:] &= odd[before:rows]
            before = rows
        _PAIRS.take(word, out=state[:rows], mode="clip")
    return state
