"""Frames for people: a line each, coloured on a terminal, or every layer."""

from collections.abc import Iterable, Mapping
from typing import Any

from bench.gbcs.text import lines, scalar
from bench.han.frame import Frame
from bench.han.nwk import NwkType
from bench.han.octets import eui_text

GREY, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN = "90", "31", "32", "33", "34", "35", "36"
_BROADCAST = {0xFFFF: "all", 0xFFFD: "all awake", 0xFFFC: "all routers", 0xFFFB: "all low power routers"}
_SHOWN = 100  #: characters of fields in a line


class Painter:
    """Puts colours round words, or leaves them."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, code: str) -> str:
        """Return the text in a colour (SGR code)."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and text else text


def line(frame: Frame, row: Mapping[str, Any], paint: Painter) -> str:
    """Return a frame in one line: number, time, channel, level, who to whom, what, and what is wrong with it."""
    time = str(row["time"])[11:-4]
    level = "" if frame.rssi is None else f"{frame.rssi:4.0f}"
    place = f"{'' if frame.channel is None else frame.channel:>3} {level:>4}"
    parts = [f"{frame.number:>6} {time} {place}", _ends(frame, paint)]
    command = str(row["command"] or "?")
    cluster = row["cluster_name"]
    aps = frame.aps is not None and cluster is not None
    parts.append(paint(f"{cluster}  " if aps else "", BLUE) + paint(command, _colour(frame)))
    told = _message(row["gbcs"]) or ("" if frame.error else _fields(row["fields"]))
    parts.append(paint(told, MAGENTA if row["gbcs"] else GREY))
    if isinstance(frame.decrypted, str):
        parts.append(paint(f"[{frame.decrypted}]", YELLOW))
    if frame.error is not None:
        parts.append(paint(f"[{scalar(frame.error.partition(', ')[2] or frame.error)}]", RED))
    if frame.repeat_of is not None:
        parts.append(paint(f"(again: {frame.repeat_of})", GREY))
    return "  ".join(part for part in parts if part)


def _ends(frame: Frame, paint: Painter) -> str:
    if frame.mac is None or not (frame.src_name or frame.dst_name):
        return ""
    ends = []
    nwk = frame.mac if frame.nwk is None or frame.nwk.type is NwkType.INTER_PAN else frame.nwk
    for eui, name, short in ((frame.src_eui, frame.src_name, nwk.src), (frame.dst_eui, frame.dst_name, nwk.dst)):
        if isinstance(short, int) and short in _BROADCAST:
            ends.append(_BROADCAST[short])
        elif eui is not None and name.startswith(eui_text(eui)):
            ends.append(f"..{eui.hex()[-6:]}" + (f"/{short:04x}" if isinstance(short, int) else ""))
        else:
            ends.append(name or "-")
    return paint(f"{ends[0]} > {ends[1]}", CYAN)


def _colour(frame: Frame) -> str:
    if frame.error is not None:
        return RED
    if frame.zcl is not None or frame.zdo is not None:
        return GREEN
    return GREY if frame.nwk is None or frame.repeat_of is not None else ""


def _message(gbcs: Mapping[str, Any] | None) -> str:
    if gbcs is None:
        return ""
    if "error" in gbcs:
        return f"unreadable GBCS message: {scalar(gbcs['error'])}"
    return f"GBCS {gbcs['use_case']} {gbcs['use_case_name']} ({gbcs['kind']}, counter {gbcs['counter']})"


def _fields(fields: Mapping[str, Any] | None) -> str:
    if not fields:
        return ""
    said = []
    units = fields.get("units", {})
    for key, value in fields.items():
        if key == "attributes" and isinstance(value, list):
            said += [_attribute(one) for one in value if isinstance(one, dict)]
        elif key in ("units", "data", "extra", "payload") or isinstance(value, list | dict):
            continue
        elif f"{key}Name" in fields:
            said.append(f"{key} {scalar(fields[f'{key}Name'])}")
        elif not key.endswith("Name") or key[:-4] not in fields:
            said.append(f"{key} {_quantity(value, units.get(key))}")
    text = ", ".join(said)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _quantity(value: Any, unit: Mapping[str, Any] | None) -> str:
    if unit is None:
        return scalar(value)
    return f"{value * unit['scale']:.10g} {unit['unit']}" if isinstance(value, int) else scalar(value)


def _attribute(one: Mapping[str, Any]) -> str:
    name = one.get("name") or one.get("id") or ""
    if "value" not in one:
        return f"{name} {one['status']}" if "status" in one else str(name)
    value = one.get("meaning") or one.get("time") or one.get("text")
    if value is None and one.get("flags"):
        value = "+".join(one["flags"])
    if value is None:
        scaled = one.get("scaled", one["value"])
        value = f"{scaled:.10g}" if isinstance(scaled, float) else scalar(scaled)
        value += f" {one['unit']}" if "unit" in one and ("scaled" in one or not _needs_scale(one)) else ""
    return f"{name} {'invalid' if one.get('invalid') else value}"


def _needs_scale(one: Mapping[str, Any]) -> bool:
    return one["unit"] in ("kWh", "kW", "m3", "m3/h") and "scaled" not in one


def layers(frame: Frame, gbcs: Mapping[str, Any] | None) -> Iterable[str]:
    """Yield every layer of a frame as an indented tree."""
    shown = frame.as_dict()
    for known in ("number", "time", "what", "src_name", "dst_name", "error", "repeat_of"):
        shown.pop(known, None)
    shown.pop("gbcs", None)
    if gbcs is not None:
        shown["gbcs"] = dict(gbcs)
    return (f"        {text}" for text in lines(shown))
