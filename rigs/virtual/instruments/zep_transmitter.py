"""A virtual transmitter: takes ZEP version 2 datagrams, puts their PSDUs on the air, acknowledges each."""

import socket
import struct
import threading
from collections.abc import Callable

from bench.han.errors import HanError
from bench.han.mac import MacFrame
from rigs.virtual.radio import Medium, Station
from rigs.virtual.world import World

HEADER = struct.Struct(">2sBBBHBBQI10xB")
ACKNOWLEDGE = struct.Struct(">2sBBI")
MAGIC, VERSION, DATA, ACK = b"EX", 2, 1, 2
LOSS_DB = 45.0
LARGEST = 1 << 16
NAME = "transmitter"


class ZepTransmitter:
    """Listens on a free UDP port; `medium` returns the air of the present baseline."""

    def __init__(self, world: World, medium: Callable[[], Medium]) -> None:
        self._world, self._medium = world, medium
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._station = Station(NAME, lambda frame, psdu, dbm: None, lambda: False)
        threading.Thread(target=self._serve, name="transmitter", daemon=True).start()

    def _serve(self) -> None:
        while True:
            datagram, sender = self._socket.recvfrom(LARGEST)
            if len(datagram) < HEADER.size:
                continue
            magic, version, kind, channel, _, _, _, _, number, length = HEADER.unpack_from(datagram)
            psdu = datagram[HEADER.size :]
            if (magic, version, kind) != (MAGIC, VERSION, DATA) or len(psdu) != length:
                continue
            with self._world.lock:
                if channel == self._medium().channel:
                    self._send(psdu)
            self._socket.sendto(ACKNOWLEDGE.pack(MAGIC, VERSION, ACK, number), sender)

    def _send(self, psdu: bytes) -> None:
        """Put a PSDU on the air now; one that is no MAC frame is not heard by anybody."""
        try:
            frame = MacFrame.parse(psdu)
        except HanError:
            return
        medium = self._medium()
        medium.reach_all(NAME, LOSS_DB)
        self._world.process(medium.transmit(self._station, frame, contend=False))
