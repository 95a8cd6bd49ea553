"""What meters say of themselves: supply point, maker, model, kind."""

import pytest

from bench.clock import minutes
from bench.dcc.bodies import (
    ImportMPANs,
    ReadDeviceConfigurationIdentityExcMPxN,
    ReadDeviceConfigurationMPxN,
    SetDeviceConfigurationImportMPxN,
)
from bench.testcase import meters, testcase
from testcases.change_of_supplier.steps import suppliers_of

OTHER_MPRN = "0012345607"
OTHER_MPAN = "1399999999991"
SECOND_MPAN = "1399999999982"
DIGITS = 13
HEXADECIMAL = b"0123456789ABCDEFabcdef"
VARIANTS = [b"A", b"B", b"C"]  #: one element, two elements, three phases


def mpans(dcc, dut, user):
    """Read import and export MPAN (6.2.7, ECS40)."""
    data = dcc.ask(ReadDeviceConfigurationMPxN(), dut, as_user=user).access.data
    return [item.value for item in data]


def set_mpan(dcc, dut, user, primary, secondary=None):
    """Set the import MPAN (6.20.1, ECS39a); returns whether it was done."""
    body = SetDeviceConfigurationImportMPxN(mpans=ImportMPANs(primary=primary, secondary=secondary))
    return dcc.ask(body, dut, as_user=user).results == [0]


@meters("single", "polyphase")
@testcase(
    "IDN-001",
    "A meter with one element has an MPAN of 13 digits; it can be set, one for two elements cannot, and it stays",
    rules=["R-IDN-001"],
    use_cases=["ECS39a", "ECS40"],
)
def test_mpan(dut, dcc, clock, mains, suppliers, expect):
    supplier = suppliers.losing
    expect("import MPAN", mpans(dcc, dut, supplier)[0]).equals(dut.mpxn.encode())

    expect("whether another was taken", set_mpan(dcc, dut, supplier, OTHER_MPAN)).equals(True)
    expect("import MPAN", mpans(dcc, dut, supplier)[0]).equals(OTHER_MPAN.encode())
    expect("whether two were taken", set_mpan(dcc, dut, supplier, OTHER_MPAN, SECOND_MPAN)).equals(False)
    expect("import MPAN", mpans(dcc, dut, supplier)[0]).equals(OTHER_MPAN.encode())
    mains.interrupt("1 min")
    clock.sleep(minutes(1))
    expect("import MPAN after an outage", mpans(dcc, dut, supplier)[0]).equals(OTHER_MPAN.encode())
    expect("whether the first was taken", set_mpan(dcc, dut, supplier, dut.mpxn)).equals(True)


@testcase(
    "IDN-002",
    "An electricity meter tells variant, model, maker and whether its supply locks on tamper",
    rules=["R-IDN-002"],
    use_cases=["ECS26m"],
)
def test_electricity(dut, dcc, suppliers, expect):
    response = dcc.ask(ReadDeviceConfigurationIdentityExcMPxN(), dut, as_user=suppliers.losing)
    variant, model, maker, tamper = (item.value for item in response.access.data)
    expect("variant", variant).is_one_of(VARIANTS)
    expect("length of the model", len(model)).equals(8)
    expect("length of the maker's code", len(maker)).equals(4)
    expect("whether the maker's code is hexadecimal", all(one in HEXADECIMAL for one in maker)).equals(True)
    expect("supply tamper state", tamper).is_one_of([True, False])


@testcase(
    "IDN-003",
    "A gas meter tells model, maker and what it does on tamper and depletion",
    rules=["R-IDN-002"],
    use_cases=["GCS21m"],
    devices=["GSME"],
)
def test_gas(gsme, gas, gas_suppliers, expect):
    answer = gas.ask(ReadDeviceConfigurationIdentityExcMPxN(), gsme, as_user=gas_suppliers.losing)
    model, maker = answer.attributes["0000:0005"], answer.attributes["0000:0004"]
    expect("length of the model", len(model)).equals(8)
    expect("length of the maker's code", len(maker)).equals(4)
    expect("whether the maker's code is hexadecimal", all(one in HEXADECIMAL for one in maker)).equals(True)
    expect("attributes", len(answer.attributes)).equals(4)


@testcase(
    "IDN-076",
    "Maker and type of image that a meter tells are those of the header of its firmware images",
    rules=["R-IDN-002"],
    use_cases=["ECS26m", "GCS21m"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_image(kind, home, dcc, gas, firmware, expect):
    device = home.device(kind)
    image = firmware.image(device)
    answer = dcc.ask(ReadDeviceConfigurationIdentityExcMPxN(), device, as_user=suppliers_of(home, device).losing)
    if kind == "ESME":
        _, model, maker, _ = (item.value for item in answer.access.data)
    else:
        attributes = gas.read(answer).attributes
        model, maker = attributes["0000:0005"], attributes["0000:0004"]
    expect("maker", bytes(maker).upper()).equals(f"{image.manufacturer:04X}".encode())
    expect("first half of the model: image type", bytes(model[:4]).upper()).equals(f"{image.image_type:04X}".encode())


@testcase(
    "IDN-004",
    "A gas meter answers with its MPRN",
    rules=["R-IDN-004"],
    use_cases=["GCS46", "GCS41"],
    devices=["GSME"],
)
def test_mprn(gsme, dcc, gas, gas_suppliers, expect):
    answer = gas.ask(ReadDeviceConfigurationMPxN(), gsme, as_user=gas_suppliers.losing)
    expect("MPRN", answer.attributes["0702:0307"]).equals(gsme.mpxn.encode())
    for mprn in (OTHER_MPRN, gsme.mpxn):
        dcc.ask(SetDeviceConfigurationImportMPxN(mprn=mprn), gsme, as_user=gas_suppliers.losing)
        answer = gas.ask(ReadDeviceConfigurationMPxN(), gsme, as_user=gas_suppliers.losing)
        expect("MPRN that was set", answer.attributes["0702:0307"]).equals(mprn.encode())


@testcase(
    "IDN-005",
    "A hub tells its maker and model, in the octets set for them",
    rules=["R-HUB-023"],
    use_cases=["ECS26n"],
    devices=["CHF"],
)
def test_hub(hub, dcc, suppliers, expect):
    answer = dcc.ask(ReadDeviceConfigurationIdentityExcMPxN(), hub, as_user=suppliers.losing)
    expect("results", answer.results).equals([0, 0])
    model, maker = (item.value for item in answer.access.data)
    expect("length of the model", len(model)).equals(8)
    expect("length of the maker's code", len(maker)).equals(4)
    expect("whether both are there", model.strip(b"\0 ") != b"" and maker.strip(b"\0 ") != b"").equals(True)


@testcase(
    "IDN-801",
    "The model of a hub is its image type, then its hardware version, as its maker says",
    rules=["R-HUB-023"],
    use_cases=["ECS26n"],
    devices=["CHF"],
)
def test_model_of_the_hub(home, hub, dcc, suppliers, expect):
    stated = home.need_model("CHF")
    answer = dcc.ask(ReadDeviceConfigurationIdentityExcMPxN(), hub, as_user=suppliers.losing)
    model, maker = (item.value for item in answer.access.data)
    expect("model", model.decode("ascii", "replace").upper()).equals(stated)
    expect("maker's code", maker.decode("ascii", "replace")).satisfies(
        "four hex digits", lambda code: len(code) == 4 and set(code.encode()) <= set(HEXADECIMAL)
    )
