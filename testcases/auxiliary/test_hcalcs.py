"""A load control switch on the HAN (HCALCS): joined with the meter, told by it, and what is known of what it did."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ActivateAuxiliaryLoad,
    ConfigureAlertBehaviour,
    ReadAuxiliaryControllerOperationalData,
    ReadEventOrSecurityLog,
    ReadLogPeriod,
)
from bench.dcc.bodies.behaviour import ElectricitySwitches, EventSwitches
from bench.dcc.bodies.supply import SwitchDuration, SwitchTypeAndId
from bench.dcc_point import device_alert
from bench.gbcs.trust_anchors import Role
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.auxiliary.steps import REQUIREMENTS, entry, set_calendar, state_read, switch_log
from testcases.joining.own_log import ESME, HCALCS, METHOD_A_RESPONDER, SUCCESS, OwnLog

SWITCH, OTHER = 2, 1  #: the switch on the HAN, and one of the meter itself
UNKNOWN, DONE, FAILED = 0, 1, 2  #: outcomes in the log
FAILURE, ACTIONED = 0x811A, 0x8154
HECS01 = bytes.fromhex("0119")
NOT_HELD = 25
ON_THE_HAN = [*REQUIREMENTS, "SFA-12-DRDEVICES"]
PATIENCE = seconds(15)


@pytest.fixture
def meters_log(local, timeline, dut, suppliers):
    """The electricity meter's log of devices."""
    return OwnLog(local, timeline, dut, suppliers.losing)


@pytest.fixture
def joined(dut, dcc, hcalcs, meters_log, local, timeline, clock, suppliers):
    """A switch that is joined with the meter by method A, is switch 2 of it, and has asked for its schedule."""
    assert meters_log.join("CS03A1", hcalcs.eui, HCALCS) == SUCCESS
    set_calendar(dcc, dut, suppliers.losing, switches=(ours(hcalcs), SwitchTypeAndId(index=OTHER, alcs=True)))
    own = OwnLog(local, timeline, hcalcs, suppliers.losing)
    assert own.join("CS03A2Critical", dut.eui, ESME, METHOD_A_RESPONDER) == SUCCESS
    clock.sleep(PATIENCE)
    return own


def ours(hcalcs):
    """That switch 2 is the one on the HAN."""
    return SwitchTypeAndId(index=SWITCH, hcalcs=hcalcs.eui)


def activate(dcc, dut, supplier, length, switch=SWITCH):
    """Close a switch for some minutes (7.5)."""
    return dcc.ask(
        ActivateAuxiliaryLoad(switches=(SwitchDuration(index=switch, duration=length),)), dut, as_user=supplier
    )


def alert_failures(dcc, dut, supplier):
    """Let the meter tell of switches that fail (6.22)."""
    on = ElectricitySwitches(supplier=EventSwitches(events=((FAILURE, True),)))
    dcc.ask(ConfigureAlertBehaviour(supplier_alerts=on), dut, as_user=supplier)


def requests_logged(dcc, dut, supplier, start, clock):
    """How often a switch has asked for its schedule since an instant, by the meter's event log."""
    period = ReadLogPeriod(start=start.replace(microsecond=0), end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), dut, as_user=supplier).log()
    return sum(one.code == ACTIONED and one.other == HECS01 for one in log)


@testcase(
    "AUX-301",
    "A switch on the HAN closes on command and opens at its end; status and log tell its id and what became of it",
    rules=["R-AUX-001", "R-HAN-065", "R-AUX-005", "R-AUX-006", "R-HAN-042"],
    requirements=ON_THE_HAN,
    use_cases=["CS03A1", "CS03A2", "ECS46c", "ECS47", "ECS61a", "ECS61e", "ECS35f"],
    devices=["ESME", "HCALCS"],
)
def test_command(joined, dut, hcalcs, dcc, han, clock, at_the_hcalcs, suppliers, expect):
    supplier, began = suppliers.losing, clock.now()
    expect("contact before", at_the_hcalcs.is_closed).equals(False)
    commanded = clock.now()
    expect("results", activate(dcc, dut, supplier, 10).results).equals([0, 0])
    han.expect(f'cluster == demandresponseandloadcontrol and dst_eui == "{hcalcs.eui}"', within="5 s", after=commanded)
    clock.sleep(PATIENCE)
    expect("contact", at_the_hcalcs.is_closed).equals(True)
    expect("state read", state_read(dcc, dut, supplier, SWITCH)).equals(True, rule="R-AUX-005")
    kinds = dcc.ask(ReadAuxiliaryControllerOperationalData(), dut, as_user=supplier).access.data
    expect("id of the controller", kinds[SWITCH - 1].value).equals(bytes(hcalcs.eui), rule="R-AUX-005")

    clock.sleep_until(commanded + minutes(10) - seconds(10))
    expect("contact before the end", at_the_hcalcs.is_closed).equals(True)
    clock.sleep_until(commanded + minutes(10) + PATIENCE)
    expect("contact after the end", at_the_hcalcs.is_closed).equals(False)
    expect("state read", state_read(dcc, dut, supplier, SWITCH)).equals(False, rule="R-AUX-005")
    log = switch_log(dcc, dut, supplier, began, clock)
    expect("log: switches", {row[1] >> 8 for row in log}).equals({SWITCH}, rule="R-AUX-006")
    expect("log: outcomes of the command", [row[2] for row in log[:2]]).equals([UNKNOWN, DONE], rule="R-AUX-006")
    ids = {row[3] for row in log[:2]}
    expect("log: HAN commands", (len(ids), 0 in ids)).equals((1, False), rule="R-AUX-006")


