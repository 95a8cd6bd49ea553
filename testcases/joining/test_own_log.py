"""A meter's own log of devices: joined by methods A, B and C (CS03), unjoined (CS04), read (CS07)."""

import pytest

from bench.clock import seconds
from bench.dcc.bodies import ReadEventOrSecurityLog, ReadLogPeriod
from bench.gbcs import Eui64
from bench.testcase import testcase
from testcases.gas_steps import event_log
from testcases.joining.own_log import (
    FULL,
    GPF,
    HCALCS,
    INCOMPATIBLE,
    METHOD_A_RESPONDER,
    METHOD_B,
    METHOD_C,
    NO_CERTIFICATE,
    NOT_IN_LOG,
    PPMID,
    SUCCESS,
    WRONG_CODE,
    WRONG_METHOD,
    OwnLog,
)

JOIN_FAILED, JOINED, UNJOIN_FAILED, UNJOINED = 0x8F48, 0x8F49, 0x8F4A, 0x8F4B
LEAST = 6  #: devices a meter has to hold at the least: five HCALCS and a PPMID
FAR_MORE = 40


def partner(number=1):
    """The EUI-64 of a device that could be joined."""
    return Eui64.of(0x00155F00CAFE1000 + number)


def security_events(dcc, dut, user, clock, since):
    """Codes in the security log since an instant."""
    period = ReadLogPeriod(start=since, end=clock.now() + seconds(1))
    return [one.code for one in dcc.ask(ReadEventOrSecurityLog(period=period, log="Security"), dut, as_user=user).log()]


def key_agreement_certificate(local, device):
    """The key agreement certificate of a device, as the payload of a join shows it."""
    return {"certificate": {"der": local.certificate(device, "ka").hex()}}


@testcase(
    "HAN-201",
    "A device joined by method A is in the meter's log, and the security log says so",
    rules=["R-HAN-042", "R-HAN-045", "R-HAN-048", "R-HAN-051"],
    use_cases=["CS03A1", "CS07"],
)
@pytest.mark.parametrize("kind", [HCALCS, PPMID], ids=["HCALCS", "PPMID"])
def test_method_a(kind, dut, dcc, own_log, suppliers, clock, expect):
    began = clock.now() - seconds(1)
    expect("result", own_log.join("CS03A1", partner(), kind)).equals(SUCCESS, rule="R-HAN-045")
    expect("its type in the log", own_log.entries().get(partner())).equals(kind, rule="R-HAN-051")
    logged = security_events(dcc, dut, suppliers.losing, clock, began)
    expect("events in the security log", logged).satisfies("a join", lambda codes: JOINED in codes, rule="R-HAN-048")


@testcase(
    "HAN-202",
    "A join by a method that is not the command's is answered with code 1 and logged; nothing is entered",
    rules=["R-HAN-046", "R-HAN-048", "R-HAN-045", "R-HAN-042"],
    use_cases=["CS03A1", "CS07"],
)
@pytest.mark.parametrize("method", [METHOD_A_RESPONDER, METHOD_B, METHOD_C], ids=["A as responder", "B", "C"])
def test_wrong_method(method, dut, dcc, own_log, suppliers, clock, expect):
    began = clock.now() - seconds(1)
    expect("result", own_log.join("CS03A1", partner(), method=method)).equals(WRONG_CODE)
    expect("devices in the log", list(own_log.entries())).satisfies("not the one", lambda seen: partner() not in seen)
    logged = security_events(dcc, dut, suppliers.losing, clock, began)
    expect("events in the security log", logged).satisfies(
        "a failed join", lambda codes: JOIN_FAILED in codes, rule="R-HAN-048"
    )


@testcase(
    "HAN-203",
    "A join of an HCALCS that brings a certificate is refused with code 11",
    rules=["R-HAN-041", "R-HAN-045"],
    use_cases=["CS03A1", "CS07"],
)
def test_certificate_too_many(own_log, local, dut, expect):
    certificate = key_agreement_certificate(local, dut)
    expect("result", own_log.join("CS03A1", partner(), **certificate)).equals(NO_CERTIFICATE)
    expect("devices in the log", list(own_log.entries())).satisfies("not the one", lambda seen: partner() not in seen)


@testcase(
    "HAN-204",
    "A device joins a second time as the same type, not as another",
    rules=["R-HAN-047", "R-HAN-045"],
    use_cases=["CS03A1", "CS07"],
)
def test_joined_twice(own_log, expect):
    expect("result", own_log.join("CS03A1", partner(), HCALCS)).equals(SUCCESS, rule="R-HAN-045")
    expect("result of the second", own_log.join("CS03A1", partner(), HCALCS)).equals(SUCCESS)
    expect("result as another type", own_log.join("CS03A1", partner(), PPMID)).equals(INCOMPATIBLE)
    expect("its type in the log", own_log.entries().get(partner())).equals(HCALCS)


