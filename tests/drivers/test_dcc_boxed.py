"""The DCC driver against an HTTP server that behaves, and against ones that do not."""

import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import httpx
import pytest

from bench.bus import Bus, Item
from bench.errors import InstrumentError
from drivers.dcc_boxed import SERVICES, DccBoxed, DccBoxedConfig
from tests.drivers.peers import PATIENCE, Answer, free_port, http_peer, peer, until, within

REQUEST, REPLY = b"<Request/>", b"<Response/>"
ALERT = b'<sr:Response xmlns:sr="http://www.dccinterface.co.uk/ServiceUserGateway" schemaVersion="5.1"/>'


def gateway(url: str, timeout_s: float = 1.0, receive: str | None = None) -> DccBoxed:
    receive = receive or f"127.0.0.1:{free_port()}"
    return DccBoxed("dcc", DccBoxedConfig(resource=url, receive=receive, timeout_s=timeout_s))


def reply(status: int, kind: str | None, body: bytes) -> Answer:
    def answer(service: BaseHTTPRequestHandler, asked: bytes) -> None:
        service.send_response(status)
        if kind is not None:
            service.send_header("Content-Type", kind)
        service.send_header("Content-Length", str(len(body)))
        service.end_headers()
        service.wfile.write(body)

    return answer


def half_a_reply(service: BaseHTTPRequestHandler, asked: bytes) -> None:
    service.send_response(200)
    service.send_header("Content-Type", "application/xml")
    service.send_header("Content-Length", "1000")
    service.end_headers()
    service.wfile.write(b"<Resp")
    service.close_connection = True


def drip(service: BaseHTTPRequestHandler, asked: bytes) -> None:
    service.send_response(200)
    service.send_header("Content-Type", "application/xml")
    service.send_header("Content-Length", "1000")
    service.end_headers()
    for _ in range(50):
        service.wfile.write(b"<")
        service.wfile.flush()
        time.sleep(0.1)


def silence(service: BaseHTTPRequestHandler, asked: bytes) -> None:
    time.sleep(1.0)
    service.close_connection = True


def gone(service: BaseHTTPRequestHandler, asked: bytes) -> None:
    service.close_connection = True


@pytest.mark.parametrize("service", ["send", "non-device", "transform"])
def test_post(service: str) -> None:
    with http_peer(reply(200, "application/xml; charset=utf-8", REPLY)) as (url, posted):
        dcc = gateway(url + "/")
        dcc.open()
        assert dcc.post(service, REQUEST) == REPLY
        dcc.close()
    ((path, headers, body),) = posted
    assert (
        path == {"send": "/api/v1/serviceS", "non-device": "/api/v1/serviceD", "transform": "/api/v1/serviceT"}[service]
    )
    assert (headers["Content-Type"], body) == ("application/xml", REQUEST)


@pytest.mark.parametrize(
    ("answer", "saying"),
    [
        (reply(500, "text/html", b"<h1>Oops</h1>"), "serviceT answered HTTP 500: replied '<h1>Oops</h1>'"),
        (reply(404, None, b""), "serviceT answered HTTP 404"),
        (reply(302, "application/xml", REPLY), "serviceT answered HTTP 302"),
        (
            reply(200, "text/html", b"<html>log in</html>"),
            "answered text/html instead of application/xml: replied '<html>",
        ),
        (reply(200, None, REPLY), "answered no content type instead of application/xml"),
        (reply(200, "image/png", b"\x89\xff"), "answered image/png instead"),
        (half_a_reply, "cannot reach .*is the appliance up"),
        (gone, "cannot reach .*is the appliance up"),
        (silence, "no reply from /api/v1/serviceT within 0.3 s"),
        (drip, "no reply from /api/v1/serviceT within 0.3 s"),
    ],
)
def test_trouble(answer: Answer, saying: str) -> None:
    with http_peer(answer) as (url, _):
        dcc = gateway(url, 0.3)
        dcc.open()
        with within(2.0), pytest.raises(InstrumentError, match=saying) as caught:
            dcc.post("transform", REQUEST)
        dcc.close()
    assert str(caught.value).startswith("instrument dcc: ")
    assert "-> POST /api/v1/serviceT (10 octets)" in caught.value.last_exchange


