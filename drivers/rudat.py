"""Mini-Circuits RUDAT and RCDAT step attenuators: their text protocol over a socket (CR LF, telnet port)."""

from pydantic import Field

from bench.capabilities import Rest
from bench.driver import Driver, DriverConfig
from drivers.visa import VisaText

DONE, FAILED, CLIPPED = "1", "0", "2"


class RudatConfig(DriverConfig):
    """VISA socket resource (`TCPIP::host::port::SOCKET`), step of the model in dB, patience per exchange (s)."""

    resource: str
    step_db: float = Field(0.25, gt=0)
    timeout_s: float = Field(2.0, gt=0, le=60)


class Rudat(Driver):
    """One attenuator channel."""

    Config = RudatConfig

    def __init__(self, name: str, config: RudatConfig) -> None:
        super().__init__(name, config)
        self.config = config
        self.step = config.step_db
        self.io = VisaText(
            self, config.resource, config.timeout_s, "\r\n", ":MN?", lambda reply: reply.startswith("MN=")
        )

    def open(self) -> None:
        """Connect and check that it is one of the family."""
        self.io.open()

    def close(self) -> None:
        """Disconnect."""
        self.io.close()

    def set_attenuation(self, db: float) -> float:
        """Set the attenuation, return what the instrument reports. Raises InstrumentError if it refused or clipped."""
        reply = self.io.query(f":SETATT={db:.2f}")
        if reply == CLIPPED:
            raise self.error(f"clipped {db:g} dB to its maximum", reply)
        if reply != DONE:
            raise self.error(f"refused {db:g} dB", reply)
        reported = self.attenuation()
        if abs(reported - db) > self.step / 2:
            raise self.error(f"reports {reported:g} dB after it was set to {db:g} dB")
        return reported

    def attenuation(self) -> float:
        """Return the attenuation in force (dB)."""
        return self.io.number(":ATT?")

    def make_safe(self, rest: Rest) -> None:
        """Go to the nominal attenuation of the link."""
        self.set_attenuation(rest.attenuation)
