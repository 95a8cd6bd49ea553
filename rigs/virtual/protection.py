"""The octets of a device's messages: how a command is read, how its own are signed and MACed (GBCS 4.3.3, 7.2)."""

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

from bench.gbcs import Cra, Eui64, GbcsError, Message, decode_der
from bench.gbcs.crypto import add_mac, shared_secret, sign
from bench.gbcs.gbz import Gbz
from bench.gbcs.trust_anchors import KeyUsage
from bench.pki import PkiError, describe, load_certificate
from rigs.virtual.rules import rule
from rigs.virtual.trust_anchors import TrustAnchors

if TYPE_CHECKING:
    from rigs.virtual.device_log import DeviceLog


class Protection:
    """What a device with keys of its own does with octets."""

    signing_key: EllipticCurvePrivateKey
    agreement_key: EllipticCurvePrivateKey
    anchors: TrustAnchors
    device_log: "DeviceLog"

    def agreement_public_key(self, party: Eui64) -> EllipticCurvePublicKey | None:
        """Return the key agreement key of a party that has a cell here, or of a device in the own log."""
        for cell, credential in self.anchors.cells.items():
            if credential.subject == party and cell.key_usage is KeyUsage.KEY_AGREEMENT and cell.cell_usage == 0:
                return credential.public_key
        return self.device_log.partner_key(party)

    @rule("R-ENC-006", "R-PRV-012")
    def certified_key(self, certificate: bytes, party: Eui64) -> EllipticCurvePublicKey | None:
        """Return the key of a certificate that came with a command: for key agreement, and of the party it is for."""
        try:
            profile = describe(load_certificate(certificate))
        except PkiError:
            return None
        is_the_partys = profile.key_usage is KeyUsage.KEY_AGREEMENT and profile.eui == party
        return profile.public_key if is_the_partys else None

    def secret(self, key: EllipticCurvePublicKey) -> bytes:
        """Return the secret shared with the holder of a key agreement key."""
        return shared_secret(self.agreement_key, key)

    @rule("R-CMD-001", "R-CMD-002", "R-CMD-003", "R-CMD-009")
    def read_message(self, data: bytes) -> Message | None:
        """Return a message whose fields are there, in order and length, a command without date-time; else None."""
        try:
            message = Message.parse(data)
        except GbcsError:
            return None
        return None if message.cra is Cra.COMMAND and message.date_time else message

    @rule("R-CMD-013")
    def read_components(self, message: Message) -> Gbz | None:
        """Return the components of a GBZ payload; None if it says another number, or does not mark the last."""
        try:
            return Gbz.parse(message.payload)
        except GbcsError:
            return None

    @rule("R-CMD-014")
    def read_der(self, message: Message) -> dict[str, object] | None:
        """Return the values of an ASN.1 payload, None if it is not DER or not of the form of its message code."""
        try:
            asked = decode_der.payload(message)
        except GbcsError:
            return None
        return None if "note" in asked or "element" in asked else asked

    @rule("R-CMD-011")
    def signed(self, message: Message) -> Message:
        """Return a message with the device's signature: from after the tag of the header to the end of the payload."""
        return sign(message, self.signing_key)

    @rule("R-CMD-010")
    def maced(self, message: Message, key: EllipticCurvePublicKey) -> Message:
        """Return a message with a MAC for the holder of a key, made with the message's ids, direction and counter."""
        return add_mac(message, self.secret(key))
