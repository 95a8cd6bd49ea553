"""The record of a frame as a row: what a query asks for is made when it is asked for, and all of it for printing."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from bench.han.frame import Frame
from bench.han.heard import Heard, zcl_fields
from bench.han.names import cluster_name, command_name, general_name
from bench.han.nwk_commands import COMMANDS as NWK_COMMANDS
from bench.han.nwk_commands import parse_command
from bench.han.row import Row, address, decoded, eui, payload, row, time_text
from bench.han.smart_energy import Scales
from bench.han.tables import cluster as known_cluster
from bench.han.tunnelling import CLUSTER as TUNNELLING
from bench.han.tunnelling import TransferData, TunnelData, parse_tunnelling
from bench.han.zcl import ZclFrame


class HeardRow(Mapping[str, Any]):
    """A row without `fields`, which need what is known of the meter at that moment: see `whole`."""

    __slots__ = ("_message", "heard", "interface")

    def __init__(self, heard: Heard, interface: int | str | None = None, message: bytes | Row | None = None) -> None:
        """`message` is the GBCS message that the frame completes, or already what is to be told of it."""
        self.heard, self.interface, self._message = heard, interface, message

    @property
    def gbcs(self) -> Row | None:
        """The message decoded."""
        if isinstance(self._message, bytes):
            self._message = decoded(self._message)
        return self._message

    def __getitem__(self, name: str) -> Any:
        if name == "gbcs":
            return self.gbcs
        return self.interface if name == "interface" else _VALUES[name](self.heard)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, `default` for a name that rows do not have."""
        value = _VALUES.get(name)
        if value is not None:
            return value(self.heard)
        return self[name] if name in ("gbcs", "interface") else default

    def __iter__(self) -> Iterator[str]:
        return iter((*_VALUES, "gbcs", "interface"))

    def __len__(self) -> int:
        return len(_VALUES) + 2


def whole(shown: HeardRow, scales: Scales, *, with_keys: bool = False) -> Row:
    """Return the row of the frame heard last as `bench.han.row.row` gives it."""
    heard = shown.heard
    if heard.frame is not None:
        return row(heard.frame, shown.gbcs, with_keys=with_keys)
    return {name: _fields(heard, scales) if name == "fields" else shown[name] for name in _ORDER}


def _fields(heard: Heard, scales: Scales) -> Row | None:
    if heard.zcl_command is not None:
        found, _ = zcl_fields(heard, scales)
        told = tunnel(heard)
        if told is not None:
            found["tunnelData"] = told.kind
            if told.remaining is not None:
                found["remaining"] = told.remaining
        return found or None
    if heard.nwk_command is not None and heard.nwk_payload is not None:
        shown = parse_command(heard.nwk_payload).as_dict()
        shown.pop("name")
        return shown or None
    return None


def tunnel(heard: Heard) -> TunnelData | None:
    """Return what the data of a TransferData is, None for any other frame."""
    if heard.frame is not None:
        return heard.frame.tunnel_data
    if heard.cluster != TUNNELLING or not heard.zcl_type or heard.asdu is None or heard.error is not None:
        return None
    known = parse_tunnelling(ZclFrame.parse(heard.asdu))
    return TunnelData.parse(known.data) if isinstance(known, TransferData) else None


def command(heard: Heard) -> str:
    """Return the innermost thing a frame is, as Frame.command."""
    if heard.frame is not None:
        return heard.frame.command
    if heard.zcl_command is None and heard.fragment is not None and heard.nwk_payload is not None:
        first = heard.nwk_payload[8] & 3 == 1
        return f"fragment 0 of {heard.nwk_payload[9]}" if first else f"fragment {heard.fragment}"
    return _command(
        heard.mac_type,
        heard.nwk_command,
        heard.aps_type,
        heard.cluster,
        heard.zcl_type,
        heard.zcl_from_server,
        heard.zcl_command,
    )


@lru_cache(4096)
def _command(
    mac_type: int | None,
    nwk_command: int | None,
    aps_type: int | None,
    cluster: int | None,
    zcl_type: int | None,
    from_server: bool | None,
    zcl_command: int | None,
) -> str:
    if zcl_command is not None:
        if zcl_type == 0:
            return general_name(zcl_command)
        return command_name(cluster or 0, zcl_command, from_server=bool(from_server))
    if nwk_command is not None:
        return NWK_COMMANDS[nwk_command].__name__
    if aps_type is not None:
        return "APS ack" if aps_type else "APS data"
    return "ack" if mac_type == 2 else "NWK data"


def _payload(heard: Heard) -> str | None:
    if heard.frame is not None:
        return payload(heard.frame)
    octets = heard.payload if heard.asdu is None else heard.asdu
    return None if octets is None else octets.hex()


@lru_cache(4096)
def _cluster_name(profile: int | None, cluster: int | None) -> str | None:
    if cluster is None:
        return None
    if profile == 0:
        return "ZDO"
    return cluster_name(cluster) if known_cluster(cluster) is not None else None


@lru_cache(1 << 16)
def _hexadecimal(number: int | None) -> str | None:
    return None if number is None else f"0x{number:04x}"


@lru_cache(4096)
def _eui(octets: bytes | None) -> str | None:
    return None if octets is None else eui(octets)


def _address(value: int | bytes | None) -> str | None:
    return address(value) if isinstance(value, bytes) else _hexadecimal(value)


_VALUES: dict[str, Callable[[Heard], Any]] = {
    "frame": lambda heard: heard.number,
    "time": lambda heard: time_text(heard.time),
    "channel": lambda heard: heard.channel,
    "rssi": lambda heard: heard.rssi,
    "src": lambda heard: _address(heard.src),
    "dst": lambda heard: _address(heard.dst),
    "nwk_src": lambda heard: _hexadecimal(heard.nwk_src),
    "nwk_dst": lambda heard: _hexadecimal(heard.nwk_dst),
    "nwk_counter": lambda heard: heard.nwk_counter,
    "aps_counter": lambda heard: heard.aps_counter,
    "profile": lambda heard: _hexadecimal(heard.profile),
    "cluster": lambda heard: _hexadecimal(heard.cluster),
    "command": lambda heard: None if heard.mac_type is None else command(heard),
    "decrypted": lambda heard: heard.decrypted,
    "payload": _payload,
    "lqi": lambda heard: heard.lqi,
    "pan": lambda heard: _hexadecimal(heard.pan),
    "mac_seq": lambda heard: heard.mac_seq,
    "nwk_seq": lambda heard: heard.nwk_seq,
    "nwk_key_seq": lambda heard: heard.key_seq,
    "aps_frame_counter": lambda heard: heard.aps_frame_counter,
    "cluster_name": lambda heard: _cluster_name(heard.profile, heard.cluster),
    "command_id": lambda heard: heard.zcl_command,
    "src_eui": lambda heard: _eui(heard.src_eui),
    "dst_eui": lambda heard: _eui(heard.dst_eui),
    "network_key": lambda heard: heard.network_key,
    "link_key": lambda heard: heard.link_key,
    "repeat_of": lambda heard: heard.repeat_of,
    "error": lambda heard: heard.error,
}
#: as the JSON object of `bench sniff` has them
_ORDER = tuple(row(Frame(0, 0, b"")))
