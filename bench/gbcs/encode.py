"""Payload octets from what `bench.gbcs.decode` shows: commands, responses and alerts as their sender builds them.

``encode(decode(message))`` is the payload of the message, for every message that decodes. Values may be changed in
between; annotations such as names are not read. Encrypted values are encrypted anew if the keystore has the keys,
else the ``ciphered`` octets beside them are used.
"""

from typing import TYPE_CHECKING, Any

from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Cra
from bench.gbcs.value_octets import hexadecimal, integer

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.gbcs.keystore import Keystore

Named = dict[str, Any]
_MISFITS = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)


def encode(decoded: Named, keystore: "Keystore | None" = None) -> bytes:
    """Payload octets of a message as `bench.gbcs.decode.decode` or ``bench decode --json`` shows it.

    Needs ``kind``, ``message_code`` and ``payload``; to encrypt also ``originator``, ``target``, ``counter`` and the
    supplementary fields. Raises GbcsError saying what does not fit.
    """
    try:
        kind = decoded["kind"]
        cra = {"response": Cra.RESPONSE, "alert": Cra.ALERT}.get(kind, Cra.COMMAND)
        code = int.from_bytes(hexadecimal(decoded["message_code"], "message_code"), "big")
        seal = None if keystore is None or cra is Cra.COMMAND else sealer(decoded, keystore)
        return encode_payload(decoded["payload"], code, cra, seal)
    except GbcsError:
        raise
    except KeyError as error:
        raise GbcsError(f"no {error.args[0]} in the decoded message") from None
    except _MISFITS as error:
        raise GbcsError(f"not a decoded message: {' '.join(str(error).split())[:120]}") from None


def encode_payload(
    payload: Named, message_code: int, cra: Cra, seal: "Callable[[bytes], bytes] | None" = None
) -> bytes:
    """Payload octets; `seal` encrypts the plaintext of protected values. Raises GbcsError, or what a misfit raises."""
    if "service" in payload:
        from bench.gbcs import encode_dlms

        return encode_dlms.payload(payload, message_code, seal)
    if "profile" in payload:
        from bench.gbcs import encode_gbz

        return encode_gbz.payload(payload, message_code, seal)
    from bench.gbcs import decode_der

    return decode_der.octets(payload, message_code, cra)


def sealer(decoded: Named, keystore: "Keystore") -> "Callable[[bytes], bytes] | None":
    """What encrypts for the party a response or alert is for; None without the keys."""
    originator = Eui64.of(decoded["originator"])
    party, counter = decoded["target"], decoded["counter"]
    recipient = Eui64.of(str(decoded.get("supplementary_party", party)))
    counter = integer(decoded.get("supplementary_originator_counter", counter), "counter")
    secret = keystore.secret(originator, recipient)
    if secret is None:
        return None
    from bench.gbcs.crypto import encrypt

    return lambda plaintext: encrypt(plaintext, secret, originator, counter, recipient)
