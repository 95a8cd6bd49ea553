"""A thread that brings octets from where poll cannot look (a USB library, a file) to a descriptor that it can."""

import contextlib
import socket
import threading
from collections.abc import Callable

from bench.errors import InstrumentError

CHUNK = 1 << 16


class Pump:
    """Calls `produce` until it returns None, and offers what it returns on a descriptor; waits while nobody reads."""

    def __init__(self, name: str, produce: Callable[[], bytes | None]) -> None:
        self._near, self._far = socket.socketpair()
        self._produce = produce
        self._near.setblocking(False)
        self.problem: InstrumentError | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name} pump", daemon=True)

    def start(self) -> None:
        """Begin to call `produce`, which may use this pump from its first call on."""
        self._thread.start()

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._near.fileno()

    def read(self) -> bytes | None:
        """Return what has come, b"" when nothing has, None at the end. Raises the InstrumentError of `produce`."""
        try:
            chunk = self._near.recv(CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            return None
        if not chunk and self.problem is not None:
            raise self.problem
        return chunk or None

    def close(self) -> None:
        """End the thread and close the descriptor."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._near.shutdown(socket.SHUT_RDWR)
        self._thread.join(2.0)
        self._near.close()
        self._far.close()

    @property
    def closed(self) -> bool:
        """Whether nobody wants more."""
        return self._closed.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep within `produce`; ends early when nobody wants more."""
        self._closed.wait(max(0.0, seconds))

    def _run(self) -> None:
        try:
            while not self.closed:
                octets = self._produce()
                if octets is None:
                    break
                self._far.sendall(octets)
        except InstrumentError as problem:
            self.problem = problem
        except OSError:
            pass  # nobody reads any more
        with contextlib.suppress(OSError):
            self._far.shutdown(socket.SHUT_WR)
