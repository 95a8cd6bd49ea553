"""The gas meter's counters in all their bits, and what a refused command leaves of counters on either meter."""

from dataclasses import replace

import pytest

from bench.clock import minutes
from bench.dcc.bodies import DisablePrivacyPIN, DisableSupply, ReadSupplyStatus
from bench.dcc_point import device_alert
from bench.gbcs.trust_anchors import Role
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.gas_steps import STATUS, valve_state

NOT_AUTHENTIC = 0x8F3D
HIGH_HALF, HIGHEST = 1 << 32, (1 << 63) - 1
ENABLED, OPEN = 1, 2
ROLES = {
    "Supplier": Role.SUPPLIER,
    "NetworkOperator": Role.NETWORK_OPERATOR,
    "AccessControlBroker": Role.ACCESS_CONTROL_BROKER,
}
REQUIREMENTS = ["SDAG1-3-TRUST", "WA.05"]


def patience(device):
    """How long a device may take to fetch, execute and answer all that waits for it."""
    return minutes(35) if device.type == "GSME" else minutes(1)


def counters(dcc, device, user):
    """The execution counters that a device shows: role -> counter."""
    names = list(ROLES) if device.type == "ESME" else ["Supplier", "AccessControlBroker"]
    details = dcc.credentials(device, names, as_user=user)
    return {name: details[ROLES[name]].current_seq_number for name in names}


@testcase(
    "SEC-277",
    "The gas meter compares and shows all 64 bits of a counter, and has one for whatever its supplier sends",
    rules=["R-CTR-001", "R-CTR-002", "R-CTR-003", "R-SEC-022"],
    requirements=REQUIREMENTS,
    use_cases=["GCS32", "GCS11", "CS02a"],
    devices=["GSME"],
)
def test_gas_64_bits(gsme, dcc, gas, local, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    dcc.ask(DisablePrivacyPIN(), gsme, as_user=supplier)
    known = counters(dcc, gsme, supplier)["Supplier"]
    higher = (known // HIGH_HALF + 2) * HIGH_HALF  # its lower half is 0

    command = local.command(DisablePrivacyPIN(), gsme, as_user=supplier, counter=higher)
    delivered = local.deliver(command, "a command whose counter is higher in the upper 32 bits alone")
    timeline.expect(answer_to(command), within=patience(gsme), after=delivered, rule="R-CTR-001")
    shown = counters(dcc, gsme, supplier)["Supplier"]
    expect("counter of the supplier", shown).equals(higher, rule="R-CTR-003")

    for lower, rule in ((known + 1, "R-CTR-001"), (higher - 1, "R-CTR-002")):
        began = clock.now()
        closing = local.command(DisableSupply(), gsme, as_user=supplier, counter=lower)
        with timeline.never(answer_to(closing), during=patience(gsme), rule=rule):
            local.deliver(closing, f"a command of another kind with the lower counter {lower}")
        alerts = [one.data["alert_code"] for one in timeline.find(device_alert(gsme, to=supplier), after=began)]
        expect("alerts about it", alerts).equals([f"{NOT_AUTHENTIC:04X}"], rule="R-SEC-022")
    expect("state of the valve", valve_state(gas, gsme, supplier)).equals(OPEN)


FORGED = {
    "a wrong MAC under a right signature": lambda local, command, device: replace(command, mac=bytes(12)),
    "a wrong signature under a right MAC": lambda local, command, device: local.maced(
        replace(command, signature=bytes(64)), device
    ),
}


@testcase(
    "SEC-279",
    "What is refused leaves the counter where it was: of the two protections each alone, and of a party without right",
    rules=["R-SEC-009", "R-SEC-007", "R-SEC-005", "R-RSP-018"],
    requirements=["SDAG1-3-TRUST", "SDAG9-3.5-DOS"],
    use_cases=["ECS43", "GCS32", "CS02a"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
@pytest.mark.parametrize("how", [*FORGED, "no right to it"])
def test_refused(how, kind, home, dcc, gas, local, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    dcc.ask(DisablePrivacyPIN(), device, as_user=supplier)
    before = counters(dcc, device, supplier)
    if how in FORGED:
        good = local.command(DisableSupply(), device, as_user=supplier, counter=HIGHEST)
        bad = FORGED[how](local, good, device)
    else:
        use_case = {"ESME": "ECS43", "GSME": "GCS32"}[kind]
        bad = local.example(use_case, device, as_user=home.cos_party, counter=HIGHEST)

    with timeline.never(answer_to(bad), during=patience(device), rule="R-SEC-007"):
        local.deliver(bad, f"switching off with the highest counter and {how}")
    expect("execution counters", counters(dcc, device, supplier)).equals(before)
    read = dcc.ask(ReadSupplyStatus(), device, as_user=supplier)
    state = read.value() if kind == "ESME" else gas.read(read).attributes[STATUS]
    expect("state of the supply", state).equals({"ESME": ENABLED, "GSME": OPEN}[kind], rule="R-SEC-007")
    following = local.example({"ESME": "ECS42", "GSME": "GCS23"}[kind], device, as_user=supplier)
    delivered = local.deliver(following, "the next critical command, with the counter that is next")
    timeline.expect(answer_to(following), within=patience(device), after=delivered, rule="R-SEC-009")
