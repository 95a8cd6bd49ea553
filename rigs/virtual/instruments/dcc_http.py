"""HTTP face of the virtual DCC: the three services of an emulator appliance."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATHS = {"/api/v1/serviceS": "send", "/api/v1/serviceD": "non-device", "/api/v1/serviceT": "transform"}
LARGEST = 16 * 1024 * 1024


class DccServer:
    """Listens on a free port; `post(service, document)` gives the synchronous reply."""

    def __init__(self, post: Callable[[str, bytes], bytes]) -> None:
        class Service(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                service = PATHS.get(self.path)
                length = self.headers.get("Content-Length", "")
                if service is None or not length.isdigit() or int(length) > LARGEST:
                    self._reply(404 if service is None else 413, b"", "text/plain")
                    return
                self._reply(200, post(service, self.rfile.read(int(length))), "application/xml")

            def _reply(self, status: int, body: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
