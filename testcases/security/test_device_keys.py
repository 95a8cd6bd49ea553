"""A device's own keys: a request for a certificate (CS02c), the certificate (CS02d), which one is in use (CS02e)."""

import pytest
from cryptography import x509

from bench.authority import public_key_of
from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    IssueSecurityCredentials,
    ReadEventOrSecurityLog,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    RetrieveDeviceSecurityCredentialsDevice,
    UpdateSecurityCredentialsDevice,
)
from bench.dcc_point import device_alert
from bench.gbcs import Eui64, Keystore
from bench.gbcs.decode import decode
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.gas_steps import event_log

DONE, ANOTHER_DEVICE, NO_KEY_PAIR, ANOTHER_KEY = 0, 2, 4, 5
USAGES = {"Digital Signature": "ds", "Key Agreement": "ka"}
#: usage -> codes in the security log: not replaced, replaced
LOGGED = {"ds": (0x8F4C, 0x8F4D), "ka": (0x8F4E, 0x8F4F)}
REQUIREMENTS = ["SDAG1-3-PKI", "SDAG1-3-TRUST"]
SIGNING, AGREEMENT = USAGES
#: both usages on the electricity meter, one on each gas device
CASES = pytest.mark.parametrize(
    ("kind", "named"),
    [("ESME", SIGNING), ("ESME", AGREEMENT), ("GSME", SIGNING), ("GPF", AGREEMENT)],
    ids=["ESME-ds", "ESME-ka", "GSME-ds", "GPF-ka"],
)
MANY = 4  #: requests for each usage
STRANGER = Eui64.of("00-DB-12-34-56-78-90-AA")


def _answer(response):
    return decode(response.message, Keystore())["payload"]


def _issue(dcc, device, supplier, named):
    """CS02c; returns the request for a certificate, DER."""
    body = IssueSecurityCredentials(credential_type=named)
    return bytes.fromhex(_answer(dcc.ask(body, device, as_user=supplier))["certification_request"]["der"])


def _update(dcc, device, supplier, certificate):
    """CS02d; returns the response code."""
    body = UpdateSecurityCredentialsDevice(certificate=certificate)
    return _answer(dcc.ask(body, device, as_user=supplier))["response_code"]


def _in_use(dcc, device, supplier, named, rule):
    """CS02e; returns the certificate, DER, and the message."""
    body = RetrieveDeviceSecurityCredentialsDevice(credential_type=named)
    response = dcc.ask(body, device, as_user=supplier, rule=rule)
    return bytes.fromhex(_answer(response)["certificate"]["der"]), response


def _talks(dcc, device, supplier, expect, rule):
    """Signature and MAC of the device are those of the certificates the bench holds of it."""
    _, signed = _in_use(dcc, device, supplier, "Digital Signature", rule)
    expect("signature of an answer", signed.protection.signature).equals("valid", rule=rule)
    maced = dcc.ask(ReadInstantaneousImportRegisters(), device, as_user=supplier, rule=rule)
    expect("MAC of an answer", maced.protection.mac).equals("valid", rule=rule)


@testcase(
    "SEC-601",
    "A request for a certificate is for a new key and signed with it; the keys in use stay in use",
    rules=["R-CRD-070", "R-CRD-076"],
    requirements=REQUIREMENTS,
    use_cases=["CS02c", "CS02e"],
    devices=["ESME", "GSME", "GPF"],
)
@CASES
def test_request(kind, named, home, dcc, local, expect):
    device, usage = home.device(kind), USAGES[named]
    supplier = suppliers_of(home, device).losing
    installed = local.certificate(device, usage)

    request = _issue(dcc, device, supplier, named)

    asked = x509.load_der_x509_csr(request)
    expect("whether the request is signed with the key it names", asked.is_signature_valid).equals(True)
    bits = asked.extensions.get_extension_for_class(x509.KeyUsage).value
    expect("usages asked for", (bits.digital_signature, bits.key_agreement)).equals((usage == "ds", usage == "ka"))
    now = x509.load_der_x509_certificate(installed).public_key()
    fresh = public_key_of(request).public_numbers() != now.public_numbers()
    expect("whether the key is a new one", fresh).equals(True)
    told, _ = _in_use(dcc, device, supplier, named, "R-CRD-076")
    expect("certificate in use", told.hex()).equals(installed.hex(), rule="R-CRD-076")
    _talks(dcc, device, supplier, expect, "R-CRD-070")


@testcase(
    "SEC-602",
    "With its new certificate a device uses the new key, from the next message on, and tells the new certificate",
    rules=["R-CRD-074", "R-CRD-073", "R-CRD-076"],
    requirements=[*REQUIREMENTS, "SP.17", "SDAG9-6.1.1-BINDING"],
    use_cases=["CS02c", "CS02d", "CS02e"],
    devices=["ESME", "GSME", "GPF"],
)
@CASES
def test_taken_into_use(kind, named, home, dcc, local, authority, expect):
    device, usage = home.device(kind), USAGES[named]
    supplier = suppliers_of(home, device).losing
    other = next(one for one in USAGES if one != named)
    kept = local.certificate(device, USAGES[other])
    request = _issue(dcc, device, supplier, named)
    certificate = authority.device_certificate(device.eui, usage, public_key_of(request))

    expect("response code", _update(dcc, device, supplier, certificate)).equals(DONE, rule="R-CRD-073")

    with authority.device_uses(device, usage, certificate):
        told, _ = _in_use(dcc, device, supplier, named, "R-CRD-076")
        expect("certificate in use", told.hex()).equals(certificate.hex(), rule="R-CRD-076")
        told, _ = _in_use(dcc, device, supplier, other, "R-CRD-076")
        expect("certificate of the other usage", told.hex()).equals(kept.hex(), rule="R-CRD-076")
        _talks(dcc, device, supplier, expect, "R-CRD-074")


