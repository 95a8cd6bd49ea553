"""Verification of a message with the keys at hand (GBCS 4.3, 6.2.4)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Cra, Message

if TYPE_CHECKING:
    from bench.gbcs.keystore import Keystore

Verdict = Literal["valid", "invalid", "unknown", "absent"]

#: Commands from a PPMID to a GSME: PCS02, PCS01. Their MAC is made with the keys of the two devices.
HAN_ONLY = frozenset({0x0090, 0x009B})


@dataclass(frozen=True, slots=True)
class Protection:
    """What verification found: ``unknown`` where keys are missing, ``absent`` where there is nothing to verify."""

    mac: Verdict
    signature: Verdict


def check(message: Message, keystore: "Keystore | None" = None, acb: Eui64 | None = None) -> Protection:
    """Verify MAC and signature of a message.

    The MAC of a remote party's command is the access control broker's; without `acb` every broker of the keystore
    is tried (role 04), then every private key that no certificate names.
    """
    return Protection(_mac(message, keystore, acb), _signature(message, keystore))


def encryption_secret(message: Message, keystore: "Keystore | None") -> bytes | None:
    """Z for the encrypted parts of a response or alert: device key times that of the party meant to read them."""
    return None if keystore is None else keystore.secret(message.originator, encryption_recipient(message))


def encryption_recipient(message: Message) -> Eui64:
    """The party that can decrypt: the supplementary remote party if there is one, else the target (GBCS 4.3.3.5)."""
    return message.target if message.supplementary_party is None else message.supplementary_party


def encryption_counter(message: Message) -> int:
    """Counter of the encryption key: the supplementary originator counter if there is one."""
    counter = message.supplementary_originator_counter
    return message.counter if counter is None else counter


def _signature(message: Message, keystore: "Keystore | None") -> Verdict:
    if not message.signature:
        return "absent"
    public = None if keystore is None else keystore.public_key(message.originator, "ds")
    if public is None:
        return "unknown"
    from bench.gbcs.crypto import verify_signature

    return "valid" if verify_signature(message, public) else "invalid"


def _mac(message: Message, keystore: "Keystore | None", acb: Eui64 | None) -> Verdict:
    if message.mac is None:
        return "absent"
    if keystore is None:
        return "unknown"
    from bench.gbcs.crypto import verify_mac

    verdict: Verdict = "unknown"
    for party in _mac_parties(message, keystore, acb):
        secret = _secret(keystore, party, message)
        if secret is None:
            continue
        if verify_mac(message, secret):
            return "valid"
        verdict = "invalid"
    if message.cra is Cra.COMMAND and acb is None and verdict == "invalid":
        for party in keystore.unnamed_parties():
            secret = _secret(keystore, party, message)
            if secret is not None and verify_mac(message, secret):
                return "valid"
    return verdict


def _mac_parties(message: Message, keystore: "Keystore", acb: Eui64 | None) -> list[Eui64]:
    """Parties whose key, with the target's, may have made the MAC."""
    if message.cra is not Cra.COMMAND or message.message_code in HAN_ONLY or keystore.is_device(message.originator):
        return [message.originator]
    if acb is not None:
        return [acb]
    return keystore.access_control_brokers() or keystore.unnamed_parties()


def _secret(keystore: "Keystore", party: Eui64, message: Message) -> bytes | None:
    try:
        return keystore.secret(party, message.target)
    except GbcsError:
        return None
