"""Display and keys of the electricity meter, and the supplier's message for the devices of the home."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bench.gbcs.axdr import Data
from bench.gbcs.times import zigbee_utc
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.meter_screen import HISTORY, MESSAGE, PREPAYMENT, READING, MeterScreen, prepayment_status
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

PIN_OFF, MESSAGE_OBJECT = attribute("1:0-0:94.44.3.1:2"), attribute("1:0-2:96.13.1.255:2")
CUSTOMER_NUMBER = attribute("1:0-3:96.13.1.255:2")
ACKNOWLEDGED = 0x81A6
TO_BE_CONFIRMED = 0x80  #: bit of the control octet of a message
FOR_EVER = 0xFFFF  #: minutes
DAY = timedelta(days=1)


class EsmeScreen(MeterScreen):
    """Pages of the electricity meter."""

    def __init__(self, esme: "Esme") -> None:
        pages = {
            READING: lambda: f"{int(esme.integrate())} Wh",
            HISTORY: lambda: self.used_today(),  # noqa: PLW0108 - a defect may replace it
            PREPAYMENT: lambda: prepayment_status(esme.account),
            MESSAGE: lambda: self.message(),  # noqa: PLW0108
        }
        super().__init__(esme, pages)
        self._esme = esme
        self._message_id = 0
        objects = esme.cosem.objects
        objects.written[PIN_OFF] = lambda value: self.disable_pin()
        objects.written[MESSAGE_OBJECT] = lambda value: self.take_message()
        objects.written[CUSTOMER_NUMBER] = lambda value: self.take_number(_text(value))

    def used_today(self) -> str:
        """Return the import of the last day."""
        now = self._esme.clock()
        return f"{sum(watt_hours for _, watt_hours in self._esme.profile(now - DAY, now))} Wh"

    def take_message(self) -> None:
        """Note that the supplier has sent a message: it is a new one, by the time of its arrival."""
        self._message_id = zigbee_utc(self._esme.clock())

    @rule("R-PRV-011")
    def message(self) -> str:
        """Return the supplier's message (ECS10)."""
        held = self._esme.cosem.objects.read(MESSAGE_OBJECT)
        return "" if held is None else _text(held)

    @rule("R-PRV-011")
    def published_message(self) -> dict[str, Any] | None:
        """Return the message as the devices of the home get it, None while there is none."""
        words = self.message()
        if not words:
            return None
        return {
            "messageId": self._message_id,
            "control": TO_BE_CONFIRMED,
            "start": self._message_id,
            "durationMin": FOR_EVER,
            "message": words.encode(),
        }

    @rule("R-PRV-011")
    def acknowledged(self, message_id: int) -> None:
        """Tell the supplier that a device of the home has acknowledged the message that is shown."""
        if message_id == self._message_id:
            self._esme.event(ACKNOWLEDGED)


def _text(value: Data) -> str:
    return bytes(value.value).decode("utf-8", "replace")
