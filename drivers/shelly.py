"""One output of a Shelly of the second generation or later (Plus, Pro): a contact in the feed of one device.

JSON-RPC over HTTP (maker's API): `POST /rpc` with `{"id":1,"method":"Switch.Set","params":{"id":0,"on":true}}`.
"""

from typing import Any

import httpx
from pydantic import Field

from bench.capabilities import Rest
from bench.driver import Driver, DriverConfig


class ShellyConfig(DriverConfig):
    """`http://host[:port]#output`, outputs counted from 0; patience per exchange (s)."""

    resource: str = Field(pattern=r"^http://[^/#]+#\d$")
    timeout_s: float = Field(3.0, gt=0, le=60)


class Shelly(Driver):
    """One switched output."""

    Config = ShellyConfig

    def __init__(self, name: str, config: ShellyConfig) -> None:
        super().__init__(name, config)
        host, _, output = config.resource.partition("#")
        self._url, self._output, self._patience = f"{host}/rpc", int(output), config.timeout_s
        self._client = httpx.Client(timeout=config.timeout_s, trust_env=False)
        self._number = 0

    def open(self) -> None:
        """See that a Shelly answers and has this output."""
        generation = self._call("Shelly.GetDeviceInfo").get("gen")
        if not isinstance(generation, int) or generation < 2:
            raise self.error(f"at {self._url} is no Shelly of the second generation or later", str(generation))
        self.is_on()

    def close(self) -> None:
        """Disconnect."""
        self._client.close()

    def switch(self, on: bool) -> None:
        """Close or open the contact and confirm it by its status. Raises InstrumentError."""
        self._call("Switch.Set", id=self._output, on=on)
        if self.is_on() is not on:
            raise self.error(f"output {self._output} is not {'on' if on else 'off'} after it was told so")

    def is_on(self) -> bool:
        """Return whether the contact is closed."""
        state = self._call("Switch.GetStatus", id=self._output).get("output")
        if not isinstance(state, bool):
            raise self.error("the status has no state of the output", str(state))
        return state

    def make_safe(self, rest: Rest) -> None:
        """Leave the contact as the rig rests."""
        self.switch(rest.output_on)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        frame = {"id": self._number, "method": method} | ({"params": parameters} if parameters else {})
        self.sent(f"{method} {parameters or ''}".strip())
        try:
            reply = self._client.post(self._url, json=frame)
            self.received(f"{reply.status_code} {reply.text[:200]}")
            answer = reply.json() if reply.status_code == httpx.codes.OK else None
        except httpx.TimeoutException:
            raise self.error(f"no answer to {method} within {self._patience:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise self.error(f"cannot reach {self._url} ({problem}); check the address") from None
        except ValueError:
            raise self.error(f"{method} was not answered with JSON", reply.text) from None
        if reply.status_code == httpx.codes.UNAUTHORIZED:
            raise self.error("asks for a password; switch authentication off on a network of the rig's own")
        if not isinstance(answer, dict) or answer.get("id") != self._number:
            raise self.error(f"{method} was not answered", reply.text)
        result = answer.get("result")
        if not isinstance(result, dict):
            raise self.error(f"refused {method}", str(answer.get("error")))
        return result
