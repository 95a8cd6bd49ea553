"""What stands behind the COSEM objects of the electricity meter: clock, load switch, registers, profile, logs."""

from datetime import datetime
from typing import TYPE_CHECKING

from bench.gbcs.axdr import Data, enum, i8, octets, structure, u8, u16, u32
from bench.gbcs.dlms import date_time, parse_date_time, zigbee_utc
from rigs.virtual.cosem import OTHER_REASON, SUCCESS
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.dlms_logs import U32, DlmsLogs, compact
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

CLOCK_TIME, CLOCK_STATUS = attribute("8:0-0:1.0.0.255:2"), attribute("8:0-0:1.0.0.255:4")
CLOCK_WINDOW, CLOCK_ADJUST = attribute("8:0-0:1.0.0.255:5"), attribute("8:0-0:1.0.0.255:4")
LIMIT_COUNTER, RESET_LIMIT_COUNTER = attribute("3:0-0:94.44.42.255:2"), attribute("3:0-0:94.44.42.255:1")
SUPPLY_SCRIPTS = attribute("9:0-0:10.0.106.255:1")
SUPPLY_STATE = attribute("70:0-0:96.3.10.255:3")
IMPORT_REGISTERS = attribute("1:0-0:94.44.34.10:2")
FIRMWARE_VERSION = attribute("1:0-0:0.2.1.255:2")
POWER = attribute("1:0-0:94.44.34.20:2")
PROFILE = attribute("7:0-0:99.1.0.255:2")
WATT, WATT_HOUR, VAR_HOUR = 0x1B, 0x1E, 0x20


class EsmeObjects(DlmsLogs):
    """Connects the objects to the meter."""

    def __init__(self, esme: "Esme") -> None:
        super().__init__(esme)
        self._esme = esme
        self._window: tuple[datetime, datetime] | None = None
        objects = esme.cosem.objects
        objects.put(CLOCK_TIME, lambda: octets(date_time(esme.clock())))
        objects.put(CLOCK_STATUS, lambda: u8(esme.time.status))
        objects.put(FIRMWARE_VERSION, lambda: octets(esme.firmware.shown_version()))
        objects.put(LIMIT_COUNTER, lambda: u16(esme.switch.limit_counter))
        objects.methods[CLOCK_WINDOW] = lambda window: self.window_written(window)  # noqa: PLW0108
        objects.methods[CLOCK_ADJUST] = lambda _: self.adjust_clock()
        objects.methods[RESET_LIMIT_COUNTER] = lambda _: self.reset_limit_counter()
        objects.put(SUPPLY_STATE, lambda: self.supply_state())  # noqa: PLW0108 - a defect may replace it
        objects.put(IMPORT_REGISTERS, lambda: self.import_registers())  # noqa: PLW0108
        objects.put(POWER, lambda: self.power())  # noqa: PLW0108
        objects.methods[SUPPLY_SCRIPTS] = lambda parameter: self.run_supply_script(parameter)  # noqa: PLW0108
        objects.selected[PROFILE] = lambda start, end: self.profile(start, end)  # noqa: PLW0108

    @rule("R-SUP-005")
    def run_supply_script(self, script: Data) -> int:
        """Enable, disable or arm the supply (ECS42, ECS43, ECS44)."""
        switch = self._esme.switch
        match script.value:
            case 0x33:
                done = switch.enable()
            case 0x34:
                done = switch.disable()
            case 0x36:
                done = switch.arm()
            case _:
                done = False
        return SUCCESS if done else OTHER_REASON

    @rule("R-TIM-004", "R-TIM-007")
    def window_written(self, window: Data) -> int:
        """Keep the interval in which hub time must lie (ECS70)."""
        start, end = (parse_date_time(window[number].value) for number in (1, 2))
        if not isinstance(start, datetime) or not isinstance(end, datetime):
            return OTHER_REASON
        self._window = (start, end)
        return SUCCESS

    @rule("R-TIM-004", "R-TIM-005")
    def adjust_clock(self) -> int:
        """Follow the hub if its time lies in the interval; the answer shows time and status."""
        if self._window is not None:
            self._esme.time.set_within(*self._window)
            self._window = None
        return SUCCESS

    @rule("R-LLM-006")
    def reset_limit_counter(self) -> int:
        """Set the load limit counter to zero (ECS28b)."""
        self._esme.switch.limit_counter = 0
        return SUCCESS

    @rule("R-SUP-001")
    def supply_state(self) -> Data:
        """Return the state of the load switch (ECS45)."""
        return enum(int(self._esme.switch.state))

    def import_registers(self) -> Data:
        """Return active and reactive import with their units (ECS17b)."""
        watt_hours = u32(int(self._esme.integrate()))
        return structure([watt_hours, structure([i8(0), enum(WATT_HOUR)]), u32(0), structure([i8(0), enum(VAR_HOUR)])])

    @rule("R-VLT-007")
    def power(self) -> Data:
        """Return the active power drawn, in all and by the primary element, in whole watts (ECS17c)."""
        watts = u32(round(self._esme.load))
        return structure([watts, structure([i8(0), enum(WATT)]), watts])

    def profile(self, start: datetime, end: datetime) -> Data:
        """Return the half-hour import of a range (ECS22b)."""
        rows = [structure([u32(zigbee_utc(at)), u32(wh)]) for at, wh in self._esme.profile(start, end)]
        return compact([U32, U32], rows)
