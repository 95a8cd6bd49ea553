"""What the virtual DCC makes of a hub's alerts to the broker: it tells the user whom they concern.

That the DCC does is known from its event names (DUIS 5.4); the codes N53, N54, N60 and N61 are unverified, and so
is the event of N53.
"""

from collections.abc import Callable

from bench.dcc import CommandFailure, CSPFirmwareDeliveryStatus, DccAlert, DualBandCHAlert, ServiceRequest
from bench.gbcs import Eui64, Message, decode_der
from bench.gbcs.dlms import DataNotification

TRANSFER_ALERT = 0x0128  #: CCS08
UNDELIVERED_ALERT = 0x00D5
SUB_GHZ_ALERTS = range(0x0110, 0x0116)  #: DBCH06 to DBCH11
GENERIC, SUB_GHZ_CODES = 0x1000, range(0x8F20, 0x8F2E)
UNDELIVERED, SUB_GHZ, DELIVERED, NOT_DELIVERED = "N53", "N54", "N60", "N61"


class HubAlerts:
    """Alerts of hubs; `responsible` returns the supplier of a hub's home, `tell(user, alert)` reports.

    `asked` returns the request behind a command, by originator and counter.
    """

    def __init__(
        self,
        responsible: Callable[[Eui64], Eui64],
        tell: Callable[[Eui64, DccAlert], None],
        asked: Callable[[Eui64, int], ServiceRequest | None],
    ) -> None:
        self._responsible, self._tell, self._asked = responsible, tell, asked
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
        elif message.message_code == UNDELIVERED_ALERT:
            self._undelivered(DataNotification.parse(message.payload).data[2].value)
        elif message.message_code in SUB_GHZ_ALERTS or _is_sub_ghz(message):
            event = DualBandCHAlert(hub=message.originator, payload=octets)
            self._tell(self._responsible(message.originator), DccAlert(SUB_GHZ, event))

    def _undelivered(self, named: bytes) -> None:
        request = self._asked(Eui64(named[:8]), int.from_bytes(named[17:]))
        if request is not None:
            identifier = request.request_id
            event = CommandFailure(request_id=str(identifier), device=identifier.target)
            self._tell(identifier.originator, DccAlert(UNDELIVERED, event))


def _is_sub_ghz(message: Message) -> bool:
    """Whether a generic critical alert is about the sub-GHz network."""
    return message.message_code == GENERIC and int.from_bytes(message.payload[9:11]) in SUB_GHZ_CODES
