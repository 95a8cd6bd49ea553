"""Text queries over VISA, with the traps of its socket sessions closed.

pyvisa-py opens a socket to a host that is not there without complaint, throws partial replies away at a timeout and
hands the late reply to the next query. So: a session proves itself when opened, and one that timed out or was answered
with garbage is closed and must prove itself anew before it is used again.
"""

import socket
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pyvisa
from pyvisa.constants import StatusCode
from pyvisa.errors import VisaIOError

from bench.driver import Driver
from bench.errors import InstrumentError

NOTHING_MORE = 9.9e36  #: SCPI's infinities and not-a-number lie beyond this
LONGEST = 1 << 13
NONE: Mapping[str, float] = {}
STRAY_LINES = 20  #: banners, blank lines and late replies read past before an identity


@cache
def _resources() -> Any:
    return pyvisa.ResourceManager("@py")


class VisaText:
    """One text instrument: `identify` asks for its identity, `is_mine` tells the right one. Not for two threads."""

    def __init__(
        self,
        driver: Driver,
        resource: str,
        timeout_s: float,
        termination: str,
        identify: str,
        is_mine: Callable[[str], bool],
    ) -> None:
        self._driver, self._resource, self._timeout_s = driver, resource, timeout_s
        self._termination, self._identify, self._is_mine = termination, identify, is_mine
        self._session: Any = None
        self.identity = ""

    def open(self) -> None:
        """Connect and check the identity, past whatever the line still holds. Raises InstrumentError."""
        patience = int(self._timeout_s * 1000)
        try:
            self._session = _resources().open_resource(self._resource, open_timeout=patience)
            self._session.timeout = patience
            self._session.read_termination = "\n"
            self._session.write_termination = self._termination
            _send_at_once(self._session)
        except Exception as problem:  # pyvisa-py raises bare Exception, ValueError and OSError here
            self._session = None
            raise self._driver.error(f"cannot open {self._resource} ({_reason(problem)}); check the address") from None
        reply = ""
        try:
            reply = self._exchange(self._identify)
            end = time.monotonic() + self._timeout_s
            for _ in range(STRAY_LINES):
                if self._is_mine(reply):
                    self.identity = reply
                    return
                if time.monotonic() > end:
                    break
                reply = self._read(self._identify) or reply
        except InstrumentError:
            if not reply:
                raise
        self.close()
        raise self._driver.error(f"at {self._resource} is another instrument than the rig file says", reply)

    def close(self) -> None:
        """Disconnect."""
        if self._session is not None:
            try:
                self._session.close()
            except Exception as problem:  # closing a dead session is no news
                self._driver.sent(f"(close: {_reason(problem)})")
            self._session = None

    def write(self, text: str) -> None:
        """Send a command that has no reply."""
        self._ready()
        self._send(text)

    def query(self, text: str) -> str:
        """Send a query and return its reply without line end. Raises InstrumentError."""
        self._ready()
        return self._exchange(text)

    def number(self, text: str, nothing: float | None = None) -> float:
        """Send a query and return its reply as a number, `nothing` for SCPI's "no value". Raises InstrumentError."""
        reply = self.query(text)
        return self._number(text, reply, reply, nothing)

    def numbers(self, *texts: str, nothing: Mapping[str, float] = NONE) -> list[float]:
        """Send SCPI queries in one message and return their replies as numbers; `nothing` as in `number`, by query."""
        reply = self.query(";:".join(texts))
        parts = reply.split(";")
        if len(parts) != len(texts):
            raise self.garbage(f"{len(texts)} queries were not answered with as many numbers", reply)
        return [self._number(text, part, reply, nothing.get(text)) for text, part in zip(texts, parts, strict=True)]

    def _number(self, asked: str, text: str, reply: str, nothing: float | None) -> float:
        try:
            value = float(text)
        except ValueError:
            raise self.garbage(f"{asked} was not answered with a number", reply) from None
        if abs(value) < NOTHING_MORE:
            return value
        if nothing is None:
            raise self._driver.error(f"{asked} has no value", reply)
        return nothing

    def garbage(self, problem: str, reply: str) -> InstrumentError:
        """Return the error to raise for a reply that makes no sense; the session must prove itself again."""
        self.close()
        return self._driver.error(problem, reply)

    def _ready(self) -> None:
        if self._session is None:
            self.open()

    def _exchange(self, text: str) -> str:
        try:
            self._send(text)
            return self._read(text)
        except KeyboardInterrupt:
            self.close()  # an answer to a question nobody waits for any more must not meet the next one
            raise

    def _read(self, asked: str) -> str:
        try:
            octets = bytes(self._session.read_bytes(LONGEST, chunk_size=LONGEST, break_on_termchar=True))
        except VisaIOError as problem:
            late = problem.error_code == StatusCode.error_timeout
            self.close()
            reason = f"no answer to {asked} within {self._timeout_s:g} s" if late else _reason(problem)
            raise self._driver.error(reason) from None
        except Exception as problem:
            self.close()
            raise self._driver.error(f"connection lost after {asked} ({_reason(problem)})") from None
        reply = octets.decode("ascii", "backslashreplace").strip()
        self._driver.received(reply[:200])
        return reply

    def _send(self, text: str) -> None:
        self._driver.sent(text)
        try:
            self._session.write(text)
        except Exception as problem:
            self.close()
            raise self._driver.error(f"cannot send {text} to {self._resource} ({_reason(problem)})") from None


def _send_at_once(session: Any) -> None:
    """Let no command wait for the acknowledgement of the one before: pyvisa-py's attribute for it cannot be set."""
    line = getattr(session.visalib.sessions[session.session], "interface", None)
    if isinstance(line, socket.socket):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _reason(problem: Exception) -> str:
    return str(problem).splitlines()[0] if str(problem) else type(problem).__name__
