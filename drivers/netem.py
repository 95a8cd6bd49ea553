"""The WAN path of a hub through a Linux bridge that impairs it with netem (`tc`). One text line each way.

    > NETEM?                                    < NETEM eth1 eth2
    > SET delay 30000ms duplicate 100%          < OK
    > SET colour 3                              < ERR What is "colour"?

What follows SET are the words of `tc qdisc replace dev ... root netem`; `python -m drivers.netem_box` on the bridge
answers these lines. It delays packets, so a message that is under way keeps its time when the delay is changed.
"""

from datetime import timedelta

from pydantic import Field

from bench.capabilities import Impairment, Rest
from bench.driver import Driver, DriverConfig
from drivers.visa import VisaText

DONE = "OK"
MILLISECOND = timedelta(milliseconds=1)


class NetemConfig(DriverConfig):
    """VISA socket resource (`TCPIP::host::port::SOCKET`), patience per exchange (s)."""

    resource: str
    timeout_s: float = Field(5.0, gt=0, le=60)


class Netem(Driver):
    """A bridge in the WAN path."""

    Config = NetemConfig

    def __init__(self, name: str, config: NetemConfig) -> None:
        super().__init__(name, config)
        self.io = VisaText(
            self, config.resource, config.timeout_s, "\n", "NETEM?", lambda reply: reply.startswith("NETEM ")
        )

    def open(self) -> None:
        """Connect and check that it is such a bridge."""
        self.io.open()

    def close(self) -> None:
        """Disconnect."""
        self.io.close()

    def impair(self, impairment: Impairment) -> None:
        """Replace what is wrong with the path. Raises InstrumentError if the bridge refuses."""
        asked = f"SET {words(impairment)}"
        reply = self.io.query(asked)
        if reply != DONE:
            raise self.error(f"refused {asked}", reply)

    def make_safe(self, rest: Rest) -> None:
        """Leave the path whole."""
        self.impair(Impairment())


def words(impairment: Impairment) -> str:
    """Return an impairment in the words of `tc ... netem`."""
    said = [f"delay {impairment.delay // MILLISECOND}ms"]
    if impairment.duplicate:
        said.append(f"duplicate {impairment.duplicate:.0%}")
    if impairment.rate is not None:
        said.append(f"rate {impairment.rate}bit")
    if impairment.cut:
        said.append("loss 100%")
    return " ".join(said)
