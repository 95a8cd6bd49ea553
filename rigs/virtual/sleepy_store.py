"""The hub's store of messages for the sleeping gas meter, and its end of the meter's tunnel (device rules 9.1)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs import Eui64
from bench.han.errors import HanError
from bench.han.tunnelling import CLUSTER, RequestTunnel, RequestTunnelResponse, TransferData, TransferDataError
from bench.han.zcl import REPORT, ZclFrame
from rigs.virtual.gas_mirror import COMMAND_OF_FLAGS, NEW_FIRMWARE, TUNNEL_PENDING, flags_payload
from rigs.virtual.gbz_device import METERING
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.gas_proxy import Gpf
    from rigs.virtual.hub import Hub

KEPT = timedelta(hours=24)
GET, GET_RESPONSE, PUT = 0x01, 0x02, 0x03
MOST = 255
SAMPLES = 0x07
NO_SUCH_TUNNEL = 0


class SleepyStore:
    """What waits for one sleepy meter. It survives a loss of the hub's supply."""

    def __init__(self, hub: "Hub", eui: Eui64, short: int, proxy: "Gpf") -> None:
        self._hub, self.eui, self.short, self._proxy = hub, eui, short, proxy
        self.waiting: list[tuple[datetime, bytes]] = []
        self._number, self._open = 0, False

    @rule("R-GSM-013", "R-HUB-016", "R-TOM-003")
    def store(self, transfer: bytes) -> None:
        """Keep a transfer, unaltered, until the meter asks for it or its time is over."""
        if not self._hub.sub_ghz.takes(self.eui, transfer):
            return
        self._proxy.taps.command(transfer)
        stored = (self._hub.world.now, transfer)
        self.waiting.append(stored)
        self._hub.world.after(KEPT, lambda: self.expire(stored))

    @rule("R-GSM-013")
    def expire(self, stored: tuple[datetime, bytes]) -> None:
        """Discard what the meter has not fetched in time, and say so."""
        if stored in self.waiting:
            self.waiting.remove(stored)
            self._proxy.command_not_retrieved()

    def forget_tunnel(self) -> None:
        """The hub has lost its supply: the meter has to ask for a tunnel anew."""
        self._open = False

    def receive(self, cluster: int, frame: ZclFrame) -> None:
        """Take a frame of the meter."""
        if cluster == CLUSTER and not frame.from_server:
            self._from_tunnel(frame)
        elif cluster == METERING and frame.command == SAMPLES and frame.from_server and frame.type:
            self._proxy.take_samples(frame.payload)
        elif frame.command == REPORT and not frame.type:
            self._proxy.mirror.take_report(cluster, frame.payload)
            if cluster == METERING:
                payload = flags_payload(self.flags())
                self._answer(METERING, ZclFrame.cluster(COMMAND_OF_FLAGS, frame.sequence, payload))

    @rule("R-GSM-002", "R-GSM-007")
    def flags(self) -> int:
        """Return the functional notification flags for the meter."""
        firmware = NEW_FIRMWARE * self._hub.ota.flagged(self.eui)
        return TUNNEL_PENDING * bool(self.waiting) | firmware | self._proxy.flags()

    def _from_tunnel(self, frame: ZclFrame) -> None:
        if frame.command == RequestTunnel.IDS[0]:
            self._number, self._open = (self._number + 1) & 0xFFFF or 1, True
            self._answer(CLUSTER, RequestTunnelResponse(self._number, 0).frame(frame.sequence))
        elif frame.command == TransferData.IDS[0]:
            sent = TransferData.parse(frame.payload)
            if not self._open:
                self._answer(
                    CLUSTER, TransferDataError(sent.tunnel, NO_SUCH_TUNNEL).frame(frame.sequence, from_server=True)
                )
                return
            data = sent.data
            if data[:1] == bytes((GET,)):
                self.give(frame.sequence)
            elif data[:1] == bytes((PUT,)):
                self._proxy.taps.response(data[1:])
                self._hub.up(data[1:])

    @rule("R-GSM-011", "R-HUB-017")
    def give(self, sequence: int) -> None:
        """Answer a GET: how many remain after this message, then the message; it is given once."""
        message = self.waiting.pop(0)[1] if self.waiting else b""
        data = bytes((GET_RESPONSE, min(len(self.waiting), MOST))) + message
        self._answer(CLUSTER, TransferData(self._number, data).frame(sequence, from_server=True))

    def _answer(self, cluster: int, frame: ZclFrame) -> None:
        self._hub.world.process(self._hub.node.send(self.short, cluster, bytes(frame)))

    def from_han(self, cluster: int, asdu: bytes) -> None:
        """Take an ASDU of the meter."""
        try:
            self.receive(cluster, ZclFrame.parse(asdu))
        except HanError:
            return
