"""Steps of joining that test cases share."""

from bench.clock import seconds
from bench.dcc.bodies import ReadDeviceLog
from bench.gbcs import Eui64

ATTEMPT = seconds(15)  #: three scans, key establishment included


def try_to_join(newcomer, clock):
    """Let the device look for a network; return whether it is on one then."""
    newcomer.press_join()
    clock.sleep(ATTEMPT)
    return newcomer.joined


def key_hashes(dcc, hub, user):
    """The hub's device log: EUI-64 -> hash of the link key, no octets where there is none (CCS07)."""
    return _logs(dcc, hub, user)[0]


def historic_hashes(dcc, hub, user):
    """The hub's historic device log, in the same way."""
    return _logs(dcc, hub, user)[1]


def _logs(dcc, hub, user):
    answer = dcc.ask(ReadDeviceLog(security_details=True), hub, as_user=user)
    return answer.items(lambda data: [{Eui64(row[0].value): row[1].value for row in log[2].value} for log in data])
