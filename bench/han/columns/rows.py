"""One frame of columns as the JSON object of `bench sniff`."""

from typing import Any

import numpy as np

from bench.han.columns.table import Columns
from bench.han.query_values import ABSENT, NO_EUI
from bench.han.row import Row, time_text

_NUMBERS = {
    "nwk_counter": "nwk_counter", "aps_counter": "aps_counter", "lqi": "lqi", "mac_seq": "mac_seq",
    "nwk_seq": "nwk_seq", "nwk_key_seq": "key_seq", "aps_frame_counter": "aps_frame_counter",
    "command_id": "zcl_command", "channel": "channel",
}  # fmt: skip
_HEXADECIMAL = ("nwk_src", "nwk_dst", "profile", "cluster", "pan")


def row(columns: Columns, at: int) -> Row:
    """Return a frame as `bench.han.row.row` does, without the fields of its innermost layer and names of keys."""
    fields = columns.fields
    found: Row = {"frame": int(fields["frame"][at]), "time": time_text(int(fields["time"][at]))}
    rssi = float(fields["rssi"][at])
    found["rssi"] = None if np.isnan(rssi) else rssi
    for name, column in _NUMBERS.items():
        found[name] = _number(fields[column][at])
    for name in _HEXADECIMAL:
        value = _number(fields[name][at])
        found[name] = None if value is None else f"0x{value:04x}"
    for name in ("src", "dst"):
        short, long = _number(fields[name][at]), _eui(fields[f"{name}_long"][at])
        found[name] = long if short is None else f"0x{short:04x}"
        found[f"{name}_eui"] = _eui(fields[f"{name}_eui"][at])
    for name in ("command", "cluster_name"):
        codes, texts = columns.texts(name)
        found[name] = None if codes[at] == ABSENT else texts[codes[at]]
    if fields["mac_type"][at] == ABSENT:
        found["command"] = None
    decrypted = int(fields["decrypted"][at])
    found["decrypted"] = None if decrypted == ABSENT else decrypted == 1 or columns.reasons.get(at)
    payload = columns.asdus.get(at)
    if payload is None:
        payload = columns.payload(at)
    found["payload"] = None if payload is None else payload.hex()
    found["gbcs"] = columns.messages().get(at)
    found["error"] = columns.errors.get(at)
    interface = int(fields["interface"][at])
    found["interface"] = columns.interfaces[interface] or interface
    found["repeat_of"] = _number(columns.column("repeat_of")[at])
    return found


def _number(value: Any) -> int | None:
    return None if value == ABSENT else int(value)


def _eui(value: Any) -> str | None:
    return None if int(value) == NO_EUI else int(value).to_bytes(8, "big").hex(":")
