"""The flat record of a frame that the live path gives."""

from typing import NamedTuple

from bench.han.errors import HanError
from bench.han.frame import Frame
from bench.han.layout import Named
from bench.han.smart_energy import Scales, describe
from bench.han.tunnelling import CLUSTER as TUNNELLING
from bench.han.tunnelling import parse_tunnelling
from bench.han.zcl import ZclFrame


class Heard(NamedTuple):
    """One frame. What it has not is None; EUI-64s are 8 octets in written order."""

    number: int
    time: int  #: ns since 1970
    channel: int | None
    rssi: float | None
    lqi: int | None
    fcs_ok: bool | None
    mac_type: int | None = None
    mac_seq: int | None = None
    pan: int | None = None
    src: int | bytes | None = None
    dst: int | bytes | None = None
    nwk_type: int | None = None
    nwk_src: int | None = None
    nwk_dst: int | None = None
    nwk_radius: int | None = None
    nwk_seq: int | None = None
    hop_eui: bytes | None = None
    nwk_counter: int | None = None
    key_seq: int | None = None
    nwk_command: int | None = None
    src_eui: bytes | None = None
    dst_eui: bytes | None = None
    decrypted: bool | str | None = None  #: as Frame.decrypted
    aps_type: int | None = None
    aps_counter: int | None = None
    profile: int | None = None
    cluster: int | None = None
    src_endpoint: int | None = None
    dst_endpoint: int | None = None
    aps_frame_counter: int | None = None
    zcl_type: int | None = None
    zcl_from_server: bool | None = None
    zcl_seq: int | None = None
    zcl_command: int | None = None
    payload: bytes | None = None  #: plaintext APS payload of this frame
    fragment: int | None = None  #: number of the block, 0 for the first
    asdu: bytes | None = None  #: the complete APS payload, put together from fragments
    gbcs: bytes | None = None  #: the GBCS message this frame completes, for the first of its copies only
    error: str | None = None
    repeat_of: int | None = None  #: as Frame.repeat_of
    network_key: str | None = None  #: where the key that fitted came from
    link_key: str | None = None
    nwk_payload: bytes | None = None  #: plaintext
    frame: Frame | None = None  #: the dissector's, where it read this one


def zcl_fields(record: Heard, scales: Scales) -> tuple[Named, HanError | None]:
    """Return the named fields of the ZCL frame in a record, and what is wrong with its payload; it may teach scales.

    The record must have the header of a ZCL frame, and NWK addresses.
    """
    zcl = ZclFrame.parse(record.asdu or b"")
    if zcl.from_server:
        owner, short, endpoint = record.src_eui, record.nwk_src, record.src_endpoint
    else:
        owner, short, endpoint = record.dst_eui, record.nwk_dst, record.dst_endpoint
    found: Named = {}
    try:
        if record.cluster == TUNNELLING:
            parse_tunnelling(zcl)
        describe(record.cluster or 0, zcl, found, scales, (owner or (record.pan, short), endpoint))
    except HanError as fault:
        return found, fault
    return found, None


def heard(frame: Frame) -> Heard:
    """Return the record of a frame that the dissector read."""
    mac, nwk, aps, zcl = frame.mac, frame.nwk, frame.aps, frame.zcl
    named = None if nwk is None or nwk.type == 3 else nwk
    security = None if nwk is None else nwk.security
    command = frame.nwk_command
    extended = None if aps is None else aps.extended
    block = None if extended is None else 0 if extended.first else extended.block
    values = (
        frame.number,
        frame.time,
        frame.channel,
        frame.rssi,
        frame.lqi,
        frame.fcs_ok,
        *((None,) * 5 if mac is None else (int(mac.type), mac.sequence, mac.pan, mac.src, mac.dst)),
        None if nwk is None else int(nwk.type),
        *((None,) * 4 if named is None else (named.src, named.dst, named.radius, named.sequence)),
        *((None,) * 3 if security is None else (security.source, security.counter, security.key_sequence)),
        None if command is None else command.octets()[0],
        frame.src_eui,
        frame.dst_eui,
        frame.decrypted,
        *(
            (None,) * 6
            if aps is None
            else (int(aps.type), aps.counter, aps.profile, aps.cluster, aps.src_endpoint, aps.dst_endpoint)
        ),
        None if aps is None or aps.security is None else aps.security.counter,
        *((None,) * 4 if zcl is None else (int(zcl.type), zcl.from_server, zcl.sequence, zcl.command)),
        frame.aps_payload,
        block,
        frame.asdu,
        frame.gbcs,
        frame.error,
        frame.repeat_of,
        frame.network_key,
        frame.link_key,
        frame.nwk_payload,
        frame,
    )
    return Heard._make(values)
