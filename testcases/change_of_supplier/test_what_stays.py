"""What a change of supplier touches and what it leaves: money, tokens, switch, settings, what waits, alerts, logs."""

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import (
    DisableSupply,
    ReadActiveImportProfileData,
    ReadDeviceConfigurationPaymentMode,
    ReadEventOrSecurityLog,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    ReadSupplyStatus,
    RetrieveDeviceSecurityCredentialsKRP,
)
from bench.dcc.bodies.settings import UpdateDeviceConfigurationLoadLimitingGeneralSettings as LoadLimit
from bench.dcc_point import dcc_alert, device_alert
from bench.gbcs.trust_anchors import Role
from bench.pki import Role as Unit
from bench.testcase import meters, testcase
from testcases.change_of_supplier.steps import statuses
from testcases.prepayment.steps import POUND, PREPAYMENT, add_to_balance, registers, to_prepayment

DISABLED = 0
DONE, REJECTED = [0], [1]
BELOW_THRESHOLD, RESTORED_LONG = 0x8F0F, 0x8F36
UNAUTHORISED = (0x8F1E, 0x8F30, 0x8F3D, 0x8F3E)
SLACK = 3_000
CREDENTIALS_WITH_LOAD_CONTROLLER, CANNOT_BE_REPORTED = 0x011B, 127
REQUIREMENTS = ["IN.02", "SDAG1-3-PRIVCOS"]


def _change(dcc, dut, suppliers, **how):
    response = dcc.send(
        dcc.change_of_supplier(dut, suppliers.gaining, **how), dut, as_user=suppliers.gaining
    ).response()
    return response


@testcase(
    "COS-101",
    "Balance, debts and payment mode stay as they are",
    rules=["R-CRD-057"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "ECS19", "ECS26j"],
)
def test_money_stays(dut, dcc, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=20 * POUND)
    before = registers(dcc, dut, suppliers.losing)

    _change(dcc, dut, suppliers)

    after = registers(dcc, dut, suppliers.gaining)
    expect("balance (1/1000 p)", after.balance).lies_between(before.balance - SLACK, before.balance)
    expect("debts", after[2:]).equals(before[2:])
    mode = dcc.ask(ReadDeviceConfigurationPaymentMode(), dut, as_user=suppliers.gaining)
    expect("payment mode", mode.items(lambda data: data[0][0].value)).equals(PREPAYMENT)


@testcase(
    "COS-102",
    "A token of the losing supplier is worth nothing after the change",
    rules=["R-CRD-059", "R-UTR-006", "R-UTR-013"],
    requirements=[*REQUIREMENTS, "SDAG8-4.6.3-UTRNFLOOR", "SDAG1-4-UTRNMOVE"],
    use_cases=["CS02b", "CS01a", "ECS19"],
)
def test_losing_token(dut, dcc, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=20 * POUND)
    token = dcc.token(dut, 5, as_user=suppliers.losing)
    _change(dcc, dut, suppliers)
    before = registers(dcc, dut, suppliers.gaining).balance

    response = dcc.top_up(dut, token, as_user=suppliers.gaining)

    expect("result of the losing supplier's token", response.results).equals(REJECTED)
    expect("balance", registers(dcc, dut, suppliers.gaining).balance).lies_between(before - SLACK, before)


@testcase(
    "COS-103",
    "The first token of the gaining supplier is credited, though the losing one had a token with the same counter",
    rules=["R-CRD-041", "R-CTR-012", "R-UTR-022"],
    requirements=[*REQUIREMENTS, "SDAG8-4.6.3-UTRNFLOOR", "SDAG1-4-UTRNMOVE"],
    use_cases=["CS02b", "CS01a", "ECS19"],
)
def test_gaining_token(dut, dcc, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=20 * POUND)
    last = dcc.token(dut, 5, as_user=suppliers.losing, utrn_counter=900_000)
    expect(
        "result of the losing supplier's last token", dcc.top_up(dut, last, as_user=suppliers.losing).results
    ).equals(DONE)
    _change(dcc, dut, suppliers)
    before = registers(dcc, dut, suppliers.gaining).balance

    first = dcc.token(dut, 5, as_user=suppliers.gaining, utrn_counter=last.counter)
    response = dcc.top_up(dut, first, as_user=suppliers.gaining)

    expect("result of the gaining supplier's first token", response.results).equals(DONE)
    credited = registers(dcc, dut, suppliers.gaining).balance - before
    expect("credited (1/1000 p)", credited).lies_between(5 * POUND - SLACK, 5 * POUND)


