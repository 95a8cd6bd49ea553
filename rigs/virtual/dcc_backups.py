"""The logs of devices that the virtual DCC has of hubs and gas proxies: from CS14 and GCS62, for CCS03 and GCS59."""

from typing import Any

from bench.dcc.bodies import RestoreGPFDeviceLog, RestoreHANDeviceLog
from bench.dcc.payload import Device
from bench.gbcs import Eui64, GbcsError, Message, decode_der
from bench.gbcs.dlms import DataNotification
from rigs.virtual.dcc_hub_log import CS14

GCS62 = 0x00B2
#: device type of GBCS -> one of that type
KINDS = {0: Device.GSME, 1: Device.ESME, 3: Device.GPF, 4: Device.HCALCS, 5: Device.PPMID, 6: Device.IHD}


class Backups:
    """The last log that each hub and each proxy has reported."""

    def __init__(self) -> None:
        self._hubs: dict[Eui64, tuple[bytes, list[tuple[Eui64, bytes]]]] = {}
        self._proxies: dict[Eui64, list[tuple[Eui64, str]]] = {}

    def take(self, alert: Message) -> None:
        """Note the log in an alert to the broker, if there is one."""
        try:
            if alert.message_code == CS14:
                _, network, rows = DataNotification.parse(alert.payload).data[2].value
                devices = [(Eui64(row[0].value), row[1].value) for row in rows.value]
                self._hubs[alert.originator] = network.value, devices
            elif alert.message_code == GCS62:
                listed = decode_der.payload(alert)["device_log"]
                kinds = [(Eui64.of(one["device"]), KINDS[one["device_type_code"]]) for one in listed]
                self._proxies[alert.originator] = kinds
        except (GbcsError, ValueError):
            return

    def facts(self, body: object) -> dict[str, Any]:
        """Return what a request to restore a log needs and does not say."""
        if isinstance(body, RestoreHANDeviceLog) and body.old_hub in self._hubs:
            return {"hub_log": self._hubs[body.old_hub]}
        if isinstance(body, RestoreGPFDeviceLog) and body.old_gpf in self._proxies:
            return {"gpf_log": self._proxies[body.old_gpf]}
        return {}
