"""A broad capture: every Smart Energy command and attribute, fragments, two networks, a key change, joins.

Built with the writers of bench.han; what it means is for tshark and scapy to say.
"""

from dataclasses import dataclass, field
from random import Random

from bench.han import layout, tables, zcl
from bench.han.aps import ApsFrame
from bench.han.aps_commands import SwitchKey, TransportKey
from bench.han.aux_header import KeyId
from bench.han.fragments import fragment
from bench.han.keyring import Keyring
from bench.han.mac import MacFrame
from bench.han.nwk import NwkFrame
from bench.han.security import secure_aps, secure_nwk
from bench.han.tables import Attribute
from bench.han.zcl_types import Value

#: clusters whose commands tshark 4.0 reads in full; those of the others go on air too
WIDTHS = {"utc": 4, "eui": 8, "euibe": 8, "date4": 4, "bool": 1}


@dataclass
class Network:
    """One network: hub, two devices, keys. Several may have the same short addresses."""

    pan: int
    tail: int  #: last octet of all EUIs
    network_key: bytes
    link_keys: dict[int, bytes]  #: by short address of the device
    channel: int = 15
    key_sequence: int = 0
    counter: int = 0
    frames: list[tuple[int, bytes]] = field(default_factory=list)  #: channel, PSDU

    def eui(self, short: int) -> bytes:
        return bytes.fromhex("00155F00") + short.to_bytes(3, "big") + bytes((self.tail,))

    def nwk(self, src: int, dst: int, payload: bytes, *, broadcast: bool = False) -> None:
        self.counter += 1
        frame = NwkFrame.data(0xFFFD if broadcast else dst, src, self.counter & 0xFF, payload, src_eui=self.eui(src))
        eui = self.eui(src)
        secured = secure_nwk(frame, self.network_key, 1000 + self.counter, eui, self.key_sequence)
        mac = MacFrame.data(self.pan, 0xFFFF if broadcast else dst, src, self.counter & 0xFF, bytes(secured))
        self.frames.append((self.channel, mac.psdu()))

    def aps(self, src: int, dst: int, frame: ApsFrame, key_id: KeyId = KeyId.DATA) -> None:
        """Send a frame under the device's link key, in fragments when it is long."""
        key = self.link_keys[src or dst]
        for block in fragment(frame, 55):
            self.counter += 1
            self.nwk(src, dst, bytes(secure_aps(block, key, self.counter, self.eui(src), key_id=key_id)))

    def data(self, src: int, dst: int, cluster: int, asdu: bytes) -> None:
        self.aps(src, dst, ApsFrame.data(cluster, self.counter & 0xFF, asdu))

    def switch_key(self, key: bytes) -> None:
        """Deliver a new network key to every device and switch to it."""
        sequence = self.key_sequence + 1
        for short in self.link_keys:
            command = TransportKey.network(key, sequence, self.eui(short), self.eui(0))
            self.aps(0, short, ApsFrame.command(self.counter & 0xFF, command.octets()), KeyId.KEY_TRANSPORT)
        self.nwk(0, 0, bytes(ApsFrame.command(1, SwitchKey(sequence).octets())), broadcast=True)
        self.network_key, self.key_sequence = key, sequence

    def keyring(self, keys: Keyring) -> None:
        """Add the keys that a capture begins with."""
        keys.add_network_key(self.network_key, self.key_sequence, pan=self.pan)
        for short, key in self.link_keys.items():
            keys.add_link_key(key, (self.eui(0), self.eui(short)))


def attribute_value(attribute: Attribute, chance: Random) -> Value:
    """A value of the attribute's type."""
    kind = attribute.type
    if kind in (0x41, 0x42):
        return Value(kind, bytes(chance.choices(b"ABCDEFGH12345", k=chance.randrange(1, 12))))
    if kind == 0x10:
        return Value(kind, chance.random() < 0.5)
    if kind == 0xF0:
        return Value(kind, chance.randbytes(8))
    width = {0xE2: 4, 0x30: 1, 0x31: 2}.get(kind, (kind & 7) + 1)
    largest = (1 << 8 * width - 1) - 1
    return Value(kind, chance.randrange(min(largest, 0x7FFFFFFF)))


def payload(fields: tuple[layout.Field, ...], chance: Random) -> bytes:
    """A payload that fills a layout; groups have two rows, conditional fields follow what was chosen before."""
    values: dict[str, int] = {}
    octets = bytearray()
    counted = {one.repeat.partition("&")[0] for one in fields if one.members and not one.repeat.isdigit()}
    for one in fields:
        if one.condition is not None and not one.condition.holds(values):
            continue
        if one.members:
            rows = int(one.repeat) if one.repeat.isdigit() else 2 if one.repeat else 1
            octets += b"".join(payload(one.members, chance) for _ in range(rows))
            continue
        name, kind = one.name, one.type
        if kind in ("str", "octets"):
            text = bytes(chance.choices(b"ABCDEFGH", k=4))
            octets += bytes((len(text),)) + text
        elif kind == "rest":
            octets += b"\x01" if name == "data" else b""  # through a tunnel: GET
        elif one.size:
            number = 2 if name in counted else chance.randrange(1, 100)
            if name == "suite":
                number = 2
            if name in ("status", "payloadType", "fieldControl"):
                number = 0
            values[name] = number
            octets += number.to_bytes(one.size, one.order)  # type: ignore[arg-type]
        else:
            octets += chance.randbytes(int(kind[3:]) if kind.startswith("hex") else WIDTHS[kind])
    return bytes(octets)


def every_command(network: Network, device: int, chance: Random) -> None:
    """Send every command and every attribute of every cluster, in both directions, under link keys."""
    for number in tables.clusters():
        cluster = tables.cluster(number)
        assert cluster is not None
        for (from_server, command), known in cluster.commands.items():
            ends = (device, 0) if from_server else (0, device)
            frame = zcl.ZclFrame.cluster(command, command, payload(known.fields or (), chance), from_server=from_server)
            network.data(*ends, number, bytes(frame))
        for of_server, attributes in cluster.attributes.items():
            wanted = list(attributes.items())
            for start in range(0, min(len(wanted), 48), 8):
                some = wanted[start : start + 8]
                values = [zcl.Attribute(i, 0, attribute_value(one, chance)) for i, one in some]
                read = zcl.ZclFrame.general(zcl.READ, start, zcl.read_attributes(i for i, _ in some))
                answer = zcl.ZclFrame.general(1, start, zcl.read_response(values), from_server=of_server)
                if of_server:
                    network.data(0, device, number, bytes(read))
                network.data(device if of_server else 0, 0 if of_server else device, number, bytes(answer))
