"""Logs of devices that test cases join to."""

import pytest

from testcases.joining.own_log import OwnLog


@pytest.fixture
def own_log(local, timeline, dut, suppliers):
    """The electricity meter's log."""
    return OwnLog(local, timeline, dut, suppliers.losing)


@pytest.fixture
def gas_log(local, timeline, gsme, gas_suppliers):
    """The gas meter's log: it answers at its next wake."""
    return OwnLog(local, timeline, gsme, gas_suppliers.losing, patience="40 min")


@pytest.fixture
def ppmid_log(local, timeline, ppmid, home):
    """The PPMID's log, by commands of the broker."""
    return OwnLog(local, timeline, ppmid, home.acb)
