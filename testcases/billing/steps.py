"""Steps that test cases of billing share."""

from datetime import timedelta

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    RetrieveBillingCalendarTriggeredBillingDataLog,
    RetrieveCoMOrTariffTriggeredBillingDataLog,
    UpdateDeviceConfigurationBillingCalendar,
)
from bench.dcc.bodies.settings import ElectricityBillingCalendar

UPDATED = 0x8F0A  #: the billing data log has been updated
POUND = 100_000  #: 1/1000 p


def set_calendar(dcc, dut, supplier, at, **periodicity):
    """Set the billing calendar of an electricity meter (6.8): time of day and one periodicity (daily if none)."""
    chosen = {"quarterly": (), "half_yearly": ()} | (periodicity or {"daily": True})
    calendar = ElectricityBillingCalendar(time=at.time(), **chosen)
    body = UpdateDeviceConfigurationBillingCalendar(electricity=calendar)
    return dcc.ask(body, dut, as_user=supplier)


def calendar_log(dcc, dut, user, clock):
    """Read what the billing calendar has triggered (ECS20c): entries, and their prepayment registers."""
    answer = dcc.ask(RetrieveBillingCalendarTriggeredBillingDataLog(period=until_now(clock)), dut, as_user=user)
    return answer.billing_log(), answer.billing_money()


def change_log(dcc, dut, user, clock):
    """Read what changes have triggered (ECS20b)."""
    answer = dcc.ask(RetrieveCoMOrTariffTriggeredBillingDataLog(period=until_now(clock)), dut, as_user=user)
    return answer.billing_log()


def imported(dcc, dut, user):
    """Read the import register, Wh (ECS17b)."""
    return dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=user).import_register()


def until_now(clock, back=timedelta(days=400)):
    """A log period that ends now."""
    now = clock.now().replace(microsecond=0) + seconds(1)
    return ReadLogPeriod(start=now - back, end=now)


def whole_minute(clock, ahead):
    """The whole minute that comes so many minutes from now."""
    return clock.now().replace(second=0, microsecond=0) + minutes(ahead)
