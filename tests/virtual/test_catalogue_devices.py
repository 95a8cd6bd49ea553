"""Virtual devices against the reference data: given its values, they give its responses, octet for octet.

Each reference command goes to a device of its type that holds the reference keys, and, at the objects the command
reads, the values the reference response shows. What the device makes of both is its own.
"""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bench.gbcs import Cra, Eui64, Keystore, Message
from bench.gbcs.check import encryption_counter, encryption_recipient
from bench.gbcs.credentials import CredentialsDetails
from bench.gbcs.crypto import decrypt
from bench.gbcs.decode import decode as decode_message
from bench.gbcs.dlms import (
    ACTION,
    DATA_PROTECTION,
    GET_WITH_SELECTION,
    AccessRequest,
    AccessResponse,
    decode,
    parse_protected_request,
    parse_protected_response,
)
from bench.gbcs.firmware import OtaImage
from bench.gbcs.gbz import Gbz
from bench.gbcs.times import parse_date_time
from bench.gbcs.trust_anchors import KeyUsage, Role, TrustAnchorCell
from bench.gbcs.zcl_payload import decode_attribute
from bench.gbcs.zcl_values import read_string
from bench.pki import TestSmki, load_certificate
from rigs.virtual.device_certificates import PROVIDE
from rigs.virtual.device_log import GPF_TYPE, INCOMPATIBLE, METHODS, READ_LOG, UNJOIN, UNJOIN_CRITICAL, Entry
from rigs.virtual.firmware import ACTIVATE
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.trust_anchors import Credential, TrustAnchors
from rigs.virtual.use_cases import CREDENTIALS_DETAILS, DEVICE_CREDENTIALS_DETAILS, use_cases_of
from rigs.virtual.world import World
from tests.dcc.pairs import DEVICES
from tests.rtds import RTDS, messages, needs_rtds, pair, read

pytestmark = [needs_rtds, pytest.mark.rtds]

CLOCK = datetime(2015, 1, 1, tzinfo=UTC)
#: published responses a device does not give, and why
UNEQUAL = {
    "GCS61_4.17_SUCCESS": "encrypted for a user behind the broker without a counter of the device (GBCS 7.2.7)",
}
#: exchanges between two devices: the data set has no private key of either
NO_KEY = ("PCS01",)


def exchanges():
    for path in messages():
        response = pair(path) if "_COMMAND" in path.name else None
        if response is not None:
            yield pytest.param(path, response, id=path.name.replace("_COMMAND_GBCS.HEX", ""))


@pytest.fixture(scope="module")
def keystore():
    return Keystore.load(RTDS / "keystore")


@pytest.fixture(scope="module")
def smki():
    return TestSmki.generate(1, datetime(2028, 1, 1, tzinfo=UTC))


class Reference(GbcsDevice):
    """A device whose secrets come from the other parties' private keys: the reference data has none of devices."""

    def secret(self, key):
        return self.secrets[key.public_numbers()]

    def clock(self):
        return self.instant

    def clock_status(self):
        return self.status


def role(eui):
    """The role of a party of the reference data, by its EUI-64."""
    if eui[5]:
        return Role.NETWORK_OPERATOR if eui[5] == 2 else Role.LOAD_CONTROLLER if eui[7] == 8 else Role.SUPPLIER
    by_number = {1: Role.RECOVERY, 2: Role.ACCESS_CONTROL_BROKER, 4: Role.TRANSITIONAL_COS}
    return by_number.get(eui[7], Role.SUPPLIER)


