"""What the tests of voltage share: limits as the network operator sets them, events switched on, what is read back.

The limits lie two volts or more around the nominal voltage, so that every step stays far from where meters stop.
"""

from typing import NamedTuple

from bench.clock import minutes
from bench.dcc.bodies import (
    ConfigureAlertBehaviour,
    ReadLogPeriod,
    ReadNetworkData,
    UpdateDeviceConfigurationVoltage,
)
from bench.dcc.bodies.behaviour import ElectricitySwitches, EventSwitches
from bench.dcc.bodies.settings import AverageVoltageSettings, RMSVoltageSettings
from bench.gbcs.times import from_zigbee_utc

#: codes of the limits that are watched all the time: start, end
EXTREME_OVER, SWELL = (0x8020, 0x808D), (0x8024, 0x8091)
EXTREME_UNDER, SAG = (0x8028, 0x8095), (0x802C, 0x8099)
#: codes of the mean: it crossed a threshold, it came back
MEAN_OVER, MEAN_UNDER = (0x8002, 0x8085), (0x8006, 0x8089)
ALL = (*EXTREME_OVER, *SWELL, *EXTREME_UNDER, *SAG, *MEAN_OVER, *MEAN_UNDER)

#: V, as `set_limits` writes them
LIMIT = {EXTREME_OVER: 260, SWELL: 250, SAG: 210, EXTREME_UNDER: 190, MEAN_OVER: 240, MEAN_UNDER: 220}
PERIOD = {EXTREME_OVER: 20, SWELL: 30, SAG: 40, EXTREME_UNDER: 20}  #: s
MEAN_PERIOD = 60  #: s
REQUIREMENTS = ["SFA-20-VOLTCOUNT", "ES.10", "ES.10.6"]


def rms_limits():
    """The limits that are watched all the time, as 6.5 sets them."""
    return RMSVoltageSettings(
        extreme_over=LIMIT[EXTREME_OVER], extreme_over_period=PERIOD[EXTREME_OVER],
        swell=LIMIT[SWELL], swell_period=PERIOD[SWELL],
        sag=LIMIT[SAG], sag_period=PERIOD[SAG],
        extreme_under=LIMIT[EXTREME_UNDER], extreme_under_period=PERIOD[EXTREME_UNDER],
    )  # fmt: skip


def set_limits(dcc, dut, operator, *, keep_counters=False, mean_over=LIMIT[MEAN_OVER], mean_period=MEAN_PERIOD):
    """Set every limit and period (6.5); the counters become zero unless they are to be kept."""
    mean = AverageVoltageSettings(over=mean_over, under=LIMIT[MEAN_UNDER], period=mean_period)
    body = UpdateDeviceConfigurationVoltage(rms=rms_limits(), single=mean, poly=(), counters_not_reset=keep_counters)
    return dcc.ask(body, dut, as_user=operator)


def switch_events(dcc, dut, operator, *, alerts, logging):
    """Switch alerts and logging of all voltage events on or off (6.22, ECS25b and ECS25b3)."""
    alerted, logged = (EventSwitches(events=tuple((code, on) for code in ALL)) for on in (alerts, logging))
    dcc.ask(ConfigureAlertBehaviour(operator_alerts=ElectricitySwitches(operator=alerted)), dut, as_user=operator)
    dcc.ask(ConfigureAlertBehaviour(operator_logging=ElectricitySwitches(operator=logged)), dut, as_user=operator)


class VoltageData(NamedTuple):
    """What 4.10 gives: counters, and means as (end of the period, V)."""

    under: int
    over: int
    means: list
    period: int


def voltage_data(dcc, dut, operator, start, clock, until=None):
    """Read the counters, and the means since an instant (4.10, ECS23)."""
    period = ReadLogPeriod(start=start.replace(microsecond=0), end=until or clock.now() + minutes(1))
    answer = dcc.ask(ReadNetworkData(period=period), dut, as_user=operator)
    rows = [(from_zigbee_utc(at), volts) for at, volts in answer.rows(4)]
    return answer.items(lambda data: VoltageData(data[0].value, data[2].value, rows, data[5].value))


def codes_of(observations):
    """Return the codes of alerts, in the order in which they came."""
    return [int(seen.data["alert_code"], 16) for seen in observations]