@testcase(
    "HAN-205",
    "Unjoining takes a device out of the log; a second time it is answered with code 1",
    rules=["R-HAN-049", "R-HAN-048", "R-HAN-051"],
    use_cases=["CS03A1", "CS04AC", "CS07"],
)
def test_unjoined(dut, dcc, own_log, suppliers, clock, expect):
    began = clock.now() - seconds(1)
    expect("result of the join", own_log.join("CS03A1", partner())).equals(SUCCESS, rule="R-HAN-045")
    expect("result", own_log.unjoin("CS04ACCritical", partner())).equals(SUCCESS)
    expect("devices in the log", list(own_log.entries())).satisfies(
        "not the one", lambda seen: partner() not in seen, rule="R-HAN-049"
    )
    expect("result of the second", own_log.unjoin("CS04ACCritical", partner())).equals(NOT_IN_LOG)
    logged = security_events(dcc, dut, suppliers.losing, clock, began)
    expect("events in the security log", logged).satisfies(
        "an unjoin and a failed one", lambda codes: {UNJOINED, UNJOIN_FAILED} <= set(codes), rule="R-HAN-048"
    )


@testcase(
    "HAN-287",
    "Unjoining a device that gas meter or proxy do not list is answered with code 1, and is in the security log",
    rules=["R-HAN-048", "R-HAN-049"],
    use_cases=["CS04AC", "CS04B", "CS10b"],
    devices=["GSME", "GPF"],
)
@pytest.mark.parametrize(("kind", "use_case"), [("GSME", "CS04ACCritical"), ("GPF", "CS04B")])
def test_not_listed(kind, use_case, home, local, gas, timeline, clock, gas_suppliers, expect):
    device, supplier, began = home.device(kind), gas_suppliers.losing, clock.now()
    own_log = OwnLog(local, timeline, device, supplier, patience="40 min")

    expect("result", own_log.unjoin(use_case, partner())).equals(NOT_IN_LOG, rule="R-HAN-049")

    logged = event_log(gas, device, supplier, began, clock.now(), "Security")
    expect("entries 8F4A in the security log", logged.count(UNJOIN_FAILED)).equals(1, rule="R-HAN-048")


@testcase(
    "HAN-206",
    "A meter's log holds at least six devices, and the first that does not fit is answered with code 4",
    rules=["R-HAN-054", "R-HAN-045"],
    use_cases=["CS03A1", "CS07"],
)
def test_own_log_full(own_log, expect):
    before = len(own_log.entries())
    joined = 0
    result = SUCCESS
    for number in range(FAR_MORE):
        result = own_log.join("CS03A1", partner(number), HCALCS)
        if result != SUCCESS:
            break
        joined += 1
    expect("devices it held", before + joined).satisfies("six at least", lambda count: count >= LEAST)
    expect("result of the first that did not fit", result).equals(FULL)
    expect("devices in the log", len(own_log.entries())).equals(before + joined, rule="R-HAN-051")


@testcase(
    "HAN-207",
    "Method B enters the gas proxy in the gas meter's log, and does not fit a PPMID",
    rules=["R-HAN-043", "R-HAN-045", "R-HAN-051"],
    use_cases=["CS03B", "CS04B", "CS07"],
    devices=["GSME"],
)
def test_method_b(gas_log, gpf, expect):
    expect("result of unjoining it", gas_log.unjoin("CS04B", gpf.eui)).equals(SUCCESS, rule="R-HAN-049")
    expect("result for the gas proxy", gas_log.join("CS03B", gpf.eui, GPF, METHOD_B)).equals(SUCCESS)
    expect("result for a PPMID", gas_log.join("CS03B", partner(), PPMID, METHOD_B)).equals(WRONG_METHOD)
    entries = gas_log.entries()
    expect("type of the gas proxy in the log", entries.get(gpf.eui)).equals(GPF, rule="R-HAN-051")
    expect("devices in the log", list(entries)).satisfies("not the PPMID", lambda seen: partner() not in seen)


@testcase(
    "HAN-208",
    "Method C joins gas meter and PPMID by the other's certificate, and not without it",
    rules=["R-HAN-044", "R-HAN-041", "R-HAN-051"],
    use_cases=["CS03C", "CS07"],
    devices=["GSME"],
)
def test_method_c(gas_log, local, dut, expect):
    expect("result without certificate", gas_log.join_by_certificate(partner(1))).equals(NO_CERTIFICATE)
    certificate = key_agreement_certificate(local, dut)  # any good one serves: here that of the electricity meter
    expect("result", gas_log.join_by_certificate(partner(2), **certificate)).equals(SUCCESS)
    entries = gas_log.entries()
    expect("devices in the log", (partner(1) in entries, partner(2) in entries)).equals((False, True))