def device(command, response, keystore, smki):
    target = command.target
    credentials, secrets = {}, {}
    parties = {command.originator, Eui64.of("90b3d51f30000002")} | {
        party for party in (command.supplementary_party,) if party
    }
    for party in parties:
        for usage, kind in (("ds", KeyUsage.DIGITAL_SIGNATURE), ("ka", KeyUsage.KEY_AGREEMENT)):
            certificate = keystore.certificate(party, usage)
            if certificate is None:
                continue
            one = Credential.of(certificate)
            if usage == "ka" and (secret := keystore.secret(party, target)) is not None:
                secrets[one.public_key.public_numbers()] = secret
            credentials[TrustAnchorCell(role(party), kind)] = replace(one, subject=party)
    world = World(1, CLOCK, lambda world: None)
    made = Reference(world, target, smki, TrustAnchors(credentials, smki.root.certificate), DEVICES[target[7]])
    made.secrets = secrets
    made.instant = parse_date_time(response.date_time) if response.date_time else CLOCK
    made.status = response.date_time[-1] if response.date_time else 0xFF
    if response.supplementary_originator_counter is not None:
        made.own_counter = response.supplementary_originator_counter - 1
    return made


def opened(message, octets, secrets):
    (secret,) = {value for value in secrets.values() if _opens(octets, value, message)}
    return decrypt(octets, secret, message.originator, encryption_counter(message), encryption_recipient(message))


def _opens(octets, secret, message):
    try:
        decrypt(octets, secret, message.originator, encryption_counter(message), encryption_recipient(message))
    except ValueError:
        return False
    return True


def fill_cosem(made, command, response):
    request, answer = AccessRequest.parse(command.payload), AccessResponse.parse(response.payload)
    objects = made.cosem.objects
    failed = False
    for spec, parameter, value, (_, code) in zip(request.specs, request.data, answer.data, answer.results, strict=True):
        key = spec.class_id, spec.obis, spec.index
        if code and not failed:
            objects.faults[key] = code
        failed = failed or code != 0
        if code:
            continue
        if spec.choice == ACTION and spec.class_id != DATA_PROTECTION and value.tag:
            objects.methods[key] = lambda parameter, value=value: value
        elif spec.choice == ACTION and spec.class_id == DATA_PROTECTION:
            _, ciphered = parse_protected_response(value)
            plain, _ = decode(opened(response, ciphered, made.secrets))
            for item, held in zip(parse_protected_request(parameter)[0], plain.value, strict=True):
                objects.put((item.class_id, item.obis, item.attribute), held)
        elif spec.choice in (1, GET_WITH_SELECTION):
            objects.put(key, value)


def fill_zcl(made, command, response):
    request, answer = Gbz.parse(command.payload), Gbz.parse(response.payload)
    by_number = {}
    for one in answer.components:
        octets = opened(response, one.payload, made.secrets) if one.encrypted else one.payload
        by_number.setdefault(one.tsn, []).append((one.command, octets, one.profile_wide))
    queues = {}
    for component in request.components:
        answers = by_number[component.tsn]
        if component.profile_wide:
            fill_attributes(made.zcl.objects, component.cluster, answers[0][1])
        elif answers[0][2]:
            queues.setdefault(key_of(component), []).append(answers[0][1][1])
        else:
            queues.setdefault(key_of(component), []).append([(code, octets) for code, octets, _ in answers])
    for key, queue in queues.items():
        made.zcl.objects.commands[key] = lambda component, queue=queue: queue.pop(0)


def key_of(component):
    return component.cluster, component.to_server, component.command


def fill_attributes(objects, cluster, octets):
    at = 0
    while at < len(octets) and len(octets) > 2:
        attribute, status = int.from_bytes(octets[at : at + 2], "little"), octets[at + 2]
        at += 3
        if status:
            objects.faults[cluster, attribute] = status
            continue
        kind, start = octets[at], at + 1
        at = (
            read_string(octets, start, "value")[1] if kind in (0x41, 0x42) else decode_attribute(kind, octets, start)[1]
        )
        objects.put((cluster, attribute), kind, octets[start:at])


