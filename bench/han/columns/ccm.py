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

U8 = NDArray[np.uint8]
Ints = NDArray[np.int64]
ROW = 128  #: octets of a row: a PSDU has at most 127
MIC = 4
_FLAGS = 0x49  #: of block B0: authenticated data, MIC of 4 octets, length field of 2
_COUNTING = np.arange(ROW, dtype=np.int16)
_ZERO = np.zeros(0, np.uint8)


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


def unseal(key: bytes, nonces: U8, aad: U8, aad_lengths: Ints, sealed: U8, lengths: Ints, mics: Any) -> tuple[U8, Any]:
    """Return the plaintexts (n, ROW) and which MICs fit (n).

    nonces (n, 13); aad (n, ROW) with aad_lengths octets used; sealed (n, ROW) with `lengths` octets of ciphertext;
    mics u32 (n), low octet first. Rows past their length hold octets of no meaning. Plaintexts are zero there.
    """
    count = len(lengths)
    plain = np.zeros((count, ROW), np.uint8)
    fits = np.zeros(count, bool)
    if not count:
        return plain, fits
    aad_blocks = (aad_lengths + 17) >> 4
    blocks = (lengths + 15) >> 4
    total = aad_blocks + blocks
    # Rows with many blocks first: every step of the CBC-MAC then works on a leading part.
    order = np.argsort(-(aad_blocks * 16 + total).astype(np.int16), kind="stable")
    widths, starts = np.unique(-aad_blocks[order], return_index=True)
    ends = [*starts[1:], count]
    for width, start, end in zip(-widths, starts, ends, strict=True):
        rows = order[start:end]
        plain[rows], fits[rows] = _unseal_group(
            key, int(width), nonces[rows], aad[rows], aad_lengths[rows], sealed[rows], lengths[rows], mics[rows]
        )
    return plain, fits


def _unseal_group(
    key: bytes, width: int, nonces: U8, aad: U8, aad_lengths: Ints, sealed: U8, lengths: Ints, mics: Any
) -> tuple[U8, Any]:
    """As unseal, for rows whose AAD takes `width` blocks, the longest ciphertext first."""
    count = len(lengths)
    most = max(int(lengths[0]) + 15 >> 4, 0)
    blocks = (lengths + 15) >> 4
    counters = np.empty((count, most + 1, 16), np.uint8)
    counters[:, :, 0] = 1
    counters[:, :, 1:14] = nonces[:, None, :]
    counters[:, :, 14] = 0
    counters[:, :, 15] = np.arange(most + 1)
    stream = encrypt_blocks(key, counters)
    size = most * 16
    text = 16 + width * 16
    chain = np.zeros((count, text + size), np.uint8)
    chain[:, 0] = _FLAGS
    chain[:, 1:14] = nonces
    chain[:, 15] = lengths
    chain[:, 17] = aad_lengths
    room = min(width * 16 - 2, ROW)
    chain[:, 18 : 18 + room] = aad[:, :room] * (_COUNTING[:room] < aad_lengths[:, None].astype(np.int16))
    plain = np.zeros((count, ROW), np.uint8)
    if size:
        opened = (sealed[:, :size] ^ stream[:, 1:].reshape(count, size)[:, :ROW]) * (
            _COUNTING[:size] < lengths[:, None].astype(np.int16)
        )
        chain[:, text : text + opened.shape[1]] = opened
        plain[:, :size] = opened
    wide = chain.view(np.uint64)
    state = encrypt_blocks(key, np.ascontiguousarray(chain[:, :16])).view(np.uint64)
    active = np.searchsorted(-blocks, -np.arange(most + 1), side="right")  # rows with at least so many blocks
    for step in range(1, width + most + 1):
        rows = count if step <= width else int(active[step - width])
        if not rows:
            break
        state[:rows] = encrypt_blocks(key, (state[:rows] ^ wide[:rows, 2 * step : 2 * step + 2]).view(np.uint8)).view(
            np.uint64
        )
    tags = state.view(np.uint32)[:, 0] ^ np.ascontiguousarray(stream[:, 0, :4]).view(np.uint32)[:, 0]
    return plain, tags == mics


def _crc_table() -> NDArray[np.uint16]:
    octet = np.arange(256, dtype=np.uint16)
    for _ in range(8):
        octet = np.where(octet & 1, octet >> 1 ^ 0x8408, octet >> 1).astype(np.uint16)
    pair = np.arange(65536, dtype=np.uint32)
    first = octet[pair & 0xFF].astype(np.uint32)
    result: NDArray[np.uint16] = (octet[(first ^ pair >> 8) & 0xFF] ^ (first >> 8)).astype(np.uint16)
    return result


_PAIRS = _crc_table()


def checks(ending: U8, lengths: Ints) -> NDArray[np.uint16]:
    """Return the FCS remainder of octets: 0 where the last two of them are the right FCS of the others.

    ending (n, ROW): the octets, right-aligned; `lengths` 0..ROW of them count.
    """
    order = np.argsort(-lengths.astype(np.int16), kind="stable")
    words = np.ascontiguousarray(ending[order].view("<u2").T)
    sorted_lengths = lengths[order]
    pairs = (sorted_lengths + 1) >> 1
    entered = np.searchsorted(-pairs, -np.arange(ROW // 2, 0, -1), side="right")
    state = np.zeros(len(order), np.uint16)
    before = 0
    for step in range(ROW // 2):
        rows = int(entered[step])
        if not rows:
            continue
        word = words[step, :rows] ^ state[:rows]
        if rows > before:  # those that begin here; of an odd number of octets only the second counts
            word[before:] &= np.where(sorted_lengths[before:rows] & 1, 0xFF00, 0xFFFF).astype(np.uint16)
            before = rows
        state[:rows] = _PAIRS[word]
    result = np.empty_like(state)
    result[order] = state
    return result
