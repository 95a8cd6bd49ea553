"""A virtual Keysight N5182B: frequency, power, output; what it emits is noise as wide as a channel."""

from collections.abc import Callable

from rigs.virtual.instruments.scpi import OUT_OF_RANGE, ScpiError, ScpiInterpreter
from rigs.virtual.radio import NoiseEmitter

IDENTITY = "Keysight Technologies, N5182B, MY00000001, B.01.86"
MOST_HZ, MOST_DBM, LEAST_DBM = 6e9, 19.0, -144.0


class SignalGenerator:
    """Answers SCPI; `emitter` returns that of the present baseline."""

    def __init__(self, emitter: Callable[[], NoiseEmitter]) -> None:
        self._emitter = emitter
        self.scpi = scpi = ScpiInterpreter(IDENTITY)
        scpi.on("FREQuency", self._set_frequency)
        scpi.on("FREQuency?", lambda _: f"{self._emitter().hertz:+.14E}")
        scpi.on("POWer", self._set_power)
        scpi.on("POWer?", lambda _: f"{self._emitter().dbm:+.8E}")
        scpi.on("OUTPut", self._switch)
        scpi.on("OUTPut?", lambda _: str(int(self._emitter().on)))

    def _set_frequency(self, argument: str) -> None:
        hertz = float(argument)
        if not 9e3 <= hertz <= MOST_HZ:
            raise ScpiError(OUT_OF_RANGE)
        self._emitter().hertz = hertz

    def _set_power(self, argument: str) -> None:
        dbm = float(argument)
        if not LEAST_DBM <= dbm <= MOST_DBM:
            raise ScpiError(OUT_OF_RANGE)
        self._emitter().dbm = dbm

    def _switch(self, argument: str) -> None:
        self._emitter().on = argument.upper() in ("ON", "1")