def fill_der(made, command, response):
    code = command.message_code
    if code not in made.der_commands:
        pytest.skip(f"{code:04X}: the virtual device does not do it")
    asked, given = decode_message(command, Keystore())["payload"], decode_message(response, Keystore())["payload"]
    made.long_form = bool(given.get("long_form"))
    result = given.get("response_code")
    if code in METHODS:
        if result == INCOMPATIBLE:
            made.device_log.entries[Eui64.of(asked["other_device"])] = Entry(GPF_TYPE)
    elif code in (UNJOIN, UNJOIN_CRITICAL):
        if result == 0:
            made.device_log.entries[Eui64.of(asked["other_device"])] = Entry(GPF_TYPE)
    elif code == READ_LOG:
        made.device_log.broken = result != 0
        for one in given.get("device_log", ()):
            made.device_log.entries[Eui64.of(one["device"])] = Entry(one["device_type_code"])
    elif code == PROVIDE and "certificate" in given:
        usage = {"digital signature": "ds", "key agreement": "ka"}[asked["key_usage"]]
        made.certificates.held[usage] = load_certificate(bytes.fromhex(given["certificate"]["der"]))
    elif code == ACTIVATE:
        outcome = given["outcome"]
        if isinstance(outcome, dict):
            fill_firmware(made.firmware, bytes.fromhex(outcome["firmware_version"]), asked, result_of(outcome))
    elif code in (CREDENTIALS_DETAILS, DEVICE_CREDENTIALS_DETAILS):
        fill_credentials(made, response)
    else:
        pytest.skip(f"{code:04X}: the answer hangs on fresh keys or on the certificates of the reference PKI")


def result_of(outcome):
    return outcome["response_code"]


def fill_firmware(firmware, version, asked, result):
    firmware.version = version
    if result == 0:
        wanted = bytes.fromhex(asked["image_hash"])
        held = type("Held", (OtaImage,), {"hash": wanted, "__slots__": ()})
        firmware.image = held(0, 0, int.from_bytes(version), b"", (0, 0))
        firmware.version = b"old!"


def fill_credentials(made, response):
    cells = made.anchors.cells
    for one in CredentialsDetails.parse(response.payload).roles:
        if not one.cells and one.role is role(response.target):
            pytest.skip("the response denies the cell by which its command was accepted")
        public = {cell.key_usage: cells.pop(cell).public_key for cell in list(cells) if cell.role is one.role}
        made.anchors.counters[one.role] = one.current_seq_number or 0
        for cell in one.cells:
            key = TrustAnchorCell(one.role, cell.key_usage, cell.cell_usage)
            cells[key] = Credential(cell.subject, cell.key_id, public.get(cell.key_usage))


@pytest.mark.parametrize(("path", "answer"), list(exchanges()))
def test_a_device_with_the_values_of_the_reference_gives_its_response(path, answer, keystore, smki):
    octets, expected = read(path), read(answer)
    command, response = Message.parse(octets), Message.parse(expected)
    kind = DEVICES[command.target[7]]
    supported = use_cases_of(kind).get(command.message_code)
    if supported is None:
        pytest.skip(f"{kind} {command.message_code:04X}: no entry")
    if path.name.startswith(NO_KEY):
        pytest.skip(f"{path.name}: no private key of either device in the data set")
    made = device(command, response, keystore, smki)
    {"DLMS": fill_cosem, "GBZ": fill_zcl, "ASN1": fill_der}[supported.payload](made, command, response)
    sent, refused = [], []
    made.send = sent.append
    made.refuse = refused.append
    made.receive(octets)
    made.world.step(CLOCK.replace(minute=1))
    assert refused == []
    (given,) = sent
    if response.signature:
        given = replace(Message.parse(given), signature=response.signature)
    name = path.name.replace("_COMMAND_GBCS.HEX", "")
    if name in UNEQUAL:
        assert Message.parse(given).supplementary_originator_counter is not None
        assert response.supplementary_originator_counter is None
        return
    assert bytes(given).hex() == expected.hex()
    assert Message.parse(bytes(given)).cra is Cra.RESPONSE
