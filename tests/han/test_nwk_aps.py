"""NWK and APS frames, their commands and ZDO: vectors and round trips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.han import aps_commands, nwk_commands, zdo
from bench.han.aps import ApsFrame, ApsType, Delivery, Extended
from bench.han.aux_header import AuxHeader, KeyId
from bench.han.errors import HanError
from bench.han.mac import MacFrame, MacType
from bench.han.nwk import NwkFrame, NwkType
from bench.han.security import decrypt_nwk

from .vectors import CHF, ESME, FRAMES, GSME, GSME_SHORT, NK, TCLK, psdu

SECURED = [
    name
    for name in FRAMES
    if name not in ("V4", "N1", "N2")
    and MacFrame.parse(psdu(name)).type is MacType.DATA
    and NwkFrame.parse(MacFrame.parse(psdu(name)).payload).security is not None
]


def plaintext(name: str) -> bytes:
    return decrypt_nwk(NwkFrame.parse(MacFrame.parse(psdu(name)).payload), NK)


NWK_COMMANDS = {
    "rejoin request": nwk_commands.RejoinRequest(0x80),
    "rejoin response": nwk_commands.RejoinResponse(GSME_SHORT, 0),
    "leave, request+rejoin": nwk_commands.Leave.of(rejoin=True, request=True),
    "link status": nwk_commands.LinkStatus.of([(0x6F01, 1, 1)]),
    "ED timeout request 32 min": nwk_commands.EndDeviceTimeoutRequest(5, 0),
    "ED timeout response": nwk_commands.EndDeviceTimeoutResponse(0, 3),
    "network status source route failure": nwk_commands.NetworkStatus(0x0B, 0x6F01),
    "route record": nwk_commands.RouteRecord((0x1234,)),
    "many-to-one route request": nwk_commands.RouteRequest(0x08, 0x77, 0xFFFC, 0),
}


@pytest.mark.parametrize("name", NWK_COMMANDS)
def test_nwk_command_vectors(name: str) -> None:
    command = NWK_COMMANDS[name]
    assert plaintext(name) == command.octets()
    assert nwk_commands.parse_command(plaintext(name)) == command


APS_COMMANDS = {
    "update device": aps_commands.UpdateDevice(GSME, GSME_SHORT, 1),
    "request key": aps_commands.RequestKey(4),
    "switch key 1": aps_commands.SwitchKey(1),
    "verify key": aps_commands.VerifyKey(4, ESME, bytes.fromhex("910713a83109c2091b23c4207fdcadb0")),
}


@pytest.mark.parametrize("name", APS_COMMANDS)
def test_aps_command_vectors(name: str) -> None:
    aps = ApsFrame.parse(plaintext(name))
    assert aps.payload == APS_COMMANDS[name].octets()
    assert aps_commands.parse_command(aps.payload) == APS_COMMANDS[name]


@pytest.mark.parametrize("name", SECURED)
def test_aps_frames_survive_the_round_trip(name: str) -> None:
    frame = NwkFrame.parse(MacFrame.parse(psdu(name)).payload)
    assert bytes(frame) == MacFrame.parse(psdu(name)).payload
    if frame.type is NwkType.DATA:
        assert bytes(ApsFrame.parse(plaintext(name))) == plaintext(name)


def test_zdo_vectors() -> None:
    request = zdo.MatchDescRequest(0x10, 0x6F01, 0x0109, (0x0704,), ())
    assert ApsFrame.parse(plaintext("match descriptor 0704")).payload == bytes(request)
    response = zdo.MatchDescResponse(0x10, 0, 0x6F01, (1,))
    assert ApsFrame.parse(plaintext("match descriptor response ep 1")).payload == bytes(response)
    bind = zdo.BindRequest(0x11, ESME, 1, 0x0702, 3, dst=CHF, dst_endpoint=1)
    assert ApsFrame.parse(plaintext("bind 0702")).payload == bytes(bind)


def test_fragment_ack_vector() -> None:
    fragment = ApsFrame(ApsType.DATA, 9, b"", 1, 0x0800, 0x0109, 1, extended=Extended(1, 3), ack_request=True)
    assert bytes(fragment.acknowledgement(received=7)) == plaintext("fragment ack")


def test_a_repr_shows_no_key() -> None:
    command = aps_commands.TransportKey.network(TCLK, 0, ESME, CHF)
    assert TCLK.hex() not in repr(command) + str(command.as_dict())
    assert repr(TCLK) not in repr(command)


euis = st.binary(min_size=8, max_size=8)
u8, u16 = st.integers(0, 255), st.integers(0, 0xFFFF)


@st.composite
def aux_headers(draw: st.DrawFn) -> AuxHeader:
    key_id = draw(st.sampled_from(KeyId))
    return AuxHeader(
        key_id,
        draw(st.integers(0, 0xFFFFFFFF)),
        draw(st.none() | euis),
        draw(u8) if key_id is KeyId.NETWORK else None,
        draw(st.integers(0, 7)),
    )


@st.composite
def nwk_frames(draw: st.DrawFn) -> NwkFrame:
    relays = draw(st.none() | st.lists(u16, max_size=15).map(tuple))
    return NwkFrame(
        draw(st.sampled_from([NwkType.DATA, NwkType.COMMAND])),
        draw(u16),
        draw(u16),
        draw(u8),
        draw(u8),
        draw(st.binary(max_size=60)),
        draw(st.none() | euis),
        draw(st.none() | euis),
        draw(st.integers(0, 15)),
        draw(st.integers(0, 3)),
        draw(st.none() | u8),
        relays,
        draw(u8) if relays is not None else 0,
        draw(st.booleans()),
        security=draw(st.none() | aux_headers()),
    )


@given(nwk_frames())
def test_nwk_frames_are_read_back(frame: NwkFrame) -> None:
    assert NwkFrame.parse(bytes(frame)) == frame


@st.composite
def aps_frames(draw: st.DrawFn) -> ApsFrame:
    kind, delivery = draw(st.sampled_from(ApsType)), draw(st.sampled_from(Delivery))
    ack_format = draw(st.booleans())
    addressed = kind is ApsType.DATA or (kind is ApsType.ACK and not ack_format)
    clustered = addressed or kind is ApsType.INTER_PAN
    extended = None
    if draw(st.booleans()):
        fragmentation = draw(st.integers(0, 2))
        extended = Extended(fragmentation)
        if fragmentation:
            extended = Extended(fragmentation, draw(u8), draw(u8) if kind is ApsType.ACK else None)
    return ApsFrame(
        kind,
        None if kind is ApsType.INTER_PAN else draw(u8),
        draw(st.binary(max_size=60)),
        draw(u8) if addressed and delivery is not Delivery.GROUP else None,
        draw(u16) if clustered else None,
        draw(u16) if clustered else None,
        draw(u8) if addressed else None,
        draw(u16) if clustered and delivery is Delivery.GROUP else None,
        delivery,
        ack_format,
        draw(st.booleans()),
        extended,
        draw(st.none() | aux_headers()),
    )


@given(aps_frames())
def test_aps_frames_are_read_back(frame: ApsFrame) -> None:
    assert ApsFrame.parse(bytes(frame)) == frame


@given(st.binary(max_size=100))
def test_any_octets_round_trip_or_raise_han_error(data: bytes) -> None:
    for parse in (NwkFrame.parse, ApsFrame.parse):
        try:
            frame = parse(data)
        except HanError:
            continue
        assert bytes(frame) == data
    for read in (nwk_commands.parse_command, aps_commands.parse_command):
        try:
            command = read(data)
        except HanError:
            continue
        assert command.octets() == data
        command.as_dict()


@given(u16, st.binary(max_size=60))
def test_any_zdo_octets_round_trip_or_raise_han_error(cluster: int, data: bytes) -> None:
    for number in (cluster, cluster & 0x803F):
        try:
            command = zdo.parse_zdo(number, data)
        except HanError:
            continue
        assert bytes(command) == data
        command.as_dict()


@pytest.mark.parametrize(
    ("cluster", "octets", "fields"),
    [
        (0x0031, "0703", {"start": 3}),
        (0x8031, "07" "00" "05" "00" "01" "4433221100" "5f1500" "8877665500" "5f1500" "016f" "25" "02" "01" "c8",
         {"total": 5, "statusName": "success", "neighbours": [
             {"epid": "00155f0011223344", "eui": "00155f0055667788", "short": 0x6F01, "flags": 0x25,
              "permit_joining": 2, "depth": 1, "lqi": 200}]}),
        (0x8032, "07" "00" "01" "00" "01" "016f" "10" "428c",
         {"routes": [{"dst": 0x6F01, "flags": 16, "next_hop": 0x8C42}]}),
        (0x8038, "07" "00" "00f8ff07" "0100" "0200" "02" "a0b0", {"mask": 0x07FFF800, "energies": [0xA0, 0xB0]}),
        (0x803A, "07" "00" "09" "01" "01" "00" "01" "8877665500" "5f1500",
         {"policy": 1, "devices": ["00155f0055667788"]}),
        (0x8031, "0784", {"statusName": "not supported"}),
    ],
)  # fmt: skip
def test_zdo_management(cluster: int, octets: str, fields: dict[str, object]) -> None:
    command = zdo.parse_zdo(cluster, bytes.fromhex(octets))
    assert fields.items() <= command.as_dict().items()
    assert bytes(command).hex() == octets


def test_descriptors_are_read() -> None:
    node = zdo.parse_zdo(0x8002, bytes.fromhex("0700016f01408e5f11528000412c800000")).as_dict()
    assert node["descriptor"]["manufacturer"] == 0x115F and node["descriptor"]["max_buffer"] == 0x52
    simple = zdo.parse_zdo(0x8004, bytes.fromhex("0700016f0c010901010500010207010008"))
    assert simple.as_dict()["descriptor"]["inputs"] == [0x0702]
    odd = zdo.parse_zdo(0x8004, bytes.fromhex("0700016f020109"))
    assert odd.as_dict()["descriptor"] == "0109"
