"""`bench sniff`: frames of a capture, or as they are heard, one a line."""

import copy
import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bench.han import secrets_block
from bench.han.capture import PcapngWriter
from bench.han.capture_reader import Packet, read_capture
from bench.han.errors import HanError
from bench.han.fast import FastReader
from bench.han.frame import Frame
from bench.han.heard import Heard, heard
from bench.han.heard_row import HeardRow, whole
from bench.han.keyring import Keyring
from bench.han.keyring_file import save_for_wireshark
from bench.han.known_devices import TYPES
from bench.han.row import Messages, row, without_clear_key
from bench.han.show import Painter, layers, line

if TYPE_CHECKING:
    from bench.han.query import Query

OK, DAMAGED, USAGE = 0, 1, 2
NOBODY = bytes(8)  #: a device of a known type that a capture does not show
KEPT = 4096  #: frames that could not be decrypted, for keys that come later
_ENCODER = json.JSONEncoder(separators=(", ", ": "))


class SniffError(Exception):
    """What the user asked for cannot be done as asked."""


@dataclass(frozen=True)
class Options:
    """What the command line says beside where frames come from."""

    as_json: bool = False
    verbose: bool = False
    keys: Path | None = None
    unsorted_keys: tuple[str, ...] = field(default=(), repr=False)  #: hexadecimal
    filter: str = ""
    write: Path | None = None
    with_keys: bool = False
    devices: tuple[tuple[bytes, str, str], ...] = ()  #: EUI-64, type and name of what a rig file says is there


class Sniff:
    """Takes packets, prints frames, writes those it prints. Raises SniffError for options that cannot be."""

    def __init__(self, options: Options, out: TextIO, file: Path | None = None) -> None:
        """`file` is the capture, when it is one: it is looked through for keys when a frame cannot be decrypted."""
        self.options = options
        self._file = file
        self._out = out
        self.keyring = keyring(options)
        self.reader = FastReader(self.keyring, keep=KEPT)
        self._messages = Messages()
        self._query = _query(options.filter, self.keyring, file)
        self._paint = Painter(colour=coloured(out))
        self._writer = _Writer(options.write) if options.write else None
        self._every_layer = self._query is None and not options.as_json
        self.damaged = 0

    def take(self, packet: Packet) -> None:
        """Read one packet and show its frame."""
        found = self.reader.take(packet, detailed=self._every_layer)
        if self._file is not None and isinstance(found.decrypted, str) and found.frame is not None:
            found = heard(self._look_ahead(self._file, found.frame))
            self._file = None
        self.show(found, packet)

    def _look_ahead(self, path: Path, frame: Frame) -> Frame:
        """Learn the keys and addresses that the whole file gives away; return the frame, read anew if they open it."""
        scout = FastReader(self.keyring)
        try:
            for packet in read_capture(path, self.keyring):
                scout.take(packet)
        except (HanError, OSError):
            pass  # told when the file is read for good
        self.reader.learn_from(scout)
        return next((one for one in self.reader.retry() if one.number == frame.number), frame)

    def show(self, found: Heard, packet: Packet | None) -> None:
        """Print a frame if the filter lets it; write its packet, and tell of damage on standard error."""
        if found.error is not None:
            self.damaged += 1
            complain(found.error)
        message = None if found.gbcs is None else self._messages.assemble(found.gbcs)
        frame = found.frame
        interface = frame.interface if frame is not None else None if packet is None else _interface(packet)
        shown = HeardRow(found, interface, message)
        if self._query is not None and not self._query.matches(shown):
            return
        if self._writer is not None and packet is not None:
            if self.options.with_keys:
                self._writer.keys(found, self.reader)
            self._writer.write(
                packet, packet.psdu if frame is None or self.options.with_keys else without_clear_key(frame)
            )
        if self.options.as_json:
            everything = whole(shown, self.reader.dissector.scales, with_keys=self.options.with_keys)
            self._out.write(_ENCODER.encode(everything) + "\n")
            return
        if frame is None:
            assert packet is not None
            frame = self.reader.detail(found, packet.psdu, interface)
        everything = row(frame, shown.gbcs, with_keys=self.options.with_keys)
        self._out.write(line(frame, everything, self._paint) + "\n")
        if self.options.verbose:
            self._out.writelines(f"{text}\n" for text in layers(frame, shown.gbcs))

    def retry(self) -> None:
        """Print anew the frames that a key learned since has opened; they keep their numbers."""
        for frame in self.reader.retry():
            self.show(heard(frame), None)

    def close(self) -> None:
        """Finish the file written, and put the keys beside it when asked to."""
        if self._writer is None or self.options.write is None:
            return
        self._writer.close()
        if self.options.with_keys:
            save_for_wireshark(self.keyring, Path(f"{self.options.write}.zigbee_pc_keys"))
            self.keyring.save(Path(f"{self.options.write}.keys.toml"))


def _interface(packet: Packet) -> int | str:
    return packet.interface_name or packet.interface


