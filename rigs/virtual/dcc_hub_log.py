"""What the virtual DCC makes of the hub's device log: CS14 confirms an 8.11 (N24), or does not in time (N25)."""

from collections.abc import Callable
from datetime import timedelta

from bench.dcc import DccAlert, ServiceRequest, UpdateHANDeviceLogResult
from bench.dcc.bodies import UpdateHANDeviceLog
from bench.gbcs import Eui64, GbcsError, Message
from bench.gbcs.dlms import DataNotification
from rigs.virtual.world import World

CS14 = 0x0018
CONFIRMED, NOT_CONFIRMED = "N24", "N25"
PATIENCE = timedelta(seconds=60)  #: beyond the time to join in


class LogUpdates:
    """Requests to change the log of a hub that wait for their outcome; `tell(user, alert)` reports it."""

    def __init__(self, world: World, tell: Callable[[Eui64, DccAlert], None]) -> None:
        self._world, self._tell = world, tell
        self._open: dict[Eui64, ServiceRequest] = {}

    def asked(self, request: ServiceRequest) -> None:
        """Note a request."""
        body = request.body
        if not isinstance(body, UpdateHANDeviceLog):
            return
        self._open[body.device] = request
        joining = timedelta(seconds=body.whitelist.join_time if body.whitelist is not None else 0)
        self._world.after(joining + PATIENCE, lambda: self._give_up(body.device, request))

    def _give_up(self, device: Eui64, request: ServiceRequest) -> None:
        if self._open.get(device) is request:
            self._close(device, NOT_CONFIRMED)

    def changed(self, alert: Message) -> None:
        """Take a CS14: a device is in when it has a key, and out when it is not there."""
        try:
            rows = DataNotification.parse(alert.payload).data[2][2].value
            hashes = {Eui64(row[0].value): row[1].value for row in rows}
        except (GbcsError, TypeError):  # no list of devices, or none of rows
            return
        for device, request in list(self._open.items()):
            body = request.body
            assert isinstance(body, UpdateHANDeviceLog)
            if request.request_id.target != alert.originator:
                continue
            if bool(hashes.get(device)) if body.request_type == "Add" else device not in hashes:
                self._close(device, CONFIRMED)

    def _close(self, device: Eui64, code: str) -> None:
        identifier = self._open.pop(device).request_id
        self._tell(
            identifier.originator, DccAlert(code, UpdateHANDeviceLogResult(hub=identifier.target, device=device))
        )
