"""A message as named, nested, JSON-able values."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.gbcs import names
from bench.gbcs.check import check, encryption_counter, encryption_recipient, encryption_secret
from bench.gbcs.clock_text import date_time_text
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Cra, Message

if TYPE_CHECKING:
    from bench.gbcs.keystore import Keystore

_STATUS_NOT_SPECIFIED = 0xFF


@dataclass(slots=True)
class Encryption:
    """What encrypted parts a message has and what became of them."""

    message: Message
    keystore: "Keystore | None"
    encrypted: int = 0
    decrypted: int = 0
    failed: int = 0  #: the keys are there but the tag is wrong

    def open(self, ciphered: bytes) -> tuple[str, bytes | None]:
        """Count and decrypt one part: ``decrypted``, ``unknown`` (no keys) or ``invalid``, and the plaintext."""
        self.encrypted += 1
        message = self.message
        secret = encryption_secret(message, self.keystore)
        if secret is None:
            return "unknown", None
        from bench.gbcs.crypto import decrypt

        counter, recipient = encryption_counter(message), encryption_recipient(message)
        try:
            plaintext = decrypt(ciphered, secret, message.originator, counter, recipient)
        except GbcsError:
            self.failed += 1
            return "invalid", None
        self.decrypted += 1
        return "decrypted", plaintext


def decode(
    message: Message, keystore: "Keystore | None" = None, acb: Eui64 | None = None, roundtrip: bool = True
) -> dict[str, Any]:
    """Every field of a message by name, in a dict that JSON can hold.

    Keys: kind, use_case, use_case_name, message_code, originator, target, counter; where present date_time (with its
    clock_status if specified) and the supplementary fields; mac, signature (`bench.gbcs.check`); encrypted, decrypted
    (counts), decryption (``invalid``, only if a tag is wrong); roundtrip (whether `bench.gbcs.encode` gives the payload
    octets back from what is shown; left out on request, for it takes as long again); payload.
    Raises GbcsError if the payload is none GBCS allows.
    """
    encryption = Encryption(message, keystore)
    payload = decode_payload(message, encryption)
    protection = check(message, keystore, acb)
    case = names.use_case(message.message_code)
    found: dict[str, Any] = {
        "kind": message.kind,
        "use_case": case.use_case,
        "use_case_name": case.name,
        "message_code": f"{message.message_code:04X}",
        "originator": str(message.originator),
        "target": str(message.target),
        "counter": message.counter,
    }
    if message.date_time:
        found["date_time"] = date_time_text(message.date_time)
        if message.date_time[-1] != _STATUS_NOT_SPECIFIED:
            found["clock_status"] = f"{message.date_time[-1]:02X}"
    found |= _supplementary(message)
    found |= {
        "mac": protection.mac,
        "signature": protection.signature,
        "encrypted": encryption.encrypted,
        "decrypted": encryption.decrypted,
    }
    if encryption.failed:
        found["decryption"] = "invalid"
    if roundtrip:
        found["roundtrip"] = _gives_back(found | {"payload": payload}, message.payload)
    if "contingency_key" in payload:
        payload["contingency_key"] = f"{len(payload['contingency_key']) // 2} octets, not shown"
    found["payload"] = payload
    return found


def _gives_back(decoded: dict[str, Any], octets: bytes) -> bool:
    from bench.gbcs.encode import encode

    try:
        return encode(decoded) == octets
    except GbcsError:
        return False


def _supplementary(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if message.supplementary_party is not None:
        found["supplementary_party"] = str(message.supplementary_party)
    if message.supplementary_counter is not None:
        found["supplementary_counter"] = message.supplementary_counter
    if message.supplementary_originator_counter is not None:
        found["supplementary_originator_counter"] = message.supplementary_originator_counter
    if message.supplementary_certificate is not None:
        from bench.gbcs.decode_der import certificate

        found["supplementary_certificate"] = certificate(message.supplementary_certificate)
    return found


def decode_payload(message: Message, encryption: Encryption) -> dict[str, Any]:
    """Named payload. Raises GbcsError."""
    payload = message.payload
    if not payload:
        raise GbcsError("empty payload")
    if payload[0] in (0xD9, 0xDA, 0x0F):
        from bench.gbcs import decode_dlms

        return decode_dlms.payload(message, encryption)
    if payload[0] == 0x01:
        from bench.gbcs import decode_gbz

        if message.cra is Cra.ALERT:
            return decode_gbz.alert(message, encryption)
        return decode_gbz.payload(message, encryption)
    from bench.gbcs import decode_der

    return decode_der.payload(message)
