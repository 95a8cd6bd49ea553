"""Defects of a device's own keys and certificates (CS02c, CS02d, CS02e)."""

import hashlib

from cryptography.hazmat.primitives.asymmetric import ec

from bench.gbcs.trust_anchors import Role
from bench.pki import describe, load_certificate
from rigs.virtual.defects import defect
from rigs.virtual.device_certificates import NO_KEY_PAIR, SUCCESS, USAGES, WRONG_DEVICE, WRONG_KEY
from rigs.virtual.esme import Esme
from rigs.virtual.gbcs_device import GbcsDevice

OTHER_USAGE = {"digital signature": "key agreement", "key agreement": "digital signature"}


@defect(
    "any-requested-key-at-once",
    device="GbcsDevice",
    breaks="R-CRD-070",
    story="The device begins to use a new key when it asks for the certificate, before anybody can verify it.",
)
def requested_key_at_once(device: GbcsDevice) -> None:
    """The pending key is the one in use."""
    certificates, issue = device.certificates, device.certificates.issue

    def at_once(exchange, asked):
        answer = issue(exchange, asked)
        usage = USAGES[asked["key_usage"]]
        if usage == "ds":
            device.signing_key = certificates.pending[usage]
        else:
            device.agreement_key = certificates.pending[usage]
        return answer

    certificates.issue = at_once  # type: ignore[method-assign]


@defect(
    "any-request-for-key-in-use",
    device="GbcsDevice",
    breaks="R-CRD-070",
    story="The request for a certificate is for the key in use: certificates are renewed, keys never are.",
)
def request_for_key_in_use(device: GbcsDevice) -> None:
    """No new key is made."""
    device.certificates.new_key = lambda usage: device.signing_key if usage == "ds" else device.agreement_key  # type: ignore[method-assign]


@defect(
    "any-request-for-other-usage",
    device="GbcsDevice",
    breaks="R-CRD-070",
    story="Signing and agreement are mixed up in the request for a certificate.",
)
def request_for_other_usage(device: GbcsDevice) -> None:
    """The other usage is asked for."""
    issue = device.certificates.issue
    device.certificates.issue = lambda exchange, asked: issue(  # type: ignore[method-assign]
        exchange, asked | {"key_usage": OTHER_USAGE[asked["key_usage"]]}
    )


@defect(
    "any-first-request-stays",
    device="GbcsDevice",
    breaks="R-CRD-072",
    story="The key pair of the first request stays until it has its certificate; that of a second one is lost.",
)
def first_request_stays(device: GbcsDevice) -> None:
    """The pending key is not replaced."""
    certificates, issue = device.certificates, device.certificates.issue

    def first(exchange, asked):
        before = dict(certificates.pending)
        answer = issue(exchange, asked)
        certificates.pending.update(before)
        return answer

    certificates.issue = first  # type: ignore[method-assign]


def _never_refused_for(device: GbcsDevice, reason: int) -> None:
    certificates, judge = device.certificates, device.certificates.judge

    def lenient(der):
        code, usage = judge(der)
        taken = code == reason and usage in certificates.pending
        return (SUCCESS if taken else code), usage

    certificates.judge = lenient  # type: ignore[method-assign]


@defect(
    "any-takes-certificate-of-another-device",
    device="GbcsDevice",
    breaks="R-CRD-073",
    story="The identity in a new certificate is not compared with the device's own.",
)
def takes_certificate_of_another(device: GbcsDevice) -> None:
    """Any device will do."""
    _never_refused_for(device, WRONG_DEVICE)


@defect(
    "any-takes-certificate-for-another-key",
    device="GbcsDevice",
    breaks="R-CRD-073",
    story="A new certificate is not checked against the key that waits for it.",
)
def takes_certificate_for_another_key(device: GbcsDevice) -> None:
    """Any key will do."""
    _never_refused_for(device, WRONG_KEY)


@defect(
    "any-one-code-for-every-refusal",
    device="GbcsDevice",
    breaks="R-CRD-073",
    story="Whatever is wrong with a new certificate, the response says that it is invalid (1).",
)
def one_code_for_every_refusal(device: GbcsDevice) -> None:
    """Always 1."""
    update = device.certificates.update

    def coarse(exchange, asked):
        code = update(exchange, asked)["response_code"]
        return {"response_code": min(code, 1)}

    device.certificates.update = coarse  # type: ignore[method-assign]