@testcase(
    "AUX-302",
    "A switch on the HAN follows the calendar of the meter, and only its own entries",
    rules=["R-AUX-002", "R-AUX-001", "R-HAN-065"],
    requirements=ON_THE_HAN,
    use_cases=["CS03A1", "CS03A2", "ECS46c", "ECS61a"],
    devices=["ESME", "HCALCS"],
)
def test_calendar(joined, dut, hcalcs, dcc, clock, at_the_hcalcs, suppliers, expect):
    supplier = suppliers.losing
    base = clock.now().replace(second=0, microsecond=0)
    lines = [entry(True, base + minutes(5), switch=SWITCH), entry(False, base + minutes(25), switch=SWITCH)]
    lines += [entry(True, base + minutes(15), switch=OTHER), entry(False, base + minutes(35), switch=OTHER)]
    set_calendar(dcc, dut, supplier, *lines)
    for minute, closed, other in ((4, False, False), (6, True, False), (16, True, True), (26, False, True)):
        clock.sleep_until(base + minutes(minute))
        expect(f"contact after {minute} min", at_the_hcalcs.is_closed).equals(closed)
        states = [state_read(dcc, dut, supplier, each) for each in (SWITCH, OTHER)]
        expect(f"states read after {minute} min", states).equals([closed, other], rule="R-AUX-005")


@testcase(
    "AUX-303",
    "A switch on the HAN that cannot be told, or does not do it: 811A to the supplier, and a failure in the log",
    rules=["R-AUX-007", "R-AUX-006", "R-AUX-005"],
    requirements=[*ON_THE_HAN, "SFA-12-AUDIT"],
    use_cases=["CS03A1", "CS03A2", "ECS47", "ECS25a", "ECS35f", "ECS61a"],
    devices=["ESME", "HCALCS"],
)
@pytest.mark.parametrize("trouble", ["shielded", "unplugged", "jammed"])
def test_failure(trouble, joined, dut, hcalcs, dcc, clock, timeline, at_the_hcalcs, suppliers, expect):
    supplier, began = suppliers.losing, clock.now()
    alert_failures(dcc, dut, supplier)
    {"shielded": at_the_hcalcs.shield, "unplugged": at_the_hcalcs.unplug, "jammed": at_the_hcalcs.jam}[trouble]()

    activate(dcc, dut, supplier, 10)
    timeline.expect(device_alert(dut, FAILURE, to=supplier), within=minutes(2))
    expect("state read", state_read(dcc, dut, supplier, SWITCH)).equals(False, rule="R-AUX-005")
    log = [row for row in switch_log(dcc, dut, supplier, began, clock) if row[1] >> 8 == SWITCH]
    expect("log: outcomes", [row[2] for row in log]).equals([UNKNOWN, FAILED], rule="R-AUX-007")
    expect("alerts 811A", len(timeline.find(device_alert(dut, FAILURE)))).equals(1)


@testcase(
    "AUX-304",
    "A switch that hears the meter no more holds its state for the time it was told, and opens then",
    rules=["R-AUX-011"],
    requirements=ON_THE_HAN,
    use_cases=["CS03A1", "CS03A2", "ECS47"],
    devices=["HCALCS"],
)
def test_lost(joined, dut, hcalcs, dcc, clock, at_the_hcalcs, suppliers, expect):
    activate(dcc, dut, suppliers.losing, 20)
    commanded = clock.now()
    clock.sleep(PATIENCE)
    expect("contact", at_the_hcalcs.is_closed).equals(True, rule="R-HAN-065")
    at_the_hcalcs.shield()
    for minute in (5, 12, 19):
        clock.sleep_until(commanded + minutes(minute))
        expect(f"contact after {minute} min", at_the_hcalcs.is_closed).equals(True)
    clock.sleep_until(commanded + minutes(22))
    expect("contact when the time is over", at_the_hcalcs.is_closed).equals(False)


