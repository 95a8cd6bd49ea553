"""One frame off the air with everything that could be read in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from bench.han.aps import ApsFrame, ApsType
from bench.han.aps_commands import ApsCommand, TransportKey, Tunnel
from bench.han.aux_header import AuxHeader
from bench.han.mac import Address, MacFrame, MacType
from bench.han.mac_commands import Beacon, MacCommand
from bench.han.names import cluster_name, command_name, general_name
from bench.han.nwk import NwkFrame, NwkType
from bench.han.nwk_commands import NwkCommand
from bench.han.octets import eui_text
from bench.han.tunnelling import TunnelData, Tunnelling
from bench.han.zcl import ZclFrame, ZclType
from bench.han.zdo_base import Zdo


@dataclass(slots=True)
class Frame:
    """A frame and its layers; a layer that is absent or could not be read is None.

    `decrypted` is None when no layer is secured, True when every secured layer was decrypted, otherwise the reason why
    not: which key is missing or does not fit, and the frame counter. `error` says what is wrong with the octets.
    """

    number: int
    time: int  #: ns since 1970 (UTC)
    psdu: bytes = field(repr=False)
    fcs_ok: bool | None = None  #: None: received without FCS
    channel: int | None = None
    rssi: float | None = None  #: dBm
    lqi: int | None = None
    interface: int | str | None = None
    error: str | None = None
    decrypted: Literal[True] | str | None = None

    mac: MacFrame | None = None
    mac_command: MacCommand | None = None
    beacon: Beacon | None = None
    nwk: NwkFrame | None = None
    nwk_payload: bytes | None = field(default=None, repr=False)  #: plaintext
    nwk_command: NwkCommand | None = None
    aps: ApsFrame | None = None
    aps_payload: bytes | None = field(default=None, repr=False)  #: plaintext of this frame: one block when fragmented
    aps_command: ApsCommand | None = None
    carried: ApsCommand | None = None  #: the command inside an APS Tunnel command
    asdu: bytes | None = field(default=None, repr=False)  #: the complete APS payload, put together from fragments
    zcl: ZclFrame | None = None
    zcl_fields: dict[str, Any] | None = None  #: named fields, see smart_energy
    zdo: Zdo | None = None
    tunnel: Tunnelling | None = None
    tunnel_data: TunnelData | None = None
    gbcs: bytes | None = None  #: the GBCS message this frame completes, for the first of its copies only

    src_eui: bytes | None = None  #: originator, end to end where the NWK layer is known
    dst_eui: bytes | None = None
    src_name: str = ""
    dst_name: str = ""
    network_key: str | None = None  #: origin of the key that fitted
    link_key: str | None = None
    repeat_of: int | None = None  #: number of the frame of which this is a retry, a further hop or a second hearing

    @property
    def nwk_security(self) -> AuxHeader | None:
        """Aux header of the NWK layer: hop transmitter, frame counter, key sequence."""
        return None if self.nwk is None else self.nwk.security

    @property
    def aps_security(self) -> AuxHeader | None:
        """Aux header of the APS layer."""
        return None if self.aps is None else self.aps.security

    @property
    def key_in_clear(self) -> bytes | None:
        """The key that this frame showed to everybody, None in all but very wrong frames."""
        if self.nwk_security is not None or self.aps_security is not None:
            return None
        command = self.carried if isinstance(self.aps_command, Tunnel) and self.link_key is None else self.aps_command
        return command.key if isinstance(command, TransportKey) else None

    @property
    def command(self) -> str:
        """The innermost thing this frame is, in words."""
        if self.zcl is not None and self.aps is not None and self.aps.cluster is not None:
            if self.zcl.type is ZclType.GENERAL:
                return general_name(self.zcl.command)
            return command_name(self.aps.cluster, self.zcl.command, from_server=self.zcl.from_server)
        for layer in (self.zdo, self.aps_command, self.nwk_command, self.mac_command):
            if layer is not None:
                return type(layer).__name__
        return self._kind()

    def _kind(self) -> str:
        if self.aps is not None:
            if self.aps.type is ApsType.ACK:
                return "APS ack"
            if self.aps.extended is not None and self.aps.extended.block is not None:
                extended = self.aps.extended
                return f"fragment 0 of {extended.block}" if extended.first else f"fragment {extended.block}"
            return f"APS {self.aps.type.name.lower()}"
        if self.nwk is not None:
            return f"NWK {self.nwk.type.name.lower()}"
        return "?" if self.mac is None else self.mac.type.name.lower()

    def summary(self) -> str:
        """Return one line: number, time, addresses, what it is, and what is wrong with it."""
        seconds, ns = divmod(self.time, 1_000_000_000)
        parts = [f"{self.number}", f"{seconds}.{ns:09d}"]
        if self.src_name or self.dst_name:
            parts.append(f"{self.src_name or '-'} > {self.dst_name or '-'}")
        if self.aps is not None and self.aps.cluster is not None:
            parts.append(cluster_name(self.aps.cluster) if self.aps.profile else "ZDO")
        parts.append(self.command)
        if self.tunnel_data is not None:
            parts.append(self.tunnel_data.kind)
        if self.gbcs is not None:
            parts.append(f"GBCS {len(self.gbcs)} octets")
        if self.repeat_of is not None:
            parts.append(f"(repeats {self.repeat_of})")
        if isinstance(self.decrypted, str):
            parts.append(f"[{self.decrypted}]")
        if self.error is not None:
            parts.append(f"[{self.error}]")
        return "  ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as a JSON-able dictionary; absent things are left out, octets are hex text, no keys."""
        return dict(self._entries())

    def _entries(self) -> Iterator[tuple[str, Any]]:
        octets = [("psdu", self.psdu.hex())] if self.key_in_clear is None else []
        yield from (("number", self.number), ("time", self.time), *octets)
        for name in ("fcs_ok", "channel", "rssi", "lqi", "interface", "error", "decrypted", "repeat_of"):
            if (value := getattr(self, name)) is not None:
                yield name, value
        yield "what", self.command
        for name in ("src_name", "dst_name", "network_key", "link_key"):
            if value := getattr(self, name):
                yield name, value
        for name, eui in (("src_eui", self.src_eui), ("dst_eui", self.dst_eui)):
            if eui is not None:
                yield name, eui_text(eui)
        if self.mac is not None:
            yield "mac", self._mac(self.mac)
        if self.nwk is not None:
            yield "nwk", self._nwk(self.nwk)
        if self.aps is not None:
            yield "aps", self._aps(self.aps)
        if self.zdo is not None:
            yield "zdo", self.zdo.as_dict()
        if self.zcl is not None:
            yield "zcl", self._zcl(self.zcl)
        if self.gbcs is not None:
            yield "gbcs", self.gbcs.hex()

    def _mac(self, mac: MacFrame) -> dict[str, Any]:
        entries: dict[str, Any] = {
            "type": mac.type.name.lower(),
            "sequence": mac.sequence,
            "dst_pan": mac.dst_pan,
            "dst": address_text(mac.dst),
            "src_pan": mac.src_pan,
            "src": address_text(mac.src),
            "ack_request": mac.ack_request,
            "pending": mac.pending,
            "version": mac.version,
        }
        if self.mac_command is not None:
            entries["command"] = self.mac_command.as_dict()
        if self.beacon is not None:
            entries["association_permit"] = self.beacon.association_permit
            zigbee = self.beacon.zigbee
            entries["zigbee"] = None if zigbee is None else zigbee.as_dict()
        return _present(entries)

    def _nwk(self, nwk: NwkFrame) -> dict[str, Any]:
        entries: dict[str, Any] = {"type": nwk.type.name.lower()}
        if nwk.type is not NwkType.INTER_PAN:
            entries |= {
                "dst": f"{nwk.dst:04X}",
                "src": f"{nwk.src:04X}",
                "radius": nwk.radius,
                "sequence": nwk.sequence,
                "relays": None if nwk.relays is None else [f"{relay:04X}" for relay in nwk.relays],
                "security": _security(nwk.security),
            }
        if self.nwk_command is not None:
            entries["command"] = self.nwk_command.as_dict()
        return _present(entries)

    def _aps(self, aps: ApsFrame) -> dict[str, Any]:
        entries: dict[str, Any] = {
            "type": aps.type.name.lower(),
            "delivery": aps.delivery.name.lower(),
            "counter": aps.counter,
            "dst_endpoint": aps.dst_endpoint,
            "src_endpoint": aps.src_endpoint,
            "cluster": None if aps.cluster is None else f"{aps.cluster:04X}",
            "profile": None if aps.profile is None else f"{aps.profile:04X}",
            "ack_request": aps.ack_request,
            "security": _security(aps.security),
        }
        if aps.extended is not None:
            entries |= {"fragmentation": aps.extended.fragmentation & 3, "block": aps.extended.block}
            entries["received"] = aps.extended.received
        if self.aps_command is not None:
            entries["command"] = self.aps_command.as_dict()
            entries["carried"] = None if self.carried is None else self.carried.as_dict()
        elif self.aps_payload is not None and aps.type is not ApsType.COMMAND:
            entries["payload"] = self.aps_payload.hex()
        return _present(entries)

    def _zcl(self, zcl: ZclFrame) -> dict[str, Any]:
        entries: dict[str, Any] = {
            "type": zcl.type.name.lower(),
            "sequence": zcl.sequence,
            "command": zcl.command,
            "name": self.command,
            "from_server": zcl.from_server,
            "manufacturer": zcl.manufacturer,
            "payload": zcl.payload.hex(),
            "fields": self.zcl_fields or None,
        }
        if self.tunnel_data is not None:
            entries["tunnel_data"] = self.tunnel_data.kind
            entries["remaining"] = self.tunnel_data.remaining
        return _present(entries)


def address_text(address: Address) -> str | None:
    """Return "6F01", an EUI as text, or None."""
    if address is None:
        return None
    return f"{address:04X}" if isinstance(address, int) else eui_text(address)


def is_data(mac: MacFrame) -> bool:
    """Whether the MAC payload is a NWK frame."""
    return mac.type is MacType.DATA and bool(mac.payload)


def _security(aux: AuxHeader | None) -> dict[str, Any] | None:
    if aux is None:
        return None
    source = None if aux.source is None else eui_text(aux.source)
    return _present({"key": aux.key_id.name, "counter": aux.counter, "source": source, "sequence": aux.key_sequence})


def _present(entries: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if value is not None}
