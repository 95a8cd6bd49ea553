"""Frames as they are heard, fast: one flat record a frame, everyday forms read by hand, the dissector for the rest.

For who listens to many sniffers at once. What a record holds is what the detailed dissector says of the frame.
"""

import binascii
import struct
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from bench.han.aps import Extended
from bench.han.dissect import Dissector
from bench.han.errors import HanError
from bench.han.heard import Heard, heard
from bench.han.keyring import Keyring
from bench.han.pieces import Parties, Piece, Pieces, message
from bench.han.tunnelling import CLUSTER as TUNNELLING
from bench.han.zcl import ZclFrame

_MIRROR = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
_MAC = struct.Struct("<HB").unpack_from
_SHORTS = struct.Struct("<HHHHHH").unpack_from  # from the MAC header's PAN to the NWK source
_APS = struct.Struct("<BBHHBB").unpack_from
_U32 = struct.Struct("<I").unpack_from
_MAC_FORM, _DATA, _ACK = 0xEC4F, 0x8841, 0x0002
_NONE = (None,) * len(Heard._fields)
_new = tuple.__new__  # without the arguments' defaults, which take as long as reading the headers
_UNKNOWN = b"?"
_PATCHED = [bytes((octet & 0xF8 | 5,)) for octet in range(256)]
_PLAIN_COMMANDS = {3: 4, 4: 2, 6: 2, 0x0B: 3, 0x0C: 3}  #: octets of NWK commands of fixed layout


