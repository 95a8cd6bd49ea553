"""Floors that come with a change of supplier: of the supplier's commands, and of its tokens."""

from dataclasses import replace

from bench.clock import minutes
from bench.dcc.bodies import DisablePrivacyPIN
from bench.dcc_point import device_alert
from bench.gbcs.trust_anchors import Role
from bench.testcase import testcase
from testcases.change_of_supplier.steps import counter

DONE, FAILED, UPDATED = 0x8F66, 0x8F67, 0x8F70


@testcase(
    "PPM-676",
    "Floors of a future-dated change hold from its time on, are told, and may lie below what was there before",
    rules=["R-CRD-042", "R-CRD-041", "R-CRD-043", "R-CRD-040", "R-CRD-052"],
    requirements=["IN.02", "SDAG8-4.6.3-UTRNFLOOR"],
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "GSME"],
)
def test_floors(meter, dcc, clock, timeline, expect):
    """The gaining supplier comes with high floors, at a time; then the losing one comes back with lower ones."""
    device, losing, gaining = meter.device, meter.supplier, meter.gaining
    meter.prepay()
    used = meter.token(5, utrn_counter=70_001)
    expect("whether a token of the losing supplier is taken", meter.top_up(used)).equals(True, rule="R-CRD-041")
    for party, token_floor in ((gaining, 70_000), (losing, 500)):
        at = (clock.now() + minutes(65)).replace(second=0, microsecond=0)
        body = dcc.change_of_supplier(device, party, execute_at=at)
        body = replace(body, supplier_floor=body.supplier_floor + 5, top_up_floor=token_floor)
        sent = dcc.send(body, device, as_user=party)
        sent.response(rule="R-FUT-005")
        began = clock.now()
        seen = timeline.expect(device_alert(device, DONE, FAILED), within=minutes(120), after=sent.posted)
        told = dcc.read(seen).replacement_alert().outcome.changes
        wanted = [(Role.SUPPLIER, body.supplier_floor, [(0, token_floor)])]
        changes = [(one.role, one.floor, list(one.specialist)) for one in told]
        expect("floors told", changes).equals(wanted, rule="R-CRD-043")
        shown = counter(dcc, device, "Supplier", party)
        expect("counter of the supplier", shown).equals(body.supplier_floor)
        acting = replace(meter, supplier=party)
        entries = acting.security_log(began, clock.now()).count(UPDATED)
        expect("entries 8F70 in the security log", entries).equals(1, rule="R-CRD-052")
        low, high = (acting.token(5, utrn_counter=token_floor + more) for more in (0, 1))
        expect("whether a token at the floor is taken", acting.top_up(low)).equals(False, rule="R-CRD-041")
        expect("whether one above the floor is taken", acting.top_up(high)).equals(True, rule="R-CRD-041")


@testcase(
    "PPM-777",
    "A command of the supplier with a very high counter does not make its tokens old, nor a token its commands",
    rules=["R-CTR-012", "R-CTR-003"],
    requirements=["SDAG8-4.6.3-UTRNFLOOR"],
    use_cases=["ECS14", "GCS11", "CS01a", "CS01b", "CS02a"],
    devices=["ESME", "GSME"],
)
def test_apart(meter, dcc, expect):
    meter.prepay()
    upper = (counter(dcc, meter.device, "Supplier", meter.supplier) >> 32) + 1_000
    high = upper << 32
    dcc.send(DisablePrivacyPIN(), meter.device, as_user=meter.supplier, counter=high).response()
    expect("counter of the supplier", counter(dcc, meter.device, "Supplier", meter.supplier)).equals(high, "R-CTR-003")

    for number in (upper - 1, upper + 1):  # below and above the upper half of that counter
        taken = meter.top_up(meter.token(5, utrn_counter=number))
        expect(f"whether a token with counter {number} is taken", taken).equals(True)
    expect("counter of the supplier", counter(dcc, meter.device, "Supplier", meter.supplier)).equals(high)
