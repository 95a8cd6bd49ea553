"""What ZDO commands have in common (ZigBee PRO 2.4)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from bench.han.record import U8, Record

STATUS = {
    0x00: "success",
    0x80: "invalid request type",
    0x81: "device not found",
    0x82: "invalid endpoint",
    0x83: "not active",
    0x84: "not supported",
    0x85: "timeout",
    0x86: "no match",
    0x88: "no entry",
    0x89: "no descriptor",
    0x8A: "insufficient space",
    0x8B: "not permitted",
    0x8C: "table full",
    0x8D: "not authorised",
}


@dataclass(frozen=True, slots=True)
class Zdo(Record):
    """A ZDO command, its transaction sequence number first; CLUSTER is its APS cluster."""

    CLUSTER: ClassVar[int] = -1
    sequence: U8

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary, as of every record, with the status in words."""
        shown = Record.as_dict(self)
        if "status" in shown:
            shown["statusName"] = STATUS.get(shown["status"], f"{shown['status']:02X}")
        return shown
