"""The gas proxy's copy beside the meter: what either answers, and what the proxy learns from commands that pass it."""

from datetime import timedelta

import pytest

from bench.clock import hours, minutes
from bench.dcc import CANCEL
from bench.dcc.bodies import (
    ReadDeviceConfigurationPaymentMode,
    ReadInstantaneousImportBlockCounters,
    ReadInstantaneousImportTOUMatrices,
    ReadInstantaneousPrepayValues,
    ReadMeterBalance,
    ReadSupplyStatus,
    ReadTariffPrimaryElement,
)
from bench.testcase import testcase
from testcases.gas_steps import past_wake
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import HOUR, POUND, GasMeter, Recovery

#: tapped from commands (by the hub), the others pushed by the meter
COPIED = {
    "supply": ReadSupplyStatus,
    "balances": ReadMeterBalance,
    "prepayment registers": ReadInstantaneousPrepayValues,
    "payment mode": ReadDeviceConfigurationPaymentMode,
    "registers by time": ReadInstantaneousImportTOUMatrices,
    "block counters": ReadInstantaneousImportBlockCounters,
    "tariff": ReadTariffPrimaryElement,
}
OLD, NEW, NEWER = 4_000, 6_000, 9_000
PRICE, STANDING_CHARGE = "0700:0400", "0700:0301"


@pytest.fixture
def meter(gsme, gas_suppliers, dcc, gas, at_the_meter):
    """The gas meter with its taps closed and prices that are known."""
    at_the_meter.set_taps(0)
    found = GasMeter(gsme, gas_suppliers.losing, gas_suppliers.gaining, dcc, gas, at_the_meter)
    found.prices(OLD, 0)
    return found


def told(gas, device, supplier):
    """Price of a kWh and standing charge as a device answers them, 1/1000 p."""
    tariff = gas.ask(ReadTariffPrimaryElement(), device, as_user=supplier).attributes
    return tariff[PRICE], tariff[STANDING_CHARGE]


@testcase(
    "GAS-391",
    "After a wake the proxy answers each read as the meter does, in either payment mode",
    rules=["R-GPF-013", "R-GPF-001", "R-TOM-001"],
    requirements=["SFA-12-MIRROR"],
    use_cases=["GCS13b", "GCS13c", "GCS14", "GCS21f", "GCS21j", "GCS33", "GCS60a"],
    devices=["GPF", "GSME"],
)
def test_answers_alike(meter, gsme, gpf, dcc, gas, clock, expect):
    meter.configure(Settings(emergency_limit=7 * POUND))
    meter.add(-2 * POUND)
    meter.prepay(threshold=-50 * POUND)
    meter.activate_emergency()
    meter.debts(one=2 * POUND, two=3 * POUND, payment=4 * POUND, recovery=(Recovery(60 * POUND, HOUR), Recovery()))
    for name in ("prepayment", "credit"):
        if name == "credit":
            meter.credit_mode()
        meter.add(POUND)  # at this wake; the proxy is told at the next
        past_wake(clock)
        copied = {what: dict(gas.ask(body(), gpf, as_user=meter.supplier).attributes) for what, body in COPIED.items()}
        sent = {what: dcc.send(body(), gsme, as_user=meter.supplier) for what, body in COPIED.items()}
        for what, one in sent.items():
            own = gas.read(one.response()).attributes
            expect(f"{what} as the proxy answers in {name} mode", copied[what]).equals(dict(own))


@testcase(
    "GAS-392",
    "The proxy takes prices over once the meter has accepted them, not while they wait for it",
    rules=["R-TOM-002", "R-TOM-001"],
    requirements=["SFA-12-MIRROR"],
    use_cases=["GCS01b", "GCS21f"],
    devices=["GPF", "GSME"],
)
def test_with_the_answer(meter, gsme, gpf, dcc, gas, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    past_wake(clock)
    body = meter.price_request(NEW, 12_300)
    sent = dcc.send(body, gsme, as_user=supplier)
    expect("price and standing charge while the command waits", told(gas, gpf, supplier)).equals((OLD, 0))
    sent.response()
    expect("price and standing charge after the answer", told(gas, gpf, supplier)).equals(
        (NEW, 12_300), rule="R-TOM-001"
    )


@testcase(
    "GAS-393",
    "Future-dated prices are the proxy's from the meter's time on; those that are superseded or cancelled never",
    rules=["R-TOM-001", "R-FUT-006"],
    requirements=["SFA-12-MIRROR"],
    use_cases=["GCS01b", "GCS21f"],
    devices=["GPF", "GSME"],
)
@pytest.mark.parametrize("then", ["nothing else", "superseded", "cancelled"])
def test_at_its_time(then, meter, gsme, gpf, gas, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    at = clock.now().replace(minute=10, second=0, microsecond=0) + hours(4)
    meter.prices(NEW, 12_300, at=at)
    if then != "nothing else":
        meter.prices(NEWER, 0, at=at + hours(1) if then == "superseded" else CANCEL)
    expect("price and standing charge before the time", told(gas, gpf, supplier)).equals((OLD, 0))
    after = (NEW, 12_300) if then == "nothing else" else (OLD, 0)
    steps = [(minutes(5), after)] + ([(minutes(65), (NEWER, 0))] if then == "superseded" else [])
    for passed, wanted in steps:
        clock.sleep_until(at + passed)
        name = f"{passed // timedelta(minutes=1)} min after the time"
        for device in (gpf, gsme):
            rule = "R-TOM-001" if device is gpf else "R-FUT-006"
            expect(f"what {device} tells {name}", told(gas, device, supplier)).equals(wanted, rule=rule)
