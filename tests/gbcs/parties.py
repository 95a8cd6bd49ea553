"""Parties with generated keys, for tests that need no reference data."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)

from bench.gbcs.eui import Eui64
from bench.gbcs.keystore import Keystore

SUPPLIER = Eui64.of("90-AB-CD-00-00-01-00-00")
BROKER = Eui64.of("90-AB-CD-00-00-00-00-02")
METER = Eui64.of("00-AB-12-34-56-78-90-A0")


@dataclass(frozen=True)
class Keys:
    signing: EllipticCurvePrivateKey
    agreement: EllipticCurvePrivateKey


def keys(eui: Eui64) -> Keys:
    seed = int.from_bytes(eui, "big")
    return Keys(derive_private_key(seed * 3 + 1, SECP256R1()), derive_private_key(seed * 5 + 2, SECP256R1()))


def keystore(*private: Eui64, public: tuple[Eui64, ...] = (SUPPLIER, BROKER, METER)) -> Keystore:
    store = Keystore()
    for eui in public:
        store.add(eui, "ds", public_key=keys(eui).signing.public_key())
        store.add(eui, "ka", public_key=keys(eui).agreement.public_key())
    for eui in private:
        store.add(eui, "ds", private_key=keys(eui).signing)
        store.add(eui, "ka", private_key=keys(eui).agreement)
    return store
