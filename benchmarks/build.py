"""Build protected commands from typed values, against the bare cryptography that protects them.

A command is built from its DLMS, GBZ or DER objects: payload octets, grouping header, signature if critical, MAC.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from bench.gbcs import Cra, Message
from bench.gbcs.check import HAN_ONLY
from bench.gbcs.credentials import UpdateCredentials
from bench.gbcs.crypto import protect
from bench.gbcs.der import Tlv
from bench.gbcs.dlms import AccessRequest
from bench.gbcs.gbz import Gbz
from benchmarks.floor import tail
from benchmarks.measure import medians, one_core, rate, say, verdict
from benchmarks.messages import Messages, load

CRITICAL_GOAL, NON_CRITICAL_GOAL = 0.60, 0.30


def _typed(message: Message) -> Any:
    """The payload as the objects a caller makes."""
    if message.payload[0] == 0xD9:
        return AccessRequest.parse(message.payload)
    if message.payload[0] == 0x01:
        return Gbz.parse(message.payload)
    if 0x0100 <= message.message_code <= 0x0109 or message.message_code in (0x0125, 0x0126):
        return UpdateCredentials.parse(message.payload)
    return Tlv.parse(message.payload)


class Commands:
    """The commands of a data set with one protection, and both ways to make them."""

    def __init__(self, messages: Messages, critical: bool) -> None:
        self.work: list[tuple[Any, ...]] = []
        self.bare: list[tuple[Any, ...]] = []
        store = messages.keystore
        for octets in messages.octets:
            message = Message.parse(octets)
            if message.cra is not Cra.COMMAND or message.mac is None or bool(message.signature) is not critical:
                continue
            secret = store.secret(messages.broker, message.target)
            private = store.private_key(message.originator, "ds") if critical else None
            if secret is None or message.message_code in HAN_ONLY or (critical and private is None):
                continue
            typed = _typed(message)
            header = (message.counter, message.originator, message.target, message.message_code)
            fields = (message.supplementary_party, message.supplementary_counter, message.supplementary_certificate)
            self.work.append((header, fields, typed, secret, private))
            derived = b"\0\0\0\1" + secret + tail(message.originator, 1, message.counter, message.target)
            aad, nonce = message.maced_octets, message.originator + bytes(4)
            self.bare.append((derived, nonce, aad, message.signed_octets, private))
            assert critical or self.one(self.work[-1]) == octets

    @staticmethod
    def one(work: tuple[Any, ...]) -> bytes:
        """One command from its objects."""
        (counter, originator, target, code), (party, party_counter, certificate), typed, secret, private = work
        payload = typed.__bytes__()
        message = Message(
            Cra.COMMAND, counter, originator, target, code, payload, b"", party, party_counter, None, certificate
        )
        return protect(message, secret, private)

    def project(self) -> None:
        """Every command from its objects."""
        for work in self.work:
            self.one(work)

    def floor(self) -> None:
        """Every signature, key and MAC."""
        algorithm = ECDSA(SHA256(), deterministic_signing=True)
        for derived, nonce, aad, octets, private in self.bare:
            _protect(derived, nonce, aad, octets, private, algorithm)


def _protect(
    derived: bytes, nonce: bytes, aad: bytes, octets: bytes, private: EllipticCurvePrivateKey | None, algorithm: ECDSA
) -> None:
    if private is not None:
        private.sign(octets, algorithm)
    AESGCM(hashlib.sha256(derived).digest()[:16]).encrypt(nonce, b"", aad)


def _ratio(commands: Commands, repetitions: Callable[[int], int]) -> tuple[float, float, float]:
    bare, mine = medians(commands.floor, commands.project, repetitions=repetitions(len(commands.work)))
    return bare, mine, bare / mine


def main() -> None:
    """Measure and report; the last line is the kind that is further from its goal."""
    one_core()
    messages = load()
    found = []
    for name, critical, goal in (("critical", True, CRITICAL_GOAL), ("non-critical", False, NON_CRITICAL_GOAL)):
        commands = Commands(messages, critical)
        count = len(commands.work)
        bare, mine, ratio = _ratio(commands, lambda size: 9 if size > 1000 else 25)
        say(f"{name}: {count} commands, floor {rate(count, bare)}, project {rate(count, mine)}: {ratio:.2f} of {goal}")
        found.append((ratio / goal, ratio, name, goal))
    _, ratio, name, goal = min(found)
    verdict("build", ratio, f"floor, {name}", goal)


if __name__ == "__main__":
    main()
