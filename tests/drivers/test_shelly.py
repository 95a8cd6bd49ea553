"""The outlet driver against exchanges of the maker's API documents (Shelly Gen2+: Switch, Shelly.GetDeviceInfo)."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from pydantic import ValidationError

from bench.errors import InstrumentError
from bench.rigfile import NominalTable
from drivers.shelly import Shelly, ShellyConfig
from tests.drivers.peers import free_port, http_peer, within

INFORMATION = {"id": "shellypro4pm-f008d1d8b8b8", "mac": "F008D1D8B8B8", "gen": 2, "app": "Pro4PM", "auth_en": False}
STATUS = '{"id":0,"source":"HTTP_in","output":true,"apower":0.0,"voltage":229.4,"current":0.0}'
REST = NominalTable(voltage="230 V", frequency="50 Hz")  # type: ignore[arg-type]

#: gets method and parameters, returns what stands beside `id` and `src`, or octets to send as they are
Device = Callable[[str, dict[str, Any]], dict[str, Any] | bytes]


@contextmanager
def device(answer: Device, status: int = 200) -> Iterator[tuple[str, list[Any]]]:
    """A device: base URL, and the requests so far."""

    def reply(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        frame = json.loads(body)
        what = answer(frame["method"], frame.get("params", {}))
        whole = {"id": frame["id"], "src": INFORMATION["id"]}
        octets = what if isinstance(what, bytes) else json.dumps(whole | what).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(octets)))
        handler.end_headers()
        handler.wfile.write(octets)

    with http_peer(reply) as (url, posted):
        yield url, posted


class Outlet:
    """A device of one output, as the maker describes it."""

    def __init__(self) -> None:
        self.on, self.stuck = True, False

    def __call__(self, method: str, parameters: dict[str, Any]) -> dict[str, Any] | bytes:
        if method == "Shelly.GetDeviceInfo":
            return {"result": INFORMATION}
        if parameters["id"] != 0:
            return {"error": {"code": -105, "message": f"Argument 'id', value {parameters['id']} not found!"}}
        if method == "Switch.Set":
            before = self.on
            self.on = self.on if self.stuck else parameters["on"]
            return {"result": {"was_on": before}}
        return {"result": json.loads(STATUS) | {"output": self.on}}


def outlet(url: str, number: int = 0, timeout_s: float = 1.0) -> Shelly:
    return Shelly("hub-outlet", ShellyConfig(resource=f"{url}#{number}", timeout_s=timeout_s))


def test_switch_and_confirm() -> None:
    far = Outlet()
    with device(far) as (url, posted):
        instrument = outlet(url)
        instrument.open()
        instrument.switch(False)
        assert not far.on and not instrument.is_on()
        instrument.make_safe(REST)
        assert far.on
        instrument.close()
    assert [path for path, _, _ in posted] == ["/rpc"] * len(posted)
    assert json.loads(posted[2][2]) == {"id": 3, "method": "Switch.Set", "params": {"id": 0, "on": False}}


def test_contact_that_does_not_move() -> None:
    far = Outlet()
    far.stuck = True
    with device(far) as (url, _), pytest.raises(InstrumentError, match="output 0 is not off after it was told so"):
        outlet(url).switch(False)


def test_no_such_output() -> None:
    with device(Outlet()) as (url, _), pytest.raises(InstrumentError, match=r"refused Switch.GetStatus.*value 7 not"):
        outlet(url, 7).open()


@pytest.mark.parametrize(
    ("answer", "status", "saying"),
    [
        (b"<html>", 200, "was not answered with JSON"),
        (b"[]", 200, "was not answered"),
        (b'{"id":77,"src":"x","result":{}}', 200, "was not answered"),
        (b"", 401, "asks for a password"),
        (b"", 500, "was not answered"),
        (b'{"id":1,"src":"x","result":{"gen":1}}', 200, "no Shelly of the second generation or later"),
    ],
)
def test_trouble(answer: bytes, status: int, saying: str) -> None:
    far = device(lambda method, parameters: answer, status)
    with far as (url, _), pytest.raises(InstrumentError, match=saying) as caught:
        outlet(url).open()
    assert str(caught.value).startswith("instrument hub-outlet: ")


def test_not_there() -> None:
    with within(5.0), pytest.raises(InstrumentError, match="cannot reach"):
        outlet(f"http://127.0.0.1:{free_port()}", timeout_s=0.5).open()


@pytest.mark.parametrize("resource", ["127.0.0.1", "http://127.0.0.1", "http://127.0.0.1#x", "https://shelly#0"])
def test_resource(resource: str) -> None:
    with pytest.raises(ValidationError):
        ShellyConfig(resource=resource)
