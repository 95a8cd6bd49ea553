"""A device's own keys and certificates: CS02c, CS02d, CS02e (GBCS 13.4 to 13.6)."""

from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.pki import PkiError, describe, load_certificate
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.exchange import Exchange
    from rigs.virtual.gbcs_device import GbcsDevice

ISSUE, UPDATE, PROVIDE = 0x000A, 0x000B, 0x000C
USAGES = {"digital signature": "ds", "key agreement": "ka"}
INVALID_KEY_USAGE = 1
SUCCESS, INVALID_CERTIFICATE, WRONG_DEVICE, WRONG_USAGE, NO_KEY_PAIR, WRONG_KEY = 0, 1, 2, 3, 4, 5
NO_CERTIFICATE = 2
#: (usage, succeeded) -> code in the security log
LOGGED = {("ds", False): 0x8F4C, ("ds", True): 0x8F4D, ("ka", False): 0x8F4E, ("ka", True): 0x8F4F}

Named = dict[str, Any]


class DeviceCertificates:
    """The certificates in use, and key pairs that wait for theirs."""

    def __init__(self, device: "GbcsDevice", certificates: dict[str, x509.Certificate]) -> None:
        self._device = device
        self.held = dict(certificates)
        self.pending: dict[str, ec.EllipticCurvePrivateKey] = {}
        device.der_commands[ISSUE] = lambda exchange, asked: self.issue(exchange, asked)  # noqa: PLW0108
        device.der_commands[UPDATE] = lambda exchange, asked: self.update(exchange, asked)  # noqa: PLW0108
        device.der_commands[PROVIDE] = lambda exchange, asked: self.provide(exchange, asked)  # noqa: PLW0108

    @rule("R-CRD-070")
    def new_key(self, usage: str) -> ec.EllipticCurvePrivateKey:
        """Return a fresh key pair; chance comes from the world, so that a seed gives the same run again."""
        number = self._device.world.rng.getrandbits(255) or 1
        return ec.derive_private_key(number, ec.SECP256R1())

    @rule("R-CRD-070", "R-CRD-072")
    def issue(self, exchange: "Exchange", asked: Named) -> Named:
        """Make a key pair and return a request for its certificate; the keys in use stay in use."""
        usage = USAGES.get(asked.get("key_usage", ""))
        if usage is None:
            return {"response_code": INVALID_KEY_USAGE}
        key = self.pending[usage] = self.new_key(usage)
        bits = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_cert_sign", "crl_sign"), False
        ) | {"encipher_only": False, "decipher_only": False}
        request = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(x509.Name([]))
            .add_extension(
                x509.KeyUsage(digital_signature=usage == "ds", key_agreement=usage == "ka", **bits), critical=True
            )
            .sign(key, SHA256(), ecdsa_deterministic=True)
        )
        return {"certification_request": {"der": request.public_bytes(Encoding.DER).hex()}}

    @rule("R-CRD-073", "R-CRD-074", "R-CRD-075")
    def update(self, exchange: "Exchange", asked: Named) -> Named:
        """Take a certificate for a pending key pair into use."""
        code, usage = self.judge(bytes.fromhex(asked["certificate"]["der"]))
        if code == SUCCESS:
            self.take_into_use(usage, load_certificate(bytes.fromhex(asked["certificate"]["der"])))
        logs = self._device.logs
        logs.add(logs.security, LOGGED[usage, code == SUCCESS])
        return {"response_code": code}

    def judge(self, der: bytes) -> tuple[int, str]:
        """Check a certificate in the order of the response codes; returns the code and the usage."""
        try:
            certificate = load_certificate(der)
            profile = describe(certificate)
        except PkiError:
            return INVALID_CERTIFICATE, "ds"
        usage = "ka" if profile.key_usage.name == "KEY_AGREEMENT" else "ds"
        if profile.eui != self._device.eui:
            return WRONG_DEVICE, usage
        if profile.key_usage.name not in ("KEY_AGREEMENT", "DIGITAL_SIGNATURE"):
            return WRONG_USAGE, usage
        pending = self.pending.get(usage)
        if pending is None:
            return NO_KEY_PAIR, usage
        same = _octets(pending.public_key()) == _octets(certificate.public_key())
        return (SUCCESS if same else WRONG_KEY), usage

    @rule("R-CRD-077", "R-CRD-074")
    def take_into_use(self, usage: str, certificate: x509.Certificate) -> None:
        """Switch to the pending key pair and its certificate; keys agreed on the HAN are others, and stay."""
        self.held[usage] = certificate
        key = self.pending.pop(usage)
        if usage == "ds":
            self._device.signing_key = key
        else:
            self._device.agreement_key = key

    @rule("R-CRD-076")
    def provide(self, exchange: "Exchange", asked: Named) -> Named:
        """Return the certificate in use."""
        usage = USAGES.get(asked.get("key_usage", ""))
        if usage is None:
            return {"response_code": INVALID_KEY_USAGE}
        if usage not in self.held:
            return {"response_code": NO_CERTIFICATE}
        return {"certificate": {"der": self.held[usage].public_bytes(Encoding.DER).hex()}}


def _octets(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return b""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
