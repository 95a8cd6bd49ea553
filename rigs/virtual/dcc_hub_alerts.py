"""What the virtual DCC makes of a hub's alerts to the broker: it tells the user whom they concern.

That the DCC does is known from its event names (DUIS 5.4); the codes N54, N60 and N61 are unverified.
"""

from collections.abc import Callable

from bench.dcc import CSPFirmwareDeliveryStatus, DccAlert, DualBandCHAlert
from bench.gbcs import Eui64, Message, decode_der

TRANSFER_ALERT = 0x0128  #: CCS08
SUB_GHZ_ALERTS = range(0x0110, 0x0116)  #: DBCH06 to DBCH11
GENERIC, SUB_GHZ_CODES = 0x1000, range(0x8F20, 0x8F2E)
SUB_GHZ, DELIVERED, NOT_DELIVERED = "N54", "N60", "N61"


class HubAlerts:
    """Alerts of hubs; `responsible` returns the supplier of a hub's home, `tell(user, alert)` reports."""

    def __init__(self, responsible: Callable[[Eui64], Eui64], tell: Callable[[Eui64, DccAlert], None]) -> None:
        self._responsible, self._tell = responsible, tell
        self._images: dict[Eui64, Eui64] = {}

    def image_sent(self, device: Eui64, user: Eui64) -> None:
        """Note who has sent an image to a device."""
        self._images[device] = user

    def take(self, message: Message, octets: bytes) -> None:
        """Take an alert to the broker."""
        if message.message_code == TRANSFER_ALERT:
            shown = decode_der.payload(message)
            device = Eui64.of(shown["device"])
            delivered = shown["response_code"] == 0
            status = "Success" if delivered else "Failure"
            event = CSPFirmwareDeliveryStatus(hub=message.originator, device=device, status=status, payload=octets)
            if device in self._images:
                self._tell(self._images[device], DccAlert(DELIVERED if delivered else NOT_DELIVERED, event))
        elif message.message_code in SUB_GHZ_ALERTS or _is_sub_ghz(message):
            event = DualBandCHAlert(hub=message.originator, payload=octets)
            self._tell(self._responsible(message.originator), DccAlert(SUB_GHZ, event))


def _is_sub_ghz(message: Message) -> bool:
    """Whether a generic critical alert is about the sub-GHz network."""
    return message.message_code == GENERIC and int.from_bytes(message.payload[9:11]) in SUB_GHZ_CODES
