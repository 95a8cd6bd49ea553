"""The end of the hub's tunnel at a device that is always on: electricity meter, PPMID."""

from collections.abc import Callable
from typing import Protocol

import simpy

from bench.han.nwk import COORDINATOR
from bench.han.tunnelling import CLUSTER, CloseTunnel, RequestTunnel, RequestTunnelResponse, TransferData
from bench.han.zcl import DEFAULT_RESPONSE, ZclFrame, default_response
from bench.han.zdo import DeviceAnnce
from rigs.virtual.han_server import NOT_AUTHORISED
from rigs.virtual.rules import rule
from rigs.virtual.transfers import Transfers
from rigs.virtual.tunnel import NO_MORE_TUNNELS, RETRY
from rigs.virtual.world import Process, World
from rigs.virtual.zcl_objects import NOT_FOUND, SUCCESS
from rigs.virtual.zigbee import ZigbeeNode

CAPABILITY = 0x8E
NO_TUNNEL = 0xFFFF
REJECTED = {RequestTunnel.IDS[0]: 0x81BA, CloseTunnel.IDS[0]: 0x81A4}  #: command -> event


class Tunnelled(Protocol):
    """What a device with a tunnel has."""

    world: World
    transfers: Transfers
    send: Callable[[bytes], None]
    tunnel: object
    on_boot: list[object]

    def powered(self) -> bool:
        """Whether the device runs."""

    def receive(self, data: bytes) -> None:
        """Take one complete message from the hub."""


class MeterTunnel:
    """The device's end of the tunnel: answers the hub's request, passes messages, queues what it cannot send.

    `others` gets what comes on other clusters. A device that has joined long ago begins with the tunnel `number`.
    """

    def __init__(self, device: "Tunnelled", node: ZigbeeNode, number: int | None = None) -> None:
        self._device, self._node = device, node
        self._number = number
        self._last_number = number or 0
        self._sequence = 0
        self._queue: list[bytes] = []
        self._busy = False
        self.refusal = 0  #: status with which a device made for tests refuses a tunnel
        self.refused: Callable[[int], None] = lambda code: None  #: gets the event of a refusal
        self._asked: simpy.Event = device.world.env.event()
        device.send = self._enqueue
        device.tunnel = self
        self.others: Callable[[int, bytes, int], None] = lambda cluster, asdu, partner: None
        node.receive = self._receive
        device.on_boot.append(lambda: self.resume())  # noqa: PLW0108 - a defect may replace it

    @rule("R-PWR-001", "R-PWR-011")
    def resume(self) -> None:
        """The device has started: announce it, and send what waited; the hub may not know that it was away."""
        announce = DeviceAnnce(sequence=1, short=self._node.short, eui=self._node.eui, capability=CAPABILITY)
        self._device.world.process(self._node.broadcast_zdo(DeviceAnnce.CLUSTER, bytes(announce)))
        self._device.world.process(self._drain())

    def forget(self) -> None:
        """Know of no tunnel until the hub asks for one."""
        self._number = None

    def _receive(self, cluster: int, asdu: bytes, partner: int) -> None:
        if cluster != CLUSTER:
            self.others(cluster, asdu, partner)
            return
        frame = ZclFrame.parse(asdu)
        if frame.from_server or not frame.type:
            return
        if not self.may_have_tunnel(partner):
            self.refuse_stranger(partner, frame)
        elif frame.command == RequestTunnel.IDS[0]:
            self._device.world.process(self._answer(partner, bytes(self._open().frame(frame.sequence))))
        elif frame.command == CloseTunnel.IDS[0]:
            self._tell(partner, frame, self._close(CloseTunnel.parse(frame.payload).tunnel))
        elif frame.command == TransferData.IDS[0]:
            message = self._device.transfers.take(TransferData.parse(frame.payload).data)
            if message is not None:
                self._device.receive(message)

    @rule("R-HAN-060", "R-HUB-002")
    def may_have_tunnel(self, partner: int) -> bool:
        """Whether a device may have a tunnel to this one: the hub alone."""
        return partner == COORDINATOR

    @rule("R-HUB-014")
    def refuse_stranger(self, partner: int, frame: ZclFrame) -> None:
        """Refuse what another device than the hub asks of the tunnel; a request and a close are events."""
        self._tell(partner, frame, NOT_AUTHORISED)
        code = REJECTED.get(frame.command)
        if code is not None:
            self.refused(code)

    def _open(self) -> RequestTunnelResponse:
        if self.refusal:
            return RequestTunnelResponse(NO_TUNNEL, self.refusal)
        self._last_number = self._number = (self._last_number + 1) & 0xFFFF
        return RequestTunnelResponse(self._number, 0)

    def _close(self, number: int) -> int:
        """Close a tunnel; returns the status. A device that had none left for tests has one then."""
        if number != self._last_number:
            self.refused(REJECTED[CloseTunnel.IDS[0] or 0])
            return NOT_FOUND
        self._number = None
        self.refusal = 0 if self.refusal == NO_MORE_TUNNELS else self.refusal
        return SUCCESS

    def _tell(self, partner: int, frame: ZclFrame, status: int) -> None:
        payload = default_response(frame.command, status)
        answer = ZclFrame.general(DEFAULT_RESPONSE, frame.sequence, payload, from_server=True)
        self._device.world.process(self._node.send(partner, CLUSTER, bytes(answer)))

    def _answer(self, partner: int, asdu: bytes) -> Process:
        yield from self._node.send(partner, CLUSTER, asdu)
        asked, self._asked = self._asked, self._device.world.env.event()
        asked.succeed()
        self._device.world.process(self._drain())

    def _enqueue(self, message: bytes) -> None:
        self._queue += self._device.transfers.blocks(message)
        self._device.world.process(self._drain())

    def _drain(self) -> Process:
        """Send what waits; what does not arrive is sent again after a while, or when the hub asks for a tunnel."""
        if self._busy:
            return
        self._busy = True
        while self._queue and self._number is not None and self._device.powered():
            self._sequence = (self._sequence + 1) & 0xFF
            frame = TransferData(self._number, self._queue[0]).frame(self._sequence, from_server=True)
            if (yield from self._node.send(COORDINATOR, CLUSTER, bytes(frame))):
                self._queue.pop(0)
            else:
                yield self._asked | self._device.world.wait(RETRY)
        self._busy = False
