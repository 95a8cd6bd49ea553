"""Images over the HAN: the OTA upgrade cluster between the hub and a device (ZCL 11; GBCS 11.3, 11.4, 11.6)."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.gbcs.times import zigbee_utc
from bench.han.zcl import ZclFrame
from rigs.virtual.rules import rule
from rigs.virtual.world import Process
from rigs.virtual.zigbee import ZigbeeNode

if TYPE_CHECKING:
    from rigs.virtual.gbcs_device import GbcsDevice

CLUSTER = 0x0019
NOTIFY, QUERY, QUERY_ANSWER, BLOCK, BLOCK_ANSWER, END, END_ANSWER = 0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07
SUCCESS, ABORT, INVALID_IMAGE, NO_IMAGE = 0x00, 0x95, 0x96, 0x98
WITH_HARDWARE = 0x01  #: field control of a query: it names the hardware version
ALL_OF_A_FILE = 0x03  #: payload type of a notification that names maker, type and version
LATER = 0xFFFFFFFF  #: time of the upgrade: when a command says so
HEADER = struct.Struct("<10xHHI32x2xI")  #: of an OTA file: maker, type, version, size, behind what is the same in all
MOST_DATA = 40  #: octets of the file in one answer, so that it needs no fragments
ANSWER_WAIT, STEP = timedelta(seconds=5), timedelta(milliseconds=50)
BETWEEN_BLOCKS = timedelta(seconds=1)
AGAIN = timedelta(minutes=1)  #: until a device that got no answer asks again


class FileId(NamedTuple):
    """What tells one file from another."""

    maker: int
    image_type: int
    version: int

    def __bytes__(self) -> bytes:
        return struct.pack("<HHI", *self)


@dataclass(frozen=True)
class Offer:
    """A file that the hub has for a device, and its size (octets)."""

    file: FileId
    size: int


class OtaClient:
    """A device's end. What has been fetched is kept until it is whole, also where supply or hub fail in between."""

    def __init__(self, device: "GbcsDevice", node: ZigbeeNode, hub: int, identity: Callable[[], Any]) -> None:
        """`identity` returns maker, type, running version and hardware version."""
        self._device, self._node, self._hub, self._identity = device, node, hub, identity
        self._world = device.world
        self._answer: ZclFrame | None = None
        self._sequence = 0
        self.offer: Offer | None = None
        self.fetched = b""
        self.busy = False

    def receive(self, frame: ZclFrame) -> None:
        """Take a frame of the hub's."""
        if frame.command == NOTIFY:
            self.notified()
        elif frame.sequence == self._sequence:
            self._answer = frame

    @rule("R-FWU-004")
    def notified(self) -> None:
        """The hub has an image: ask for it, and for its octets until they are all there."""
        if not self.busy:
            self._world.process(self._download())

    def _download(self) -> Process:
        self.busy = True
        while not (yield from self.fetch()):
            yield self._world.wait(AGAIN)
        self.busy = False

    def fetch(self, most: int | None = None) -> Process:
        """Fetch an image, or `most` blocks of it; returns whether there is nothing left to fetch."""
        offer = yield from self._query()
        if offer is None:
            return False
        if offer.size == 0:
            return True
        self.fetched = self.resumed(offer)
        self.offer = offer
        for _ in range(most or offer.size):
            data = yield from self.next_block(offer)
            if not data:
                return False
            self.fetched += data
            if len(self.fetched) >= offer.size:
                yield from self._end(offer)
                return True
            yield self._world.wait(BETWEEN_BLOCKS)
        return False

    @rule("R-FWU-019")
    def resumed(self, offer: Offer) -> bytes:
        """Return what has been fetched of this image before, so that the download goes on there."""
        return self.fetched if offer == self.offer else b""

    def _query(self) -> Process:
        """Ask what there is; an offer of no octets is an answer that there is nothing, None is no answer."""
        maker, image_type, version, hardware = self._identity()
        running = FileId(maker, image_type, version)
        asked = bytes((WITH_HARDWARE,)) + bytes(running) + hardware.to_bytes(2, "little")
        answer = yield from self._ask(QUERY, asked)
        if answer is None:
            return None
        if answer.payload[:1] != bytes((SUCCESS,)):
            return Offer(running, 0)
        *file, size = struct.unpack("<HHII", answer.payload[1:13])
        return Offer(FileId(*file), size)

    @rule("R-FWU-004")
    def next_block(self, offer: Offer) -> Process:
        """Ask for the octets that follow those that are there; returns them, none where the hub gave none."""
        asked = b"\0" + bytes(offer.file) + struct.pack("<IB", len(self.fetched), MOST_DATA)
        answer = yield from self._ask(BLOCK, asked)
        if answer is None or answer.payload[:1] != bytes((SUCCESS,)):
            return b""
        offset, length = struct.unpack("<IB", answer.payload[9:14])
        return answer.payload[14 : 14 + length] if offset == len(self.fetched) else b""

    def _end(self, offer: Offer) -> Process:
        image, self.fetched, self.offer = self.fetched, b"", None
        kept = self._device.firmware.receive(image)
        yield from self._ask(END, bytes((SUCCESS if kept else INVALID_IMAGE,)) + bytes(offer.file))

    def _ask(self, command: int, payload: bytes) -> Process:
        self._sequence = (self._sequence + 1) & 0xFF
        self._answer = None
        frame = ZclFrame.cluster(command, self._sequence, payload)
        if self._device.powered():
            yield from self._node.send(self._hub, CLUSTER, bytes(frame))
        for _ in range(ANSWER_WAIT // STEP):
            if self._answer is not None:
                break
            yield self._world.wait(STEP)
        return self._answer


def offered(image: bytes) -> Offer | None:
    """Return what an OTA file says it is, None where it is too short for a header; the size is that of the octets."""
    if len(image) < HEADER.size:
        return None
    maker, image_type, version, _ = HEADER.unpack_from(image)
    return Offer(FileId(maker, image_type, version), len(image))


def notification(file: FileId, sequence: int) -> ZclFrame:
    """Return the frame by which a hub tells that it has a file."""
    return ZclFrame.cluster(NOTIFY, sequence, bytes((ALL_OF_A_FILE, 100)) + bytes(file), from_server=True)


def query_answer(offer: Offer | None) -> bytes:
    """Return the payload that answers a query."""
    if offer is None:
        return bytes((NO_IMAGE,))
    return bytes((SUCCESS,)) + bytes(offer.file) + offer.size.to_bytes(4, "little")


def block_answer(file: FileId, offset: int, data: bytes) -> bytes:
    """Return the payload that brings octets of a file."""
    return bytes((SUCCESS,)) + bytes(file) + struct.pack("<IB", offset, len(data)) + data


def end_answer(file: FileId, now: Any, at: Any) -> bytes:
    """Return the payload that ends a download: the time, and when the image is to run (None: a command says when)."""
    upgrade = LATER if at is None else zigbee_utc(at)
    return bytes(file) + struct.pack("<II", zigbee_utc(now), upgrade)
