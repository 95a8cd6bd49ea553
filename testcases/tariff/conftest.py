"""The electricity meter as its supplier sees it, early enough in the day (UTC) for the tests to stay in it."""

import pytest

from bench.clock import hours, minutes
from testcases.tariff.steps import TariffMeter

LATE = 21  #: h


@pytest.fixture
def meter(dut, dcc, suppliers, clock, expect):
    """A meter whose tariff is to be set."""
    now = clock.now()
    if now.hour >= LATE:
        clock.sleep_until(now.replace(hour=0, minute=0, second=0, microsecond=0) + hours(24) + minutes(5))
    return TariffMeter(dut, suppliers.losing, dcc, clock, expect)
