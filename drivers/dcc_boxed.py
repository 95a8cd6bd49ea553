"""A DCC as an emulator appliance offers it: three DUIS services over HTTP, and a receive endpoint that we host."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from bench.bus import Source
from bench.dcc import DuisError, parse_document
from bench.driver import Driver, DriverConfig

SERVICES = {"send": "/api/v1/serviceS", "non-device": "/api/v1/serviceD", "transform": "/api/v1/serviceT"}
XML = "application/xml"
LARGEST = 16 * 1024 * 1024


class DccBoxedConfig(DriverConfig):
    """Base URL of the appliance, where to listen for what it posts to us, patience for a reply (s)."""

    resource: str
    receive: str
    receive_path: str = "/smartdcc/duis"
    timeout_s: float = 10.0


class DccBoxed(Driver):
    """The user's side of the DCC gateway."""

    Config = DccBoxedConfig

    def __init__(self, name: str, config: DccBoxedConfig) -> None:
        super().__init__(name, config)
        self.config = config
        self._client = httpx.Client(timeout=config.timeout_s, trust_env=False)
        self._server: ThreadingHTTPServer | None = None
        self._source: Source | None = None

    def open(self) -> None:
        """Open the receive endpoint."""
        host, _, port = self.config.receive.rpartition(":")
        try:
            self._server = ThreadingHTTPServer((host, int(port)), self._endpoint())
        except (OSError, ValueError, OverflowError) as problem:
            raise self.error(f"cannot listen on {self.config.receive!r} ({problem}); choose a free port") from None
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name=f"{self.name} receiver", daemon=True).start()

    def start(self, source: Source) -> None:
        """Publish what the DCC posts from now on."""
        self._source = source

    def close(self) -> None:
        """Close the endpoint."""
        self._client.close()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def post(self, service: str, document: bytes) -> bytes:
        """Post a document to a service and return the synchronous reply."""
        path = SERVICES[service]
        self.sent(f"POST {path} ({len(document)} octets)")
        try:
            reply = self._client.post(self.config.resource.rstrip("/") + path, content=document, headers={"Content-Type": XML})
        except httpx.TimeoutException:
            raise self.error(f"no reply from {path} within {self.config.timeout_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise self.error(f"cannot reach {self.config.resource}{path} ({problem}); is the appliance up?") from None
        kind = reply.headers.get("Content-Type", "")
        self.received(f"{reply.status_code} {kind} ({len(reply.content)} octets)")
        if not reply.is_success:
            raise self.error(f"{path} answered HTTP {reply.status_code}")
        if kind.partition(";")[0].strip() != XML:
            raise self.error(f"{path} answered {kind or 'no content type'} instead of {XML}", reply.text)
        return reply.content

    def _endpoint(self) -> type[BaseHTTPRequestHandler]:
        driver = self

        class Endpoint(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = self.headers.get("Content-Length", "")
                body = self.rfile.read(int(length)) if length.isdigit() and int(length) <= LARGEST else b""
                status = driver._take(self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                """Keep the terminal quiet."""

        return Endpoint

    def _take(self, path: str, body: bytes) -> int:
        if path != self.config.receive_path:
            return 404
        with contextlib.suppress(DuisError):
            parse_document(body)
            if self._source is not None:
                self._source.publish("duis", {}, body)
            return 204
        return 400
