"""Far ends of a driver's line: they check what comes, play what the maker's documents answer, or misbehave."""

import os
import select
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Step = tuple[str, Any]
PATIENCE = 5.0


class ScriptedPeer:
    """A TCP server that plays one list of steps for each connection, in order.

    Steps: ("<", line) expects a line (without its end, which must be `ending`), (">", text) sends it with the ending,
    (">raw", octets) sends octets, ("wait", event) waits for an event, ("hang up", None) closes.
    A connection whose steps are through stays silent. `problems` holds what came that should not have.
    """

    def __init__(self, *scripts: Sequence[Step], ending: bytes = b"\n", reply_ending: bytes = b"\n") -> None:
        self.problems: list[str] = []
        self.heard: list[str] = []
        self._scripts, self._ending, self._reply_ending = list(scripts), ending, reply_ending
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def visa(self) -> str:
        return f"TCPIP::127.0.0.1::{self.port}::SOCKET"

    def _serve(self) -> None:
        for script in self._scripts:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(link)
            link.settimeout(PATIENCE)
            try:
                self._play(link, script)
            except OSError:
                continue

    def _play(self, link: socket.socket, script: Sequence[Step]) -> None:
        reader = link.makefile("rb")
        for action, what in script:
            if action == "<":
                line = reader.readline()
                self.heard.append(line.decode("ascii", "backslashreplace").rstrip("\r\n"))
                if line != what.encode() + self._ending:
                    self.problems.append(f"expected {what!r}, got {line!r}")
                    reader.close()
                    link.close()
                    return
            elif action == ">":
                link.sendall(what.encode() + self._reply_ending)
            elif action == ">raw":
                link.sendall(what)
            elif action == "wait":
                what.wait(PATIENCE)
            elif action == "hang up":
                reader.close()
                link.shutdown(socket.SHUT_RDWR)
                link.close()
                return

    def done(self) -> None:
        """State that every script was played to its end and nothing else came."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), f"the script did not end; heard {self.heard}"
        assert self.problems == []

    def close(self) -> None:
        for link in [*self._open, self._listener]:
            link.close()


@contextmanager
def peer(*scripts: Sequence[Step], ending: bytes = b"\n", reply_ending: bytes = b"\n") -> Iterator[ScriptedPeer]:
    """A scripted peer that ends with the block; what it should not have heard fails the test."""
    far = ScriptedPeer(*scripts, ending=ending, reply_ending=reply_ending)
    try:
        yield far
        assert far.problems == []
    finally:
        far.close()


def transcript(text: str) -> list[Step]:
    """Steps of a transcript written as the makers do: `> to the instrument`, `< from it`."""
    steps: list[Step] = []
    for line in filter(str.strip, text.splitlines()):
        mark, _, rest = line.strip().partition(" ")
        steps.append(("<" if mark == ">" else ">", rest))
    return steps


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Terminal:
    """A pseudo terminal with the test on the far side."""

    def __init__(self, answer: Callable[[str], bytes | None]) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self.heard: list[str] = []
        self._answer = answer
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        buffer = b""
        while not self._end.is_set():
            if not select.select([self._master], [], [], 0.02)[0]:
                continue
            buffer += os.read(self._master, 4096)
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                self.heard.append(line.decode("ascii", "replace"))
                reply = self._answer(line.decode("ascii", "replace").strip())
                if reply is not None:
                    self.send(reply)

    def send(self, octets: bytes) -> None:
        os.write(self._master, octets)

    def unplug(self) -> None:
        """Go away as a dongle does."""
        if not self._end.is_set():
            self._end.set()
            self._thread.join(PATIENCE)
            os.close(self._master)
            os.close(self._slave)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *problem: object) -> None:
        self.unplug()


Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


@contextmanager
def http_peer(answer: Answer) -> Iterator[tuple[str, list[tuple[str, dict[str, str], bytes]]]]:
    """An HTTP server: base URL, and the (path, headers, body) of what was posted."""
    posted: list[tuple[str, dict[str, str], bytes]] = []

    class Service(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append((self.path, dict(self.headers), body))
            answer(self, body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A driver that hangs up is part of the tests."""

    server = Server(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", posted
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """State that the block ends in time."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def until(condition: Callable[[], bool], seconds: float = 3.0) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
