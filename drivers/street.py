"""Other homes behind the DCC, made by the traffic generator of an emulated one. One text line each way.

    > STREET?                                   < STREET 999 00-15-5F-02-00-00-00-00 00-15-5F-03-00-00-00-00
    > CUT 300 DARK 3,77 WAVES 0,30              < OK
    > CUT 300 DARK - WAVES 0                    < OK

STREET? is answered with the number of homes and the EUI-64 of the first home's hub and meter; the others follow in
order. CUT takes seconds without supply, homes that stay dark (from 0), and by how much later each wave returns.
"""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import Field

from bench.capabilities import StreetOfHomes
from bench.driver import Driver, DriverConfig
from bench.gbcs import Eui64
from drivers.visa import VisaText

DONE = "OK"


class StreetConfig(DriverConfig):
    """VISA socket resource (`TCPIP::host::port::SOCKET`), patience per exchange (s)."""

    resource: str
    timeout_s: float = Field(10.0, gt=0, le=60)


class StreetGenerator(Driver):
    """A traffic generator."""

    Config = StreetConfig

    def __init__(self, name: str, config: StreetConfig) -> None:
        super().__init__(name, config)
        self.io = VisaText(
            self, config.resource, config.timeout_s, "\n", "STREET?", lambda reply: reply.startswith("STREET ")
        )

    def open(self) -> None:
        """Connect and check that it is a street."""
        self.io.open()

    def close(self) -> None:
        """Disconnect."""
        self.io.close()

    def homes(self) -> StreetOfHomes:
        """Return how many homes there are, and their devices. Raises InstrumentError for garbage."""
        reply = self.io.query("STREET?")
        try:
            _, count, hub, meter = reply.split()
            return StreetOfHomes(int(count), Eui64.of(hub), Eui64.of(meter))
        except ValueError:
            raise self.io.garbage("STREET? was not answered with a number and two EUI-64", reply) from None

    def cut(self, duration: timedelta, dark: Sequence[int], waves: Sequence[timedelta]) -> None:
        """Cut every home's supply now; it returns after `duration`, in waves, but for the homes in `dark`."""
        names = ",".join(map(str, dark)) or "-"
        delays = ",".join(f"{wave.total_seconds():g}" for wave in waves)
        asked = f"CUT {duration.total_seconds():g} DARK {names} WAVES {delays}"
        reply = self.io.query(asked)
        if reply != DONE:
            raise self.error(f"refused {asked}", reply)
