"""A device's own certificates, on every type of device: renewed by its owner; what was agreed on the HAN stays."""

import pytest

from bench.authority import public_key_of
from bench.clock import minutes
from bench.dcc.bodies import (
    IssueSecurityCredentials,
    ReadInstantaneousImportRegisters,
    RetrieveDeviceSecurityCredentialsDevice,
    RetrieveDeviceSecurityCredentialsKRP,
    UpdateSecurityCredentialsDevice,
)
from bench.gbcs import decode_der
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.prepayment.conftest import meter  # noqa: F401 - a fixture

DONE = 0
USAGES = {"Digital Signature": "ds", "Key Agreement": "ka"}
REQUIREMENTS = ["SDAG1-3-PKI", "SDAG1-3-TRUST"]
CASES = [
    ("CHF", "Digital Signature"),
    ("CHF", "Key Agreement"),
    ("PPMID", "Digital Signature"),
    ("HCALCS", "Key Agreement"),
]


class Owner:
    """Who sends a device the commands of its own keys: its supplier, and of hub and PPMID the broker."""

    def __init__(self, home, local, timeline, device):
        self._local, self._timeline, self._device = local, timeline, device
        self.party = home.suppliers.losing if device.type == "HCALCS" else home.acb

    def ask(self, body, rule="R-CRD-073"):
        """Send a command; return what the answer says, and its protection."""
        command = self._local.command(body, self._device, as_user=self.party)
        delivered = self._local.deliver(command, f"{type(body).__name__} of the {self.party.name}")
        seen = self._timeline.expect(answer_to(command), within=minutes(1), after=delivered, rule=rule)
        return decode_der.payload(self._local.read(seen).message), (seen.data["signature"], seen.data["mac"])


@testcase(
    "SEC-606",
    "Hub, PPMID and HCALCS take a new certificate of their own from their owner, and use the new key from then on",
    rules=["R-CRD-073", "R-CRD-074", "R-CRD-070", "R-CRD-076", "R-CRD-071"],
    requirements=[*REQUIREMENTS, "SP.17", "SDAG9-6.1.1-BINDING"],
    use_cases=["CS02c", "CS02d", "CS02e", "CS02a"],
    devices=["CHF", "PPMID", "HCALCS"],
)
@pytest.mark.parametrize(("kind", "named"), CASES, ids=[f"{kind}-{USAGES[named]}" for kind, named in CASES])
def test_renewed(kind, named, home, local, authority, timeline, expect):
    device, usage = home.device(kind), USAGES[named]
    owner = Owner(home, local, timeline, device)
    issued, protection = owner.ask(IssueSecurityCredentials(credential_type=named), "R-CRD-070")
    expect("signature and MAC of the answer", protection).equals(("valid", "absent"), rule="R-CRD-071")
    key = public_key_of(bytes.fromhex(issued["certification_request"]["der"]))
    certificate = authority.device_certificate(device.eui, usage, key)

    told, _ = owner.ask(UpdateSecurityCredentialsDevice(certificate=certificate))

    expect("response code", told["response_code"]).equals(DONE)
    with authority.device_uses(device, usage, certificate):
        read, protection = owner.ask(RetrieveDeviceSecurityCredentialsDevice(credential_type=named), "R-CRD-074")
        expect("certificate in use", read["certificate"]["der"].lower()).equals(certificate.hex(), rule="R-CRD-076")
        expect("signature and MAC of the answer", protection).equals(("valid", "absent"), rule="R-CRD-074")
        command = local.command(
            RetrieveDeviceSecurityCredentialsKRP(roles=("AccessControlBroker",)), device, as_user=home.acb
        )
        delivered = local.deliver(command, "a read of credentials by the broker")
        seen = timeline.expect(answer_to(command), within=minutes(1), after=delivered, rule="R-CRD-074")
        expect("MAC of the answer", seen.data["mac"]).equals("valid", rule="R-CRD-074")


@testcase(
    "SEC-607",
    "With a new key agreement certificate the meter still talks with hub, PPMID, IHD and CAD by the keys agreed before",
    rules=["R-CRD-077", "R-CRD-074"],
    requirements=REQUIREMENTS,
    use_cases=["CS02c", "CS02d", "ECS17b", "PECS02"],
    devices=["ESME", "PPMID", "IHD", "CAD"],
)
@pytest.mark.parametrize("meter", ["electricity"], indirect=True)
def test_keys_of_the_han(meter, dut, dcc, authority, at_the_ppmid, at_the_ihd, at_the_cad, suppliers, expect):  # noqa: F811
    meter.prepay()
    supplier = suppliers.losing
    meter.top_up(meter.token(5))  # what is keyed in later has ten bits of its counter alone
    request = dcc.ask(IssueSecurityCredentials(credential_type="Key Agreement"), dut, as_user=supplier)
    key = public_key_of(bytes.fromhex(decode_der.payload(request.message)["certification_request"]["der"]))
    certificate = authority.device_certificate(dut.eui, "ka", key)

    told = dcc.ask(UpdateSecurityCredentialsDevice(certificate=certificate), dut, as_user=supplier)

    expect("response code", decode_der.payload(told.message)["response_code"]).equals(DONE, rule="R-CRD-074")
    with authority.device_uses(dut, "ka", certificate):
        maced = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=supplier, rule="R-CRD-077")
        expect("MAC of an answer", maced.protection.mac).equals("valid", rule="R-CRD-074")
        token = meter.token(5)
        shown = at_the_ppmid.enter_token("electricity", token.digits)
        expect("what the PPMID shows of a token made for the new key", shown).equals("accepted", rule="R-CRD-074")
    expect("what the PPMID shows", at_the_ppmid.activate_emergency_credit("electricity")).satisfies(
        "an answer of the meter", lambda words: words in ("active", "not available")
    )
    expect("what the CAD reads", at_the_cad.figures()).satisfies("something", bool)
    expect("what the IHD reads", at_the_ihd.figures()).satisfies("something", bool)


@testcase(
    "SEC-676",
    "Key pairs for signing and for key agreement wait side by side, each for its certificate",
    rules=["R-CRD-072", "R-CRD-070", "R-CRD-073"],
    requirements=REQUIREMENTS,
    use_cases=["CS02c", "CS02d"],
    devices=["CHF", "HCALCS"],
)
@pytest.mark.parametrize("kind", ["CHF", "HCALCS"])
def test_side_by_side(kind, home, local, timeline, authority, expect):
    device = home.device(kind)
    owner = Owner(home, local, timeline, device)
    certificates = {}
    for named, usage in USAGES.items():
        issued, _ = owner.ask(IssueSecurityCredentials(credential_type=named), "R-CRD-070")
        key = public_key_of(bytes.fromhex(issued["certification_request"]["der"]))
        certificates[usage] = authority.device_certificate(device.eui, usage, key)

    told, _ = owner.ask(UpdateSecurityCredentialsDevice(certificate=certificates["ds"]))

    expect("response code of the first", told["response_code"]).equals(DONE)
    with authority.device_uses(device, "ds", certificates["ds"]):
        told, _ = owner.ask(UpdateSecurityCredentialsDevice(certificate=certificates["ka"]))
    expect("response code of the second", told["response_code"]).equals(DONE)
