"""The electricity meter towards switches on the HAN: what it tells them, and what they answer (HECS01)."""

from typing import TYPE_CHECKING

from bench.gbcs import Eui64
from bench.han.errors import HanError
from bench.han.zcl import ZclFrame
from rigs.virtual.drlc import CLUSTER, COMPLETED, GET_SCHEDULED, REPORT, STARTED, EventStatus, LoadControlEvent
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.auxiliary import Auxiliary
    from rigs.virtual.esme import Esme
    from rigs.virtual.zigbee import ZigbeeNode

HCALCS_TYPE = 4
HECS01 = 0x0119
ACTIONED, NOT_ACTIONED = 0x8154, 0x8155


class LoadControl:
    """Sends events to the switches that are joined, and takes their reports."""

    def __init__(self, esme: "Esme", node: "ZigbeeNode") -> None:
        self._esme, self._node = esme, node
        self._sequence = 0
        auxiliary = self._auxiliary
        auxiliary.to_han = lambda eui, event: self.send(eui, event)  # noqa: PLW0108 - a defect may replace it

    @property
    def _auxiliary(self) -> "Auxiliary":
        return self._esme.auxiliary

    @rule("R-HAN-042", "R-HAN-065")
    def is_joined(self, eui: Eui64) -> bool:
        """Whether a device has been joined as an HCALCS: no other is told or heard."""
        entry = self._esme.device_log.entries.get(eui)
        return entry is not None and entry.type_code == HCALCS_TYPE

    def send(self, eui: Eui64, event: LoadControlEvent) -> None:
        """Send an event to a switch, if it is joined and on the network."""
        short = next((one for one, partner in self._node.partners.items() if partner == eui), None)
        if short is not None and self.is_joined(eui):
            self._sequence = (self._sequence + 1) & 0xFF
            frame = event.frame(self._sequence)
            self._esme.world.process(self._node.send(short, CLUSTER, bytes(frame)))

    def receive(self, asdu: bytes, partner: int) -> None:
        """Take what a switch sends."""
        eui = Eui64(self._node.partners[partner])
        if not self.is_joined(eui) or not self._esme.powered():
            return
        try:
            frame = ZclFrame.parse(asdu)
            if frame.from_server or not frame.type:
                return
            if frame.command == REPORT:
                report = EventStatus.parse(frame.payload)
                self._auxiliary.reported(eui, report.number, report.status in (STARTED, COMPLETED))
            elif frame.command == GET_SCHEDULED:
                self.asked(eui)
        except HanError:
            return

    @rule("R-HAN-065")
    def asked(self, eui: Eui64) -> None:
        """A switch asks what it is to do (HECS01): log that, and tell it."""
        found = self._auxiliary.switch_of(eui)
        self.log(found is not None)
        if found is not None:
            self._auxiliary.ask(found)

    @rule("R-HAN-065", "R-EVT-006")
    def log(self, done: bool) -> None:
        """Write the request into the event log, with the message code of the use case."""
        outcome = ACTIONED if done else NOT_ACTIONED
        if self._esme.logging(outcome):
            self._esme.logs.add(self._esme.logs.event, outcome, HECS01.to_bytes(2))
