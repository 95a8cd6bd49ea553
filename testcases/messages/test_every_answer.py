"""Every use case that a meter or the gas proxy answers: once, to who asked, and protected and dated as it is set."""

from dataclasses import replace

import pytest

from bench.catalogue import catalogue
from bench.clock import minutes
from bench.dcc.bodies import (
    ReadDeviceConfigurationIdentityExcMPxN,
    ReadEventOrSecurityLog,
    ReadLogPeriod,
    ReadSupplyStatus,
    RetrieveDeviceSecurityCredentialsKRP,
)
from bench.gbcs import Cra
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.use_cases import NOT_ALIKE, use_cases

#: a top up is answered as its token is
PAYLOADS = {"ESME": "DLMS", "GSME": "GBZ", "GPF": "GBZ"}
#: longer than all of it takes: a sleepy meter fetches a part at each wake
PATIENCE = {"ESME": minutes(3), "GSME": minutes(100), "GPF": minutes(3)}
SIGNED, MACED = ("valid", "absent"), ("absent", "valid")  #: signature, MAC
A_TIME = 12  #: octets


@testcase(
    "MSG-376",
    "Each use case is answered once, with ids swapped, its code and counter, a signature or a MAC, and the time or not",
    rules=["R-RSP-001", "R-RSP-002", "R-RSP-003", "R-RSP-009", "R-RSP-018", "R-CTR-008"],
    requirements=["SDAG1-3-TRUST", "ELS-Q24-E2EMSG"],
    devices=list(PAYLOADS),
)
@pytest.mark.parametrize("kind", PAYLOADS)
def test_envelope(kind, home, local, clock, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    commands = {}
    for name in use_cases(kind, entitled="Supplier", payload=PAYLOADS[kind], but=NOT_ALIKE):
        commands[name] = local.example(name, device, as_user=supplier)
        local.deliver(commands[name], name)
    clock.sleep(PATIENCE[kind])

    for name, command in commands.items():
        case = catalogue()[name]
        answers = [local.read(seen) for seen in timeline.find(answer_to(command))]
        expect(f"answers to {name}", len(answers)).equals(1, rule="R-RSP-018")
        message, protection = answers[0].message, answers[0].protection
        expect(f"kind, sender and recipient of the answer to {name}", (message.cra, message.originator,
               message.target)).equals((Cra.RESPONSE, device.eui, supplier.eui), rule="R-RSP-001")  # fmt: skip
        expect(f"signature and MAC of the answer to {name}", (protection.signature, protection.mac)).equals(
            SIGNED if case.critical else MACED, rule="R-RSP-003" if case.critical else "R-RSP-002"
        )
        expect(f"octets of the time in the answer to {name}", len(message.date_time)).equals(
            A_TIME if case.response_date_time else 0, rule="R-RSP-009"
        )


@testcase(
    "MSG-377",
    "A log read of gas meter, proxy and hub takes in the entries at both ends of its period, of either log",
    rules=["R-RSP-019", "R-TIM-018"],
    requirements=["SFA-12-AUDIT", "SFA-17-LOGMETER"],
    use_cases=["CS10a", "CS10b", "ECS35c", "ECS35d"],
    devices=["GSME", "GPF", "CHF"],
)
@pytest.mark.parametrize("kind", ["GSME", "GPF", "CHF"])
def test_ends_of_a_period(kind, home, dcc, gas, local, clock, expect):
    device = home.device(kind)
    supplier = (home.suppliers if kind == "CHF" else suppliers_of(home, device)).losing
    began = clock.now()

    def times(log, start, end):
        period = ReadLogPeriod(start=start.replace(microsecond=0), end=end)
        answer = dcc.ask(ReadEventOrSecurityLog(period=period, log=log), device, as_user=supplier)
        return [one.time for one in (answer.log() if kind == "CHF" else gas.read(answer).log())]

    read = {"CHF": ReadDeviceConfigurationIdentityExcMPxN(), "GSME": ReadSupplyStatus(), "GPF": ReadSupplyStatus()}
    for _ in range(3):  # each leaves an entry in the security log, and in the event log what reads it
        command = local.command(read[kind], device, as_user=supplier)
        local.deliver(local.maced(replace(command, payload=command.payload[:-1], mac=None), device), "half a read")
        clock.sleep(minutes(35) if kind == "GSME" else minutes(2))
        times("Security", began, clock.now())
    for log in ("Security", "Event"):
        known = times(log, began, clock.now())[:3]
        expect(f"entries of the {log.lower()} log", len(known)).equals(3)
        within = times(log, known[0], known[2])
        expect("entries from the first to the third", within).equals(known)
        expect("entries of the second of one", times(log, known[1], known[1])).equals([known[1]])


@testcase(
    "MSG-378",
    "Credentials are read with a MAC, and each device answers with one: the broker asks, or the supplier itself",
    rules=["R-RSP-005", "R-CMD-008"],
    requirements=["SDAG1-3-TRUST"],
    use_cases=["CS02a"],
    devices=["ESME", "GSME", "GPF", "CHF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME", "GPF", "CHF"])
def test_details(kind, home, local, timeline, expect):
    device = home.device(kind)
    party = home.acb if kind == "CHF" else suppliers_of(home, device).losing
    command = local.command(RetrieveDeviceSecurityCredentialsKRP(roles=("Recovery",)), device, as_user=party)
    maced = local.maced(replace(command, signature=b""), device)

    delivered = local.deliver(maced, "a read of credentials with a MAC")

    seen = timeline.expect(answer_to(maced), within="40 min", after=delivered)
    expect("signature and MAC of the answer", (seen.data["signature"], seen.data["mac"])).equals(MACED)
