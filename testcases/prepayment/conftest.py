"""Both meters of a home, for the test cases that hold for either."""

import pytest

from testcases.prepayment.meters import ElectricityMeter, GasMeter

#: kind of meter, and the fixtures of device, suppliers and hands
KINDS = {
    "electricity": (ElectricityMeter, "dut", "suppliers", "at_the_esme"),
    "gas": (GasMeter, "gsme", "gas_suppliers", "at_the_meter"),
}


@pytest.fixture(params=KINDS)
def meter(request, dcc, gas):
    """A meter in credit mode with no credit, its supplier, and hands at it; its prices are set to nothing."""
    kind, *names = KINDS[request.param]
    device, suppliers, hands = (request.getfixturevalue(name) for name in names)
    found = kind(device, suppliers.losing, suppliers.gaining, dcc, gas, hands)
    found.prices(0, 0)
    return found
