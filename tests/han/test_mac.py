"""MAC frames against fixed vectors, scapy, and themselves."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.han import mac_commands as commands
from bench.han.errors import HanError
from bench.han.ie import HeaderIe, PayloadIe, ZigbeeIe
from bench.han.mac import MacFrame, MacType, fcs, with_fcs

from .vectors import CHF, CHF_SHORT, FRAMES, GSME, GSME_SHORT, PAN, psdu


@pytest.mark.parametrize(
    ("data", "check"),
    [("313233343536373839", "8921"), ("020011", "b0b4"), ("030801ffffffff07", "132d")],
)
def test_fcs_vectors(data: str, check: str) -> None:
    assert with_fcs(bytes.fromhex(data))[-2:].hex() == check


@given(st.binary(max_size=125))
def test_fcs_over_frame_and_fcs_is_zero(data: bytes) -> None:
    assert fcs(with_fcs(data)) == 0


@settings(deadline=None)  # the first call imports scapy
@given(st.binary(min_size=3, max_size=125))
def test_fcs_agrees_with_scapy(data: bytes) -> None:
    dot15d4 = pytest.importorskip("scapy.layers.dot15d4", reason="scapy is not installed")
    assert dot15d4.Dot15d4FCS().compute_fcs(data) == with_fcs(data)[-2:]


@pytest.mark.parametrize("name", FRAMES)
def test_vectors_survive_the_round_trip(name: str) -> None:
    frame = MacFrame.parse(psdu(name))
    assert frame.fcs_ok
    assert bytes(frame) == psdu(name)
    assert MacFrame.parse(psdu(name)[:-2], fcs=False).psdu() == psdu(name)


BUILT = {
    "beacon request": commands.beacon_request(1),
    "beacon, joining open": commands.beacon(PAN, 0, 0x55, CHF, permit=True),
    "association request, sleepy": commands.association_request(PAN, 0, GSME, 2, commands.SLEEPY_END_DEVICE),
    "ack": MacFrame.ack(2),
    "ack pending": MacFrame.ack(3, pending=True),
    "data request by EUI": commands.data_request(PAN, 0, GSME, 3),
    "association response 8C42": commands.association_response(PAN, GSME, CHF, 0x56, short=GSME_SHORT),
    "data request by short": commands.data_request(PAN, CHF_SHORT, GSME_SHORT, 4),
    "orphan notification": commands.orphan_notification(GSME, 9),
    "coordinator realignment": commands.coordinator_realignment(
        PAN, GSME, CHF, 0x57, coordinator=0, channel=11, short=GSME_SHORT
    ),
    "enhanced beacon request, permit filter + 14 dBm": commands.enhanced_beacon_request(
        GSME, 1, (PayloadIe(1, bytes.fromhex("011e01")), PayloadIe.zigbee(ZigbeeIe(1, b"\x0e")))
    ),
}


@pytest.mark.parametrize("name", BUILT)
def test_built_frames_equal_the_vectors(name: str) -> None:
    assert BUILT[name].psdu().hex() == FRAMES[name]


def test_enhanced_beacon_fields() -> None:
    frame = MacFrame.parse(psdu("enhanced beacon"))
    beacon = commands.enhanced_beacon(frame)
    assert beacon is not None and beacon.zigbee is not None
    assert beacon.association_permit and beacon.zigbee.epid == CHF


addresses = st.one_of(st.none(), st.integers(0, 0xFFFF), st.binary(min_size=8, max_size=8))
u16 = st.integers(0, 0xFFFF)


@st.composite
def mac_frames(draw: st.DrawFn) -> MacFrame:
    dst, src, compress, new = draw(addresses), draw(addresses), draw(st.booleans()), draw(st.booleans())
    if not new:
        dst_pan, src_pan = dst is not None, src is not None and not compress
    elif dst is not None and src is not None:
        both_extended = isinstance(dst, bytes) and isinstance(src, bytes)
        dst_pan, src_pan = not (both_extended and compress), not both_extended and not compress
    else:
        dst_pan = not compress if dst is not None else compress and src is None
        src_pan = src is not None and not compress
    with_ies = new and draw(st.booleans())
    return MacFrame(
        draw(st.sampled_from(MacType)),
        None if new and draw(st.booleans()) else draw(st.integers(0, 255)),
        draw(u16) if dst_pan else None,
        dst,
        draw(u16) if src_pan else None,
        src,
        draw(st.binary(max_size=60)),
        draw(st.booleans()),
        draw(st.booleans()),
        compress,
        2 if new else draw(st.integers(0, 1)),
        header_ies=(HeaderIe(3, b"abc"), HeaderIe(0x7E)) if with_ies else None,
        payload_ies=(PayloadIe(1, draw(st.binary(max_size=9))), PayloadIe(15)) if with_ies else (),
    )


@given(mac_frames())
def test_built_frames_are_read_back(frame: MacFrame) -> None:
    assert MacFrame.parse(bytes(frame), fcs=False) == frame
    assert MacFrame.parse(with_fcs(bytes(frame))) == frame.sealed()


@given(st.binary(max_size=127))
def test_any_octets_round_trip_or_raise_han_error(data: bytes) -> None:
    try:
        frame = MacFrame.parse(data)
    except HanError:
        return
    assert bytes(frame) == data


@pytest.mark.parametrize("name", [n for n in FRAMES if "enhanced" not in n])
def test_scapy_reads_the_same_header(name: str) -> None:
    dot15d4 = pytest.importorskip("scapy.layers.dot15d4", reason="scapy is not installed")
    theirs, ours = dot15d4.Dot15d4FCS(psdu(name)), MacFrame.parse(psdu(name))
    assert (theirs.fcf_frametype, theirs.seqnum, theirs.fcs) == (ours.type, ours.sequence, ours.fcs)
    assert (bool(theirs.fcf_pending), bool(theirs.fcf_ackreq)) == (ours.pending, ours.ack_request)
    layer = theirs.getlayer(1)
    for field, value in (("dest_panid", ours.dst_pan), ("src_panid", ours.src_pan)):
        if layer is not None and value is not None:
            assert getattr(layer, field) == value
    for field, address in (("dest_addr", ours.dst), ("src_addr", ours.src)):
        if layer is not None and address is not None:
            assert getattr(layer, field) == (address if isinstance(address, int) else int.from_bytes(address, "big"))


def test_errors_name_layer_and_offset() -> None:
    with pytest.raises(HanError, match=r"MAC at 5: destination address needs 2 octets, 0 left"):
        MacFrame.parse(bytes.fromhex("6188011a62"), fcs=False)
    with pytest.raises(HanError, match="multipurpose"):
        MacFrame.parse(bytes.fromhex("0500000000"))
    with pytest.raises(HanError, match="128 octets"):
        MacFrame.data(PAN, 0, 1, 0, bytes(117)).psdu()


@pytest.mark.parametrize("name", FRAMES)
def test_another_sequence_number_changes_nothing_else(name: str) -> None:
    frame = MacFrame.parse(psdu(name))
    assert frame.numbered(0xA5) == replace(frame, sequence=0xA5)
