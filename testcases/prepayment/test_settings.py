"""How settings of a meter are answered: with success where they were carried out, item by item; and read back."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ReadTariffPrimaryElement, UpdatePricePrimaryElement
from bench.dcc.bodies.common import IndexedValue
from bench.dcc.bodies.tariff import GasPriceElements, GasTOUTariff, PriceElements
from bench.testcase import testcase
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import DAY, HOUR, POUND, Configuration, GasMeter, Recovery

BOTH = ("ESME", "GSME")
REQUIREMENTS = ["PC.01", "PC.04", "PC.06"]
DEFAULT_RESPONSE = 0x0B
GAS_PRICES = ("0700:0400", "0700:0401", "0700:0402", "0700:0403")  #: of tiers 1 to 4 without blocks
#: what is set: how, and the rule that says it
SETTINGS = {
    "an addition to the balance": (lambda meter: meter.add(10 * POUND), "R-DIS-007"),
    "a reset of the balance": (lambda meter: meter.reset(), "R-DIS-007"),
    "prices": (lambda meter: meter.prices(20_000, 30_000), "R-TAR-005"),
    "debts": (lambda meter: meter.debts(one=POUND, two=POUND, payment=POUND, share=1000), "R-DBT-001"),
    "limits and thresholds": (lambda meter: meter.configure(Settings()), "R-EMC-003"),
    "prepayment mode": (lambda meter: meter.prepay(), "R-PPM-001"),
    "credit mode": (lambda meter: meter.credit_mode(), "R-PPM-001"),
}
#: commands of the ZigBee prepayment cluster that GCS05 is made of, and the rule of each
PARTS_OF_GCS05 = {0x03: "R-EMC-003", 0x09: "R-DIS-005", 0x0B: "R-UTR-014", 0x0C: "R-CRE-002"}


def outcomes(meter, response, rule):
    """What became of each item of a command: words, result, rule."""
    if not isinstance(meter, GasMeter):
        return [(f"item {number}", result, rule) for number, result in enumerate(response.results, 1)]
    answers = meter.gas.read(response).components
    told = [one for one in answers if one.command == DEFAULT_RESPONSE]
    rules = PARTS_OF_GCS05 if rule == "R-EMC-003" else {}
    return [(f"command {one.payload[0]:02X}", one.payload[1], rules.get(one.payload[0], rule)) for one in told]


@testcase(
    "PPM-607",
    "Each item of a setting that is carried out is answered with success",
    rules=["R-DIS-007", "R-TAR-005", "R-DBT-001", "R-EMC-003", "R-DIS-005", "R-UTR-014", "R-CRE-002", "R-PPM-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01b", "ECS03", "ECS04a", "ECS04b", "ECS07", "ECS08a", "GCS01b", "GCS03", "GCS04", "GCS05", "GCS40a"],
    devices=BOTH,
)
def test_success(meter, expect):
    for what, (set_it, rule) in SETTINGS.items():
        for item, result, of in outcomes(meter, set_it(meter), rule):
            expect(f"result of {item} of {what}", result).equals(0, rule=of)


@testcase(
    "PPM-608",
    "The prices of gas that were set are those that are read, each at its own time of use",
    rules=["R-TAR-012"],
    requirements=["PC.01"],
    use_cases=["GCS01b", "GCS21f"],
    devices=["GSME"],
)
@pytest.mark.parametrize("meter", ["gas"], indirect=True)
def test_gas_price(meter, gas, expect):
    for price in (7_321, 12_000):
        units = tuple(price + 10 * number for number in range(4))
        tou = GasTOUTariff(prices=tuple(IndexedValue(index=n, value=unit) for n, unit in enumerate(units, 1)))
        elements = GasPriceElements(currency="GBP", standing_charge=20_000, tou=tou)
        meter.ask(UpdatePricePrimaryElement(prices=PriceElements(gas=elements)))
        tariff = gas.ask(ReadTariffPrimaryElement(), meter.device, as_user=meter.supplier).attributes
        expect("prices of a kWh (1/1000 p)", tuple(tariff[name] for name in GAS_PRICES)).equals(units)


@testcase(
    "PPM-609",
    "A read from an instant on leaves out older top ups and debt payments: in ZigBee it stands before the component",
    rules=["R-RSP-021", "R-UTR-021", "R-CRE-004"],
    requirements=["PC.06"],
    use_cases=["CS01a", "ECS20d", "ECS20a", "CS01b", "GCS15e", "GCS15d"],
    devices=BOTH,
)
def test_from_an_instant_on(meter, clock, expect):
    meter.prepay()
    meter.debts(payment=50 * POUND, share=1_000)
    began = clock.now()
    for pounds in (5, 7):
        meter.top_up(meter.token(pounds))
        clock.sleep(minutes(5))
    whole = meter.credits(began - minutes(1), clock.now())
    expect("top ups", [amount for _, amount in whole]).equals([5 * POUND, 7 * POUND], rule="R-UTR-021")
    between = whole[0][0] + (whole[1][0] - whole[0][0]) / 2

    later = meter.credits(between, clock.now() + seconds(1))

    expect("top ups after the first", later).equals(whole[1:])
    payments = meter.debt_payments(began - minutes(1), clock.now())
    expect("payments towards debt", len(payments)).equals(2, rule="R-CRE-004")
    later = meter.debt_payments(between, clock.now() + seconds(1))
    expect("payments towards debt after the first top up", later).equals(payments[1:])


@testcase(
    "PPM-697",
    "The prepayment settings that were set are those that are read, and a new payment mode changes its own alone",
    rules=["R-PPM-007", "R-PPM-002a", "R-PPM-002", "R-EMC-003", "R-DIS-005", "R-DBT-003", "R-UTR-015"],
    requirements=["PC.01", "PC.03", "PC.04"],
    use_cases=["ECS03", "ECS07", "ECS08a", "ECS26a", "GCS03", "GCS04", "GCS05", "GCS21b", "GCS21j"],
    devices=BOTH,
)
def test_read_back(meter, expect):
    limits = Settings(
        emergency_limit=7 * POUND, emergency_threshold=2 * POUND, low_credit=3 * POUND,
        largest_credit=120, largest_balance=340,
    )  # fmt: skip
    recovery = Recovery(36_000, HOUR), Recovery(86_400, DAY)
    meter.configure(limits)
    meter.debts(one=POUND, two=POUND, payment=POUND, recovery=recovery, share=1250)
    for threshold, when_off, in_emergency in (
        (-5, False, False),
        (-5, True, False),
        (-6, True, True),
        (4, False, True),
    ):
        meter.prepay(threshold * POUND, keeps_when_off=when_off, keeps_in_emergency=in_emergency)
        read = meter.configuration()
        wanted = Configuration(
            low_credit=3 * POUND, emergency_limit=7 * POUND, emergency_threshold=2 * POUND,
            disablement_threshold=threshold * POUND, largest_credit=120, largest_balance=340, share=1250,
            recovery=recovery, keeps_when_off=when_off, keeps_in_emergency=in_emergency,
        )  # fmt: skip
        expect("configuration", read).equals(wanted)
