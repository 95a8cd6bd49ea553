"""Frames as they are heard, fast: one flat record a frame, everyday forms read by hand, the dissector for the rest.

For who listens to many sniffers at once. What a record holds is what the detailed dissector says of the frame.
"""

import binascii
import struct
from typing import Any

from cryptography.exceptions import InvalidTag

from bench.han.again import Again
from bench.han.aps import Extended
from bench.han.capture_reader import Packet
from bench.han.dissect import Dissector
from bench.han.errors import HanError
from bench.han.frame import Frame
from bench.han.heard import Heard, heard, zcl_fields
from bench.han.keyring import Keyring
from bench.han.opener import Opener
from bench.han.pieces import Parties, Piece, message
from bench.han.smart_energy import METERING
from bench.han.soundness import sound, teaches_scale
from bench.han.tunnelling import CLUSTER as TUNNELLING

_MIRROR = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
_MAC = struct.Struct("<HB").unpack_from
_SHORTS = struct.Struct("<HHHHHH").unpack_from  # from the MAC header's PAN to the NWK source
_APS = struct.Struct("<BBHHBB").unpack_from
_U32 = struct.Struct("<I").unpack_from
_MAC_FORM, _DATA, _ACK = 0xEC4F, 0x8841, 0x0002
_NONE = (None,) * len(Heard._fields)
_NO_APS = (None,) * 15
_new = tuple.__new__  # without the arguments' defaults, which take as long as reading the headers
_UNKNOWN = b"?"
_PATCHED = [bytes((octet & 0xF8 | 5,)) for octet in range(256)]
_PLAIN_COMMANDS = {3: 4, 4: 2, 6: 2, 0x0B: 3, 0x0C: 3}  #: octets of NWK commands of fixed layout