@defect(
    "any-takes-certificate-unasked",
    device="GbcsDevice",
    breaks="R-CRD-073",
    story="A certificate that was never asked for is accepted, and nothing is done with it.",
)
def takes_certificate_unasked(device: GbcsDevice) -> None:
    """No key pair waits, and the answer is success."""
    update = device.certificates.update

    def pleased(exchange, asked):
        code = update(exchange, asked)["response_code"]
        return {"response_code": SUCCESS if code == NO_KEY_PAIR else code}

    device.certificates.update = pleased  # type: ignore[method-assign]


@defect(
    "any-new-certificate-old-key",
    device="GbcsDevice",
    breaks="R-CRD-074",
    story="The new certificate is stored and told; the device goes on with the old key until it is restarted.",
)
def new_certificate_old_key(device: GbcsDevice) -> None:
    """The key stays."""
    update = device.certificates.update

    def stored(exchange, asked):
        keys = device.signing_key, device.agreement_key
        answer = update(exchange, asked)
        device.signing_key, device.agreement_key = keys
        return answer

    device.certificates.update = stored  # type: ignore[method-assign]


@defect(
    "any-certificate-not-logged",
    device="GbcsDevice",
    breaks="R-CRD-075",
    story="New certificates leave nothing in the security log.",
)
def certificate_not_logged(device: GbcsDevice) -> None:
    """No 8F4C to 8F4F."""
    add = device.logs.add

    def without(log, code, *rest, **more):
        if not 0x8F4C <= code <= 0x8F4F:
            add(log, code, *rest, **more)

    device.logs.add = without  # type: ignore[method-assign]


@defect(
    "any-certificate-alerted",
    device="GbcsDevice",
    breaks="R-CRD-075",
    story="Each new certificate is alerted to the supplier, which nobody has asked for.",
)
def certificate_alerted(device: GbcsDevice) -> None:
    """An alert beside the entry."""
    update = device.certificates.update

    def and_tell(exchange, asked):
        answer = update(exchange, asked)
        usage = describe(load_certificate(bytes.fromhex(asked["certificate"]["der"]))).key_usage.name
        code = 0x8F4C if usage == "DIGITAL_SIGNATURE" else 0x8F4E
        device.alert(code + (answer["response_code"] == SUCCESS), Role.SUPPLIER)
        return answer

    device.certificates.update = and_tell  # type: ignore[method-assign]


@defect(
    "any-failed-certificate-logged-as-done",
    device="GbcsDevice",
    breaks="R-CRD-075",
    story="A refused certificate is written into the security log as a successful one.",
)
def failure_logged_as_done(device: GbcsDevice) -> None:
    """8F4D and 8F4F whatever happened."""
    add = device.logs.add

    def as_done(log, code, *rest, **more):
        add(log, code + 1 if code in (0x8F4C, 0x8F4E) else code, *rest, **more)

    device.logs.add = as_done  # type: ignore[method-assign]


@defect(
    "any-tells-first-certificate",
    device="GbcsDevice",
    breaks="R-CRD-076",
    story="The certificate told is that of the factory, not the one in use.",
)
def tells_first_certificate(device: GbcsDevice) -> None:
    """What is told was read at start."""
    provide, certificates = device.certificates.provide, device.certificates
    first = dict(certificates.held)

    def told(exchange, asked):
        held, certificates.held = certificates.held, first
        try:
            return provide(exchange, asked)
        finally:
            certificates.held = held

    certificates.provide = told  # type: ignore[method-assign]


@defect(
    "any-tells-certificate-of-other-usage",
    device="GbcsDevice",
    breaks="R-CRD-076",
    story="Asked for its certificate for key agreement, the device tells the one for signing.",
)
def tells_other_usage(device: GbcsDevice) -> None:
    """Always the certificate for signing."""
    provide = device.certificates.provide
    device.certificates.provide = lambda exchange, asked: provide(  # type: ignore[method-assign]
        exchange, asked | {"key_usage": "digital signature"}
    )


@defect(
    "esme-keys-of-a-fresh-generator",
    device="Esme",
    breaks="R-CRD-070",
    story="The random generator is seeded with the serial number at every start: after an outage the keys come again.",
)
def keys_of_a_fresh_generator(esme: Esme) -> None:
    """Keys are made of a number that begins anew with each start."""
    made = [0]
    esme.on_boot.append(lambda: made.__setitem__(0, 0))

    def new_key(usage: str) -> ec.EllipticCurvePrivateKey:
        made[0] += 1
        digest = hashlib.sha256(bytes(esme.eui) + made[0].to_bytes(4)).digest()
        return ec.derive_private_key(int.from_bytes(digest) >> 1, ec.SECP256R1())

    esme.certificates.new_key = new_key  # type: ignore[method-assign]
