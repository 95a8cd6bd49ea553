"""From captured octets to layered frames: decryption, addresses, fragments, tunnelled messages.

A Dissector has a memory: feed it the frames of one rig in the order they were heard. It keeps no clock; time is what
the frames say.
"""

from collections import deque
from collections.abc import Mapping

from bench.han import aps_commands, mac_commands, nwk_commands, smart_energy, tunnelling, zdo
from bench.han.aps import ApsFrame, ApsType
from bench.han.capture_reader import Packet
from bench.han.directory import Directory
from bench.han.errors import HanError
from bench.han.fragments import Reassembly
from bench.han.frame import Frame, is_data
from bench.han.keyring import Keyring
from bench.han.mac import MacFrame, MacType
from bench.han.mac import fcs as check_sequence
from bench.han.nwk import NwkFrame, NwkType
from bench.han.repeat_memory import RepeatMemory
from bench.han.unlock import Unlock, Unlocked
from bench.han.zcl import ZclFrame


class Dissector:
    """Reads frames one after the other. Never raises on bad octets: see `Frame.error` and `Frame.decrypted`.

    Keys seen on air are added to the keyring given. Frames that could not be decrypted are kept (the latest `keep`)
    for `retry`, to be called when keys have been added.
    """

    def __init__(
        self, keyring: Keyring | None = None, *, names: Mapping[bytes, str] | None = None, keep: int = 4096
    ) -> None:
        self.keyring = Keyring() if keyring is None else keyring
        self.directory = Directory(names)
        self.reassembly = Reassembly()
        self.unlock = Unlock(self.keyring, self.directory)
        self._count = 0
        self._undecrypted: deque[Frame] = deque(maxlen=keep)
        self.scales = smart_energy.Scales()
        self.repeats = RepeatMemory()

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
        number: int | None = None,
    ) -> Frame:
        """Dissect the next frame. `time` in ns since 1970; `fcs`: whether the PSDU ends with its check sequence.

        Frames are numbered from 1 unless `number` says otherwise.
        """
        self._count = self._count + 1 if number is None else number
        frame = Frame(self._count, time, bytes(psdu), None, channel, rssi, lqi, interface)
        self._dissect(frame, fcs=fcs)
        return frame

    def feed_packet(self, packet: Packet, number: int | None = None) -> Frame:
        """Dissect a packet of a capture file."""
        interface = packet.interface_name or packet.interface
        if packet.error is not None:
            self._count = self._count + 1 if number is None else number
            error = f"frame {self._count}, {packet.error.removeprefix(f'packet {packet.number}, ')}"
            return Frame(self._count, packet.time, b"", interface=interface, error=error)
        return self.feed(
            packet.time,
            packet.psdu,
            fcs=packet.fcs,
            channel=packet.channel,
            rssi=packet.rssi,
            lqi=packet.lqi,
            interface=interface,
            number=number,
        )

    def retry(self) -> list[Frame]:
        """Dissect the kept frames that could not be decrypted again; return, anew, those that now get further.

        Their numbers and times are those of the frames they replace. Keys that turn up on the way are used too.
        """
        advanced: dict[int, Frame] = {}
        progress = True
        while progress:
            progress = False
            kept = list(self._undecrypted)
            self._undecrypted.clear()
            for old in kept:
                frame = Frame(old.number, old.time, old.psdu, None, old.channel, old.rssi, old.lqi, old.interface)
                self._dissect(frame, fcs=old.fcs_ok is not None)
                if frame.decrypted is True or (frame.aps is not None and old.aps is None):
                    advanced[frame.number] = frame
                    progress = True
        return [advanced[number] for number in sorted(advanced)]

    def _dissect(self, frame: Frame, *, fcs: bool) -> None:
        try:
            self._mac(frame, fcs=fcs)
        except HanError as fault:
            frame.error = fault.in_frame(frame.number)
        self._name(frame)
        if isinstance(frame.decrypted, str):
            self._undecrypted.append(frame)

    def _mac(self, frame: Frame, *, fcs: bool) -> None:
        mac = MacFrame.parse(frame.psdu, fcs=fcs)
        frame.mac, frame.fcs_ok = mac, None if mac.fcs is None else mac.fcs == check_sequence(frame.psdu[:-2])
        if frame.fcs_ok is False:
            raise HanError("MAC", len(frame.psdu) - 2, f"FCS {mac.fcs:04X} does not match the octets")
        if mac.security is not None:
            frame.decrypted = "MAC security is not used by ZigBee"
        elif mac.type is MacType.COMMAND:
            frame.mac_command = mac_commands.parse_command(mac.payload)
            self._learn_from_mac(mac, frame.mac_command, frame.channel)
        elif mac.type is MacType.BEACON and mac.version < 2:
            frame.beacon = mac_commands.Beacon.parse(mac.payload)
        elif mac.type is MacType.BEACON:
            frame.beacon = mac_commands.enhanced_beacon(mac)
        elif is_data(mac):
            self._nwk(frame, mac)

    def _learn_from_mac(self, mac: MacFrame, command: mac_commands.MacCommand, channel: int | None) -> None:
        if isinstance(command, mac_commands.AssociationResponse) and command.status == 0 and isinstance(mac.dst, bytes):
            self.directory.learn(mac.pan, command.short, mac.dst, channel)
        elif isinstance(command, mac_commands.CoordinatorRealignment) and isinstance(mac.dst, bytes):
            self.directory.learn(command.pan, command.short, mac.dst, channel)
            if isinstance(mac.src, bytes):
                self.directory.learn(command.pan, command.coordinator, mac.src, channel)

    def _nwk(self, frame: Frame, mac: MacFrame) -> None:
        nwk = NwkFrame.parse(mac.payload)
        if nwk.version != 2:
            raise HanError("NWK", 0, f"protocol version {nwk.version}, expected 2 (ZigBee PRO)")
        frame.nwk = nwk
        if nwk.type is NwkType.INTER_PAN:
            frame.src_eui = mac.src if isinstance(mac.src, bytes) else None
            frame.dst_eui = mac.dst if isinstance(mac.dst, bytes) else None
            self._aps(frame, ApsFrame.parse(nwk.payload), mac.pan)
            return
        pan = mac.pan
        if nwk.security is not None:
            self._note_repeat(frame, (pan, mac.payload))
        opened = self.unlock.nwk(nwk, pan, mac.src, frame.channel)
        if opened is None or isinstance(opened, Unlocked) or not self.keyring.network_keys:
            # With keys at hand, a frame that none of them opens may be forged: it teaches no addresses.
            self._learn_from_nwk(nwk, mac, frame.channel)
        frame.src_eui = nwk.src_eui or self.directory.eui(pan, nwk.src, frame.channel)
        frame.dst_eui = nwk.dst_eui or self.directory.eui(pan, nwk.dst, frame.channel)
        if isinstance(opened, str):
            frame.decrypted = opened
            return
        if opened is not None:
            frame.decrypted, frame.network_key = True, opened.origin
        frame.nwk_payload = nwk.payload if opened is None else opened.plaintext
        if nwk.type is NwkType.COMMAND:
            frame.nwk_command = nwk_commands.parse_command(frame.nwk_payload)
            if isinstance(frame.nwk_command, nwk_commands.RejoinResponse) and frame.nwk_command.status == 0:
                self.directory.learn(pan, frame.nwk_command.short, nwk.dst_eui, frame.channel)
        elif frame.nwk_payload:
            self._aps(frame, ApsFrame.parse(frame.nwk_payload), pan)

    def _learn_from_nwk(self, nwk: NwkFrame, mac: MacFrame, channel: int | None) -> None:
        pan = mac.pan
        self.directory.learn(pan, nwk.src, nwk.src_eui, channel)
        self.directory.learn(pan, nwk.dst, nwk.dst_eui, channel)
        if nwk.security is not None and isinstance(mac.src, int):
            self.directory.learn(pan, mac.src, nwk.security.source, channel)

    def _aps(self, frame: Frame, aps: ApsFrame, pan: int | None) -> None:
        frame.aps = aps
        nwk = frame.nwk
        opened = self.unlock.aps(aps, frame.src_eui, frame.dst_eui, pan)
        if isinstance(opened, str):
            frame.decrypted = opened
            return
        if opened is not None:
            frame.decrypted, frame.link_key = True, opened.origin
            if frame.src_eui is None and nwk is not None:
                frame.src_eui = opened.originator
                self.directory.learn(pan, nwk.src, opened.originator, frame.channel)
        frame.aps_payload = aps.payload if opened is None else opened.plaintext
        if aps.type is ApsType.COMMAND:
            frame.aps_command = aps_commands.parse_command(frame.aps_payload)
            self._aps_command(frame, frame.aps_command, pan)
        elif aps.type is not ApsType.ACK:
            self._asdu(frame, aps, pan)

    def _aps_command(self, frame: Frame, command: aps_commands.ApsCommand, pan: int | None) -> None:
        if isinstance(command, aps_commands.TransportKey):
            self._learn_key(frame, command, frame.dst_eui, pan)
        elif isinstance(command, aps_commands.UpdateDevice):
            self.directory.learn(pan, command.short, command.device, frame.channel)
        elif isinstance(command, aps_commands.Tunnel):
            inner = command.frame
            opened = self.unlock.aps(inner, frame.src_eui, command.dst, pan)
            if isinstance(opened, str):
                frame.decrypted = f"inside the Tunnel command: {opened}"
                return
            payload = inner.payload if opened is None else opened.plaintext
            if opened is not None:
                frame.link_key = opened.origin
            if inner.type is ApsType.COMMAND:
                frame.carried = aps_commands.parse_command(payload)
                if isinstance(frame.carried, aps_commands.TransportKey):
                    self._learn_key(frame, frame.carried, command.dst, pan)

    def _learn_key(
        self, frame: Frame, command: aps_commands.TransportKey, receiver: bytes | None, pan: int | None
    ) -> None:
        origin = f"frame {frame.number}"
        if command.type == aps_commands.STANDARD_NETWORK_KEY:
            self.keyring.add_network_key(command.key, command.sequence, pan=pan, origin=origin)
        elif command.type == aps_commands.TRUST_CENTRE_LINK_KEY:
            self._add_link_key(command.key, {e for e in (command.dst, command.src) if e is not None}, origin)
        elif command.type == aps_commands.APPLICATION_LINK_KEY:
            self._add_link_key(command.key, {e for e in (receiver, command.partner) if e is not None}, origin)

    def _add_link_key(self, key: bytes, pair: set[bytes], origin: str) -> None:
        self.keyring.add_link_key(key, pair if len(pair) == 2 else None, origin=origin)

    def _asdu(self, frame: Frame, aps: ApsFrame, pan: int | None) -> None:
        block = frame.aps_payload or b""
        nwk = frame.nwk
        parties = (frame.channel, pan, nwk.src, nwk.dst) if nwk is not None else (frame.channel, pan)
        if aps.extended is None or aps.extended.block is None:
            frame.asdu = block
            if aps.type is ApsType.DATA:  # inter-PAN has no counter: what is alike may have been sent twice
                self._note_repeat(frame, (*parties, aps.counter, aps.cluster, block))
        else:
            self._note_repeat(frame, (*parties, aps.counter, aps.cluster, block, bytes(aps.extended)))
            if frame.repeat_of is None:
                frame.asdu = self.reassembly.add(parties, frame.time, aps, block)
        if frame.asdu is None:
            return
        if aps.profile == 0:
            frame.zdo = zdo.parse_zdo(aps.cluster or 0, frame.asdu)
            known = frame.zdo
            if isinstance(known, zdo.DeviceAnnce) or (isinstance(known, zdo.NwkAddrResponse) and known.status == 0):
                self.directory.learn(pan, known.short, known.eui, frame.channel)
            return
        zcl = frame.zcl = ZclFrame.parse(frame.asdu)
        if aps.cluster == tunnelling.CLUSTER:
            self._tunnel(frame, zcl)
        if aps.cluster is not None:
            frame.zcl_fields = {}
            owner, endpoint = ("src", aps.src_endpoint) if zcl.from_server else ("dst", aps.dst_endpoint)
            meter = getattr(frame, f"{owner}_eui") or (pan, getattr(nwk, owner, None)), endpoint
            smart_energy.describe(aps.cluster, zcl, frame.zcl_fields, self.scales, meter)

    def _tunnel(self, frame: Frame, zcl: ZclFrame) -> None:
        frame.tunnel = tunnelling.parse_tunnelling(zcl)
        if isinstance(frame.tunnel, tunnelling.TransferData):
            frame.tunnel_data = tunnelling.TunnelData.parse(frame.tunnel.data)
            if frame.repeat_of is None:
                frame.gbcs = frame.tunnel_data.gbcs

    def _note_repeat(self, frame: Frame, identity: tuple[object, ...]) -> None:
        """Note of which earlier frame this is a retry, a further hop, or a second hearing by another sniffer."""
        if frame.repeat_of is None:
            frame.repeat_of = self.repeats.note(frame.number, frame.time, identity)

    def _name(self, frame: Frame) -> None:
        mac, nwk = frame.mac, frame.nwk
        if mac is None:
            return
        pan = mac.pan
        if nwk is not None and nwk.type is not NwkType.INTER_PAN:
            frame.src_name = self.directory.name(nwk.src, frame.src_eui)
            frame.dst_name = self.directory.name(nwk.dst, frame.dst_eui)
            return
        frame.src_eui = self.directory.eui(pan, mac.src, frame.channel)
        frame.dst_eui = self.directory.eui(mac.dst_pan, mac.dst, frame.channel)
        frame.src_name = self.directory.name(mac.src, frame.src_eui)
        frame.dst_name = self.directory.name(mac.dst, frame.dst_eui)
