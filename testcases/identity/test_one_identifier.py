"""One identifier: a device is the same EUI-64 in its certificates, its messages, the hub's log and on air."""

import pytest

from bench.clock import minutes
from bench.dcc.bodies import RetrieveDeviceSecurityCredentialsDevice
from bench.expecting import precondition
from bench.gbcs import Keystore
from bench.gbcs.decode import decode
from bench.gbcs.keystore import subject_eui
from bench.pki import load_certificate
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.joining.steps import key_hashes

USAGES = ("Digital Signature", "Key Agreement")
WAKE = minutes(35)  #: time in which everybody at home is heard


@testcase(
    "IDN-071",
    "The certificates that a device returns are for its own identifier, and its signature is by the key in them",
    rules=["R-CRD-076", "R-RSP-002", "R-CRD-071"],
    requirements=["SDAG9-6.1.1-BINDING", "SDAG9-3.7.2-EUI64", "IM.05"],
    use_cases=["CS02e"],
    devices=["ESME", "GSME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME", "GPF"])
def test_certificates(kind, home, dcc, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    for usage in USAGES:
        body = RetrieveDeviceSecurityCredentialsDevice(credential_type=usage)
        answer = dcc.ask(body, device, as_user=supplier)
        shown = decode(answer.message, Keystore())["payload"]["certificate"]["der"]
        owner = subject_eui(load_certificate(bytes.fromhex(shown)))
        expect(f"identifier in the certificate for {usage}", owner).equals(device.eui)
        expect("originator of the answer", answer.message.originator).equals(device.eui, rule="R-RSP-002")
        expect("signature of the answer", answer.protection.signature).equals("valid", rule="R-CRD-071")


@testcase(
    "IDN-072",
    "The hub's log names the devices that are heard on air, by the same identifiers, and no other",
    rules=["R-HAN-015"],
    requirements=["IM.10", "IM.05", "SDAG9-3.7.2-EUI64", "HA.02"],
    use_cases=["CCS07"],
    devices=["CHF", "ESME", "GSME", "PPMID", "IHD", "CAD", "HCALCS"],
)
def test_hub_log(home, hub, dcc, han, clock, timeline, at_the_ihd, at_the_cad, at_the_ppmid, suppliers, expect):
    began = clock.now()
    for display in (at_the_ihd, at_the_cad, at_the_ppmid):
        display.figures()
    clock.sleep(WAKE)

    listed = key_hashes(dcc, hub, suppliers.losing)
    known = {one.eui for one in home.devices}
    expect("identifiers in the log that no device has", [str(one) for one in listed if one not in known]).equals([])
    heard = [one for one in home.devices if timeline.find(han.query(f'src_eui == "{one.eui}"'), after=began)]
    precondition({"ESME", "GSME"} <= {one.type for one in heard}, "both meters are heard")
    for device in heard:
        if device.eui != hub.eui:
            expect(f"whether the {device.name}, which is heard, is in the log", device.eui in listed).equals(True)
