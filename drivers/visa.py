"""Text queries over VISA, with the traps of its socket sessions closed.

pyvisa-py opens a socket to a host that is not there without complaint, throws partial replies away at a timeout and
hands the late reply to the next query. So: a session proves itself when opened, and one that timed out is closed and
must prove itself anew before it is used again.
"""

from functools import cache
from typing import Any

import pyvisa
from pyvisa.constants import StatusCode
from pyvisa.errors import VisaIOError

from bench.driver import Driver

NOTHING_MORE = 9.9e36  #: SCPI's infinities and not-a-number lie beyond this


@cache
def _resources() -> Any:
    return pyvisa.ResourceManager("@py")


class VisaText:
    """One text instrument. Not for use by two threads."""

    def __init__(self, driver: Driver, resource: str, timeout_s: float, termination: str, identify: str) -> None:
        self._driver, self._resource, self._timeout_s = driver, resource, timeout_s
        self._termination, self._identify = termination, identify
        self._session: Any = None
        self.identity = ""

    def open(self) -> None:
        """Connect and ask for the identity. Raises InstrumentError."""
        try:
            self._session = _resources().open_resource(self._resource)
            self._session.timeout = int(self._timeout_s * 1000)
            self._session.read_termination = "\n"
            self._session.write_termination = self._termination
        except Exception as problem:  # pyvisa-py raises bare Exception, ValueError and OSError here
            self._session = None
            raise self._driver.error(f"cannot open {self._resource} ({_reason(problem)}); check the address") from None
        self.identity = self._exchange(self._identify)

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

    def number(self, text: str) -> float:
        """Send a query and return its reply as a number. Raises InstrumentError on anything else."""
        reply = self.query(text)
        try:
            value = float(reply)
        except ValueError:
            raise self._driver.error(f"{text} was not answered with a number", reply) from None
        if abs(value) >= NOTHING_MORE:
            raise self._driver.error(f"{text} has no value", reply)
        return value

    def _ready(self) -> None:
        if self._session is None:
            self.open()

    def _exchange(self, text: str) -> str:
        self._send(text)
        try:
            reply = bytes(self._session.read_raw()).decode("ascii", "backslashreplace").strip()
        except VisaIOError as problem:
            late = problem.error_code == StatusCode.error_timeout
            self.close()
            raise self._driver.error(f"no answer to {text} within {self._timeout_s:g} s" if late else _reason(problem)) from None
        except Exception as problem:
            self.close()
            raise self._driver.error(f"connection lost after {text} ({_reason(problem)})") from None
        self._driver.received(reply)
        return reply

    def _send(self, text: str) -> None:
        self._driver.sent(text)
        try:
            self._session.write(text)
        except Exception as problem:
            self.close()
            raise self._driver.error(f"cannot send {text} to {self._resource} ({_reason(problem)})") from None


def _reason(problem: Exception) -> str:
    return str(problem).splitlines()[0] if str(problem) else type(problem).__name__
