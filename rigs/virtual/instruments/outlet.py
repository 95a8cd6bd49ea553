"""A virtual Shelly Pro 4PM: contacts in the legs of a feed, by JSON-RPC over HTTP."""

import json
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rigs.virtual.power import Branch, ThreePhaseBranch

IDENTITY = "shellypro4pm-f008d1d8b8b8"
INFORMATION = {
    "name": None,
    "id": IDENTITY,
    "mac": "F008D1D8B8B8",
    "model": "SPSW-104PE16EU",
    "gen": 2,
    "ver": "1.4.4",
    "app": "Pro4PM",
    "auth_en": False,
}
LARGEST = 1 << 16
NO_HANDLER, BAD_ARGUMENT = 404, -105

Reply = dict[str, Any]


class Outlets:
    """The device; `branches` returns the legs of the present baseline, by number of the output."""

    def __init__(self, branches: Callable[[], Sequence[Branch | ThreePhaseBranch]], lock: threading.RLock) -> None:
        self._branches, self._lock = branches, lock

    def answer(self, document: bytes) -> bytes:
        """Answer one request frame."""
        frame = json.loads(document)
        reply = {"id": frame.get("id"), "src": IDENTITY}
        with self._lock:
            return json.dumps(reply | self._call(frame.get("method"), frame.get("params") or {})).encode()

    def _call(self, method: str | None, parameters: Reply) -> Reply:
        if method == "Shelly.GetDeviceInfo":
            return {"result": INFORMATION}
        if method not in ("Switch.Set", "Switch.GetStatus"):
            return {"error": {"code": NO_HANDLER, "message": f"No handler for {method}"}}
        branches, number = self._branches(), parameters.get("id")
        if not isinstance(number, int) or not 0 <= number < len(branches):
            return {"error": {"code": BAD_ARGUMENT, "message": f"Argument 'id', value {number} not found!"}}
        branch = branches[number]
        if method == "Switch.GetStatus":
            return {"result": {"id": number, "source": "HTTP_in", "output": branch.closed, "voltage": branch.voltage}}
        was_on = branch.closed
        branch.set_closed(bool(parameters.get("on")))
        return {"result": {"was_on": was_on}}


class OutletServer:
    """Listens on a free port of this machine."""

    def __init__(self, outlets: Outlets) -> None:
        class Endpoint(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                if self.path != "/rpc" or length > LARGEST:
                    self.send_error(404 if self.path != "/rpc" else 413)
                    return
                body = outlets.answer(self.rfile.read(length))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