@testcase(
    "AUX-305",
    "A switch that starts asks for its schedule and goes on with it; the meter logs that, as it did when it was joined",
    rules=["R-HAN-065", "R-EVT-006"],
    requirements=ON_THE_HAN,
    use_cases=["HECS01", "CS03A1", "CS03A2", "ECS47", "ECS35a"],
    devices=["ESME", "HCALCS"],
)
def test_schedule(dut, dcc, clock, at_the_hcalcs, suppliers, request, expect):
    supplier, began = suppliers.losing, clock.now()
    request.getfixturevalue("joined")
    expect("requests in the event log", requests_logged(dcc, dut, supplier, began, clock)).equals(1)
    activate(dcc, dut, supplier, 60)
    clock.sleep(PATIENCE)
    expect("contact", at_the_hcalcs.is_closed).equals(True)

    at_the_hcalcs.unplug()
    expect("contact without supply", at_the_hcalcs.is_closed).equals(False)
    clock.sleep(minutes(2))
    at_the_hcalcs.plug()
    clock.sleep(seconds(30))
    expect("contact after it has started", at_the_hcalcs.is_closed).equals(True)
    expect("requests in the event log", requests_logged(dcc, dut, supplier, began, clock)).equals(2)


@testcase(
    "AUX-306",
    "A switch that has not been joined, or no longer is, is not told anything; a command to it has failed",
    rules=["R-HAN-042", "R-AUX-007", "R-HAN-049"],
    requirements=ON_THE_HAN,
    use_cases=["CS03A1", "CS03A2", "CS04AC", "ECS47", "ECS25a"],
    devices=["ESME", "HCALCS"],
)
@pytest.mark.parametrize("case", ["never joined", "unjoined"])
def test_not_joined(case, dut, hcalcs, dcc, clock, timeline, meters_log, at_the_hcalcs, suppliers, request, expect):
    supplier = suppliers.losing
    alert_failures(dcc, dut, supplier)
    if case == "unjoined":
        request.getfixturevalue("joined")
        expect("result of unjoining", meters_log.unjoin("CS04ACCritical", hcalcs.eui)).equals(SUCCESS, rule="R-HAN-049")
    else:
        set_calendar(dcc, dut, supplier, switches=(ours(hcalcs),))
    activate(dcc, dut, supplier, 10)
    timeline.expect(device_alert(dut, FAILURE, to=supplier), within=minutes(2), rule="R-AUX-007")
    expect("contact", at_the_hcalcs.is_closed).equals(False)


@testcase(
    "AUX-307",
    "After an outage a switch on the HAN is where its command says, without another command",
    rules=["R-HAN-065", "R-PWR-010"],
    requirements=[*ON_THE_HAN, "SFA-17-OUTAGE", "SDAG_2.15"],
    use_cases=["CS03A1", "CS03A2", "ECS47", "ECS61a"],
    devices=["ESME", "HCALCS"],
)
def test_outage(joined, dut, dcc, clock, mains, at_the_hcalcs, suppliers, expect):
    supplier = suppliers.losing
    activate(dcc, dut, supplier, 30)
    clock.sleep(PATIENCE)
    mains.interrupt("1 min")
    clock.sleep(minutes(2))
    expect("contact after the outage", at_the_hcalcs.is_closed).equals(True)
    expect("state read", state_read(dcc, dut, supplier, SWITCH)).equals(True, rule="R-PWR-010")
    clock.sleep(minutes(30))
    expect("contact after the end", at_the_hcalcs.is_closed).equals(False)


@testcase(
    "AUX-308",
    "A switch on the HAN holds the credentials of its supplier and of the broker, none of a network operator",
    rules=["R-CRD-006", "R-HAN-061"],
    requirements=ON_THE_HAN,
    use_cases=["CS02a"],
    devices=["HCALCS"],
)
def test_credentials(hcalcs, dcc, suppliers, expect):
    details = dcc.credentials(hcalcs, ["Supplier", "NetworkOperator"], as_user=suppliers.losing)
    held = {cell.subject for cell in details[Role.SUPPLIER].cells}
    expect("supplier", held).equals({suppliers.losing.eui})
    expect("cells of a network operator", len(details[Role.NETWORK_OPERATOR].cells)).equals(0)


@testcase(
    "AUX-309",
    "After a change of supplier a switch on the HAN obeys the gaining supplier's join, and not the losing one's",
    rules=["R-HAN-061", "R-CRD-058"],
    requirements=ON_THE_HAN,
    use_cases=["CS02b", "CS03A2", "CS02a"],
    devices=["HCALCS"],
)
def test_change_of_supplier(hcalcs, dut, dcc, local, timeline, suppliers, expect):
    dcc.ask(dcc.change_of_supplier(hcalcs, suppliers.gaining), hcalcs, as_user=suppliers.gaining)
    details = dcc.credentials(hcalcs, ["Supplier"], as_user=suppliers.gaining)[Role.SUPPLIER]
    expect("supplier", {cell.subject for cell in details.cells}).equals({suppliers.gaining.eui})
    gaining = OwnLog(local, timeline, hcalcs, suppliers.gaining)
    result = gaining.join("CS03A2Critical", dut.eui, ESME, METHOD_A_RESPONDER)
    expect("result of the gaining supplier's join", result).equals(SUCCESS)
    command = local.example("CS03A2Critical", hcalcs, as_user=suppliers.losing)
    with timeline.never(answer_to(command), during="30 s"):
        local.deliver(command, "a join of the losing supplier")