@testcase(
    "COS-104",
    "What the losing supplier left waiting does not happen",
    rules=["R-CRD-056"],
    requirements=["IN.02", "SDAG1-4-TCOS"],
    use_cases=["CS02b", "ECS28a"],
)
def test_pending_withdrawn(dut, dcc, clock, timeline, suppliers, expect):
    at = (clock.now() + minutes(10)).replace(second=0, microsecond=0)
    waiting = LoadLimit(execute_at=at, period=60, power_threshold=100, restoration_period=60, supply_state="Disable")
    expect("results", set(dcc.ask(waiting, dut, as_user=suppliers.losing).results)).equals({0}, rule="R-FUT-005")

    _change(dcc, dut, suppliers)

    with timeline.never(device_alert(dut, 0x8F66, 0x8F67, 0x8F01, 0x8F33)):
        clock.sleep_until(at + minutes(3))


@testcase(
    "COS-105",
    "What the gaining supplier sends after the change does happen",
    rules=["R-FUT-007", "R-CRD-056", "R-FUT-012"],
    requirements=["IN.02", "SDAG1-4-TCOS"],
    use_cases=["CS02b", "ECS28a"],
)
def test_own_pending_kept(dut, dcc, clock, timeline, suppliers, expect):
    _change(dcc, dut, suppliers)
    at = (clock.now() + minutes(5)).replace(second=0, microsecond=0)
    waiting = LoadLimit(execute_at=at, period=60, power_threshold=9000, restoration_period=60, supply_state="Disable")
    dcc.ask(waiting, dut, as_user=suppliers.gaining)

    clock.sleep_until(at + minutes(1))

    alerts = timeline.find(device_alert(dut, 0x8F66, to=suppliers.gaining))
    expect("alerts 8F66 to the gaining supplier", len(alerts)).equals(4)


@testcase(
    "COS-106",
    "Alerts go to the gaining supplier from the change on",
    rules=["R-ALT-018", "R-CRD-060", "R-SEC-028", "R-DIS-001"],
    requirements=["IN.02", "SDAG1-3-PRIVCOS"],
    use_cases=["CS02b", "ECS03"],
)
def test_alerts_follow(dut, dcc, timeline, suppliers):
    to_prepayment(dcc, dut, suppliers.losing, balance=5_000)
    _change(dcc, dut, suppliers)

    with timeline.never(device_alert(dut, BELOW_THRESHOLD, to=suppliers.losing), rule="R-SEC-028"):
        timeline.expect(device_alert(dut, BELOW_THRESHOLD, to=suppliers.gaining), within=hours(2), rule="R-CRD-060")


@testcase(
    "COS-491",
    "An outage is told to the party that has the network operator's cells now, and not to the one before",
    rules=["R-ALT-018", "R-CRD-060"],
    requirements=["SDAG1-3-PRIVCOS"],
    use_cases=["CS02b", "ECS80"],
)
@meters("single", "twin")
def test_outages_follow(dut, dcc, mains, authority, timeline, suppliers, network_operator, expect):
    taker = suppliers.gaining
    credentials = authority.credentials(taker, Unit.NETWORK_OPERATOR)
    outcome = dcc.ask(credentials.renewal("NetworkOperator"), dut, as_user=network_operator).replacement()
    expect("status of each cell", set(statuses(outcome).values())).equals({0})

    with timeline.never(device_alert(dut, RESTORED_LONG, to=network_operator), rule="R-ALT-018"):
        mains.interrupt(minutes(4))
        timeline.expect(device_alert(dut, RESTORED_LONG, to=taker), within=minutes(2), rule="R-ALT-018")


@testcase(
    "COS-107",
    "A supply the losing supplier has disabled stays disabled",
    rules=["R-CRD-057", "R-PWR-006"],
    requirements=["IN.02", "SFA-21-POLICY"],
    use_cases=["CS02b", "ECS43", "ECS45"],
)
def test_switch_stays(dut, dcc, mains, suppliers, expect):
    dcc.ask(DisableSupply(), dut, as_user=suppliers.losing)

    _change(dcc, dut, suppliers)

    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.gaining)
    expect("state of the load switch", status.value()).equals(DISABLED)
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(0, 20)


@testcase(
    "COS-108",
    "The gaining supplier reads profile and logs from before the change",
    rules=["R-LOG-008", "R-EVT-001", "R-ENC-005"],
    requirements=["IN.02", "SDAG1-3-PRIVCOS"],
    use_cases=["CS02b", "ECS22b", "ECS35b"],
)
def test_history_stays(dut, dcc, clock, suppliers, expect):
    end = clock.now().replace(microsecond=0)
    period = ReadLogPeriod(start=end - hours(12), end=end)
    before = dcc.ask(ReadActiveImportProfileData(period=period), dut, as_user=suppliers.losing).profile()

    _change(dcc, dut, suppliers)

    after = dcc.ask(ReadActiveImportProfileData(period=period), dut, as_user=suppliers.gaining).profile()
    expect("half hours of the last twelve hours", after).equals(before)
    log = dcc.ask(
        ReadEventOrSecurityLog(period=ReadLogPeriod(start=end, end=clock.now() + seconds(1)), log="Security"),
        dut,
        as_user=suppliers.gaining,
    ).log()
    expect("entry of the change in the security log", [entry.code for entry in log]).equals([0x8F70], rule="R-CRD-052")


