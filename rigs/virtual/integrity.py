"""What a meter finds wrong with itself, and how it says so (81A0; GBCS 16.4, reference data)."""

from typing import TYPE_CHECKING

from bench.gbcs.axdr import octets
from bench.gbcs.trust_anchors import Role
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme
    from rigs.virtual.gsme import Gsme

WARNING = 0x81A0
MESSAGE_CODES = {"ESME": 0x00F0, "GSME": 0x00F2}
UNEXPECTED_RESET = 5  #: cause


class Integrity:
    """Warnings of a meter about its own integrity."""

    def __init__(self, meter: "Esme | Gsme") -> None:
        self._meter = meter

    @rule("R-ALT-020")
    def warn(self, cause: int) -> None:
        """Log the warning, and tell the supplier in a message of its own."""
        meter = self._meter
        if meter.logging(WARNING):
            meter.logs.add(meter.logs.event, WARNING)
        meter.alert(WARNING, Role.SUPPLIER, [octets(self.cause_octets(cause))], self.message_code())

    @rule("R-ALT-020", "R-EVT-019")
    def message_code(self) -> int:
        """Return the message code of the warning: no generic one, as it holds more than code and time."""
        return MESSAGE_CODES[self._meter.kind]

    @rule("R-ALT-020", "R-EVT-025")
    def cause_octets(self, cause: int) -> bytes:
        """Return the cause as other information: two octets."""
        return cause.to_bytes(2)
