"""Each acceptance check of a command broken alone: nothing changes, and the meter tells whom it should."""

from dataclasses import replace

from bench.clock import seconds
from bench.dcc.bodies import DisableSupply, EnableSupply, ReadEventOrSecurityLog, ReadLogPeriod, ReadSupplyStatus
from bench.dcc_point import device_alert
from bench.gbcs import Eui64
from bench.gbcs.trust_anchors import Role
from bench.local_point import answer_to
from bench.testcase import testcase

REFUSALS = (0x8F1E, 0x8F30, 0x8F3D, 0x8F3E)
LOGGED = (0x8F1E, 0x8F3E, 0x8F53, 0x8F60)
ENABLED = 1
NO_TRUST_ANCHOR, BAD_CERTIFICATE = 10, 5


@testcase(
    "SEC-001",
    "A critical command with a wrong MAC is refused",
    rules=["R-SEC-007", "R-CMD-005", "R-SEC-020", "R-SEC-028"],
    requirements=["SDAG1-5-CORE5", "SDAG1-3-TRUST", "SP.18"],
    use_cases=["ECS43"],
)
def test_wrong_mac(dut, dcc, local, timeline, suppliers, expect):
    good = local.command(DisableSupply(), dut, as_user=suppliers.losing)
    command = replace(good, mac=bytes([good.mac[0] ^ 1]) + good.mac[1:])

    with timeline.never(answer_to(command), during="1 min"):
        delivered = local.deliver(command, "a command with one bit of the MAC flipped")
    timeline.expect(device_alert(dut, *REFUSALS, to=suppliers.losing), within="1 s", after=delivered, rule="R-SEC-020")

    _supply_is_on(dut, dcc, suppliers, expect)


@testcase(
    "SEC-002",
    "A critical command with a wrong signature is refused",
    rules=["R-SEC-007", "R-CMD-005", "R-SEC-020", "R-SEC-028"],
    requirements=["SDAG1-5-CORE5", "SDAG1-3-TRUST", "SP.18"],
    use_cases=["ECS43"],
)
def test_wrong_signature(dut, dcc, timeline, suppliers, expect):
    sent = dcc.send(DisableSupply(), dut, as_user=suppliers.losing, sign_as=suppliers.gaining)
    sent.insist()

    seen = timeline.expect(
        device_alert(dut, *REFUSALS, to=suppliers.losing), within="1 min", after=sent.posted, rule="R-SEC-020"
    )
    expect("protection of the alert", dcc.read(seen).protected_well).equals(True)
    _supply_is_on(dut, dcc, suppliers, expect)


@testcase(
    "SEC-003",
    "A critical command whose counter is not higher than the last is refused",
    rules=["R-SEC-006", "R-CTR-005", "R-SEC-020"],
    requirements=["SDAG1-3-TRUST", "SP.18"],
    use_cases=["CS02a", "ECS43", "ECS35b"],
)
def test_low_counter(dut, dcc, local, clock, timeline, suppliers, expect):
    _use_a_counter(dut, dcc, suppliers)
    details = dcc.credentials(dut, ["Supplier"], as_user=suppliers.losing)[Role.SUPPLIER]
    command = local.command(DisableSupply(), dut, as_user=suppliers.losing, counter=details.current_seq_number)

    with timeline.never(answer_to(command), during="1 min"):
        delivered = local.deliver(command, "a command with the counter the meter has already")

    _alerted_or_logged(dut, dcc, clock, timeline, suppliers, delivered, expect)
    _supply_is_on(dut, dcc, suppliers, expect)
    after = dcc.credentials(dut, ["Supplier"], as_user=suppliers.losing)[Role.SUPPLIER]
    expect("execution counter", after.current_seq_number).equals(details.current_seq_number)


