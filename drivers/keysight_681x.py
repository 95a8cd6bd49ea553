"""Keysight (Agilent, HP) 6811B-6813B, 6811C-6813C and 6834B AC sources: SCPI over GPIB, USB, LAN or RS-232.

Command set from the maker's programming guide for the series; lists hold up to 100 points. The 6834B has three
outputs: they are programmed together (coupled), and apart only while one phase is to differ; what tells them apart
(INST:COUP, INST:NSEL, the total power) was written without the guide at hand and never met the instrument.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from pydantic import Field

from bench.capabilities import AcReading, ProgramPoint, Rest
from bench.driver import Driver, DriverConfig
from drivers.visa import VisaText

ERROR_QUEUE = 20
SET_TOLERANCE = 0.01
MEASURED = ("MEAS:VOLT:AC?", "FETC:CURR:AC?", "FETC:POW:AC?", "FETC:FREQ?")  #: the latter of the same acquisition
MEASURED_OF_THREE = ("MEAS:VOLT:AC?", "FETC:CURR:AC?", "FETC:POW:AC:TOT?", "FETC:FREQ?")  #: phase 1; power of all


class Keysight681xConfig(DriverConfig):
    """VISA resource, patience per exchange (s), identity to insist on (part of the model field), number of outputs."""

    resource: str
    timeout_s: float = Field(3.0, gt=0, le=60)
    model: str = "681"
    phases: Literal[1, 3] = 1


class Keysight681x(Driver):
    """AC source with a hardware-timed list engine."""

    Config = Keysight681xConfig
    minimum_dwell: timedelta | None = timedelta(milliseconds=1)

    def __init__(self, name: str, config: Keysight681xConfig) -> None:
        super().__init__(name, config)
        self.config = config
        self.phases = config.phases
        self.io = VisaText(self, config.resource, config.timeout_s, "\n", "*IDN?", self._is_mine)

    def open(self) -> None:
        """Connect, check the model, drain errors somebody else left."""
        self.io.open()
        self._drain_errors()
        self._couple()

    def _couple(self) -> None:
        """Let what follows concern all phases, and measurements the first."""
        if self.phases > 1:
            for line in ("INST:COUP ALL", "INST:NSEL 1"):
                self.io.write(line)
            self._check_errors("INST:COUP ALL")

    def _is_mine(self, identity: str) -> bool:
        fields = identity.split(",")
        return len(fields) > 1 and self.config.model in fields[1]

    def close(self) -> None:
        """Disconnect."""
        self.io.close()

    def set_voltage(self, volts: float) -> float:
        """Set the rms voltage (of all phases) and return the read-back setting."""
        self._couple()
        return self._set("VOLT", volts)

    def set_phase_voltage(self, phase: int, volts: float) -> float:
        """Set the rms voltage of one phase of a three-phase source and return the read-back setting."""
        if not 1 <= phase <= self.phases:
            raise self.error(f"has no phase {phase}; it has {self.phases}")
        for line in ("INST:COUP NONE", f"INST:NSEL {phase}"):
            self.io.write(line)
        try:
            return self._set("VOLT", volts)
        finally:
            self.io.write("INST:NSEL 1")

    def set_frequency(self, hertz: float) -> float:
        """Set the frequency and return the read-back setting."""
        return self._set("FREQ", hertz)

    def limit_current(self, amperes: float) -> None:
        """Set the rms current limit and make it a trip instead of a fold-back."""
        self._set("CURR", amperes)
        self.io.write("CURR:PROT:STAT ON")
        self._check_errors("CURR:PROT:STAT ON")

    def output(self, on: bool) -> None:
        """Switch the output relay and confirm its state."""
        self.io.write(f"OUTP {'ON' if on else 'OFF'}")
        self._fence()
        self._check_errors(f"OUTP {'ON' if on else 'OFF'}")
        if self._boolean("OUTP?") is not on:
            raise self.error(
                f"output is not {'on' if on else 'off'} after it was told so; look for a trip: {self._trip()}"
            )

    def measure(self) -> AcReading:
        """Return one acquisition: V, A, W (the same buffer), Hz (0 where there is no wave)."""
        measured = MEASURED if self.phases == 1 else MEASURED_OF_THREE
        return AcReading(*self.io.numbers(*measured, nothing={"FETC:FREQ?": 0.0}))

    def run_program(self, points: Sequence[ProgramPoint], nominal: float, start_phase: float = 0.0) -> timedelta:
        """Load a list, arm it, fire it at a phase angle."""
        self._couple()
        for line in (
            "ABOR",
            f"VOLT {nominal:.2f}",
            "VOLT:SLEW INF",
            "VOLT:MODE LIST",
            "LIST:VOLT " + ",".join(f"{point.voltage:.2f}" for point in points),
            "LIST:DWEL " + ",".join(f"{point.dwell.total_seconds():.4f}" for point in points),
            "LIST:COUN 1",
            "LIST:STEP AUTO",
            "TRIG:TRAN:SOUR BUS",
            "TRIG:SYNC:SOUR PHAS",
            f"TRIG:SYNC:PHAS {start_phase:g}",
        ):
            self.io.write(line)
        self._check_errors("the list")
        loaded = self.io.number("LIST:VOLT:POIN?")
        if loaded != len(points):
            raise self.error(f"holds {loaded:g} list points instead of {len(points)}")
        self.io.write("INIT:IMM:SEQ1")
        self._check_errors("INIT")
        self.io.write("*TRG")
        self.io.number("STAT:OPER:COND?")  # its reply proves that the trigger has been taken
        return sum((point.dwell for point in points), timedelta())

    def end_program(self) -> None:
        """Return to fixed mode and make sure that the output did not trip meanwhile."""
        self.io.write("VOLT:MODE FIX")
        self._check_errors("VOLT:MODE FIX")
        if not self._boolean("OUTP?"):
            raise self.error(f"output tripped during the program: {self._trip()}")

    def make_safe(self, rest: Rest) -> None:
        """Abort any program and go to the declared rest."""
        self.io.write("ABOR")
        self.io.write("VOLT:MODE FIX")
        self._drain_errors()
        if not rest.output_on:
            self.output(False)
        self.set_voltage(rest.voltage)
        self.set_frequency(rest.frequency)
        if rest.output_on:
            self.output(True)

    def _set(self, header: str, value: float) -> float:
        self.io.write(f"{header} {value:.2f}")
        self._check_errors(f"{header} {value:.2f}")
        read = self.io.number(f"{header}?")
        if abs(read - value) > max(0.1, SET_TOLERANCE * value):
            raise self.error(f"{header} reads back {read:g} after it was set to {value:g}")
        return read

    def _fence(self) -> None:
        if self.io.query("*OPC?").lstrip("+") != "1":
            raise self.error("did not complete its work")

    def _boolean(self, query: str) -> bool:
        reply = self.io.query(query).upper().lstrip("+")
        if reply not in ("0", "1", "ON", "OFF"):
            raise self.io.garbage(f"{query} was not answered with 0 or 1", reply)
        return reply in ("1", "ON")

    def _trip(self) -> str:
        return f"questionable condition {self.io.query('STAT:QUES:COND?')}"

    def _check_errors(self, after: str) -> None:
        if errors := self._drain_errors():
            raise self.error(f"refused {after}: {'; '.join(errors)}")

    def _drain_errors(self) -> list[str]:
        errors: list[str] = []
        for _ in range(ERROR_QUEUE):
            reply = self.io.query("SYST:ERR?")
            number, _, text = reply.partition(",")
            try:
                if int(number) == 0:
                    return errors
            except ValueError:
                raise self.io.garbage("SYST:ERR? was not answered with number and text", reply) from None
            errors.append(f"{number} {text.strip()}")
        raise self.error("the error queue will not empty")
