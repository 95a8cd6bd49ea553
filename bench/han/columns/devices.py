"""Which devices there are, and what they are, as far as traffic shows."""

from dataclasses import dataclass

import numpy as np

from bench.han import tunnelling
from bench.han.columns.table import Columns
from bench.han.query_values import NO_EUI

TYPES = ("chf", "esme", "gsme", "gpf", "ppmid", "ihd", "hcalcs", "cad")
_BROADCAST = 0xFFF8


@dataclass
class Device:
    """A device seen on air."""

    eui: bytes
    pan: int | None = None
    short: int | None = None
    type: str = ""  #: empty: not known
    frames: int = 0
    first: int = 0  #: ns since 1970
    last: int = 0


class Devices:
    """Collects devices from the batches of captures."""

    def __init__(self) -> None:
        self.known: dict[int, Device] = {}

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
        self._types(columns)

    def _seen(self, columns: Columns, rows: np.ndarray[tuple[int], np.dtype[np.intp]], end: str, short: str) -> None:
        fields = columns.fields
        euis, firsts, counts = np.unique(fields[end][rows], return_index=True, return_counts=True)
        lasts = len(rows) - 1 - np.unique(fields[end][rows][::-1], return_index=True)[1] if len(rows) else firsts
        for eui, first, count, last in zip(euis.tolist(), firsts, counts, lasts, strict=True):
            row = rows[last]
            device = self.known.setdefault(eui, Device(eui.to_bytes(8, "big"), first=int(fields["time"][rows[first]])))
            device.frames += int(count)
            device.last = int(fields["time"][row])
            device.pan, device.short = int(fields["pan"][row]), int(fields[short][row])
            if device.short == 0:
                device.type = "chf"

    def _types(self, columns: Columns) -> None:
        """The server of a tunnel is an ESME or the like, its client that is not the hub a GSME (GBCS 10.2)."""
        fields = columns.fields
        tunnel = (fields["cluster"] == tunnelling.CLUSTER) & (fields["zcl_type"] == 1) & (fields["src_eui"] != NO_EUI)
        for server, kind in ((1, "esme"), (0, "gsme")):
            rows = tunnel & (fields["zcl_from_server"] == server) & (fields["nwk_src"] != 0)
            for eui in np.unique(fields["src_eui"][rows]).tolist():
                device = self.known.get(eui)
                if device is not None and not device.type:
                    device.type = kind

    def names(self) -> dict[str, bytes]:
        """Return the devices by their type, numbered from the second of a type on."""
        found: dict[str, bytes] = {}
        for device in self.known.values():
            if device.type:
                number = sum(name.rstrip("0123456789") == device.type for name in found) + 1
                found[device.type if number == 1 else f"{device.type}{number}"] = device.eui
        return found
