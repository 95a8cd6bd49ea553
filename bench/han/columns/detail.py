"""One frame of the detailed dissector as the values of its row in columns."""

import numpy as np

from bench.han.columns.views import ROW, hashes
from bench.han.frame import Frame
from bench.han.mac import Address
from bench.han.nwk import NwkType
from bench.han.query_values import NO_EUI
from bench.han.row import carries_key
from bench.han.zcl import ZclFrame

Values = dict[str, int]


def number(eui: bytes | None) -> int:
    """Return an EUI-64 as it stands in a column."""
    return NO_EUI if eui is None else int.from_bytes(eui, "big")


def hashed(octets: bytes) -> int:
    """Return the value of column nwk_hash for secured NWK octets."""
    padded = np.zeros((1, ROW), np.uint8)
    padded[0, : len(octets)] = np.frombuffer(octets[:ROW], np.uint8)
    return int(hashes(padded, np.array([min(len(octets), ROW)], np.int64))[0])


def shown_payload(frame: Frame) -> bytes | None:
    """Return the plaintext APS payload of this frame; None also when it shows a key."""
    return None if carries_key(frame) else frame.aps_payload


def values(frame: Frame) -> Values:
    """Return the fields the frame has, by name of column; times, numbers and radio values excepted."""
    found: Values = {}
    if frame.fcs_ok is not None:
        found["fcs_ok"] = int(frame.fcs_ok)
    if frame.decrypted is not None:
        found["decrypted"] = int(frame.decrypted is True)
    _eui(found, "src_eui", frame.src_eui)
    _eui(found, "dst_eui", frame.dst_eui)
    _mac(found, frame)
    _nwk(found, frame)
    _aps(found, frame)
    if frame.zcl is not None:
        zcl(found, frame.zcl)
    return found


def _mac(found: Values, frame: Frame) -> None:
    mac = frame.mac
    if mac is None:
        return
    found["mac_type"] = int(mac.type)
    found["ack_request"] = int(mac.ack_request)
    _set(found, "mac_seq", mac.sequence)
    _set(found, "pan", mac.pan)
    _set(found, "dst_pan", mac.dst_pan)
    _address(found, "src", mac.src)
    _address(found, "dst", mac.dst)
    command = frame.mac_command
    if command is not None:
        found["mac_command"] = command.ID if command.ID >= 0 else command.octets()[0]


def _nwk(found: Values, frame: Frame) -> None:
    nwk = frame.nwk
    if nwk is None:
        return
    found["nwk_type"] = int(nwk.type)
    if nwk.type is not NwkType.INTER_PAN:
        found |= {"nwk_src": nwk.src, "nwk_dst": nwk.dst, "nwk_radius": nwk.radius, "nwk_seq": nwk.sequence}
        _eui(found, "nwk_src_eui", nwk.src_eui)
        _eui(found, "nwk_dst_eui", nwk.dst_eui)
    if nwk.security is not None:
        found["nwk_counter"] = nwk.security.counter
        _set(found, "key_seq", nwk.security.key_sequence)
        _eui(found, "hop_eui", nwk.security.source)
    command = frame.nwk_command
    if command is not None:
        found["nwk_command"] = command.ID if command.ID >= 0 else command.octets()[0]


def _aps(found: Values, frame: Frame) -> None:
    aps = frame.aps
    if aps is None:
        return
    found["aps_type"] = int(aps.type)
    _set(found, "aps_counter", aps.counter)
    _set(found, "profile", aps.profile)
    _set(found, "cluster", aps.cluster)
    _set(found, "src_endpoint", aps.src_endpoint)
    _set(found, "dst_endpoint", aps.dst_endpoint)
    if aps.security is not None:
        found["aps_frame_counter"] = aps.security.counter
        found["aps_key"] = int(aps.security.key_id)
    if aps.extended is not None and aps.extended.block is not None:
        found["fragment"] = 0 if aps.extended.first else aps.extended.block
        if aps.extended.first:
            found["fragments"] = aps.extended.block
    command = frame.aps_command
    if command is not None:
        found["aps_command"] = command.ID if command.ID >= 0 else command.octets()[0]
    payload = shown_payload(frame)
    if payload is not None:
        found["payload_length"] = len(payload)


def zcl(found: Values, frame: ZclFrame) -> None:
    """Add the fields of a ZCL header."""
    found["zcl_type"] = int(frame.type)
    found["zcl_from_server"] = int(frame.from_server)
    found["zcl_seq"] = frame.sequence
    found["zcl_command"] = frame.command
    _set(found, "manufacturer", frame.manufacturer)


def _set(found: Values, name: str, value: int | None) -> None:
    if value is not None:
        found[name] = value


def _eui(found: Values, name: str, eui: bytes | None) -> None:
    if eui is not None:
        found[name] = number(eui)


def _address(found: Values, name: str, address: Address) -> None:
    if isinstance(address, int):
        found[name] = address
    elif address is not None:
        found[f"{name}_long"] = number(address)
