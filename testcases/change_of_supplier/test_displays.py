"""What the householder's devices show after a change of supplier: the new name, the new price."""

import pytest

from bench.dcc.bodies.settings import UpdateSupplierName
from bench.testcase import testcase
from testcases.prepayment.meters import ElectricityMeter

DONE = [0, 0]
READERS = pytest.mark.parametrize("display", ["at_the_ihd", "at_the_cad", "at_the_ppmid"], ids=["IHD", "CAD", "PPMID"])


@testcase(
    "COS-601",
    "After a change of supplier the displays show the name and the price of the new one",
    rules=["R-CRD-055", "R-TAR-005", "R-HAN-067", "R-TAR-009"],
    requirements=["IH.02", "SDAG1-3-PRIVCOS", "ELS-Q18-IHDCOS"],
    use_cases=["CS02b", "ECS16", "ECS01b"],
    devices=["ESME", "IHD", "CAD", "PPMID"],
)
@READERS
def test_shown(display, request, dut, dcc, gas, han, suppliers, at_the_esme, expect):
    display = request.getfixturevalue(display)
    losing = ElectricityMeter(dut, suppliers.losing, suppliers.gaining, dcc, gas, at_the_esme)
    gaining = ElectricityMeter(dut, suppliers.gaining, suppliers.losing, dcc, gas, at_the_esme)
    name = UpdateSupplierName(supplier_name="Old Power", telephone_number="01234 567890")
    expect("result of naming the old supplier", losing.ask(name).results).equals(DONE)
    losing.prices(21_000, 31_000)
    before = display.figures()
    expect("supplier before", before.get("supplier")).equals("Old Power")
    expect("price before (1/1000 p)", before.get("price")).equals("21000", rule="R-TAR-009")

    dcc.ask(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining)
    name = UpdateSupplierName(supplier_name="New Energy", telephone_number="09876 543210")
    answered = gaining.ask(name)
    expect("result of naming the new supplier", answered.results).equals(DONE)
    gaining.prices(17_000, 29_000)

    after = display.figures()
    expect("supplier", after.get("supplier")).equals("New Energy")
    shown = after.get("price"), after.get("standing charge")
    expect("price and standing charge (1/1000 p)", shown).equals(("17000", "29000"), rule="R-TAR-005")
    read = f'cmd == read_attributes_response and src == esme and dst_eui == "{display.device.eui}"'
    on_air = han.frame_of(han.expect(f"{read} and cluster == device_management", within="10 s", after=answered.seen))
    name_on_air = bytes.fromhex(on_air.zcl_fields["attributes"][0]["value"])
    expect("supplier's name on the air", name_on_air).equals(b"New Energy")
