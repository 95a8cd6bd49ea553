"""Steps that gas test cases share."""

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    PrepaymentMode,
    ReadEventOrSecurityLog,
    ReadInstantaneousImportRegisters,
    ReadInstantaneousPrepayValues,
    ReadLogPeriod,
    ReadSupplyStatus,
    UpdateMeterBalance,
    UpdatePaymentMode,
)
from bench.dcc.bodies.prepayment import MeterBalanceChange
from testcases.days import midnight

POUND = 100_000  #: 1/1000 p
WAKE = minutes(30)
VOLUME, STATUS, BATTERY, BILL = "0702:0000", "0702:0014", "0702:0205", "0702:0A00"
BALANCE, EMERGENCY, ACCUMULATED, PAYMENT_DEBT = "0705:0001", "0705:0002", "0705:0005", "0705:0231"
TIME_DEBT_1, TIME_DEBT_2 = "0705:0211", "0705:0221"


def valve_state(gas, gsme, user):
    """The state of the valve as the meter reports it: 0 closed, 1 armed, 2 open."""
    return gas.ask(ReadSupplyStatus(), gsme, as_user=user).attributes[STATUS]


def volume(gas, device, user):
    """The register, litres."""
    return gas.ask(ReadInstantaneousImportRegisters(), device, as_user=user).attributes[VOLUME]


def registers(gas, device, user):
    """The prepayment registers, 1/1000 p."""
    return gas.ask(ReadInstantaneousPrepayValues(), device, as_user=user).attributes


def event_log(gas, device, user, since, until, log="Event"):
    """The codes in the event or security log of a device between two instants."""
    period = ReadLogPeriod(start=since.replace(microsecond=0), end=until + seconds(1))
    return [entry.code for entry in gas.ask(ReadEventOrSecurityLog(period=period, log=log), device, as_user=user).log()]


def to_prepayment(gas, gsme, user, pounds, emergency=False, disabled=False):
    """Bring the meter into prepayment mode with a balance, its supply ending at zero."""
    debts = {"suspend_debt_disabled": disabled, "suspend_debt_emergency": emergency}
    gas.ask(UpdateMeterBalance(prepayment=MeterBalanceChange(adjust=pounds * POUND)), gsme, as_user=user)
    mode = PrepaymentMode(disablement_threshold=0, **debts)
    gas.ask(UpdatePaymentMode(prepayment=mode), gsme, as_user=user)


def next_wake(clock):
    """When the meter will next be awake."""
    now = clock.now()
    start = now.replace(minute=now.minute // 30 * 30, second=20, microsecond=0)
    return start if start > now else start + WAKE


def past_wake(clock):
    """Let the meter wake once."""
    clock.sleep_until(next_wake(clock) + seconds(20))


def whole_days(clock, count):
    """The log period of the last whole days, UTC."""
    return ReadLogPeriod(start=midnight(clock, count), end=midnight(clock))
