"""A DCC as an emulator appliance offers it: three DUIS services over HTTP, and a receive endpoint that we host."""

import contextlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
from pydantic import Field

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
    timeout_s: float = Field(10.0, gt=0, le=600)


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
        """See that the appliance is there and open the receive endpoint."""
        try:
            url = httpx.URL(self.config.resource)
            there = (url.host, url.port or (443 if url.scheme == "https" else 80))
            socket.create_connection(there, self.config.timeout_s).close()
        except (OSError, ValueError, httpx.InvalidURL) as problem:
            raise self.error(f"cannot reach {self.config.resource} ({problem}); is the appliance up?") from None
        host, _, port = self.config.receive.rpartition(":")
        try:
            self._server = ThreadingHTTPServer((host, int(port)), self._endpoint())
        except (OSError, ValueError, OverflowError) as problem:
            raise self.error(f"cannot listen on {self.config.receive!r} ({problem}); choose a free port") from None
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name=f"{self.name} receiver", daemon=True
        ).start()

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
            reply, content = self._exchange(self.config.resource.rstrip("/") + path, document)
        except httpx.TimeoutException:
            raise self.error(f"no reply from {path} within {self.config.timeout_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise self.error(f"cannot reach {self.config.resource}{path} ({problem}); is the appliance up?") from None
        kind = reply.headers.get("Content-Type", "")
        self.received(f"{reply.status_code} {kind} ({len(content)} octets)")
        if not reply.is_success:
            raise self.error(f"{path} answered HTTP {reply.status_code}", content.decode(errors="replace"))
        if kind.partition(";")[0].strip() != XML:
            told = content.decode(errors="replace")
            raise self.error(f"{path} answered {kind or 'no content type'} instead of {XML}", told)
        return content

    def _exchange(self, url: str, document: bytes) -> tuple[httpx.Response, bytes]:
        end = time.monotonic() + self.config.timeout_s
        content = b""
        with self._client.stream("POST", url, content=document, headers={"Content-Type": XML}) as reply:
            for chunk in reply.iter_bytes():
                content += chunk
                if time.monotonic() > end:
                    raise httpx.ReadTimeout("the reply does not end")
                if len(content) > LARGEST:
                    raise httpx.DecodingError("the reply is too large")
        return reply, content

    def _endpoint(self) -> type[BaseHTTPRequestHandler]:
        driver = self

        class Endpoint(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = driver.config.timeout_s

            def do_POST(self) -> None:
                length = self.headers.get("Content-Length", "")
                if length.isdecimal() and len(length) < 10 and int(length) <= LARGEST:
                    status = driver._take(self.path, self.rfile.read(int(length)))
                else:
                    status, self.close_connection = 413, True
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                """Keep the terminal quiet."""

        return Endpoint

    def _take(self, path: str, body: bytes) -> int:
        if path != self.config.receive_path:
            return 404
        if self._source is None:
            return 503
        with contextlib.suppress(DuisError):
            parse_document(body)
            self._source.publish("duis", {}, body)
            return 204
        return 400
