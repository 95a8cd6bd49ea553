"""Key establishment with a wrong partner: it has the network key and a certificate, and not what belongs to it."""

import pytest

from bench.clock import seconds
from bench.expecting import precondition
from bench.han.aps import ApsFrame
from bench.han.cbke import (
    BAD_KEY_CONFIRM,
    CLUSTER,
    CONFIRM_KEY,
    EPHEMERAL_DATA,
    INITIATE,
    INVALID_CERTIFICATE,
    SUITE_2,
    UNKNOWN_ISSUER,
    UNSUPPORTED_SUITE,
)
from bench.han.fragments import fragment
from bench.han.zcl import ZclFrame
from bench.testcase import testcase
from testcases.joining.steps import key_hashes, try_to_join

WINDOW = 120  #: s
SUITE_1_ALONE, SUITE_2_ALONE = 1, 2
BETWEEN_FRAGMENTS = seconds(0.2)
CONFIRMATION = 16  #: octets
ISSUER, SUBJECT = slice(11, 19), slice(28, 36)  #: of a certificate of suite 2
REFUSED = "cmd in (terminate, initiate_response) and src_eui == chf"
#: what is wrong -> status of Terminate
WRONG = {
    "suite 1": UNSUPPORTED_SUITE,
    "the hub's own certificate": INVALID_CERTIFICATE,
    "another issuer": UNKNOWN_ISSUER,
}


class Impostor:
    """Somebody with the network key, who has heard a device join and goes on in its name."""

    def __init__(self, attacker, clock, heard):
        self._attacker, self._clock, self._heard, self._counter = attacker, clock, heard, 0

    def says(self, command, payload, words):
        """Send a command of the key establishment cluster to the hub; return where on the timeline that was."""
        self._counter += 1
        whole = ApsFrame.data(
            CLUSTER, 0xC0 + self._counter, bytes(ZclFrame.cluster(command, self._counter, payload)), ack_request=True
        )
        for part in fragment(whole):
            sent = self._attacker.data(self._heard, part, words, network_security=True)
            self._clock.sleep(BETWEEN_FRAGMENTS)
        return sent

    def offers(self, suites, certificate, words):
        """Begin key establishment."""
        return self.says(INITIATE, suites.to_bytes(2, "little") + bytes((5, 5)) + certificate, words)


@pytest.fixture
def joined(hub, dcc, han, newcomer, suppliers, clock):
    """A device that has just joined: the frame in which it began key establishment, and the hub's answer."""
    added = dcc.ask(newcomer.addition(WINDOW), hub, as_user=suppliers.losing).seen
    precondition(try_to_join(newcomer, clock), "the device joins")
    began = han.expect(f'cmd == initiate_request and src_eui == "{newcomer.eui}"', within="1 s", after=added)
    answer = han.expect(f'cmd == initiate_response and dst_eui == "{newcomer.eui}"', within="1 s", after=began)
    return began, answer


def certificate_of(han, seen):
    """The certificate in an Initiate: the octets after suites and times."""
    asdu = han.frame_of(seen).zcl.payload
    return bytes(asdu[4:])


def is_served_as_before(hub, dcc, newcomer, supplier, clock, hashed, expect):
    """State that the device still has its key, on both sides."""
    expect("its key hash", key_hashes(dcc, hub, supplier)[newcomer.eui]).equals(hashed, rule="R-HAN-030")
    newcomer.ask_display()
    clock.sleep(seconds(5))
    expect("days on its display", newcomer.display()).satisfies("to be some", bool, rule="R-HAN-030")


@testcase(
    "SEC-521",
    "Key establishment that offers suite 1 alone, or a certificate of another device or issuer, is ended at once",
    rules=["R-HAN-031", "R-HAN-030"],
    requirements=["HA.16", "SDAG1-3-ZIGBEE", "SFA-12-NAUTH", "ELS-Q60-UNIQUE"],
    use_cases=["CCS01", "CCS07"],
    devices=["CHF"],
)
def test_refused(hub, dcc, han, attacker, newcomer, joined, suppliers, clock, expect):
    hashed = key_hashes(dcc, hub, suppliers.losing)[newcomer.eui]
    own, hubs = (certificate_of(han, seen) for seen in joined)
    foreign = own[: ISSUER.start] + b"NOTKNOWN" + own[ISSUER.stop :]
    impostor = Impostor(attacker, clock, joined[0])
    for what, status in WRONG.items():
        certificate = {"the hub's own certificate": hubs, "another issuer": foreign}.get(what, own)
        suites = SUITE_1_ALONE if what == "suite 1" else SUITE_2_ALONE

        offered = impostor.offers(suites, certificate, f"a start of key establishment: {what}")

        answer = han.expect(REFUSED, within="10 s", after=offered)
        expect(f"the hub's answer to {what}", answer.data["what"]).equals("Terminate")
        expect(f"its status for {what}", han.frame_of(answer).zcl_fields["status"]).equals(status)
    is_served_as_before(hub, dcc, newcomer, suppliers.losing, clock, hashed, expect)


@testcase(
    "SEC-522",
    "A certificate for which one has no private key is of no use: the confirmation is wrong, and the key stays",
    rules=["R-HAN-030"],
    requirements=["HA.16", "SDAG1-3-ZIGBEE", "SFA-12-NAUTH"],
    use_cases=["CCS01", "CCS07", "CS02a"],
    devices=["CHF", "HCALCS"],
)
def test_not_confirmed(hub, dcc, han, attacker, joined, hcalcs, suppliers, clock, timeline, expect):
    before = clock.now()
    dcc.credentials(hcalcs, ["Supplier"], as_user=suppliers.losing)
    heard = han.expect(f'cluster == tunneling and src_eui == "{hcalcs.eui}"', within="1 s", after=before)
    hashed = key_hashes(dcc, hub, suppliers.losing)[hcalcs.eui]
    impostor, hubs = Impostor(attacker, clock, heard), certificate_of(han, joined[1])
    certificate = hubs[: SUBJECT.start] + hcalcs.eui + hubs[SUBJECT.stop :]

    offered = impostor.offers(SUITE_2_ALONE, certificate, "a start of key establishment as the HCALCS")
    han.expect("cmd == initiate_response and src_eui == chf", within="10 s", after=offered, rule="R-HAN-031")
    point = SUITE_2.point(certificate)  # some point of the curve, of which the impostor knows no logarithm
    sent = impostor.says(EPHEMERAL_DATA, point, "an ephemeral point")
    han.expect("cmd == ephemeral_data_response and src_eui == chf", within="10 s", after=sent)
    confirmed = impostor.says(CONFIRM_KEY, bytes(CONFIRMATION), "a confirmation that is a guess")

    ended = timeline.find(han.query(f'cmd == terminate and src_eui == "{hcalcs.eui}"'), after=offered)
    precondition(not ended, "the device in whose name it is does not end it by itself")
    answer = han.expect("cmd in (terminate, confirm_key_response) and src_eui == chf", within="10 s", after=confirmed)
    expect("the hub's answer", answer.data["what"]).equals("Terminate")
    expect("its status", han.frame_of(answer).zcl_fields["status"]).equals(BAD_KEY_CONFIRM)
    expect("its key hash", key_hashes(dcc, hub, suppliers.losing)[hcalcs.eui]).equals(hashed)
    dcc.credentials(hcalcs, ["Supplier"], as_user=suppliers.losing)
