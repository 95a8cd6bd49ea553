"""Defects of what is encrypted: too much, too little told of it, for whom."""

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from bench.gbcs import Eui64
from bench.gbcs.crypto import encrypt
from bench.gbcs.dlms import ProtectionParameters, encode, parse_protected_response, protected_response
from bench.gbcs.gbz import ENCRYPTED, Gbz
from bench.pki import load_certificate
from rigs.virtual.cosem import SUCCESS, Access
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.exchange import Exchange
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.gsme import Gsme


@defect(
    "esme-encrypts-every-reading",
    device="Esme",
    breaks="R-ENC-002",
    story="Whatever is read is encrypted for its reader, to be on the safe side: network operators, who have no use "
    "for it, get octets in place of power and export.",
)
def encrypts_every_reading(esme: Esme) -> None:
    """Plain reads are answered with protected data."""
    get = esme.cosem.get

    def protected(access: Access):
        value, code = get(access)
        exchange = access.exchange
        secret = exchange.encryption_secret()
        if code != SUCCESS or secret is None:
            return value, code
        ciphered = encrypt(encode(value), secret, esme.eui, exchange.encryption_counter(), exchange.reader)
        parameters = ProtectionParameters(esme.eui, exchange.command.originator, exchange.command.counter)
        return protected_response(ciphered, parameters), SUCCESS

    esme.cosem.get = protected  # type: ignore[method-assign]


@defect(
    "esme-protected-data-without-counter",
    device="Esme",
    breaks="R-ENC-007",
    story="The protection parameters of an answer keep the transaction id zero.",
)
def protected_data_without_counter(esme: Esme) -> None:
    """The counter in the parameters is zero."""
    read = esme.cosem.read_protected

    def uncounted(access: Access):
        value, code = read(access)
        if code != SUCCESS:
            return value, code
        parameters, ciphered = parse_protected_response(value)
        return protected_response(ciphered, replace(parameters, counter=0)), code

    esme.cosem.read_protected = uncounted  # type: ignore[method-assign]


@defect(
    "gsme-encrypts-what-is-tapped",
    device="Gsme",
    breaks="R-ENC-004",
    story="Answers to commands of the supplier are encrypted for the supplier: the proxy cannot see what was accepted.",
)
def encrypts_what_is_tapped(gsme: Gsme) -> None:
    """Components of GCS23 and CS11 are encrypted."""
    finished = gsme.zcl._finished

    def encrypted(exchange: Exchange, request: Gbz, answers):
        if exchange.command.message_code in (0x007C, 0x0015):
            answers = [replace(one, control=one.control | ENCRYPTED) for one in answers]
        return finished(exchange, request, answers)

    gsme.zcl._finished = encrypted  # type: ignore[method-assign]


@defect(
    "any-encrypts-for-any-certificate",
    device="GbcsDevice",
    breaks="R-ENC-006",
    story="The certificate that comes with a command is taken for its key alone: whose it is nobody looks at.",
)
def encrypts_for_any_certificate(device: GbcsDevice) -> None:
    """Every certificate is the reader's."""

    def any_key(certificate: bytes, party: Eui64) -> EllipticCurvePublicKey | None:
        key = load_certificate(certificate).public_key()
        return key if isinstance(key, EllipticCurvePublicKey) else None

    device.certified_key = any_key  # type: ignore[method-assign]