class FastReader:
    """Reads frames one after the other, in the order they were heard. Never raises on bad octets.

    Keys seen on air are added to the keyring. ZDO and whatever teaches keys or is odd go through the dissector;
    `Heard.frame` then has all its layers. Of all others `detail` gives them. `keep`: see Dissector.
    """

    def __init__(self, keyring: Keyring | None = None, *, keep: int = 0) -> None:
        names = {} if keyring is None else {eui: one.name for eui, one in keyring.devices.items() if one.name}
        self.dissector = Dissector(keyring, names=names, keep=keep)
        self.keyring = self.dissector.keyring
        self._directory = self.dissector.directory
        self._note = self.dissector.repeats.note
        self._again = Again(self.dissector)
        self._number = 0
        self._version = (self.keyring.version, self._directory.version)
        self._networks: dict[int, Opener] = {}  # PAN and key sequence: the keys
        self._links: dict[tuple[bytes | None, bytes | None], Opener] = {}
        self._ways: dict[int | None, dict[bytes, Any]] = {}  # by channel and addresses

    def feed(
        self,
        time: int,
        psdu: bytes,
        *,
        fcs: bool = True,
        channel: int | None = None,
        rssi: float | None = None,
        lqi: int | None = None,
        interface: int | str | None = None,
    ) -> Heard:
        """Read the next frame. `time` in ns since 1970; `fcs`: whether the PSDU ends with its check sequence."""
        self._number += 1
        found = self._quick(time, psdu, fcs, channel, rssi, lqi, interface)
        if found is not None:
            return found
        return self._taught(
            self.dissector.feed(
                time, psdu, fcs=fcs, channel=channel, rssi=rssi, lqi=lqi, interface=interface, number=self._number
            )
        )

    def take(self, packet: Packet, *, detailed: bool = False) -> Heard:
        """Read a packet of a capture; `detailed`: for whom each frame's layers are needed anyway."""
        if detailed or packet.error is not None:
            self._number += 1
            return self._taught(self.dissector.feed_packet(packet, self._number))
        return self.feed(
            packet.time,
            packet.psdu,
            fcs=packet.fcs,
            channel=packet.channel,
            rssi=packet.rssi,
            lqi=packet.lqi,
            interface=packet.interface_name or packet.interface,
        )

    def detail(self, heard: Heard, psdu: bytes, interface: int | str | None = None) -> Frame:
        """Return all layers of the frame that was read last: names and scales are those known now."""
        return heard.frame or self._again.read(heard, psdu, interface)

    def learn_from(self, other: "FastReader") -> None:
        """Take over what another reader with the same keyring knows of addresses that are not known here."""
        self._directory.learn_missing(other.dissector.directory)
        self._forget()

    def retry(self) -> list[Frame]:
        """Return, anew, the kept frames that could not be decrypted and now get further: see Dissector."""
        frames = self.dissector.retry()
        self._forget()
        return frames

    def _taught(self, frame: Frame) -> Heard:
        """Return the record of a frame that the dissector has read, and use what it has learned."""
        if self._version != (self.keyring.version, self._directory.version):
            self._forget()
        elif frame.link_key is not None:
            self._links.pop((frame.src_eui, frame.dst_eui), None)
        return heard(frame)

    def _quick(  # noqa: PLR0911, PLR0912, PLR0915 - one pass over the octets, in their order
        self,
        time: int,
        psdu: bytes,
        fcs: bool,
        channel: int | None,
        rssi: float | None,
        lqi: int | None,
        interface: int | str | None,
    ) -> Heard | None:
        """Read a frame of everyday form; None for any other."""
        end = len(psdu)
        if end > 127:
            return None
        good: bool | None = None
        if fcs:
            if end < 5 or binascii.crc_hqx(psdu.translate(_MIRROR), 0):
                return None
            end -= 2
            good = True
        if end < 39:  # an ack, or shorter than any secured data frame
            if end >= 3 and (psdu[0] | psdu[1] << 8) & _MAC_FORM == _ACK:
                return _new(Heard, (self._number, time, channel, rssi, lqi, good, 2, psdu[2], *_NONE[8:]))
            return None
        form, mac_seq = _MAC(psdu)
        if form & _MAC_FORM != _DATA:
            return None
        control = psdu[10]
        aux = 17
        if control & 0x18:  # EUIs
            aux = 33 if control & 0x18 == 0x18 else 25
        if control & 4:  # a source route
            if aux >= end:
                return None
            aux += 2 + 2 * psdu[aux]
        body = aux + 14
        if body + 4 > end:
            return None
        # Addresses, security control, transmitter and key: frames that have them in common are read alike.
        nonce = psdu[aux + 5 : body]
        way = psdu[3:15] + psdu[17 : aux + 1] + nonce
        ways = self._ways.get(channel)
        route = None if ways is None else ways.get(way)
        if route is None:
            route = self._route(psdu, aux)
            if route is None:
                return None
        network, patched, pan, dst, src, kind, nwk_dst, nwk_src, hop, key_seq, src_eui, dst_eui = route
        fresh = psdu[aux + 1 : aux + 5]
        try:
            plain = network.decrypt(nonce[:8] + fresh + patched, psdu[body:end], psdu[9:aux] + patched + fresh + nonce)
        except InvalidTag:
            return None
        if src_eui is _UNKNOWN:
            route = self._learn(way, route, psdu, channel)
            src_eui, dst_eui = route[10], route[11]
        radius, nwk_seq = psdu[15], psdu[16]
        counter = _U32(fresh)[0]
        number = self._number
        if kind:
            command = self._command(plain)
            if command is None:
                return None
            repeat_of = self._note(number, time, (pan, psdu[9:end]))
            return _new(Heard, (
                number, time, channel, rssi, lqi, good, 1, mac_seq, pan, src, dst,
                1, nwk_src, nwk_dst, radius, nwk_seq, hop, counter, key_seq, command, src_eui, dst_eui, True,
                *_NO_APS, None, repeat_of, network.origin, None, plain, None,
            ))  # fmt: skip
        # The APS layer: unicast or broadcast data or acks of data, without extended header.
        if len(plain) < 8:
            return None
        aps_control, dst_endpoint, cluster, profile, src_endpoint, aps_counter = _APS(plain)
        aps_type = aps_control & 3
        if (
            aps_control & 1
            or (aps_control & 0x80 and (aps_type or len(plain) < 10 or not plain[8] & 3))
            or aps_control & 0x0C == 0x0C
            or (aps_type and aps_control & 0x10)
            or (not aps_type and profile == 0)
        ):
            return None
        aps_frame_counter = link_origin = None
        header = 10 if aps_control & 0x80 else 8
        if aps_control & 0x20:
            start, originator = header + 5, src_eui
            if len(plain) < start + 4 or plain[header] & 0x18:
                return None
            if plain[header] & 0x20:
                start, originator = header + 13, plain[header + 12 : header + 4 : -1]
                if len(plain) < start + 4:
                    return None
            if src_eui is None:  # if a key fits, the frame tells whose it is
                return None
            link = self._links.get((originator, dst_eui)) or self._find_link(originator, dst_eui)
            if link is None:
                return None
            patched = _PATCHED[plain[header]]
            fresh = plain[header + 1 : header + 5]
            aps_frame_counter = _U32(fresh)[0]
            try:
                payload = link.decrypt(
                    originator[::-1] + fresh + patched,
                    plain[start:],
                    plain[:header] + patched + plain[header + 1 : start],
                )
            except InvalidTag:
                return None
            link_origin = link.origin
        else:
            payload = plain[header:]
        repeat_of = self._note(number, time, (pan, psdu[9:end]))
        if aps_type:
            return _new(Heard, (
                number, time, channel, rssi, lqi, good, 1, mac_seq, pan, src, dst,
                0, nwk_src, nwk_dst, radius, nwk_seq, hop, counter, key_seq, None, src_eui, dst_eui, True,
                aps_type, aps_counter, profile, cluster, src_endpoint, dst_endpoint, aps_frame_counter,
                None, None, None, None, payload, None, None, None,
                None, repeat_of, network.origin, link_origin, plain, None,
            ))  # fmt: skip
        whole: bytes | None = payload
        fault = fragment = None
        if header == 10:
            fragment = 0 if plain[8] & 3 == 1 else plain[9]
            parties = (channel, pan, nwk_src, nwk_dst)
            if repeat_of is None:
                repeat_of = self._note(number, time, (*parties, aps_counter, cluster, payload, plain[8:10]))
            try:
                whole = None if repeat_of is not None else self._add(parties, time, plain, cluster, payload)
            except HanError as trouble:
                fault = trouble
        elif repeat_of is None:
            repeat_of = self._note(number, time, (channel, pan, nwk_src, nwk_dst, aps_counter, cluster, payload))
        if whole is None or fault is not None:
            found = _new(Heard, (
                number, time, channel, rssi, lqi, good, 1, mac_seq, pan, src, dst,
                0, nwk_src, nwk_dst, radius, nwk_seq, hop, counter, key_seq, None, src_eui, dst_eui, True,
                0, aps_counter, profile, cluster, src_endpoint, dst_endpoint, aps_frame_counter,
                None, None, None, None, payload, fragment, None, None,
                None, repeat_of, network.origin, link_origin, plain, None,
            ))  # fmt: skip
            return found if fault is None else heard(self._again.read(found, psdu, interface, fault))
        usual = len(whole) > 2 and not whole[0] & 6
        zcl_type = from_server = zcl_seq = zcl_command = None
        if usual:
            zcl_type, from_server, zcl_seq, zcl_command = whole[0] & 1, whole[0] & 8 != 0, whole[1], whole[2]
        gbcs = None
        if usual and cluster == TUNNELLING and repeat_of is None and (header == 10 or _holds_message(whole)):
            gbcs = message(whole)
        found = _new(Heard, (
            number, time, channel, rssi, lqi, good, 1, mac_seq, pan, src, dst,
            0, nwk_src, nwk_dst, radius, nwk_seq, hop, counter, key_seq, None, src_eui, dst_eui, True,
            0, aps_counter, profile, cluster, src_endpoint, dst_endpoint, aps_frame_counter,
zcl_type, from_server, zcl_seq, zcl_command,
            payload, fragment, whole, gbcs,
            None, repeat_of, network.origin, link_origin, plain, None,
        ))  # fmt: skip
        if not usual:
            return heard(self._again.read(found, psdu, interface))
        if not sound(cluster, whole) or (cluster == METERING and teaches_scale(whole)):
            _, fault = zcl_fields(found, self.dissector.scales)
            return found if fault is None else found._replace(error=fault.in_frame(number))
        return found

    def _forget(self) -> None:
        self._version = (self.keyring.version, self._directory.version)
        self._networks.clear()
        self._links.clear()
        self._ways.clear()

    def _find_network(self, place: int, pan: int, key_seq: int) -> Opener | None:
        """Return what opens frames of a network, None when there is no key."""
        keys = self.keyring.for_network(pan, key_seq)
        if not keys:
            return None
        found = self._networks[place] = Opener(keys)
        return found

    def _find_link(self, originator: bytes, dst: bytes | None) -> Opener | None:
        """Return what opens APS frames between two devices, None when there is no key."""
        unlock = self.dissector.unlock
        latest, keys = unlock.latest(originator, dst), self.keyring.for_link(originator, dst)
        if not keys and latest is None:
            return None
        if len(self._links) > 4096:
            self._links.clear()
        found = self._links[originator, dst] = Opener(keys, latest, lambda key: unlock.fitted(originator, dst, key))
        return found

    def _add(self, parties: Parties, time: int, plain: bytes, cluster: int, payload: bytes) -> bytes | None:
        """Return the message that a fragment completes. Raises HanError."""
        part: Any = Piece(Extended(plain[8], plain[9]), plain[7], cluster, plain[6], plain[1])
        return self.dissector.reassembly.add(parties, time, part, payload)

    def _route(self, psdu: bytes, aux: int) -> Any:
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
