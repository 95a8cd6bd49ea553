"""ZigBee keys in the Decryption Secrets Blocks of pcapng (draft-ietf-opsawg-pcapng 4.7).

network key: key 16 | PAN u16 | 0 u16          link key: key 16 | PAN u16 | short address u16 | short address u16
                                                                                          (numbers little-endian)
"""

import struct

from bench.han.errors import HanError
from bench.han.keyring import Keyring

KIND = 0x0000000A  #: of the block
NETWORK_KEY, LINK_KEY = 0x5A4E574B, 0x5A415053  #: "ZNWK" and "ZAPS"
_ORIGIN = "secrets of the capture"


def learn(body: bytes, order: str, keyring: Keyring) -> None:
    """Add the ZigBee key of a block to a keyring; secrets of other protocols are passed over. Raises HanError."""
    if len(body) < 8:
        raise HanError("pcapng", None, "decryption secrets are too short")
    kind, length = struct.unpack_from(order + "II", body)
    if kind not in (NETWORK_KEY, LINK_KEY):
        return
    data = body[8 : 8 + length]
    if len(data) < length or length < 18:
        raise HanError("pcapng", None, f"ZigBee key of {len(data)} octets")
    if kind == NETWORK_KEY:
        keyring.add_network_key(data[:16], pan=int.from_bytes(data[16:18], "little"), origin=_ORIGIN)
    else:  # short addresses may change hands; the frames tell whom the key is of
        keyring.add_link_key(data[:16], origin=_ORIGIN)


def network_key(key: bytes, pan: int) -> bytes:
    """Return the body of a block with a network key."""
    return _body(NETWORK_KEY, key + struct.pack("<HH", pan, 0))


def link_key(key: bytes, pan: int, one: int, other: int) -> bytes:
    """Return the body of a block with the link key of two devices, by their short addresses."""
    return _body(LINK_KEY, key + struct.pack("<HHH", pan, one, other))


def _body(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 4)
