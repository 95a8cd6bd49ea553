"""A rig clock that moves only when told: one text line each way over TCP.

    > NOW?                            < 2030-01-07T09:00:00.000000Z
    > STEP 2030-01-07T09:03:00Z local=2   < 2030-01-07T09:00:00.051200Z sniffer=12 dcc=3
    > STEP 2030-01-07T09:03:00Z past:sniffer  < 2030-01-07T09:03:00.000000Z sniffer=31 dcc=3
    > BASELINE                        < 2030-01-07T10:00:00.000000Z

`STEP` runs up to the given instant or to the first one at which an observation point has something to deliver,
whichever is first, and tells how many items each point has had to deliver since the start. Its own counters say how
many messages without a reply have gone to each instrument; the rig takes them in before time moves. `past:` names a
point whose deliveries do not end the step. `BASELINE` brings
the rig to its initial state. Anything wrong is answered `ERR reason`.
"""

import socket
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from pydantic import Field

from bench.driver import Driver, DriverConfig
from bench.errors import InstrumentError

LONGEST = 1 << 16


class SteppedClockConfig(DriverConfig):
    """Where the clock listens, and which of its counters is which instrument of the rig file."""

    resource: str
    timeout_s: float = Field(30.0, gt=0, le=600)


class SteppedClock(Driver):
    """Time source and baseline of a rig whose time moves on demand."""

    Config = SteppedClockConfig

    def __init__(self, name: str, config: SteppedClockConfig) -> None:
        super().__init__(name, config)
        self.config = config
        self._now = datetime.min.replace(tzinfo=UTC)
        self._socket: socket.socket | None = None
        self._counters: list[str] = []

    def open(self) -> None:
        """Connect and read the time."""
        self._connect()
        self._ask("NOW?")

    def _connect(self) -> socket.socket:
        host, _, port = self.config.resource.rpartition(":")
        try:
            self._socket = socket.create_connection((host, int(port)), timeout=self.config.timeout_s)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, ValueError, OverflowError) as problem:
            remedy = "is the rig's clock up?"
            raise self.error(f"cannot connect to {self.config.resource!r} ({problem}); {remedy}") from None
        return self._socket

    def close(self) -> None:
        """Disconnect."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def now(self) -> datetime:
        """Return the instant reached by the last step."""
        return self._now

    def arrival(self) -> datetime | None:
        """Return None: what arrives during a step is stamped with the instant the step reached."""
        return None

    def wait(self, until: datetime, sent: Mapping[str, int], passing: Collection[str] = ()) -> Mapping[str, int]:
        """Step to `until` or the next delivery of a point that is not in `passing`."""
        before, told = self._now, self._counters
        words = [until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), *(f"{name}={sent[name]}" for name in sent)]
        counters = self._ask(" ".join(["STEP", *words, *(f"past:{name}" for name in sorted(passing))]))
        if self._now < before or (self._now == before < until and counters == told):
            raise self.error("time does not go on; look at the log of its service")
        self._counters = counters
        try:
            return {name: int(count) for name, _, count in (counter.partition("=") for counter in counters)}
        except ValueError:
            raise self.error("counters are not numbers", " ".join(counters)) from None

    def restore_baseline(self) -> None:
        """Bring the rig to its initial state."""
        self._ask("BASELINE")

    def _ask(self, line: str) -> list[str]:
        if self.exchanges and line.startswith("STEP"):
            self.exchanges.clear()
        try:
            text = self._exchange(line)
            stamp, *counters = text.split() or [""]
            now = datetime.fromisoformat(stamp)
            if now.tzinfo is None:
                raise ValueError("no time zone")
        except ValueError:
            self.close()
            if text.startswith("ERR "):
                raise self.error(f"the rig refused to go on: {text[4:]}") from None
            raise self.error("did not answer with a time", text) from None
        except (InstrumentError, KeyboardInterrupt):
            self.close()  # a late answer must not meet the next question
            raise
        self._now = now
        return counters

    def _exchange(self, line: str) -> str:
        link = self._socket or self._connect()
        self.sent(line)
        end = time.monotonic() + self.config.timeout_s
        reply = b""
        try:
            link.sendall(line.encode() + b"\n")
            while not reply.endswith(b"\n"):
                link.settimeout(max(0.001, end - time.monotonic()))
                chunk = link.recv(LONGEST)
                if not chunk:
                    raise self.error("closed the connection; look at the log of its service")
                reply += chunk
                if len(reply) > LONGEST:
                    raise self.error("answers without end")
        except TimeoutError:
            raise self.error(f"no answer within {self.config.timeout_s:g} s") from None
        except OSError as problem:
            raise self.error(f"connection lost ({problem})") from None
        text = reply.decode(errors="replace").strip()
        self.received(text[:200])
        return text
