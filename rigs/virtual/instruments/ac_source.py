"""A virtual Keysight 6812C, or with three feeds a 6834B: SCPI subset of the series.

Output relay, list engine, ranges and error queue; of three phases each setting concerns all (coupled) or the one
that is selected, a list all, a measurement the one that is selected.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from rigs.virtual.instruments.scpi import INIT_IGNORED, OUT_OF_RANGE, SETTINGS_CONFLICT, ScpiError, ScpiInterpreter
from rigs.virtual.power import Feed

IDENTITY = {
    1: "Keysight Technologies,6812C,MY00000001,A.01.00",
    3: "Agilent Technologies,6834B,US00000003,A.02.04",
}
MAX_VOLTS = 300.0
MAX_AMPERES = 6.5
FREQUENCIES = (45.0, 1000.0)
LIST_POINTS = 100
DWELL = (0.0003, 1e6)
LIST_RUNNING = 32  #: operation condition while a transient runs


class AcSource:
    """The instrument; `feeds` returns the feeds of the present baseline, one a phase."""

    def __init__(self, feeds: Callable[[], Sequence[Feed]], noise: Callable[[], float], phases: int = 1) -> None:
        self._feeds, self._noise = feeds, noise
        self._coupled, self._selected = True, 0
        self._mode = "FIX"
        self._list_volts: list[float] = []
        self._list_dwell: list[float] = []
        self._armed = False
        self._current_limit = MAX_AMPERES
        self._fetched: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
        self.scpi = scpi = ScpiInterpreter(IDENTITY[phases])
        scpi.on("[SOURce:]VOLTage[:LEVel]", self._set_voltage)
        scpi.on("[SOURce:]VOLTage[:LEVel]?", lambda argument: _number(self._feed().setting))
        scpi.on("[SOURce:]FREQuency", self._set_frequency)
        scpi.on("[SOURce:]FREQuency?", lambda argument: _number(self._feed().frequency))
        scpi.on("[SOURce:]CURRent[:LEVel]", self._set_current)
        scpi.on("[SOURce:]CURRent[:LEVel]?", lambda argument: _number(self._current_limit))
        scpi.on("[SOURce:]CURRent:PROTection:STATe", _ignore)
        scpi.on("OUTPut[:STATe]", self._switch_output)
        scpi.on("OUTPut[:STATe]?", lambda argument: str(int(self._feed().closed)))
        for header in ("VOLTage:AC", "CURRent:AC", "POWer:AC", "FREQuency"):
            scpi.on(f"MEASure:{header}?", self._measured(header, acquire=True))
            scpi.on(f"FETCh:{header}?", self._measured(header, acquire=False))
        scpi.on("FETCh:POWer:AC:TOTal?", lambda argument: _number(sum(feed.power for feed in self._feeds())))
        if phases > 1:
            scpi.on("INSTrument:COUPle", self._couple)
            scpi.on("INSTrument:NSELect", self._select)
        scpi.on("VOLTage:MODE", self._set_mode)
        scpi.on("VOLTage:MODE?", lambda argument: self._mode)
        scpi.on("VOLTage:SLEW", _ignore)
        scpi.on("LIST:VOLTage", self._load_volts)
        scpi.on("LIST:VOLTage:POINts?", lambda argument: f"+{len(self._list_volts)}")
        scpi.on("LIST:DWELl", self._load_dwell)
        for header in (
            "LIST:COUNt",
            "LIST:STEP",
            "TRIGger:TRANsient:SOURce",
            "TRIGger:SYNC:SOURce",
            "TRIGger:SYNC:PHASe",
        ):
            scpi.on(header, _ignore)
        scpi.on("INITiate[:IMMediate]:SEQ1", self._arm)
        scpi.on("*TRG", self._fire)
        scpi.on("TRIGger[:IMMediate]", self._fire)
        scpi.on("ABORt", self._abort)
        scpi.on("STATus:OPERation:CONDition?", lambda argument: f"+{LIST_RUNNING if self._feed().running else 0}")
        scpi.on("STATus:QUEStionable:CONDition?", lambda argument: "+0")

    def _feed(self) -> Feed:
        return self._feeds()[self._selected]

    def _concerned(self) -> Sequence[Feed]:
        return self._feeds() if self._coupled else (self._feed(),)

    def _couple(self, argument: str) -> None:
        if argument.upper() not in ("ALL", "NONE"):
            raise ScpiError(OUT_OF_RANGE)
        self._coupled = argument.upper() == "ALL"

    def _select(self, argument: str) -> None:
        number = int(argument)
        if not 1 <= number <= len(self._feeds()):
            raise ScpiError(OUT_OF_RANGE)
        self._selected = number - 1

    def _switch_output(self, argument: str) -> None:
        on = _boolean(argument)
        for feed in self._feeds():
            feed.set_closed(on)

    def _set_voltage(self, argument: str) -> None:
        volts = float(argument)
        if not 0 <= volts <= MAX_VOLTS:
            raise ScpiError(OUT_OF_RANGE)
        for feed in self._concerned():
            feed.set_voltage(volts)

    def _set_current(self, argument: str) -> None:
        amperes = float(argument)
        if not 0 < amperes <= MAX_AMPERES:
            raise ScpiError(OUT_OF_RANGE)
        self._current_limit = amperes

    def _set_frequency(self, argument: str) -> None:
        hertz = float(argument)
        if not FREQUENCIES[0] <= hertz <= FREQUENCIES[1]:
            raise ScpiError(OUT_OF_RANGE)
        for feed in self._feeds():
            feed.frequency = hertz

    def _measured(self, header: str, *, acquire: bool) -> Callable[[str], str]:
        index = ("VOLTage:AC", "CURRent:AC", "POWer:AC", "FREQuency").index(header)

        def measure(argument: str) -> str:
            if acquire:
                self._acquire()
            return _number(self._fetched[index])

        return measure

    def _acquire(self) -> None:
        feed = self._feed()
        volts = max(0.0, feed.voltage + (self._noise() if feed.voltage else 0.0))
        watts = feed.power
        self._fetched = (volts, abs(watts) / volts if volts else 0.0, watts, feed.frequency if volts else 0.0)

    def _set_mode(self, argument: str) -> None:
        if argument.upper() not in ("FIX", "FIXED", "LIST", "STEP", "PULS", "PULSE"):
            raise ScpiError(OUT_OF_RANGE)
        self._mode = argument.upper()[:4].removesuffix("E") if argument.upper() != "FIXED" else "FIX"
        if self._mode == "FIX":
            self._armed = False

    def _load_volts(self, argument: str) -> None:
        self._list_volts = _list(argument, 0.0, MAX_VOLTS)

    def _load_dwell(self, argument: str) -> None:
        self._list_dwell = _list(argument, *DWELL)

    def _arm(self, argument: str) -> None:
        if self._mode != "LIST":
            raise ScpiError(INIT_IGNORED)
        if not self._list_volts or len(self._list_dwell) not in (1, len(self._list_volts)):
            raise ScpiError(SETTINGS_CONFLICT)
        self._armed = True

    def _fire(self, argument: str) -> None:
        if not self._armed:
            return
        self._armed = False
        dwell = self._list_dwell * (len(self._list_volts) if len(self._list_dwell) == 1 else 1)
        points = [(volts, timedelta(seconds=seconds)) for volts, seconds in zip(self._list_volts, dwell, strict=True)]
        for feed in self._feeds():
            feed.run_program(points)

    def _abort(self, argument: str) -> None:
        self._armed = False
        for feed in self._feeds():
            feed.abort()


def _list(argument: str, low: float, high: float) -> list[float]:
    values = [float(part) for part in argument.split(",")]
    if len(values) > LIST_POINTS:
        raise ScpiError((-223, "Too much data"))
    if not all(low <= value <= high for value in values):
        raise ScpiError(OUT_OF_RANGE)
    return values


def _boolean(argument: str) -> bool:
    words = {"ON": True, "1": True, "OFF": False, "0": False}
    if argument.upper() not in words:
        raise ScpiError((-104, "Data type error"))
    return words[argument.upper()]


def _number(value: float) -> str:
    return f"{value:+.5E}"


def _ignore(argument: str) -> None:
    """Take a setting that has no effect in this world."""