@testcase(
    "COS-109",
    "Two changes in a day: to another supplier and back",
    rules=["R-CRD-050", "R-CRD-058", "R-CRD-042"],
    requirements=["IN.02", "SDAG1-4-TCOS"],
    use_cases=["CS02b", "CS02a", "ECS17b"],
)
def test_there_and_back(dut, dcc, clock, suppliers, expect):
    _change(dcc, dut, suppliers)
    clock.sleep(hours(1))
    back = dcc.send(dcc.change_of_supplier(dut, suppliers.losing), dut, as_user=suppliers.losing).response()

    statuses = [result.status for result in back.replacement().results]
    expect("status of each cell", statuses).equals([0, 0, 0])
    details = dcc.credentials(dut, ["Supplier"], as_user=suppliers.losing)[Role.SUPPLIER]
    expect("supplier at the end", {cell.subject for cell in details.cells}).equals({suppliers.losing.eui})
    reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing, rule="R-CRD-042")
    expect("result of a read", reading.results).equals(DONE)


@testcase(
    "COS-110",
    "The counters of the losing supplier do not bind the gaining one",
    rules=["R-CRD-042", "R-CRD-040", "R-CRD-043", "R-CTR-002"],
    requirements=["IN.02"],
    use_cases=["CS02b", "CS02a", "ECS04a"],
)
@pytest.mark.parametrize("floor", [0, 1 << 40], ids=["from zero", "from a high floor"])
def test_floor(floor, dut, dcc, suppliers, expect):
    add_to_balance(dcc, dut, suppliers.losing, POUND)  # moves the losing supplier's counter

    response = _change(dcc, dut, suppliers, floor=floor)

    changes = {change.role: change.floor for change in response.replacement().changes}
    expect("floor of the supplier in the response", changes.get(Role.SUPPLIER)).equals(floor, rule="R-CRD-043")
    details = dcc.credentials(dut, ["Supplier"], as_user=suppliers.gaining)[Role.SUPPLIER]
    expect("execution counter of the supplier", details.current_seq_number).equals(floor)


@testcase(
    "COS-111",
    "A change while the radio is away happens when it is back, once",
    rules=["R-HUB-011", "R-HUB-002", "R-CRD-050"],
    requirements=["IN.02", "SFA-12-COORDINATOR"],
    use_cases=["CS02b", "CS02a"],
)
def test_radio_away(dut, dcc, clock, link, timeline, suppliers, expect):
    link.black_out()
    sent = dcc.send(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining)
    with timeline.never(dcc_alert("N42"), during=minutes(3), rule="R-CRD-050"):
        pass

    link.settle()

    response = sent.response(within=minutes(10))
    expect("status of each cell", [one.status for one in response.replacement().results]).equals([0, 0, 0], "R-CRD-050")
    clock.sleep(minutes(2))
    told = timeline.find(dcc_alert("N42", to=suppliers.gaining))
    expect("N42 to the gaining supplier", len(told)).equals(1)


@testcase(
    "COS-112",
    "An unknown role in the details request is told for that role alone",
    rules=["R-CRD-012", "R-CRD-011"],
    requirements=["SDAG9-6.1.3-READCERT"],
    use_cases=["CS02a"],
)
def test_role_not_held(dut, dcc, suppliers, expect):
    details = dcc.credentials(dut, ["Supplier", "WANProvider"], as_user=suppliers.losing)

    expect("roles told", list(details)).equals([Role.SUPPLIER, Role.WAN_PROVIDER], rule="R-CRD-011")
    expect("status of a role the meter does not hold", details[Role.WAN_PROVIDER].status).equals(25)
    expect("status of the supplier", details[Role.SUPPLIER].status).equals(0)


@testcase(
    "COS-113",
    "Asked for the load controller, a meter that has none says so for that role alone, by the newer use case",
    rules=["R-CRD-078", "R-CRD-012"],
    requirements=["SDAG9-6.1.3-READCERT"],
    use_cases=["CS02f"],
)
def test_load_controller(dut, dcc, suppliers, expect):
    body = RetrieveDeviceSecurityCredentialsKRP(roles=("Supplier", "LoadController"))
    response = dcc.ask(body, dut, as_user=suppliers.losing, rule="R-CRD-078")

    expect("message code", response.message.message_code).equals(CREDENTIALS_WITH_LOAD_CONTROLLER)
    details = response.credentials()
    expect("roles told", list(details)).equals([Role.SUPPLIER, Role.LOAD_CONTROLLER])
    expect("status of the load controller", details[Role.LOAD_CONTROLLER].status).equals(CANNOT_BE_REPORTED)
    expect("status of the supplier", details[Role.SUPPLIER].status).equals(0, rule="R-CRD-012")
    owners = {cell.subject for cell in details[Role.SUPPLIER].cells}
    expect("subjects of the supplier's cells", owners).equals({suppliers.losing.eui})
