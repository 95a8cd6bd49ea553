"""Devices that ask to join in the sub-GHz band: the hub has one place there, the gas meter's (GBCS 10.6.2.4)."""

from typing import TYPE_CHECKING

from bench.gbcs import Eui64
from bench.gbcs.axdr import octets
from bench.han.mac import MacFrame
from bench.han.mac_commands import (
    AssociationRequest,
    BeaconRequest,
    DataRequest,
    association_response,
    beacon,
)
from rigs.virtual.radio import INDIRECT
from rigs.virtual.rules import rule
from rigs.virtual.trust_centre import DENIED, NO_ADDRESS, mac_command
from rigs.virtual.world import Process

if TYPE_CHECKING:
    from rigs.virtual.hub import Hub
    from rigs.virtual.hub_log import HubLog

AT_CAPACITY, NO_ROOM = 1, 0x8F2D


class SubGhzJoining:
    """Answers beacon and association requests that the hub's sub-GHz radio hears."""

    def __init__(self, hub: "Hub", log: "HubLog") -> None:
        self._hub, self._band, self._log = hub, hub.sub_ghz, log
        self._refused: dict[bytes, int] = {}
        radio = self._band.radio
        radio.other = self._from_mac
        radio.holds_for = lambda frame: frame.src in self._refused and frame.payload[:1] == bytes((DataRequest.ID,))

    def _from_mac(self, frame: MacFrame) -> None:
        command = mac_command(frame)
        if isinstance(command, BeaconRequest):
            self._hub.world.process(self._beacon())
        elif isinstance(frame.src, bytes) and isinstance(command, AssociationRequest):
            eui = frame.src
            self._refused[eui] = self.refuse(Eui64(eui))
            self._hub.world.after(INDIRECT, lambda: self._refused.pop(eui, None) and None)
        elif isinstance(frame.src, bytes) and isinstance(command, DataRequest) and frame.src in self._refused:
            self._hub.world.process(self._answer(frame.src, self._refused.pop(frame.src)))

    def _beacon(self) -> Process:
        radio = self._band.radio
        yield from radio.send_frame(beacon(radio.pan, radio.short, 0, radio.eui, permit=self._log.is_open()))

    @rule("R-SUB-007", "R-SUB-006")
    def refuse(self, eui: Eui64) -> int:
        """Return why a device may not join here; one of the log, for which there is no room, is told (DBCH11)."""
        if not (self._log.is_open() and self._log.admits(eui)):
            return DENIED
        self._band.tell(NO_ROOM, [octets(eui)])
        return AT_CAPACITY

    def _answer(self, eui: bytes, status: int) -> Process:
        radio = self._band.radio
        told = association_response(radio.pan, eui, radio.eui, 0, short=NO_ADDRESS, status=status)
        yield from radio.send_frame(told)
