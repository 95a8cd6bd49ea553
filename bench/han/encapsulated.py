"""ZEP in captures of an IP network: from an Ethernet frame or an IP packet to the datagram for port 17754."""

from bench.han.zep import PORT

LINKTYPE_ETHERNET = 1
LINKTYPES_IP = frozenset((12, 14, 101, 228, 229))  #: raw IP, by several names
LINKTYPES = LINKTYPES_IP | {LINKTYPE_ETHERNET}

_VLAN = (b"\x81\x00", b"\x88\xa8", b"\x91\x00")
_UDP = 17


def datagram(linktype: int, packet: bytes) -> bytes | None:
    """Return the octets of a UDP datagram for port 17754, None for any other packet and for later IP fragments."""
    if linktype == LINKTYPE_ETHERNET:
        at = 12
        while packet[at : at + 2] in _VLAN:
            at += 4
        if packet[at : at + 2] not in (b"\x08\x00", b"\x86\xdd"):
            return None
        packet = packet[at + 2 :]
    udp = _of_ip(packet)
    if udp is None or len(udp) < 8 or int.from_bytes(udp[2:4], "big") != PORT:
        return None
    return udp[8 : max(8, int.from_bytes(udp[4:6], "big"))]


def _of_ip(packet: bytes) -> bytes | None:
    """Return the UDP packet in an IP packet (RFC 791, RFC 8200 without extension headers)."""
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20 and packet[9] == _UDP:
        whole = int.from_bytes(packet[6:8], "big") & 0x1FFF == 0
        return packet[(packet[0] & 0xF) * 4 : int.from_bytes(packet[2:4], "big")] if whole else None
    if version == 6 and len(packet) >= 40 and packet[6] == _UDP:
        return packet[40 : 40 + int.from_bytes(packet[4:6], "big")]
    return None
