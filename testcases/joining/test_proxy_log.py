"""The gas proxy's own log of devices: joined, unjoined, backed up with the DCC at each change, and restored."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import RestoreGPFDeviceLog
from bench.expecting import precondition
from bench.gbcs import Eui64, decode_der
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.joining.own_log import (
    FULL,
    HCALCS,
    INCOMPATIBLE,
    METHOD_A,
    METHOD_B,
    NOT_IN_LOG,
    SUCCESS,
    TYPE_2,
    WRONG_CODE,
    OwnLog,
)

FAR_MORE = 40
ON_ITS_WAY = seconds(10)  #: an alert to the DCC


def display(number):
    """The EUI-64 of a device of type 2 that could be joined."""
    return Eui64.of(0x00155F00CAFE4000 + number)


@pytest.fixture
def proxy_log(local, timeline, gpf, gas_suppliers):
    """The gas proxy's log."""
    return OwnLog(local, timeline, gpf, gas_suppliers.losing)


def restore(dcc, gpf, supplier, expect):
    """8.12.2: the DCC gives the proxy the log that it has of it; device -> type, result."""
    sent = dcc.send(RestoreGPFDeviceLog(old_gpf=gpf.eui), gpf, as_user=supplier)
    expect("that the DCC has a log of the proxy", sent.accepted).equals(True, rule="R-HAN-052")
    told = decode_der.payload(sent.response(rule="R-HAN-053").message)["device_log"]
    return {Eui64.of(one["device"]): (one["device_type_code"], one["response_code"]) for one in told}


@testcase(
    "HAN-221",
    "The gas proxy enters devices of type 2 by method B, refuses what does not fit, and has a log that can be full",
    rules=["R-HAN-043", "R-HAN-045", "R-HAN-046", "R-HAN-047", "R-HAN-049", "R-HAN-051", "R-HAN-054"],
    use_cases=["CS03B", "CS04B", "CS07"],
    devices=["GPF"],
)
def test_own_log(proxy_log, expect):
    before = proxy_log.entries()
    expect("result", proxy_log.join("CS03B", display(1), TYPE_2, METHOD_B)).equals(SUCCESS)
    expect("its type in the log", proxy_log.entries().get(display(1))).equals(TYPE_2, rule="R-HAN-051")
    expect("result by another method", proxy_log.join("CS03B", display(2), TYPE_2, METHOD_A)).equals(
        WRONG_CODE, rule="R-HAN-046"
    )
    expect("result as another type", proxy_log.join("CS03B", display(1), HCALCS, METHOD_B)).equals(
        INCOMPATIBLE, rule="R-HAN-047"
    )
    expect("result of unjoining", proxy_log.unjoin("CS04B", display(1))).equals(SUCCESS, rule="R-HAN-049")
    expect("result of unjoining again", proxy_log.unjoin("CS04B", display(1))).equals(NOT_IN_LOG, rule="R-HAN-049")
    expect("the log", proxy_log.entries()).equals(before, rule="R-HAN-051")

    results = []
    while len(results) < FAR_MORE and SUCCESS in (results or [SUCCESS])[-1:]:
        results.append(proxy_log.join("CS03B", display(10 + len(results)), TYPE_2, METHOD_B))
    expect("result of the first that did not fit", results[-1]).equals(FULL, rule="R-HAN-045")
    expect("devices in the log", len(proxy_log.entries())).equals(len(before) + len(results) - 1, rule="R-HAN-051")


@testcase(
    "HAN-222",
    "Each change of the gas proxy's log reaches the DCC: what it restores is the log as it was last, entry by entry",
    rules=["R-HAN-052", "R-HAN-053"],
    requirements=["SFA-29-EXPAND", "IM.03"],
    use_cases=["CS03B", "CS04B", "CS07", "GCS62", "GCS59"],
    devices=["GPF"],
)
def test_backup(proxy_log, gpf, dcc, gas_suppliers, clock, expect):
    supplier = gas_suppliers.losing
    for number in (1, 2, 3):
        joined = proxy_log.join("CS03B", display(number), TYPE_2, METHOD_B)
        precondition(joined == SUCCESS, f"device {number} is joined")
        clock.sleep(ON_ITS_WAY)
        known = restore(dcc, gpf, supplier, expect)
        expect(f"devices the DCC knows after join {number}", set(known)).equals(set(proxy_log.entries()))
        expect(f"what it knows of device {number}", known.get(display(number))).equals(
            (TYPE_2, SUCCESS), rule="R-HAN-053"
        )
    left = proxy_log.unjoin("CS04B", display(2))
    precondition(left == SUCCESS, "device 2 is unjoined")
    clock.sleep(ON_ITS_WAY)
    known = restore(dcc, gpf, supplier, expect)
    expect("whether the DCC knows device 2 after the unjoin", display(2) in known).equals(False)
    expect("devices the DCC knows", set(known)).equals(set(proxy_log.entries()))


@testcase(
    "HAN-223",
    "A log that is restored takes the place of the one there was, and the DCC is told of it",
    rules=["R-HAN-053", "R-HAN-052"],
    requirements=["SFA-29-EXPAND", "IM.03"],
    use_cases=["CS03B", "CS07", "GCS59"],
    devices=["GPF"],
)
def test_restored(proxy_log, gpf, home, dcc, local, timeline, gas_suppliers, clock, expect):
    supplier = gas_suppliers.losing
    precondition(proxy_log.join("CS03B", display(1), TYPE_2, METHOD_B) == SUCCESS, "a device is joined")
    listed = [(display(number), "IHD") for number in (5, 6, 7)]
    command = local.command(RestoreGPFDeviceLog(old_gpf=gpf.eui), gpf, as_user=home.acb, facts={"gpf_log": listed})
    delivered = local.deliver(command, "GCS59 with three devices")
    seen = timeline.expect(answer_to(command), within=minutes(1), after=delivered)

    told = decode_der.payload(local.read(seen).message)["device_log"]
    expect("devices answered, in order", [Eui64.of(one["device"]) for one in told]).equals([eui for eui, _ in listed])
    expect("results", [one["response_code"] for one in told]).equals([SUCCESS] * 3)
    expect("the log then", proxy_log.entries()).equals({eui: TYPE_2 for eui, _ in listed})
    clock.sleep(ON_ITS_WAY)
    known = set(restore(dcc, gpf, supplier, expect))
    expect("devices the DCC knows then", known).equals({eui for eui, _ in listed}, rule="R-HAN-052")
