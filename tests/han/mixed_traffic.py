"""Generated and damaged traffic for tests that hold one reader of frames against another."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench.han import mac_commands, nwk_commands, tunnelling, zcl, zdo
from bench.han.aps import ApsFrame
from bench.han.aps_commands import RemoveDevice, RequestKey, SwitchKey, TransportKey, Tunnel, UpdateDevice
from bench.han.aux_header import KeyId
from bench.han.capture import PcapngWriter
from bench.han.fragments import fragment
from bench.han.mac import MacFrame, with_fcs
from bench.han.nwk import NwkFrame
from bench.han.security import secure_aps, secure_nwk
from bench.han.zcl_types import Value

from .test_zcl import ECS70
from .vectors import CHF, ESME, ESME_SHORT, GSME, GSME_SHORT, LK_INSTALL, NK, NK2, PAN, TCLK, TCLK2

START = 1_790_000_000_000_000_000
OTHER_PAN = 0x2222
ROUTER, ROUTER_SHORT = bytes.fromhex("00155F00DDEEFF01"), 0x1234


class Home:
    """A network whose devices talk at random; every call of `say` appends to `frames`."""

    def __init__(self, seed: int, pan: int = PAN, key: bytes = NK) -> None:
        self.random = random.Random(seed)
        self.pan, self.key, self.key_sequence = pan, key, 0
        self.shorts = {CHF: 0, ESME: ESME_SHORT, GSME: GSME_SHORT, ROUTER: ROUTER_SHORT}
        self.links = {ESME: TCLK, GSME: TCLK2, ROUTER: TCLK}
        self.counters = dict.fromkeys(self.shorts, 5000)
        self.sequence = 0
        self.frames: list[bytes] = []

    def say(self) -> None:
        """Append one exchange."""
        choices: list[Callable[[], None]] = [
            self.mac, self.nwk_command, self.read, self.report, self.tunnel, self.acks, self.odd, self.zdo,
            self.commands, self.cluster, self.read, self.report, self.acks, self.relayed, self.plain,
        ]  # fmt: skip
        self.random.choice(choices)()

    def nwk(self, src: bytes, dst: bytes | int, frame: NwkFrame, hop: bytes | None = None) -> None:
        """Send a NWK frame under the network key."""
        hop = hop or src
        self.counters[hop] += 1
        secured = secure_nwk(frame, self.key, self.counters[hop], hop, self.key_sequence)
        self.mac_data(hop, dst, bytes(secured))

    def mac_data(self, src: bytes, dst: bytes | int, payload: bytes) -> None:
        """Send a MAC data frame, again now and then."""
        short = dst if isinstance(dst, int) else self.shorts[dst]
        frame = MacFrame.data(self.pan, 0xFFFF if short >= 0xFFF8 else short, self.shorts[src], self.next(), payload)
        if len(bytes(frame)) > 125:
            return
        self.frames.append(frame.psdu())
        if self.random.random() < 0.08:
            self.frames.append(self.frames[-1])

    def next(self) -> int:
        """The next sequence number."""
        self.sequence += 1
        return self.sequence & 0xFF

    def pair(self) -> tuple[bytes, bytes]:
        """Sender and receiver, one of them the hub."""
        device = self.random.choice([ESME, GSME, ROUTER])
        return (CHF, device) if self.random.random() < 0.5 else (device, CHF)

    def aps(self, src: bytes, dst: bytes, frame: ApsFrame, *, secured: bool = True, hop: bytes | None = None) -> None:
        """Send an APS frame with whatever NWK header comes to mind."""
        euis = self.random.randrange(4)
        if secured:
            link = self.links[src if dst == CHF else dst]
            counter = self.counters[src] + 70_000
            frame = secure_aps(frame, link, counter, src, extended=self.random.random() < 0.2)
        nwk = NwkFrame.data(
            self.shorts[dst],
            self.shorts[src],
            self.next(),
            bytes(frame),
            src_eui=src if euis else None,
            dst_eui=dst if euis == 2 else None,
            relays=tuple(self.random.randrange(1, 0xFFF0) for _ in range(self.random.randrange(3)))
            if euis == 3
            else None,
        )
        self.nwk(src, dst if hop is None else self.shorts[dst], nwk, hop)

    def mac(self) -> None:
        device, hub = self.random.choice([ESME, GSME]), self.shorts[CHF]
        self.frames.append(
            self.random.choice(
                [
                    lambda: mac_commands.data_request(self.pan, hub, self.shorts[device], self.next()),
                    lambda: mac_commands.data_request(self.pan, hub, device, self.next()),
                    lambda: MacFrame.ack(self.next(), pending=self.random.random() < 0.5),
                    lambda: mac_commands.beacon_request(self.next()),
                    lambda: mac_commands.beacon(self.pan, hub, self.next(), CHF, permit=True),
                    lambda: mac_commands.association_response(
                        self.pan, device, CHF, self.next(), short=self.shorts[device]
                    ),
                    lambda: MacFrame.data(self.pan, hub, self.shorts[device], self.next(), b""),
                ]
            )().psdu()
        )

    def nwk_command(self) -> None:
        source = self.random.choice([CHF, ESME, GSME, ROUTER])
        command = self.random.choice(
            [
                nwk_commands.LinkStatus.of([(s, 1, 3) for s in self.shorts.values()][: self.random.randrange(5)]),
                nwk_commands.NetworkStatus(0x06, GSME_SHORT),
                nwk_commands.EndDeviceTimeoutRequest(5, 0),
                nwk_commands.EndDeviceTimeoutResponse(0, 3),
                nwk_commands.RejoinRequest(0x80),
                nwk_commands.RejoinResponse(GSME_SHORT, self.random.randrange(2)),
                nwk_commands.Leave.of(request=True),
                nwk_commands.RouteRecord((0x1111, 0x2222)),
                nwk_commands.RouteRequest(0x08, 1, 0xFFFC, 0),
                nwk_commands.RouteReply(0x30, 1, 0, ESME_SHORT, 3, CHF, ESME),
                nwk_commands.LinkPowerDelta(0, ()),
            ]
        )
        octets = command.octets()
        if self.random.random() < 0.1:
            octets = octets[: self.random.randrange(len(octets) + 1)]
        frame = NwkFrame.command(0xFFFC, self.shorts[source], self.next(), octets, src_eui=source)
        self.nwk(source, 0xFFFC, frame)

    def data(self, cluster: int, content: bytes, **options: bool) -> ApsFrame:
        """An APS data frame of the Smart Energy profile."""
        return ApsFrame.data(cluster, self.next(), content, **options)

    def read(self) -> None:
        src, dst = self.pair()
        ids = [self.random.randrange(1 << 16) for _ in range(self.random.randrange(5))]
        frame = zcl.ZclFrame.general(zcl.READ, self.next(), zcl.read_attributes(ids))
        cluster = self.random.choice([0x0702, 0x000A, 0x0700])
        self.aps(src, dst, self.data(cluster, bytes(frame)), secured=cluster != 0x000A)

    def report(self) -> None:
        src, dst = self.pair()
        values = [
            Value(0x25, self.random.randrange(1 << 48)),
            Value(0x2A, -self.random.randrange(1 << 23)),
            Value(0x27, self.random.randrange(1 << 64)),
            Value(0x2F, -self.random.randrange(1 << 63)),
            Value(0x30, 3),
            Value(0x10, self.random.choice([True, False, None])),
            Value(0x41, b"serial"),
            Value(0x42, self.random.choice([b"name", None, b""])),
            Value(0xE2, 700_000_000),
            Value(0x39, 1.5),
            Value(0xF0, CHF),
            Value(0x48, (0x20, [Value(0x20, 1), Value(0x20, 2)])),
            Value(0x19, 0xFFFF),
        ]
        chosen = [(self.random.randrange(0x700), self.random.choice(values)) for _ in range(self.random.randrange(4))]
        if self.random.random() < 0.5:
            payload, command = zcl.report(chosen), self.random.choice([zcl.REPORT, zcl.WRITE])
        else:
            status = [0, 0, 0x86]
            records = [
                zcl.Attribute(i, s, v if s == 0 else None) for i, v in chosen for s in [self.random.choice(status)]
            ]
            payload, command = zcl.read_response(records), zcl.READ_RESPONSE
        if self.random.random() < 0.1:
            payload = payload[: self.random.randrange(len(payload) + 1)]
        frame = zcl.ZclFrame.general(command, self.next(), payload, from_server=True)
        if self.random.random() < 0.1:
            frame = replace(frame, manufacturer=0x1234)
        for part in fragment(self.data(0x0702, bytes(frame))):
            self.aps(src, dst, part)

    def tunnel(self) -> None:
        src, dst = self.pair()
        content = self.random.choice(
            [ECS70, tunnelling.get(), tunnelling.get_response(ECS70, 2), tunnelling.get_response(), b"\x02", b"",
             tunnelling.put(ECS70 * self.random.randrange(1, 5)), tunnelling.put(b"\xdf\x09")]
        )  # fmt: skip
        transfer = tunnelling.TransferData(1, content).frame(self.next(), from_server=self.random.random() < 0.5)
        parts = fragment(self.data(0x0704, bytes(transfer)), self.random.choice([30, 50]))
        if self.random.random() < 0.3:
            self.random.shuffle(parts)
        if self.random.random() < 0.2 and len(parts) > 1:
            parts.pop(self.random.randrange(len(parts)))
        for part in parts:
            self.aps(src, dst, part)
            if self.random.random() < 0.3:
                self.say_something_short()

    def say_something_short(self) -> None:
        """Something between the fragments."""
        self.random.choice([self.mac, self.nwk_command, self.acks])()

    def acks(self) -> None:
        src, dst = self.pair()
        frame = self.data(self.random.choice([0x0702, 0x0704]), b"", ack_request=True)
        parts = fragment(replace(frame, payload=bytes(60)), 30)
        answered = self.random.choice([frame, *parts, ApsFrame.command(self.next(), b"\x09\x00")])
        self.aps(src, dst, answered.acknowledgement(received=self.random.randrange(256)))

    def zdo(self) -> None:
        device = self.random.choice([ESME, GSME, ROUTER])
        content = self.random.choice(
            [
                bytes(zdo.DeviceAnnce(1, self.shorts[device], device, 0x80)),
                b"",
                b"\x01\x00\x00",
                self.random.randbytes(9),
            ]
        )
        cluster = self.random.choice([0x0013, 0x8000, 0x0006, 0x8002, 0x0031])
        frame = ApsFrame.data(cluster, self.next(), content, profile=0, src_endpoint=0, dst_endpoint=0)
        self.aps(device, CHF, frame, secured=False)

    def cluster(self) -> None:
        src, dst = self.pair()
        cluster = self.random.choice([0x0700, 0x0705, 0x0800, 0x0704, 0x0701, 0x4242])
        frame = zcl.ZclFrame.cluster(
            self.random.randrange(16), self.next(), b"", from_server=self.random.random() < 0.5
        )
        octets = bytes(frame) if self.random.random() < 0.9 else bytes(frame)[: self.random.randrange(3)]
        if self.random.random() < 0.05:
            octets = b"\x02" + octets[1:]
        self.aps(src, dst, self.data(cluster, octets, broadcast=self.random.random() < 0.1), secured=cluster != 0x0800)

    def commands(self) -> None:
        device = self.random.choice([ESME, GSME])
        transport = TransportKey.network(NK2, 1, device, CHF)
        inner = secure_aps(ApsFrame.command(1, transport.octets()), TCLK, 9, CHF, key_id=KeyId.KEY_TRANSPORT)
        command = self.random.choice(
            [UpdateDevice(device, self.shorts[device], 0), RemoveDevice(device), RequestKey(4), SwitchKey(1),
             Tunnel(ESME, bytes(inner)), TransportKey.trust_centre_link(TCLK2, device, CHF)]
        )  # fmt: skip
        key_id = KeyId.KEY_LOAD if isinstance(command, TransportKey) else KeyId.DATA
        frame = ApsFrame.command(self.next(), command.octets())
        if self.random.random() < 0.7:
            frame = secure_aps(frame, self.links[device], 70_000 + self.sequence, CHF, key_id=key_id)
        self.nwk(CHF, device, NwkFrame.data(self.shorts[device], 0, self.next(), bytes(frame), src_eui=CHF))

    def relayed(self) -> None:
        src, dst = self.pair()
        frame = zcl.ZclFrame.general(zcl.READ, self.next(), zcl.read_attributes([0]))
        self.aps(src, dst, self.data(0x0702, bytes(frame)), hop=ROUTER)

    def plain(self) -> None:
        """Frames without NWK security, and one that brings the first network key."""
        transport = ApsFrame.command(1, TransportKey.network(self.key, 0, GSME, CHF).octets())
        frame = secure_aps(transport, LK_INSTALL, 3, CHF, key_id=KeyId.KEY_TRANSPORT)
        content = self.random.choice([bytes(frame), bytes(self.data(0x0702, b"\x00\x01\x00")), b""])
        self.mac_data(CHF, GSME, bytes(NwkFrame.data(GSME_SHORT, 0, self.next(), content, src_eui=CHF)))

    def odd(self) -> None:
        """Something damaged."""
        if not self.frames:
            return
        octets = bytearray(self.random.choice(self.frames[-20:]))
        body = octets[:-2]
        match self.random.randrange(5):
            case 0:
                octets[-1] ^= 1
            case 1:
                octets = bytearray(with_fcs(bytes(body[: self.random.randrange(len(body) + 1)])))
            case 2:
                body[self.random.randrange(min(len(body), 40))] ^= 1 << self.random.randrange(8)
                octets = bytearray(with_fcs(bytes(body)))
            case 3:
                octets = octets[: self.random.randrange(len(octets))]
            case _:
                octets = bytearray(with_fcs(bytes(body) + self.random.randbytes(self.random.randrange(60))))
        self.frames.append(bytes(octets))


def traffic(seed: int, count: int) -> list[bytes]:
    """So many frames of two networks, at least."""
    homes = Home(seed), Home(seed + 1, OTHER_PAN, NK2)
    frames: list[bytes] = []
    chooser = random.Random(seed)
    while len(frames) < count:
        home = homes[chooser.random() < 0.2]
        home.frames = home.frames[-20:]
        before = len(home.frames)
        home.say()
        frames += home.frames[before:]
    return frames


def write(path: Path, frames: list[bytes], *, seed: int = 0, rate: float = 30.0) -> Path:
    """Write the frames as pcapng with two interfaces, at random times of so many frames a second."""
    chooser = random.Random(seed)
    time = START
    with PcapngWriter(path) as writer:
        interfaces = [writer.add_interface("a"), writer.add_interface("b", resolution=6)]
        plain = writer.add_interface("c", linktype=195)
        for octets in frames:
            time += int(chooser.expovariate(rate) * 1e9)
            if chooser.random() < 0.1:
                writer.write(plain, time, octets)
                continue
            writer.write_psdu(
                chooser.choice(interfaces),
                time // 1000 * 1000,
                octets,
                channel=chooser.choice([15, 15, 15, None]),
                rssi=chooser.choice([-60.5, -91.25, None]),
                lqi=chooser.choice([200, None]),
            )
    return path
