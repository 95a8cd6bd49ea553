"""Somebody or something at the devices: presses keys, opens taps and covers, reads displays. One text line each way.

    > HANDS?                          < HANDS bench 1
    > DO gsme open-valve              < OK open
    > DO gsme taps 0.25               < OK 0.25 m3/h
    > DO gsme polish                  < ERR gsme: cannot polish; it can open-valve, taps, ...

A robot at the keypad with a flow rig speaks this, or a program that tells a person what to do and waits for the answer.
"""

from pydantic import Field

from bench.driver import Driver, DriverConfig
from bench.errors import NotRun
from drivers.visa import VisaText

DONE = "OK "


class HandsConfig(DriverConfig):
    """VISA socket resource (`TCPIP::host::port::SOCKET`); patience (s): a person may need minutes."""

    resource: str
    timeout_s: float = Field(10.0, gt=0, le=600)


class Hands(Driver):
    """Acts at devices."""

    Config = HandsConfig

    def __init__(self, name: str, config: HandsConfig) -> None:
        super().__init__(name, config)
        self.config = config
        self.io = VisaText(
            self, config.resource, config.timeout_s, "\n", "HANDS?", lambda reply: reply.startswith("HANDS ")
        )

    def open(self) -> None:
        """Connect and check who is there."""
        self.io.open()

    def close(self) -> None:
        """Disconnect."""
        self.io.close()

    def do(self, device: str, act: str) -> str:
        """Do something at a device; returns what it shows then.

        Raises NotRun where there are no hands that can do it, InstrumentError if they failed.
        """
        reply = self.io.query(f"DO {device} {act}")
        if reply.startswith(("ERR there are ", f"ERR {device}: cannot ")):
            raise NotRun(f"the hands ({self.name}) cannot {act} at {device}: {reply.removeprefix('ERR ')}")
        if not reply.startswith(DONE):
            raise self.error(f"could not do {act!r} at {device}", reply)
        return reply.removeprefix(DONE)