def test_no_http() -> None:
    with peer([], [(">raw", b"SSH-2.0-OpenSSH_9.6\r\n")]) as far:
        dcc = gateway(f"http://127.0.0.1:{far.port}", 0.3)
        dcc.open()
        with within(2.0), pytest.raises(InstrumentError, match=r"cannot reach|no reply"):
            dcc.post("send", REQUEST)
        dcc.close()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}", "http://no-such-host.invalid", "nonsense", "http://[", "http://127.0.0.1:99999"]
)
def test_not_there(url: str) -> None:
    with within(10.0), pytest.raises(InstrumentError, match=r"^instrument dcc: cannot reach .*is the appliance up\?"):
        gateway(url.format(port=free_port())).open()


def test_receive_port_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, http_peer(reply(200, "application/xml", REPLY)) as (url, _):
        for receive in (
            f"127.0.0.1:{taken.getsockname()[1]}",
            "127.0.0.1:http",
            "127.0.0.1:99999",
            "no-such-host.invalid:80",
        ):
            with pytest.raises(InstrumentError, match=r"^instrument dcc: cannot listen on .*choose a free port"):
                gateway(url, receive=receive).open()


@pytest.fixture
def receiving() -> Iterator[tuple[DccBoxed, Bus, str]]:
    bus = Bus()
    with http_peer(reply(200, "application/xml", REPLY)) as (url, _):
        dcc = gateway(url)
        dcc.open()
        yield dcc, bus, f"http://{dcc.config.receive}"
        dcc.close()
    bus.close()


def test_what_the_dcc_posts_is_published_in_order(receiving: tuple[DccBoxed, Bus, str]) -> None:
    dcc, bus, url = receiving
    dcc.start(bus.source("dcc", lambda: None))
    documents = [ALERT.replace(b"/>", f"><n>{number}</n></sr:Response>".encode()) for number in range(20)]
    with httpx.Client(trust_env=False) as client:
        for document in documents:
            assert client.post(url + "/smartdcc/duis", content=document).status_code == 204
    assert [item.raw for item in bus.drain({"dcc": 20})] == documents


def test_a_post_before_anybody_listens_is_not_acknowledged(receiving: tuple[DccBoxed, Bus, str]) -> None:
    _, _, url = receiving
    assert httpx.post(url + "/smartdcc/duis", content=ALERT, trust_env=False).status_code == 503


@pytest.mark.parametrize(
    ("path", "length", "body", "status"),
    [
        ("/smartdcc/duis", None, b"no xml", 400),
        ("/smartdcc/duis", None, b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 400),
        ("/elsewhere", None, ALERT, 404),
        ("/smartdcc/duis", "99999999999", b"", 413),
        ("/smartdcc/duis", "9" * 5000, b"", 413),
        ("/smartdcc/duis", "-1", b"", 413),
        ("/smartdcc/duis", "\xb2", b"", 413),
    ],
)
def test_what_is_no_message_is_refused(
    receiving: tuple[DccBoxed, Bus, str], path: str, length: str | None, body: bytes, status: int
) -> None:
    dcc, bus, url = receiving
    dcc.start(bus.source("dcc", lambda: None))
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {length or len(body)}\r\n\r\n"
    with socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 0), PATIENCE) as link:
        link.sendall(head.encode("latin-1") + body)
        assert link.recv(1000).split()[1] == str(status).encode()
    assert httpx.post(url + "/smartdcc/duis", content=ALERT, trust_env=False).status_code == 204, "it goes on"
    assert [item.raw for item in bus.drain({"dcc": 1})] == [ALERT]


def test_half_a_post_does_not_hold_the_driver_up(receiving: tuple[DccBoxed, Bus, str]) -> None:
    dcc, _, url = receiving
    with socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 0), PATIENCE) as link:
        link.sendall(b"POST /smartdcc/duis HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
        with within(2.0):
            dcc.close()


def test_services_are_those_of_the_appliance() -> None:
    assert set(SERVICES) == {"send", "non-device", "transform"}


def test_items_have_a_kind(receiving: tuple[DccBoxed, Bus, str]) -> None:
    dcc, bus, url = receiving
    dcc.start(bus.source("dcc", lambda: None))
    httpx.post(url + "/smartdcc/duis", content=ALERT, trust_env=False)
    items: list[Item] = []
    until(lambda: bool(items.extend(bus.drain())) or bool(items))
    assert items[0].kind == "duis"