class FastReader:
    """Reads frames one after the other, in the order they were heard. Never raises on bad octets.

    Keys seen on air are added to the keyring. Fragments, the tunnel, ZDO, and whatever teaches keys or is odd go
    through the dissector; `Heard.frame` then has all its layers.
    """

    def __init__(self, keyring: Keyring | None = None) -> None:
        self.dissector = Dissector(keyring, keep=0)
        self.keyring = self.dissector.keyring
        self._directory = self.dissector.directory
        self._pieces = Pieces(self.dissector)
        self._number = 0
        self._version = (self.keyring.version, self._directory.version)
        self._networks: dict[int, Any] = {}  # PAN and key sequence: the key that fitted last
        self._links: dict[tuple[bytes | None, bytes | None], Any] = {}
        self._ways: dict[int | None, dict[bytes, Any]] = {}  # by channel and addresses

    def feed(  # noqa: PLR0911, PLR0912, PLR0915 - one pass over the octets, in their order
        self,
        time: int,
        psdu: bytes,
        *,
        fcs: bool = True,
        channel: int | None = None,
        rssi: float | None = None,
        lqi: int | None = None,
    ) -> Heard:
        """Read the next frame. `time` in ns since 1970; `fcs`: whether the PSDU ends with its check sequence."""
        self._number += 1
        end = len(psdu)
        if end > 127:
            return self._dissect(time, psdu, fcs, channel, rssi, lqi)
        good: bool | None = None
        if fcs:
            if end < 5 or binascii.crc_hqx(psdu.translate(_MIRROR), 0):
                return self._dissect(time, psdu, fcs, channel, rssi, lqi)
            end -= 2
            good = True
        if end < 39:  # an ack, or shorter than any secured data frame
            if end >= 3 and (psdu[0] | psdu[1] << 8) & _MAC_FORM == _ACK:
                return _new(Heard, (self._number, time, channel, rssi, lqi, good, 2, psdu[2], *_NONE[8:]))
            return self._dissect(time, psdu, fcs, channel, rssi, lqi)
        form, mac_seq = _MAC(psdu)
        if form & _MAC_FORM != _DATA:
            return self._dissect(time, psdu, fcs, channel, rssi, lqi)
        control = psdu[10]
        aux = 17
        if control & 0x18:  # EUIs
            aux = 33 if control & 0x18 == 0x18 else 25
        if control & 4:  # a source route
            if aux >= end:
                return self._dissect(time, psdu, fcs, channel, rssi, lqi)
            aux += 2 + 2 * psdu[aux]
        body = aux + 14
        if body + 4 > end:
            return self._dissect(time, psdu, fcs, channel, rssi, lqi)
        # Addresses, security control, transmitter and key: frames that have them in common are read alike.
        nonce = psdu[aux + 5 : body]
        way = psdu[3:15] + psdu[17 : aux + 1] + nonce
        ways = self._ways.get(channel)
        route = None if ways is None else ways.get(way)
        if route is None:
            route = self._route(psdu, aux, channel)
            if route is None:
                return self._dissect(time, psdu, fcs, channel, rssi, lqi)
        key, patched, pan, dst, src, kind, nwk_dst, nwk_src, hop, key_seq, src_eui, dst_eui = route
        fresh = psdu[aux + 1 : aux + 5]
        try:
            plain = key(nonce[:8] + fresh + patched, psdu[body:end], psdu[9:aux] + patched + fresh + nonce)
        except InvalidTag:
            return self._dissect(time, psdu, fcs, channel, rssi, lqi)
        if src_eui is _UNKNOWN:
            route = self._learn(way, route, psdu, channel)
            src_eui, dst_eui = route[10], route[11]
        radius, nwk_seq = psdu[15], psdu[16]
        counter = _U32(fresh)[0]
        if kind:
            command = self._command(plain)
            if command is None:
                return self._dissect(time, psdu, fcs, channel, rssi, lqi)
            return _new(Heard, (
                self._number, time, channel, rssi, lqi, good, 1, mac_seq, pan, src, dst,
                1, nwk_src, nwk_dst, radius, nwk_seq, hop, counter, key_seq, command, src_eui, dst_eui, True,
                None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None,
            ))  # fmt: skip
        # The APS layer: unicast or broadcast data or acks of data, without extended header.
        if len(plain) < 8:
            return self._dissect(time, psdu, fcs, channel, rssi, lqi)
        aps_control, dst_endpoint, cluster, profile, src_endpoint, aps_counter = _APS(plain)
        aps_type = aps_control & 3
        if (
            aps_control & 1
            or (aps_control & 0x80 and (aps_type or len(plain) < 10 or not plain[8] & 3))
            or aps_control & 0x0C == 0x0C
            or (aps_type and aps_control & 0x10)
            or (not aps_type and profile == 0)
        ):
            return self._dissect(time, psdu, fcs, channel, rssi, lqi)
        aps_frame_counter = None
        header = 10 if aps_control & 0x80 else 8
        if aps_control & 0x20:
            start, originator = header + 5, src_eui
            if len(plain) < start + 4 or plain[header] & 0x18:
                return self._dissect(time, psdu, fcs, channel, rssi, lqi)
            if plain[header] & 0x20:
                start, originator = header + 13, plain[header + 12 : header + 4 : -1]
                if len(plain) < start + 4:
                    return self._dissect(time, psdu, fcs, channel, rssi, lqi)
            if originator is None:
                return self._dissect(time, psdu, fcs, channel, rssi, lqi)
            link = self._links.get((originator, dst_eui)) or self._find_link(originator, dst_eui)
            if link is None:
                return self._dissect(time, psdu, fcs, channel, rssi, lqi)
            patched = _PATCHED[plain[header]]
            fresh = plain[header + 1 : header + 5]
            aps_frame_counter = _U32(fresh)[0]
            try:
                payload = link(
                    originator[::-1] + fresh + patched,
                    plain[start:],
                    plain[:header] + patched + plain[header + 1 : start],
                )
            except InvalidTag:
                return self._dissect(time, psdu, fcs, channel, rssi, lqi)
        else:
            payload = plain[header:]
        if aps_type:
            return _new(Heard, (
                self._number, time, channel, rssi, lqi, good, 1, mac_seq, pan, src, dst,
                0, nwk_src, nwk_dst, radius, nwk_seq, hop, counter, key_seq, None, src_eui, dst_eui, True,
                aps_type, aps_counter, profile, cluster, src_endpoint, dst_endpoint, aps_frame_counter,
                None, None, None, None, payload,
                None, None, None, None, None,
            ))  # fmt: skip
        whole: bytes = payload
        gbcs, fragment = None, None
        if header == 10 or cluster == TUNNELLING:
            fragment = None if header == 8 else 0 if plain[8] & 3 == 1 else plain[9]
            error, complete = None, None
            try:
                complete, gbcs = self._pieces_of(
                    time, psdu[9:end], (channel, pan, nwk_src, nwk_dst), plain, header, cluster, payload
                )
                if fragment is not None and complete is not None:
                    ZclFrame.parse(complete)
            except HanError as fault:
                error = fault.in_frame(self._number)
            if complete is None or error is not None:
                return _new(Heard, (
                    self._number, time, channel, rssi, lqi, good, 1, mac_seq, pan, src, dst,
                    0, nwk_src, nwk_dst, radius, nwk_seq, hop, counter, key_seq, None, src_eui, dst_eui, True,
                    0, aps_counter, profile, cluster, src_endpoint, dst_endpoint, aps_frame_counter,
                    None, None, None, None, payload, fragment, complete, None, error,
                None,
                ))  # fmt: skip
            whole = complete
        if len(whole) < 3 or whole[0] & 7 > 1:
            if fragment is None:
                return self._dissect(time, psdu, fcs, channel, rssi, lqi)
            at = 3 if whole[0] & 4 else 1
        else:
            at = 1
        return _new(Heard, (
            self._number, time, channel, rssi, lqi, good, 1, mac_seq, pan, src, dst,
            0, nwk_src, nwk_dst, radius, nwk_seq, hop, counter, key_seq, None, src_eui, dst_eui, True,
            0, aps_counter, profile, cluster, src_endpoint, dst_endpoint, aps_frame_counter,
            whole[0] & 3, whole[0] & 8 != 0, whole[at], whole[at + 1], payload, fragment, whole, gbcs,
                None, None,
        ))  # fmt: skip

    def _dissect(
        self, time: int, psdu: bytes, fcs: bool, channel: int | None, rssi: float | None, lqi: int | None
    ) -> Heard:
        """Have the dissector read a frame."""
        frame = self.dissector.feed(time, psdu, fcs=fcs, channel=channel, rssi=rssi, lqi=lqi, number=self._number)
        if self._version != (self.keyring.version, self._directory.version):
            self._forget()
        return heard(frame)

    def _forget(self) -> None:
        self._version = (self.keyring.version, self._directory.version)
        self._networks.clear()
        self._links.clear()
        self._ways.clear()

    def _find_network(self, place: int, pan: int, key_seq: int) -> Any:
        """Return what opens frames of a network, None when there is no key."""
        keys = [network.key for network in self.keyring.for_network(pan, key_seq) if network.trial is None]
        if not keys:
            return None
        self._networks[place] = _opener(keys)
        return self._networks[place]

    def _pieces_of(
        self, time: int, nwk: bytes, parties: Parties, plain: bytes, header: int, cluster: int, payload: bytes
    ) -> tuple[bytes | None, bytes | None]:
        """Return the message a fragment completes, and the GBCS message in it. Raises HanError."""
        if header == 8 and not _holds_message(payload):
            return payload, None
        counter = plain[7]
        extended = plain[8:10] if header == 10 else b""
        heard = self._pieces.occurrence(
            self._number, time, parties[1] or 0, nwk, parties, (counter, cluster), payload, extended
        )
        if heard.repeat_of is not None:
            return (None if extended else payload), None
        whole: bytes | None = payload
        if extended:
            piece = Piece(Extended(extended[0], extended[1]), counter, cluster, plain[6], plain[1])
            whole = self._pieces.add(parties, time, piece, payload)
        return whole, message(whole) if whole is not None and cluster == TUNNELLING else None

    def _find_link(self, originator: bytes, dst: bytes | None) -> Any:
        """Return what opens APS frames between two devices, None when there is no key."""
        keys = [link.key for link in self.keyring.for_link(originator, dst) if link.trial is None]
        if not keys:
            return None
        if len(self._links) > 4096:
            self._links.clear()
        self._links[originator, dst] = _opener(keys)
        return self._links[originator, dst]

    def _route(self, psdu: bytes, aux: int, channel: int | None) -> Any:
        """Return what frames with these addresses have in common, None for what the dissector is to read.

        EUIs are _UNKNOWN until a key has opened such a frame.
        """
        pan, dst, src, control, nwk_dst, nwk_src = _SHORTS(psdu, 3)
        if control & 0x33E != 0x208 or psdu[aux] & 0x38 != 0x28:
            return None
        key_seq = psdu[aux + 13]
        key = self._networks.get(pan << 8 | key_seq) or self._find_network(pan << 8 | key_seq, pan, key_seq)
        if key is None:
            return None
        hop = psdu[aux + 12 : aux + 4 : -1]
        patched = _PATCHED[psdu[aux]]
        return key, patched, pan, dst, src, control & 3, nwk_dst, nwk_src, hop, key_seq, _UNKNOWN, _UNKNOWN

    def _learn(self, way: bytes, route: Any, psdu: bytes, channel: int | None) -> Any:
        """Learn what an opened frame teaches of addresses; return its way with the EUIs and remember it."""
        _, _, pan, _, src, _, nwk_dst, nwk_src, hop, *_ = route
        directory, control, at = self._directory, psdu[10], 17
        stated: list[bytes | None] = [None, None]
        for place, bit in ((1, 8), (0, 16)):
            if control & bit:
                stated[place] = psdu[at : at + 8][::-1]
                at += 8
        for short, eui in ((nwk_src, stated[0]), (nwk_dst, stated[1]), (src, hop)):
            directory.learn(pan, short, eui, channel)
        if self._version[1] != directory.version:
            self._ways.clear()
            self._version = (self._version[0], directory.version)
        euis = stated[0] or directory.eui(pan, nwk_src, channel), stated[1] or directory.eui(pan, nwk_dst, channel)
        known = (*route[:10], *euis)
        version = directory.version
        for short, eui in ((nwk_src, stated[0]), (nwk_dst, stated[1]), (src, hop)):
            directory.learn(pan, short, eui, channel)
        if version == directory.version:  # a frame that contradicts itself teaches every time
            ways = self._ways.setdefault(channel, {})
            if len(ways) > 4096:
                ways.clear()
            ways[way] = known
        self._version = (self._version[0], directory.version)
        return known

    def _command(self, plain: bytes) -> int | None:
        """Return the NWK command, None for one that the dissector is to read."""
        if not plain:
            return None
        command = plain[0]
        need = _PLAIN_COMMANDS.get(command, 128)
        if command == 8 and len(plain) > 1:
            need = 2 + 3 * (plain[1] & 0x1F)
        elif command == 5 and len(plain) > 1:
            need = 2 + 2 * plain[1]
        return command if len(plain) >= need else None


def _holds_message(zcl: bytes) -> bool:
    """Whether a frame of the tunnelling cluster may hold a message: GET and an empty answer do not."""
    return len(zcl) > 6 and zcl[5] in (0xDD, 0xDF, 2, 3)


def _opener(keys: list[bytes]) -> Any:
    """Return the decryption under whichever of the keys fits; it raises InvalidTag when none does."""
    openers = [AESCCM(key, tag_length=4).decrypt for key in keys]
    if len(openers) == 1:
        return openers[0]

    def decrypt(nonce: bytes, data: bytes, aad: bytes) -> bytes:
        for at, opener in enumerate(openers):
            try:
                plain: bytes = opener(nonce, data, aad)
            except InvalidTag:
                continue
            if at:
                openers.insert(0, openers.pop(at))
            return plain
        raise InvalidTag

    return decrypt
