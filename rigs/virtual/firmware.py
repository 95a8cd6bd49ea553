"""Firmware of a device: the image it runs, the one it holds, activation now or later (GBCS 11)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bench.gbcs.clock_text import from_iso
from bench.gbcs.trust_anchors import Role
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.exchange import Exchange
    from rigs.virtual.gbcs_device import GbcsDevice

ACTIVATE = 0x0012
ACTIVATED_ALERT = 0x00CA
SUCCESS, NO_IMAGE, WRONG_HASH, FAILED = 0, 1, 2, 3
DONE, NOT_DONE, VERSION_CHANGED = 0x8F66, 0x8F67, 0x8F43
LATER = "future dated or cancelled"

Named = dict[str, Any]


@dataclass(frozen=True)
class Image:
    """A firmware image as a meter keeps it."""

    version: bytes  #: four octets
    content: bytes
    sound: bool = True  #: whether it starts

    @property
    def hash(self) -> bytes:
        """SHA-256 of the manufacturer's image (GBCS 11.2.4)."""
        return hashlib.sha256(self.content).digest()


@dataclass(frozen=True)
class Waiting:
    """An activation that waits for its time."""

    at: datetime
    counter: int
    image_hash: bytes


class Firmware:
    """The running version and the image that may be activated."""

    def __init__(self, device: "GbcsDevice", version: bytes = b"\x01\x00\x00\x00") -> None:
        self._device = device
        self.version = version
        self.image: Image | None = None
        self.waiting: Waiting | None = None
        device.der_commands[ACTIVATE] = lambda exchange, asked: self.activate(exchange, asked)  # noqa: PLW0108

    @rule("R-FWU-009", "R-FWU-010", "R-FWU-011", "R-FWU-012")
    def activate(self, exchange: "Exchange", asked: Named) -> Named | None:
        """Activate the held image now, at a time, or withdraw an activation."""
        counter = exchange.command.counter
        if asked["originator_counter"] != counter:
            self._device.refuse_format()
            return None
        when, image_hash = asked.get("execution_time", "now"), bytes.fromhex(asked["image_hash"])
        if when == "now":
            return {"outcome": self.outcome(self.execute(image_hash))}
        self.waiting = None
        if when != "never":
            self.waiting = waiting = Waiting(from_iso(when), counter, image_hash)
            self._device.at(waiting.at, lambda: self.fall_due(waiting))
        return {"outcome": LATER}

    @rule("R-FUT-011", "R-FUT-015", "R-FUT-016")
    def fall_due(self, waiting: Waiting) -> None:
        """Execute an activation whose time has come and report it."""
        device = self._device
        if self.waiting is not waiting:
            return
        self.waiting = None
        code = self.execute(waiting.image_hash)
        event = DONE if code == SUCCESS else NOT_DONE
        device.logs.add(device.logs.event, event)
        shown = {
            "alert_code": f"{event:04X}",
            "execution_time": waiting.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "originator_counter": waiting.counter,
            "outcome": self.outcome(code),
        }
        device.der_alert(ACTIVATED_ALERT, Role.SUPPLIER, shown)

    @rule("R-FWU-013", "R-FWU-014", "R-FWU-015")
    def execute(self, image_hash: bytes) -> int:
        """Start the held image; everything else stays as it is. Returns the response code."""
        image = self.image
        if image is None:
            return NO_IMAGE
        if image.hash != image_hash:
            return WRONG_HASH
        if not image.sound:
            return FAILED
        self.version, self.image = image.version, None
        self._device.logs.add(self._device.logs.security, VERSION_CHANGED)
        return SUCCESS

    def outcome(self, code: int) -> Named:
        """Return an outcome as a message shows it: code, and the version that runs now."""
        return {"response_code": code, "firmware_version": self.version.hex()}