@testcase(
    "SEC-004",
    "A command for another entity is not executed",
    rules=["R-SEC-003", "R-SEC-020"],
    requirements=["SDAG9-3.7.2-EUI64", "SP.18"],
    use_cases=["ECS43"],
)
def test_wrong_target(dut, dcc, local, clock, timeline, suppliers, expect):
    command = local.command(DisableSupply(), dut, as_user=suppliers.losing)
    other = local.protect(
        replace(command, target=Eui64(dut.eui[:-1] + bytes([dut.eui[-1] ^ 0x10])), signature=None, mac=None), dut
    )

    with timeline.never(answer_to(other), during="1 min"):
        delivered = local.deliver(other, "a command addressed to another entity")

    _alerted_or_logged(dut, dcc, clock, timeline, suppliers, delivered, expect)
    _supply_is_on(dut, dcc, suppliers, expect)


@testcase(
    "SEC-005",
    "Certificates that do not chain to the root are not installed",
    rules=["R-CRD-034", "R-CRD-037"],
    requirements=["SDAG9-6.1.4-ROOTREC", "SDAG1-3-PKI"],
    use_cases=["CS02b", "CS02a"],
)
def test_foreign_certificates(dut, dcc, clock, suppliers, expect):
    before = dcc.credentials(dut, ["Supplier"], as_user=suppliers.losing)[Role.SUPPLIER]
    body = dcc.change_of_supplier(dut, suppliers.gaining, foreign=True)

    response = dcc.send(body, dut, as_user=suppliers.gaining).response()

    statuses = [result.status for result in response.replacement().results]
    expect("number of cells reported", len(statuses)).equals(3, rule="R-CRD-037")
    for status in statuses:
        expect("status of a cell", status).is_one_of((NO_TRUST_ANCHOR, BAD_CERTIFICATE))
    after = dcc.credentials(dut, ["Supplier"], as_user=suppliers.losing)[Role.SUPPLIER]
    expect("cells of the supplier", after.cells).equals(before.cells)
    expect("execution counter of the supplier", after.current_seq_number).equals(before.current_seq_number)
    _supply_is_on(dut, dcc, suppliers, expect)


@testcase(
    "SEC-006",
    "A forged command with a huge counter does not lock the supplier out",
    rules=["R-SEC-009", "R-SEC-007"],
    requirements=["SDAG1-3-TRUST", "SDAG9-3.5-DOS"],
    use_cases=["ECS43", "ECS42"],
)
def test_counter_not_poisoned(dut, dcc, local, clock, timeline, suppliers, expect):
    good = local.command(DisableSupply(), dut, as_user=suppliers.losing, counter=(1 << 63) - 1)
    forged = replace(good, signature=bytes(64))
    with timeline.never(answer_to(forged), during="1 min", rule="R-SEC-007"):
        delivered = local.deliver(local.protect(forged, dut), "a forged command with the highest counter")

    _alerted_or_logged(dut, dcc, clock, timeline, suppliers, delivered, expect)
    _supply_is_on(dut, dcc, suppliers, expect)
    _use_a_counter(dut, dcc, suppliers)


def _alerted_or_logged(dut, dcc, clock, timeline, suppliers, delivered, expect):
    """Which of the two, and which code, the sources leave open; to say nothing at all is wrong."""
    alerts = timeline.find(device_alert(dut, *REFUSALS, to=suppliers.losing), after=delivered)
    period = ReadLogPeriod(start=delivered.time.replace(microsecond=0), end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Security"), dut, as_user=suppliers.losing).log()
    told = [seen.data["alert_code"] for seen in alerts] + [str(entry) for entry in log if entry.code in LOGGED]
    expect("alerts to the supplier and security log entries about it", told).satisfies("to be there", bool, "R-SEC-020")


def _use_a_counter(dut, dcc, suppliers):
    """A critical command without effect: the supply is on and is told to be on."""
    dcc.ask(EnableSupply(), dut, as_user=suppliers.losing, rule="R-SEC-009")


def _supply_is_on(dut, dcc, suppliers, expect):
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch", status.value()).equals(ENABLED)
