"""A capture of encrypted home area network traffic of mixed layouts, made fast and kept in the temporary folder."""

import random
import struct
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from bench.han.keyring import Keyring
from bench.han.mac import with_fcs

FRAMES = 1_000_000
NETWORK_KEY = bytes(range(16))
PAN = 0x1A62
HUB = 0x00155F0011223344
#: EUI, short address and link key of the devices beside the hub
DEVICES = tuple(
    (0x00155F0000000000 + 0x1111 * n, 0x6F01 + 0x0B0B * n, bytes((n,)) * 16) for n in range(1, 5)
)  # fmt: skip
START = 1_790_000_000
_COUNTERS = struct.Struct("<I").pack


def keyring() -> Keyring:
    """The keys of the traffic."""
    keys = Keyring()
    keys.add_network_key(NETWORK_KEY, 0)
    for eui, _, key in DEVICES:
        keys.add_link_key(key, [eui.to_bytes(8, "big"), HUB.to_bytes(8, "big")])
    return keys


def keys() -> list[bytes]:
    """All keys, as tshark takes them."""
    return [NETWORK_KEY, *(key for _, _, key in DEVICES)]


class Traffic:
    """Makes one frame after the other."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._network = AESCCM(NETWORK_KEY, tag_length=4)
        self._links = [AESCCM(key, tag_length=4) for _, _, key in DEVICES]
        self._counter = 1000
        self._sequences = [0] * (2 * len(DEVICES))  # APS counters of the devices and, towards each, of the hub
        self._blocks: list[tuple[int, bool, bytes, bytes]] = []

    def frame(self) -> bytes:
        """The next PSDU, with its FCS."""
        self._counter += 1
        if self._blocks:
            device, up, header, block = self._blocks.pop()
            return self._nwk(device, up, self._aps(device, up, header, block, True), 0x0208, euis=self._counter % 2)
        choice = self._random.random()
        device, up = self._random.randrange(len(DEVICES)), self._random.random() < 0.5
        if choice < 0.06:
            return self._nwk(device, up, self._command(), 0x0209, euis=1)
        return self._nwk(device, up, self._data(choice, device, up), 0x0208, euis=self._random.choice((0, 1, 1, 2, 3)))

    def _command(self) -> bytes:
        if self._random.random() < 0.7:
            neighbours = self._random.randrange(1, 5)
            return bytes((8, 0x60 | neighbours)) + b"".join(
                struct.pack("<HB", short, 0x11) for _, short, _ in DEVICES[:neighbours]
            )
        return bytes((5, 1)) + struct.pack("<H", DEVICES[0][1])

    def _data(self, choice: float, device: int, up: bool) -> bytes:
        random_ = self._random
        self._sequences[2 * device + up] = sequence = (self._sequences[2 * device + up] + 1) & 0xFF
        if choice < 0.22:  # acks of APS frames
            return self._aps(device, up, struct.pack("<BBHHBB", 2, 1, 0x0702, 0x109, 1, sequence), b"", True)
        if choice < 0.34:  # time, under the network key alone
            zcl = bytes((0x18, sequence, 1)) + struct.pack("<HBBI", 0, 0, 0xE2, self._counter)
            return self._aps(device, up, struct.pack("<BBHHBB", 0x40, 1, 0x000A, 0x109, 1, sequence), zcl, False)
        if choice < 0.46:
            zcl = bytes((0, sequence, 0)) + struct.pack("<HHH", 0, 0x400, 0x300)
        elif choice < 0.66:
            zcl = bytes((0x18, sequence, 1)) + struct.pack("<HBB", 0, 0, 0x25) + self._counter.to_bytes(6, "little")
            zcl += struct.pack("<HBBI", 0x400, 0, 0x2A, random_.randrange(1 << 31))[:7] + struct.pack(
                "<HB", 0x999, 0x86
            )
        elif choice < 0.84:
            zcl = bytes((0x18, sequence, 0x0A)) + struct.pack("<HBH", 0x0A, 0x21, self._counter & 0xFFFF)
            zcl += struct.pack("<HBB", 0x0207, 0x30, random_.randrange(3)) * random_.randrange(1, 4)
        elif choice < 0.90:
            zcl = bytes((0x09, sequence, 0)) + random_.randbytes(36)
            return self._aps(device, up, struct.pack("<BBHHBB", 0, 1, 0x0700, 0x109, 1, sequence), zcl, True)
        elif choice < 0.98:
            zcl = bytes((0x11, sequence, 2)) + struct.pack("<HB", device, 1)
            return self._aps(device, up, struct.pack("<BBHHBB", 0, 1, 0x0704, 0x109, 1, sequence), zcl, True)
        else:
            return self._fragments(device, up, sequence)
        return self._aps(device, up, struct.pack("<BBHHBB", 0x40, 1, 0x0702, 0x109, 1, sequence), zcl, True)

    def _fragments(self, device: int, up: bool, sequence: int) -> bytes:
        message = bytes((0x11, sequence, 2)) + struct.pack("<H", device) + b"\x03\xdf" + self._random.randbytes(200)
        parts = [message[at : at + 50] for at in range(0, len(message), 50)]
        header = struct.pack("<BBHHBB", 0xC0, 1, 0x0704, 0x109, 1, sequence)
        self._blocks = [(device, up, header + bytes((2, number)), part) for number, part in enumerate(parts[1:], 1)][
            ::-1
        ]
        return self._aps(device, up, header + bytes((1, len(parts))), parts[0], True)

    def _aps(self, device: int, up: bool, header: bytes, payload: bytes, secured: bool) -> bytes:
        if not secured:
            return header + payload
        eui = DEVICES[device][0] if up else HUB
        header = bytes((header[0] | 0x20,)) + header[1:]
        counter = _COUNTERS(self._counter)
        nonce = eui.to_bytes(8, "little") + counter + b"\x05"
        sealed = self._links[device].encrypt(nonce, payload, header + b"\x05" + counter)
        return header + b"\x00" + counter + sealed

    def _nwk(self, device: int, up: bool, payload: bytes, control: int, *, euis: int) -> bytes:
        eui, short, _ = DEVICES[device]
        src, dst = (eui, HUB) if up else (HUB, eui)
        src_short, dst_short = (short, 0) if up else (0, short)
        room = 127 - 11 - 8 - 18 - len(payload)
        header = struct.pack("<HHBB", dst_short, src_short, 30, self._counter & 0xFF)
        if euis == 2 and room >= 16:
            control |= 0x1800
            header += dst.to_bytes(8, "little") + src.to_bytes(8, "little")
        elif euis == 3 and room >= 12:
            control |= 0x1400
            header += src.to_bytes(8, "little") + struct.pack("<BBH", 1, 0, DEVICES[0][1])
        elif euis and room >= 8:
            control |= 0x1000
            header += src.to_bytes(8, "little")
        header = struct.pack("<H", control) + header
        counter, source = _COUNTERS(self._counter), src.to_bytes(8, "little")
        aux = counter + source + b"\x00"
        sealed = self._network.encrypt(source + counter + b"\x2d", payload, header + b"\x2d" + aux)
        mac = struct.pack("<HBHHH", 0x8861, self._counter & 0xFF, PAN, dst_short, src_short)
        return with_fcs(mac + header + b"\x28" + aux + sealed)


def capture(frames: int = FRAMES, seed: int = 1) -> Path:
    """A pcap file (link type 195) of so many frames; made when it is not there."""
    path = Path(tempfile.gettempdir()) / f"bench-han-3-{frames}-{seed}.pcap"
    if path.exists():
        return path
    traffic, fresh = Traffic(seed), path.with_suffix(".new")
    record = struct.Struct("<IIII").pack
    with fresh.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, 195))
        for number in range(frames):
            psdu = traffic.frame()
            seconds, fraction = divmod(number * 4321, 1_000_000)
            file.write(record(START + seconds, fraction, len(psdu), len(psdu)) + psdu)
    fresh.rename(path)
    return path
