"""A change of supplier with a certificate that is wrong in one way: it is not installed, the right ones beside are."""

from datetime import timedelta

import pytest

from bench.clock import minutes
from bench.dcc.bodies import SynchroniseClock
from bench.dcc_point import device_alert
from bench.pki import Role as Unit
from bench.testcase import testcase
from testcases.change_of_supplier.steps import AGREEMENT, CELLS, SIGNING, TOP_UP, held, statuses, suppliers_of
from testcases.days import DAY

DONE, FAILED = 0x8F66, 0x8F67
YEAR = timedelta(days=365)
REQUIREMENTS = ["SDAG1-3-PKI", "SDAG1-3-TRUST"]
HOLDERS = ["ESME", "GSME", "GPF"]


def _change(dcc, device, suppliers, credentials, **how):
    body = dcc.change_of_supplier(device, suppliers.gaining, credentials=credentials, **how)
    return dcc.ask(body, device, as_user=suppliers.gaining).replacement()


def _all_refused(dcc, device, suppliers, credentials, expect, rule, before):
    outcome = _change(dcc, device, suppliers, credentials)
    expect("cells of the outcome", set(statuses(outcome))).equals(set(CELLS), rule="R-CRD-037")
    for cell, status in statuses(outcome).items():
        expect(f"status of {cell.key_usage.name} {cell.cell_usage}", status).satisfies("not to be 0", bool, rule=rule)
    expect("counter changes told", list(outcome.changes)).equals([], rule="R-CRD-043")
    expect("cells of the supplier", held(dcc, device, "Supplier", suppliers.losing)).equals(before, rule=rule)


