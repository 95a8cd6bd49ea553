"""The example of every use case, as its message, on a virtual device of its type: it is executed and answered."""

from datetime import UTC, datetime
from functools import cache

import pytest

from bench.catalogue import catalogue
from bench.dcc import Device, ServiceRequest, correlate
from bench.dcc.examples import example
from bench.dcc.transform import candidates
from bench.gbcs import Cra, Eui64, Message
from bench.gbcs.crypto import add_mac, shared_secret, sign
from bench.gbcs.trust_anchors import KeyUsage, Role, TrustAnchorCell
from bench.pki import TestSmki
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.trust_anchors import Credential, TrustAnchors
from rigs.virtual.use_cases import use_cases_of
from rigs.virtual.world import World

NOW = datetime(2030, 1, 7, tzinfo=UTC)
#: use cases whose example needs more than its conditions say: facts of the DCC, or values that belong together
WITHOUT = frozenset(
    """CCS01 CCS03 CS02bACBByACB CS03CCritical CS03CNonCritical ECS01a ECS04a ECS29b ECS29d ECS57 GCS01a GCS04
    GCS20 GCS40a GCS40c GCS59""".split()  # noqa: SIM905 - easier to read
)
GIVEN = {"ECS01c": {"tou": 1}}


def cases():
    for case in catalogue().values():
        for kind in case.devices if case.services and case.name not in WITHOUT else ():
            if case.command and case.payload != "ASN1" and case.code in use_cases_of(kind):
                yield pytest.param(case, kind, id=f"{case.name} {kind}")


@cache
def smki():
    return TestSmki.generate(1, datetime(2028, 1, 1, tzinfo=UTC))

    from bench.pki.names import Role as PkiRole

    return smki().organisation(Eui64.of("90-B3-D5-1F-30-01-00-08"), PkiRole.SUPPLIER, ("ds", "ka"))


def parties():
    who = smki().identities
    return {
        Role.SUPPLIER: who.supplier,
        Role.NETWORK_OPERATOR: who.network_operator,
        Role.ACCESS_CONTROL_BROKER: who.acb,
        Role.TRANSITIONAL_COS: who.cos_party,
    }


def device(kind):
    cells = {}
    for role, party in parties().items():
        for usage, name in ((KeyUsage.DIGITAL_SIGNATURE, "ds"), (KeyUsage.KEY_AGREEMENT, "ka")):
            held = smki().party(party).certificates
            if name in held:
                cells[TrustAnchorCell(role, usage)] = Credential.of(held[name])
    eui = Eui64.of("00-15-5F-00-55-66-77-88")
    return GbcsDevice(
        World(1, NOW, lambda world: None), eui, smki(), TrustAnchors(cells, smki().root.certificate), kind
    )


def command(case, kind, eui):
    who = smki().identities
    role = (
        "NetworkOperator" if case.roles == ("NetworkOperator",) or "@user=NetworkOperator" in case.when else "Supplier"
    )
    user = who.network_operator if role == "NetworkOperator" else who.supplier
    request = ServiceRequest.of(user, eui, 2000, example(case.services[0], case, at=NOW, given=GIVEN.get(case.name)))
    request.check()
    found = candidates(
        request, device=Device(kind), acb=who.acb, acb_counter=3000, cos_party=who.cos_party, cos_counter=4000, at=NOW,
        user_role=role, cin="1234",
    )  # fmt: skip
    (message,) = [message for name, message in found if name.split()[0] == case.name][:1]
    if case.critical:
        correlate(request, bytes(message))
    broker = smki().party(who.acb).private_keys["ka"]
    if case.critical:
        message = sign(message, smki().party(message.originator).private_keys["ds"])
    return add_mac(message, shared_secret(broker, smki().device(eui).certificates["ka"].public_key()))


@pytest.mark.parametrize(("case", "kind"), list(cases()))
def test_the_example_of_a_use_case_is_answered(case, kind):
    made = device(kind)
    sent, refused = [], []
    made.send, made.refuse = sent.append, refused.append
    made.receive(bytes(command(case, kind, made.eui)))
    made.world.step(NOW.replace(minute=1))
    if "LoadController" in case.roles and len(case.roles) == 1:
        assert refused
        return
    assert refused == []
    (answer,) = map(Message.parse, sent)
    assert (answer.cra, answer.message_code, bool(answer.signature)) == (Cra.RESPONSE, case.code, case.critical)
    codes = {entry.code for entry in made.logs.event}
    assert codes <= {0x8154, 0x8155} and len(made.logs.event) == 1
