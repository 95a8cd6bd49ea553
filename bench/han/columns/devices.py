"""Which devices there are, and what they are, as far as traffic shows.

What a device says of itself counts first: the device id and the clusters of its simple descriptors (ZigBee SE 5.12).
Then what it serves: in GB an ESME serves metering, price and the like to displays, a GSME only to the hub (GBCS 10.2).
A device that fits several types has none.
"""

from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.han import known_devices, tunnelling, zdo
from bench.han.columns.table import Columns
from bench.han.errors import HanError
from bench.han.keyring import Keyring
from bench.han.query_values import NO_EUI
from bench.han.smart_energy import METERING
from bench.han.zcl import DEFAULT_RESPONSE

_BROADCAST = 0xFFF8
_SIMPLE_DESCRIPTOR = 0x8004
_SMART_ENERGY = 0x0109
_LOAD_CONTROL = 0x0701
_SUPPLY = (METERING, 0x0700, 0x0703, 0x0705, 0x0707)  #: metering, price, messaging, prepayment, calendar
_METER, _DISPLAY, _LOAD_SWITCH = 0x0501, 0x0502, 0x0504  #: ZigBee SE device ids

Rows = NDArray[np.intp]


@dataclass
class Device:
    """A device seen on air."""

    eui: bytes
    pan: int | None = None
    short: int | None = None
    type: str = ""  #: empty: not known
    name: str = ""  #: as somebody wrote it down
    frames: int = 0
    first: int = 0  #: ns since 1970
    last: int = 0
    told: set[str] = field(default_factory=set)  #: what its traffic shows: "tunnel server", "display" ...


class Devices:
    """Collects devices from the batches of captures."""

    def __init__(self, keyring: Keyring | None = None) -> None:
        """What the keyring says of a device is not asked of the traffic."""
        self.known: dict[int, Device] = {}
        self._written = {} if keyring is None else keyring.devices

    def take(self, columns: Columns) -> None:
        """Look at one batch."""
        fields = columns.fields
        opened = columns.opened()
        known = opened if opened.any() else fields["fcs_ok"] != 0  # what no key opened may be damaged or forged
        for end, short in (("src_eui", "nwk_src"), ("src_eui", "src")):
            rows = np.flatnonzero(
                (fields[end] != NO_EUI)
                & (fields[short] >= 0)
                & (fields[short] < _BROADCAST)
                & (known | (short == "src"))
            )
            if not len(rows):
                continue
            if short == "src":
                rows = rows[fields["nwk_src"][rows] < 0]
            self._seen(columns, rows, end, short)
        self._roles(columns, known)
        self._descriptors(columns, known)
        for device in self.known.values():
            written = self._written.get(device.eui)
            device.name = "" if written is None else written.name
            device.type = (written.type if written is not None else "") or _type(device)

    def _seen(self, columns: Columns, rows: Rows, end: str, short: str) -> None:
        fields = columns.fields
        euis, firsts, counts = np.unique(fields[end][rows], return_index=True, return_counts=True)
        lasts = len(rows) - 1 - np.unique(fields[end][rows][::-1], return_index=True)[1] if len(rows) else firsts
        for eui, first, count, last in zip(euis.tolist(), firsts, counts, lasts, strict=True):
            row = rows[last]
            device = self.known.setdefault(eui, Device(eui.to_bytes(8, "big"), first=int(fields["time"][rows[first]])))
            device.frames += int(count)
            device.last = int(fields["time"][row])
            device.pan, device.short = int(fields["pan"][row]), int(fields[short][row])

    def _roles(self, columns: Columns, known: NDArray[np.bool_]) -> None:
        """Note who serves which clusters, and to whom."""
        fields = columns.fields
        command = known & (fields["zcl_type"] >= 0) & (fields["profile"] == _SMART_ENERGY)
        command &= fields["src_eui"] != NO_EUI
        own = command & (fields["zcl_type"] == 1)
        server = fields["zcl_from_server"] == 1
        tunnel = own & (fields["cluster"] == tunnelling.CLUSTER)
        refused = (fields["zcl_type"] == 0) & (fields["zcl_command"] == DEFAULT_RESPONSE)  # that it has no such server
        supply = command & np.isin(fields["cluster"], _SUPPLY)
        for told, rows in (
            ("tunnel server", tunnel & server),
            ("tunnel client", tunnel & ~server),
            ("load control server", own & (fields["cluster"] == _LOAD_CONTROL) & server),
            ("load control client", own & (fields["cluster"] == _LOAD_CONTROL) & ~server),
            ("metering server", supply & server & (fields["cluster"] == METERING)),
            ("serves others", supply & server & (fields["nwk_dst"] != 0) & ~refused),
        ):
            for eui in np.unique(fields["src_eui"][rows]).tolist():
                if eui in self.known:
                    self.known[eui].told.add(told)

    def _descriptors(self, columns: Columns, known: NDArray[np.bool_]) -> None:
        """Read the simple descriptors of devices that speak for themselves."""
        fields = columns.fields
        rows = known & (fields["profile"] == 0) & (fields["cluster"] == _SIMPLE_DESCRIPTOR)
        rows &= (fields["payload_length"] > 0) & (fields["src_eui"] != NO_EUI)
        for row in np.flatnonzero(rows).tolist():
            device = self.known.get(int(fields["src_eui"][row]))
            with suppress(HanError):
                answer = zdo.parse_zdo(_SIMPLE_DESCRIPTOR, columns.payload(row) or b"")
                if device is None or not isinstance(answer, zdo.SimpleDescResponse):
                    continue
                if answer.short == int(fields["nwk_src"][row]) and answer.simple is not None:
                    device.told |= _described(answer.simple)

    def names(self) -> dict[str, bytes]:
        """Return the devices by type, numbered from the second of a type on, and by name."""
        silent = [
            (eui, one.type, one.name)
            for eui, one in self._written.items()
            if int.from_bytes(eui, "big") not in self.known
        ]
        seen = ((device.eui, device.type, device.name) for device in self.known.values())
        return known_devices.names([*seen, *silent])


def _described(simple: zdo.SimpleDescriptor) -> set[str]:
    """Return what a simple descriptor tells."""
    if simple.profile != _SMART_ENERGY:
        return set()
    told = {_METER: {"meter"}, _DISPLAY: {"display"}, _LOAD_SWITCH: {"load switch"}}.get(simple.device, set())
    tunnel = tunnelling.CLUSTER
    if tunnel in simple.inputs:
        return told | {"tunnel server"}
    return told | {"tunnel client"} if tunnel in simple.outputs else told


def _type(device: Device) -> str:
    """Return the one type that fits what is told of a device, empty when none or several do."""
    told = device.told
    if device.short == 0:
        return "chf"
    fitting = set()
    if "load switch" in told or "load control client" in told:
        fitting.add("hcalcs")
    if "display" in told:
        fitting.add("ppmid" if "tunnel server" in told else "ihd")
    if "meter" in told and told & {"tunnel server", "tunnel client"}:
        fitting.add("gsme" if "tunnel client" in told else "esme")
    if told & {"serves others", "load control server"} or ("metering server" in told and "tunnel server" in told):
        fitting.add("esme")
    elif "metering server" in told and "tunnel client" in told:
        fitting.add("gsme")
    return fitting.pop() if len(fitting) == 1 else ""
