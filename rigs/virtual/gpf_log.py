"""The gas proxy's own log of devices: each change is alerted with the whole of it (GCS62), GCS59 replaces it."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from bench.gbcs import Cra, Eui64, decode_der
from bench.gbcs.trust_anchors import Role
from rigs.virtual.device_log import CAPACITY, FULL, SUCCESS, DeviceLog, Entry
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.exchange import Exchange
    from rigs.virtual.gbcs_device import GbcsDevice

GCS59, GCS62 = 0x008C, 0x00B2
LOG_CHANGED = 0x8071

Named = dict[str, Any]


class GpfLog(DeviceLog):
    """A log whose backup is with the broker."""

    def __init__(self, device: "GbcsDevice") -> None:
        super().__init__(device, CAPACITY)
        device.der_commands[GCS59] = lambda exchange, asked: self.restore(exchange, asked)  # noqa: PLW0108

    @rule("R-HAN-040", "R-HAN-052")
    def enter(self, eui: Eui64, asked: Named) -> None:
        """Add or renew an entry, and report the log if it is another then."""
        before = dict(self.entries)
        super().enter(eui, asked)
        if self.entries != before:
            self.changed()

    @rule("R-HAN-049", "R-HAN-052")
    def unjoin(self, exchange: "Exchange", asked: Named) -> Named:
        """Take a device out of the log, and report the log if it was there."""
        answer = super().unjoin(exchange, asked)
        if answer["response_code"] == SUCCESS:
            self.changed()
        return answer

    @rule("R-HAN-052")
    def changed(self) -> None:
        """Send GCS62 to the broker, with a MAC: the whole log."""
        device = self._device
        party = device.anchors.subject(Role.ACCESS_CONTROL_BROKER)
        if party is not None:
            payload = decode_der.octets(self.backup(device.clock()), GCS62, Cra.ALERT)
            device.send_alert(device.next_own_counter(), party, GCS62, payload, critical=False)

    @rule("R-HAN-052")
    def backup(self, at: datetime) -> Named:
        """Return what GCS62 says."""
        time = at.replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"alert_code": f"{LOG_CHANGED:04X}", "time": time, "device_log": self.listed()}

    @rule("R-HAN-053")
    def restore(self, exchange: "Exchange", asked: Named) -> Named:
        """Put a list in place of the log; each entry is answered as its join would be (GCS59)."""
        self.entries = {}
        answers = []
        for one in asked["device_log"]:
            code = self.restored(Eui64.of(one["device"]), one["device_type_code"])
            answers.append(one | {"response_code": code})
        self.changed()
        return {"device_log": answers}

    @rule("R-HAN-053")
    def restored(self, eui: Eui64, kind: int) -> int:
        """Enter one device of the list; returns the response code."""
        if len(self.entries) >= self.capacity:
            return FULL
        self.entries[eui] = Entry(kind)
        return SUCCESS
