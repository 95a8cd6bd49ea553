"""GBCS messages: envelope, cryptography, DLMS, GBZ and DER payloads, names, decoding.

Names are imported on first use, so that `bench.gbcs.message` alone loads neither cryptography nor tables.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.gbcs.check import Protection as Protection
    from bench.gbcs.crypto import add_mac as add_mac
    from bench.gbcs.crypto import decrypt as decrypt
    from bench.gbcs.crypto import derive_key as derive_key
    from bench.gbcs.crypto import encrypt as encrypt
    from bench.gbcs.crypto import gmac as gmac
    from bench.gbcs.crypto import mac as mac
    from bench.gbcs.crypto import protect as protect
    from bench.gbcs.crypto import shared_secret as shared_secret
    from bench.gbcs.crypto import sign as sign
    from bench.gbcs.crypto import verify_mac as verify_mac
    from bench.gbcs.crypto import verify_signature as verify_signature
    from bench.gbcs.errors import GbcsError as GbcsError
    from bench.gbcs.eui import Eui64 as Eui64
    from bench.gbcs.keystore import Keystore as Keystore
    from bench.gbcs.message import Cra as Cra
    from bench.gbcs.message import Message as Message

_HOMES = {
    "check": ("Protection",),
    "crypto": (
        "add_mac",
        "decrypt",
        "derive_key",
        "encrypt",
        "gmac",
        "mac",
        "protect",
        "shared_secret",
        "sign",
        "verify_mac",
        "verify_signature",
    ),
    "errors": ("GbcsError",),
    "eui": ("Eui64",),
    "keystore": ("Keystore",),
    "message": ("Cra", "Message"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'bench.gbcs' has no attribute {name!r}")
    value = getattr(import_module(f"bench.gbcs.{home}"), name)
    globals()[name] = value
    return value