class _Writer:
    """Writes packets to a new pcapng file, an interface for each of theirs."""

    def __init__(self, path: Path) -> None:
        try:
            self._writer = PcapngWriter(path)
        except FileExistsError:
            raise SniffError(f"--write {path} is there already; name a new file") from None
        except OSError as fault:
            raise SniffError(f"--write {path} cannot be written: {fault.strerror}") from None
        self._interfaces: dict[tuple[int, str], int] = {}
        self._secrets: set[bytes] = set()

    def write(self, packet: Packet, psdu: bytes) -> None:
        if packet.error is not None:
            return
        name = packet.interface_name or f"interface {packet.interface}"
        interface = self._interfaces.get((packet.interface, name))
        if interface is None:
            interface = self._interfaces[packet.interface, name] = self._writer.add_interface(name)
        comments = packet.comments
        if psdu != packet.psdu:
            comments = (*comments, "bench sniff: a key in clear was left out")
        self._writer.write_psdu(
            interface,
            max(packet.time, 0),
            psdu,
            fcs=packet.fcs,
            channel=packet.channel,
            page=packet.page or 0,
            rssi=packet.rssi,
            lqi=packet.lqi,
            comment=comments,
        )

    def keys(self, found: Heard, reader: FastReader) -> None:
        """Write the keys that opened a frame, unless they are in the file already."""
        bodies = []
        if found.pan is not None and found.network_key is not None and found.key_seq is not None:
            keys = reader.keyring.for_network(found.pan, found.key_seq)
            origins = (key for key in keys if (key.origin or "keyring") == found.network_key)
            bodies += [secrets_block.network_key(key.key, found.pan) for key in origins]
        originator = found.src_eui
        if found.pan is not None and found.link_key is not None and originator is not None:
            link = reader.dissector.unlock.latest(originator, found.dst_eui)
            if link is not None and found.nwk_src is not None and found.nwk_dst is not None:
                ends = sorted((found.nwk_src, found.nwk_dst))
                bodies.append(secrets_block.link_key(link.key, found.pan, *ends))
        for body in bodies:
            if body not in self._secrets:
                self._secrets.add(body)
                self._writer.write_secrets(body)

    def close(self) -> None:
        self._writer.close()


def read_file(path: Path, options: Options, out: TextIO) -> int:
    """Print the frames of a capture file ("-" for standard input).

    Returns 0, 1 when frames or the file are damaged, 2 with one line on standard error for a usage error. When a frame
    cannot be decrypted, the rest of the file is first looked through for keys sent on air.
    """
    try:
        _check(path)
        sniff = Sniff(options, out, None if str(path) == "-" else path)
        packets = read_capture(sys.stdin.buffer if str(path) == "-" else path, sniff.keyring)
    except SniffError as fault:
        complain(str(fault))
        return USAGE
    code, number = OK, 0
    try:
        for packet in packets:
            number = packet.number
            sniff.take(packet)
    except HanError as fault:
        no_capture = fault.layer == "capture" and not number
        complain(f"{path}: {fault if no_capture else fault.in_frame(number + 1)}")
        code = USAGE if no_capture else DAMAGED
    except OSError as fault:
        if isinstance(fault, BrokenPipeError):
            raise
        complain(f"{path} cannot be read: {fault.strerror or 'input/output error'}")
        code = USAGE
    finally:
        sniff.close()
    if str(path) == "-":
        sniff.retry()
    return code or (DAMAGED if sniff.damaged else OK)


def _check(path: Path) -> None:
    if str(path) == "-":
        return
    if not path.exists():
        raise SniffError(f"{path} does not exist; give a pcap or pcapng file, or - for standard input")
    if path.is_dir():
        raise SniffError(f"{path} is a folder; give a pcap or pcapng file, or - for standard input")


def keyring(options: Options) -> Keyring:
    """Return the keys of --keys and --key. Raises SniffError, which never holds a key."""
    keys = Keyring()
    if options.keys is not None:
        try:
            keys = Keyring.load(options.keys)
        except OSError as fault:
            raise SniffError(f"--keys {options.keys} cannot be read: {fault.strerror}") from None
        except HanError as fault:
            raise SniffError(f"--keys {options.keys}: {fault.reason}") from None
    for eui, kind, name in options.devices:
        if eui not in keys.devices:
            keys.add_device(eui, kind, name)
    for number, text in enumerate(options.unsorted_keys, 1):
        digits = "".join(text.replace(":", "").replace("-", "").split()).removeprefix("0x")
        try:
            keys.add_unsorted(bytes.fromhex(digits), f"--key {number}")
        except HanError as fault:
            raise SniffError(f"--key {number}: {fault.reason}") from None
        except ValueError:
            raise SniffError(f"--key {number} is not hexadecimal; a key has 32 digits") from None
    return keys


def _query(text: str, keyring: Keyring, file: Path | None) -> "Query | None":
    """Return the filter; devices that nobody wrote down are those that a capture file shows."""
    if not text.strip():
        return None
    from bench.han.query import compile_query

    names = keyring.device_names()
    unknown = {word.rstrip("0123456789") for word in re.findall(r"[a-z]+\d*", text.lower())} & set(TYPES) - names.keys()
    if unknown and file is not None:
        names = dict.fromkeys(unknown, NOBODY) | _shown_devices(file, keyring)
    try:
        return compile_query(text, names)
    except HanError as fault:
        raise SniffError(f"--filter: {fault}") from None


def _shown_devices(path: Path, keyring: Keyring) -> dict[str, bytes]:
    """Return the devices of a capture by name, as far as it can be read."""
    from bench.han.columns import decode
    from bench.han.columns.devices import Devices

    devices = Devices(keyring)
    try:
        for columns in decode(path, copy.deepcopy(keyring), attributes=False, repeats=False):
            devices.take(columns)
    except (HanError, OSError):
        pass  # told when the file is read for good
    return devices.names()


def coloured(out: TextIO) -> bool:
    """Whether to use colours: on a terminal, unless NO_COLOR is set (no-color.org) or it is a dumb one."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def complain(text: str) -> None:
    """Print a line to standard error."""
    sys.stderr.write(f"bench sniff: {text}\n")
