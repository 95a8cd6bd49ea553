"""A frame as the JSON object of `bench sniff --json`: one flat row, addresses and numbers as tshark prints them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from bench.gbcs.gbt import Assembly
from bench.han.aps import ApsType
from bench.han.aps_commands import TransportKey
from bench.han.frame import Frame
from bench.han.mac import Address, with_fcs
from bench.han.names import cluster_name
from bench.han.nwk import NwkType
from bench.han.tables import cluster as known_cluster

Row = dict[str, Any]
_COLON = ":"


class Messages:
    """Decodes GBCS messages out of tunnels; those sent in blocks when the last block has come (GBCS 7.2.11)."""

    def __init__(self) -> None:
        self._assembly = Assembly()

    def assemble(self, transfer: bytes) -> bytes | Row | None:
        """Return the whole message, None while blocks are missing, or what is wrong as `{"error": ...}`."""
        from bench.gbcs.errors import GbcsError

        try:
            return self._assembly.feed(transfer)
        except GbcsError as fault:
            return {"error": str(fault)}

    def decode(self, transfer: bytes) -> Row | None:
        """Return the message as `bench decode --json` shows it, None while blocks are missing; an `error` is told."""
        whole = self.assemble(transfer)
        return decoded(whole) if isinstance(whole, bytes) else whole


def decoded(whole: bytes) -> Row:
    """Return a GBCS message as `bench decode --json` shows it; an `error` is told."""
    from bench.gbcs.decode import decode
    from bench.gbcs.errors import GbcsError
    from bench.gbcs.message import Message

    try:
        message = Message.parse(whole)
        found = decode(message)
        found["roundtrip"] = found["roundtrip"] and bytes(message) == whole
    except GbcsError as fault:
        return {"error": str(fault)}
    return found


def row(frame: Frame, gbcs: Mapping[str, Any] | None = None, *, with_keys: bool = False) -> Row:
    """Return the row of a frame; `gbcs` is the decoded message it completes. Absent values are None.

    A key on its way is left out of `payload` unless `with_keys`.
    """
    mac, nwk, aps, zcl = frame.mac, frame.nwk, frame.aps, frame.zcl
    inter_pan = nwk is not None and nwk.type is NwkType.INTER_PAN
    security = None if nwk is None else nwk.security
    profile = None if aps is None or aps.profile is None else f"0x{aps.profile:04x}"
    cluster = None if aps is None or aps.cluster is None else f"0x{aps.cluster:04x}"
    return {
        "frame": frame.number,
        "time": time_text(frame.time),
        "channel": frame.channel,
        "rssi": frame.rssi,
        "src": None if mac is None else address(mac.src),
        "dst": None if mac is None else address(mac.dst),
        "nwk_src": None if nwk is None or inter_pan else f"0x{nwk.src:04x}",
        "nwk_dst": None if nwk is None or inter_pan else f"0x{nwk.dst:04x}",
        "nwk_counter": None if security is None else security.counter,
        "aps_counter": None if aps is None else aps.counter,
        "profile": profile,
        "cluster": cluster,
        "command": None if mac is None else frame.command,
        "decrypted": frame.decrypted,
        "payload": payload(frame, with_keys=with_keys),
        "gbcs": gbcs,
        "lqi": frame.lqi,
        "interface": frame.interface,
        "pan": None if mac is None or mac.pan is None else f"0x{mac.pan:04x}",
        "mac_seq": None if mac is None else mac.sequence,
        "nwk_seq": None if nwk is None or inter_pan else nwk.sequence,
        "nwk_key_seq": None if security is None else security.key_sequence,
        "aps_frame_counter": None if aps is None or aps.security is None else aps.security.counter,
        "cluster_name": _cluster_name(frame),
        "command_id": None if zcl is None else zcl.command,
        "src_eui": None if frame.src_eui is None else eui(frame.src_eui),
        "dst_eui": None if frame.dst_eui is None else eui(frame.dst_eui),
        "network_key": frame.network_key,
        "link_key": frame.link_key,
        "fields": fields(frame),
        "repeat_of": frame.repeat_of,
        "error": frame.error,
    }


def _cluster_name(frame: Frame) -> str | None:
    aps = frame.aps
    if aps is None or aps.cluster is None:
        return None
    if aps.profile == 0:
        return "ZDO"
    return cluster_name(aps.cluster) if known_cluster(aps.cluster) is not None else None


def payload(frame: Frame, *, with_keys: bool = False) -> str | None:
    """Return the APS payload in plaintext as hex: of the whole message for the frame that completes it."""
    octets = frame.aps_payload if frame.asdu is None else frame.asdu
    if octets is None or (carries_key(frame) and not with_keys):
        return None
    return octets.hex()


def carries_key(frame: Frame) -> bool:
    """Whether the APS payload shows a key."""
    clear_inside = isinstance(frame.carried, TransportKey) and frame.link_key is None
    return isinstance(frame.aps_command, TransportKey) or clear_inside


def without_clear_key(frame: Frame) -> bytes:
    """Return the PSDU, with zeros where a key went on air in clear, and its FCS made anew."""
    key = frame.key_in_clear
    if key is None:
        return frame.psdu
    octets = frame.psdu.replace(key, bytes(len(key)))
    return octets if frame.fcs_ok is None else with_fcs(octets[:-2])


def fields(frame: Frame) -> Row | None:
    """Return the fields of the innermost layer by name, None when it has none."""
    if frame.zcl_fields is not None:
        found = dict(frame.zcl_fields)
        if frame.tunnel_data is not None:
            found["tunnelData"] = frame.tunnel_data.kind
            if frame.tunnel_data.remaining is not None:
                found["remaining"] = frame.tunnel_data.remaining
        return found or None
    for layer in (frame.zdo, frame.carried, frame.aps_command, frame.nwk_command, frame.mac_command):
        if layer is not None:
            shown = layer.as_dict()
            shown.pop("name")
            return shown or None
    if frame.beacon is not None:
        zigbee = frame.beacon.zigbee
        return {"association_permit": frame.beacon.association_permit} | ({} if zigbee is None else zigbee.as_dict())
    if frame.aps is not None and frame.aps.type is ApsType.ACK and frame.aps.extended is not None:
        return {"base": frame.aps.extended.block, "received": frame.aps.extended.received}
    return None


def eui(octets: bytes) -> str:
    """Return "00:15:5f:00:11:22:33:44" for 8 octets in written order."""
    return octets.hex(_COLON)


def address(value: Address) -> str | None:
    """Return "0x6f01" or an EUI, None for no address."""
    if value is None:
        return None
    return f"0x{value:04x}" if isinstance(value, int) else eui(value)


@lru_cache(1024)
def _second(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"+{seconds}s"


def time_text(time: int) -> str:
    """Return ns since 1970 as ISO 8601 in UTC with nine digits: "2026-11-21T10:00:00.000000000Z"."""
    seconds, ns = divmod(time, 1_000_000_000)
    return f"{_second(seconds)}.{ns:09d}Z"