@testcase(
    "COS-401",
    "A network operator's certificate does not get into the supplier's cell; the two good ones beside it do",
    rules=["R-CRD-036", "R-CRD-037", "R-CRD-037a", "R-CRD-050"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=HOLDERS,
)
@pytest.mark.parametrize("kind", HOLDERS)
def test_wrong_role(kind, home, dcc, authority, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    before = held(dcc, device, "Supplier", suppliers.losing)
    operator = authority.credentials(suppliers.gaining, Unit.NETWORK_OPERATOR)
    good = authority.credentials(suppliers.gaining, Unit.SUPPLIER)

    outcome = _change(dcc, device, suppliers, good.replacing(ka=operator.certificates["ka"]))

    became = statuses(outcome)
    expect("cells of the outcome", set(became)).equals(set(CELLS), rule="R-CRD-050")
    expect("status of the agreement cell", became[AGREEMENT]).satisfies("not to be 0", bool)
    expect("status of the others", [became[SIGNING], became[TOP_UP]]).equals([0, 0], rule="R-CRD-037")
    told = next(result for result in outcome.results if result.cell == AGREEMENT)
    expect("credential that replaces it, as told", (told.replacing_subject, told.replacing_key_id)).equals(
        before[AGREEMENT], rule="R-CRD-037"
    )
    after = held(dcc, device, "Supplier", suppliers.gaining)
    expect("agreement cell", after[AGREEMENT]).equals(before[AGREEMENT], rule="R-CRD-037a")
    owners = {after[SIGNING][0], after[TOP_UP][0]}
    expect("subjects of the other cells", owners).equals({suppliers.gaining.eui}, rule="R-CRD-037a")


@testcase(
    "COS-402",
    "A supplier's certificate does not get into the network operator's cells",
    rules=["R-CRD-036", "R-CRD-037"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
def test_suppliers_for_operator(kind, home, dcc, authority, network_operator, expect):
    device = home.device(kind)
    before = held(dcc, device, "NetworkOperator", network_operator)
    wrong = authority.credentials(network_operator, Unit.SUPPLIER)
    right = authority.credentials(network_operator, Unit.NETWORK_OPERATOR)
    mixed = right.replacing(ds=wrong.certificates["ds"], ka=wrong.certificates["ka"])

    outcome = dcc.ask(mixed.renewal("NetworkOperator"), device, as_user=network_operator).replacement()

    expect("cells that took it", [status for status in statuses(outcome).values() if status == 0]).equals([])
    expect("cells of the operator", held(dcc, device, "NetworkOperator", network_operator)).equals(before)


@testcase(
    "COS-403",
    "A certificate for signing does not get into a cell for key agreement, nor the reverse",
    rules=["R-CRD-035", "R-CRD-037"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=HOLDERS,
)
@pytest.mark.parametrize("kind", HOLDERS)
def test_wrong_usage(kind, home, dcc, authority, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    before = held(dcc, device, "Supplier", suppliers.losing)
    good = authority.credentials(suppliers.gaining, Unit.SUPPLIER)
    signing, agreement = good.certificates["ds"], good.certificates["ka"]

    outcome = _change(dcc, device, suppliers, good.replacing(ds=agreement, ka=signing, pp_ka=signing))

    expect("cells that took it", [cell for cell, status in statuses(outcome).items() if status == 0]).equals([])
    expect("cells of the supplier", held(dcc, device, "Supplier", suppliers.losing)).equals(before)


@testcase(
    "COS-404",
    "Certificates that are not valid now, or whose authority is not, are not installed",
    rules=["R-CRD-033", "R-CRD-037", "R-CRD-043"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=HOLDERS,
)
@pytest.mark.parametrize("kind", HOLDERS)
def test_not_valid_now(kind, home, dcc, authority, clock, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    before = held(dcc, device, "Supplier", suppliers.losing)
    now = clock.now().replace(microsecond=0)
    past, future = (now - YEAR, now - minutes(10)), (now + DAY, now + YEAR)
    old_authority = authority.issuing_authority(past)

    for validity, issuer in ((past, None), (future, None), (None, old_authority)):
        credentials = authority.credentials(suppliers.gaining, Unit.SUPPLIER, validity=validity, issuer=issuer)
        _all_refused(dcc, device, suppliers, credentials, expect, "R-CRD-033", before)


@testcase(
    "COS-405",
    "A replacement that waives the checks of dates is taken, whatever the dates",
    rules=["R-CRD-032"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
def test_dates_waived(kind, home, dcc, authority, clock, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    now = clock.now().replace(microsecond=0)
    expired = authority.credentials(suppliers.gaining, Unit.SUPPLIER, validity=(now - YEAR, now - DAY))

    outcome = _change(dcc, device, suppliers, expired, time_checks=False)

    expect("status of each cell", statuses(outcome)).equals(dict.fromkeys(CELLS, 0))


@testcase(
    "COS-406",
    "A meter that does not trust its clock refuses to judge dates; waived, the change goes through",
    rules=["R-CRD-033", "R-TIM-020", "R-CRD-032"],
    requirements=[*REQUIREMENTS, "SFA-19-SYNC"],
    use_cases=["CS02b", "ECS70"],
)
def test_clock_not_reliable(dut, dcc, authority, clock, suppliers, expect):
    before = held(dcc, dut, "Supplier", suppliers.losing)
    tomorrow = clock.now().replace(microsecond=0) + DAY
    dcc.ask(SynchroniseClock(current=tomorrow, tolerance=60), dut, as_user=suppliers.losing)
    credentials = authority.credentials(suppliers.gaining, Unit.SUPPLIER)

    _all_refused(dcc, dut, suppliers, credentials, expect, "R-CRD-033", before)

    outcome = _change(dcc, dut, suppliers, credentials, time_checks=False)
    expect("status of each cell", statuses(outcome)).equals(dict.fromkeys(CELLS, 0), rule="R-CRD-032")


@testcase(
    "COS-407",
    "Certificates of another root, or with another authority between, are not installed",
    rules=["R-CRD-034", "R-CRD-037"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=HOLDERS,
)
@pytest.mark.parametrize("kind", HOLDERS)
def test_no_chain(kind, home, dcc, authority, clock, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    before = held(dcc, device, "Supplier", suppliers.losing)
    now = clock.now()
    other = authority.issuing_authority((now - YEAR, now + YEAR))
    strangers = authority.credentials(suppliers.gaining, Unit.SUPPLIER, issuer=other)
    wrong_path = authority.credentials(suppliers.gaining, Unit.SUPPLIER).path

    _all_refused(dcc, device, suppliers, strangers.below(wrong_path), expect, "R-CRD-034", before)
    response = dcc.ask(
        dcc.change_of_supplier(device, suppliers.gaining, foreign=True), device, as_user=suppliers.gaining
    ).replacement()
    expect("cells that took it", [cell for cell, status in statuses(response).items() if status == 0]).equals([])
    expect("cells of the supplier", held(dcc, device, "Supplier", suppliers.losing)).equals(before)


@testcase(
    "COS-408",
    "A future-dated change with one bad certificate is alerted as failed, with the outcome of each cell",
    rules=["R-CRD-037b", "R-FUT-011", "R-FUT-008"],
    requirements=[*REQUIREMENTS, "SDAG1-4-TCOS"],
    use_cases=["CS02b", "CS02a"],
    devices=HOLDERS,
)
@pytest.mark.parametrize("kind", HOLDERS)
def test_future_dated_failure(kind, home, dcc, authority, clock, timeline, cos_party, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    operator = authority.credentials(suppliers.gaining, Unit.NETWORK_OPERATOR)
    mixed = authority.credentials(suppliers.gaining, Unit.SUPPLIER).replacing(ka=operator.certificates["ka"])
    at = (clock.now() + minutes(65)).replace(second=0, microsecond=0)
    body = dcc.change_of_supplier(device, suppliers.gaining, credentials=mixed, execute_at=at)
    sent = dcc.send(body, device, as_user=suppliers.gaining)
    sent.response(rule="R-FUT-005")

    seen = timeline.expect(device_alert(device, DONE, FAILED), within=minutes(120), after=sent.posted)

    alert = dcc.read(seen)
    told = alert.replacement_alert()
    expect("code of the alert", told.alert_code).equals(FAILED, rule="R-CRD-037b")
    expect("protection of the alert", alert.protection.signature).equals("valid", rule="R-FUT-008")
    expect("target of the alert", alert.message.target).equals(cos_party.eui, rule="R-FUT-012")
    became = statuses(told.outcome)
    expect("cells in the alert", set(became)).equals(set(CELLS), rule="R-FUT-011")
    expect("cells that failed", [cell for cell, status in became.items() if status]).equals([AGREEMENT], "R-FUT-011")
