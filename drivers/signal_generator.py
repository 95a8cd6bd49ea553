"""RF signal generators that speak SCPI (Keysight EXG and MXG, Rohde & Schwarz SMB and SMC): noise on a channel.

Only commands that both makers' programming guides share are used. What is emitted is the carrier as the generator is
set up by hand: for noise its arbitrary waveform generator plays AWGN of the channel's bandwidth.
"""

from pydantic import Field

from bench.capabilities import Rest
from bench.driver import Driver, DriverConfig
from drivers.visa import VisaText

NO_ERROR = ("0", "+0")
HERTZ_OFF, DB_OFF = 1000.0, 0.1  #: how far what is read back may be from what was set


class SignalGeneratorConfig(DriverConfig):
    """VISA resource, part of the reply to `*IDN?` ("N5182", "SMB100"), patience per exchange (s)."""

    resource: str
    model: str = ""
    timeout_s: float = Field(3.0, gt=0, le=60)


class SignalGenerator(Driver):
    """One RF output."""

    Config = SignalGeneratorConfig

    def __init__(self, name: str, config: SignalGeneratorConfig) -> None:
        super().__init__(name, config)
        self.io = VisaText(self, config.resource, config.timeout_s, "\n", "*IDN?", lambda reply: config.model in reply)

    def open(self) -> None:
        """Connect and check that it is the model of the rig file."""
        self.io.open()

    def close(self) -> None:
        """Disconnect."""
        self.io.close()

    def emit(self, megahertz: float, dbm: float) -> None:
        """Emit at a frequency (MHz) with a power (dBm) and confirm it. Raises InstrumentError."""
        self.io.write(f":FREQ {megahertz * 1e6:.0f}")
        self.io.write(f":POW {dbm:.2f}")
        self.io.write(":OUTP ON")
        error = self.io.query(":SYST:ERR?")
        if error.split(",")[0] not in NO_ERROR:
            self._off()
            raise self.error(f"refused {megahertz:g} MHz at {dbm:g} dBm", error)
        hertz, power, on = self.io.numbers("FREQ?", "POW?", "OUTP?")
        if abs(hertz - megahertz * 1e6) > HERTZ_OFF or abs(power - dbm) > DB_OFF or on != 1:
            self._off()
            raise self.error(f"is at {hertz / 1e6:g} MHz, {power:g} dBm, output {on:g} after it was told otherwise")

    def silence(self) -> None:
        """Emit nothing and confirm it. Raises InstrumentError."""
        self._off()
        if self.io.number(":OUTP?") != 0:
            raise self.error("its output is on after it was told to go off")

    def _off(self) -> None:
        self.io.write(":OUTP OFF")

    def make_safe(self, rest: Rest) -> None:
        """Emit nothing."""
        self.silence()