@testcase(
    "SEC-603",
    "Of two requests for one usage the second counts: a certificate for the first key is refused",
    rules=["R-CRD-072", "R-CRD-073"],
    requirements=REQUIREMENTS,
    use_cases=["CS02c", "CS02d"],
    devices=["ESME", "GSME", "GPF"],
)
@CASES
def test_second_request(kind, named, home, dcc, authority, expect):
    device, usage = home.device(kind), USAGES[named]
    supplier = suppliers_of(home, device).losing
    first, second = (public_key_of(_issue(dcc, device, supplier, named)) for _ in range(2))
    expect("whether the second key is another", first.public_numbers() != second.public_numbers()).equals(True)

    code = _update(dcc, device, supplier, authority.device_certificate(device.eui, usage, first))
    expect("response code for the first key", code).equals(ANOTHER_KEY)

    code = _update(dcc, device, supplier, authority.device_certificate(device.eui, usage, second))
    expect("response code for the second key", code).equals(DONE)


@testcase(
    "SEC-604",
    "A certificate of another device, or for a key the device has not made, is refused, and why is told",
    rules=["R-CRD-073", "R-CRD-070"],
    requirements=[*REQUIREMENTS, "ELS-Q60-UNIQUE"],
    use_cases=["CS02c", "CS02d"],
    devices=["ESME", "GSME", "GPF"],
)
@CASES
def test_refused(kind, named, home, dcc, local, authority, expect):
    device, usage = home.device(kind), USAGES[named]
    supplier = suppliers_of(home, device).losing
    present = x509.load_der_x509_certificate(local.certificate(device, usage)).public_key()
    again = authority.device_certificate(device.eui, usage, present)
    expect("code without a request", _update(dcc, device, supplier, again)).equals(NO_KEY_PAIR)

    key = public_key_of(_issue(dcc, device, supplier, named))
    foreign = authority.device_certificate(STRANGER, usage, key)
    expect("code for another device", _update(dcc, device, supplier, foreign)).equals(ANOTHER_DEVICE)
    expect("code for another key", _update(dcc, device, supplier, again)).equals(ANOTHER_KEY)

    _talks(dcc, device, supplier, expect, "R-CRD-073")
    right = authority.device_certificate(device.eui, usage, key)
    expect("code for the right certificate afterwards", _update(dcc, device, supplier, right)).equals(DONE)


@testcase(
    "SEC-605",
    "Success and failure of a new certificate have codes of their own in the security log, and are not alerted",
    rules=["R-CRD-075"],
    requirements=[*REQUIREMENTS, "SFA-12-AUDIT"],
    use_cases=["CS02c", "CS02d", "ECS35b", "CS10b"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize(("kind", "named"), [("ESME", SIGNING), ("GSME", AGREEMENT)], ids=["ESME-ds", "GSME-ka"])
def test_logged(kind, named, home, dcc, gas, authority, clock, timeline, expect):
    device, usage = home.device(kind), USAGES[named]
    supplier = suppliers_of(home, device).losing
    began = clock.now()
    key = public_key_of(_issue(dcc, device, supplier, named))

    with timeline.never(device_alert(device, *LOGGED[usage])):
        _update(dcc, device, supplier, authority.device_certificate(STRANGER, usage, key))
        certificate = authority.device_certificate(device.eui, usage, key)
        _update(dcc, device, supplier, certificate)
        clock.sleep(minutes(1))

    with authority.device_uses(device, usage, certificate):
        if kind == "GSME":
            codes = event_log(gas, device, supplier, began, clock.now(), "Security")
        else:
            period = ReadLogPeriod(start=began.replace(microsecond=0), end=clock.now() + seconds(1))
            body = ReadEventOrSecurityLog(period=period, log="Security")
            codes = [entry.code for entry in dcc.ask(body, device, as_user=supplier).log()]
    told = [f"{code:04X}" for code in codes if code in (*LOGGED["ds"], *LOGGED["ka"])]
    expect("entries of certificates in the security log", sorted(told)).equals(
        [f"{code:04X}" for code in LOGGED[usage]]
    )


@testcase(
    "SEC-671",
    "Each new key pair is another one, whatever it is for and however often it is asked for, also after an outage",
    rules=["R-CRD-070"],
    requirements=["SP.3"],
    use_cases=["CS02c"],
)
def test_keys_differ(dut, dcc, clock, mains, suppliers, expect):
    keys = []
    for _ in range(2):
        for named in list(USAGES) * MANY:
            numbers = public_key_of(_issue(dcc, dut, suppliers.losing, named)).public_numbers()
            keys.append((numbers.x, numbers.y))
        mains.interrupt("10 s")
        clock.sleep(minutes(2))
    expect("keys that came twice", len(keys) - len(set(keys))).equals(0)
    tops = {x >> 248 for x, _ in keys}
    expect("first octets of the keys", len(tops)).satisfies("to spread", lambda count: count > len(keys) // 2)
