"""The electricity meter as its supplier sees it, early enough in the day (UTC) for the tests to stay in it."""

import pytest

from bench.clock import hours
from testcases.days import within_a_day
from testcases.tariff.steps import TariffMeter

LONGEST = hours(3)


@pytest.fixture
def meter(dut, dcc, suppliers, clock, expect):
    """A meter whose tariff is to be set."""
    within_a_day(clock, LONGEST)
    return TariffMeter(dut, suppliers.losing, dcc, clock, expect)
