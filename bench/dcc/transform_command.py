"""`bench transform`: service requests in files to GBCS messages in hex, one line a message.

A request that several messages could answer (a polyphase meter, a second element, an earlier GBCS version) gives the
likeliest, or with `every` one line each, the likeliest first; a note on standard error names them.
"""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from bench.catalogue import use_cases_of
from bench.dcc.errors import DuisError
from bench.dcc.payload import Device
from bench.dcc.record import read_date_time
from bench.dcc.request import ServiceRequest
from bench.dcc.transform import candidates, use_cases
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Message

if TYPE_CHECKING:
    from bench.gbcs.keystore import Keystore

OK, FAILED, USAGE = 0, 1, 2
_LARGEST_FILE = 64 << 20

#: parties of the public test PKI
ACB, COS_PARTY = Eui64.of("90B3D51F30000002"), Eui64.of("90B3D51F30000004")
NETWORK_OPERATORS = frozenset({Eui64.of("90B3D51F30020000")})
_NETWORK_OPERATOR_ROLE = 3
#: devices of the public test data: type by the last octet of 00DB1234567890xx
_TEST_DEVICES = Eui64.of("00DB1234567890A0")[:7]
_TYPES = dict(zip(range(0xA0, 0xA7), ("ESME", "GSME", "CHF", "GPF", "PPMID", "HCALCS", "SAPC"), strict=True))
#: customer identification number the DCC is taken to have made up
CIN = "1234"


class _UsageError(Exception):
    """What the user asked for cannot be done as asked."""


def run(
    paths: list[str],
    keys: Path | None,
    counter: int | None,
    device: str | None,
    at: str | None,
    out: TextIO,
    every: bool = False,
) -> int:
    """Transform the request in each file, or in each XML file of a folder, to `out`.

    `keys` is a folder of certificates and private keys (`Keystore.load`): messages are signed and MACed where the
    private keys are there. `counter` is the DCC's own originator counter, `device` the type of the target, `at` when
    the messages are made (None: now), `every` asks for all messages a request may stand for. Returns 0 if all could be
    done, 1 if some could not (one line on standard error each), 2 with one line on standard error for a usage error.
    """
    try:
        kind = _device(device)
        made = _moment(at)
        if counter is not None and not 0 <= counter < 1 << 64:
            raise _UsageError(f"--counter {counter} is outside 0..2^64-1")
        files = list(_files(paths))
        keystore = _keystore(keys)
    except _UsageError as error:
        print(f"bench transform: {error}", file=sys.stderr)
        return USAGE
    code = OK
    with keystore or nullcontext():
        for path in files:
            try:
                found = _transform(path, keystore, counter, kind, made)
            except (DuisError, GbcsError) as problem:
                print(f"{path}: {problem}", file=sys.stderr)
                code = FAILED
                continue
            except OSError as problem:
                print(f"{path}: {problem.strerror or 'cannot be read'}", file=sys.stderr)
                code = FAILED
                continue
            if len(found) > 1:
                words = "; ".join(name for name, _ in found)
                print(f"{path}: {len(found)} messages are possible, the likeliest first: {words}", file=sys.stderr)
            for _, message in found if every else found[:1]:
                print(bytes(message).hex().upper(), file=out)
    return code


def _device(name: str | None) -> Device | None:
    if name is None:
        return None
    try:
        return Device(name.upper())
    except ValueError:
        raise _UsageError(f"--device {name!r} is not one of {', '.join(Device)}") from None


def _moment(at: str | None) -> datetime:
    if at is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        try:
            return read_date_time(at)
        except ValueError:
            raise _UsageError(f"--at {at!r} is no date and time; give one such as 2015-01-01T00:00:00Z") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _files(paths: list[str]) -> Iterator[Path]:
    if not paths:
        raise _UsageError("no file given")
    for name in paths:
        path = Path(name)
        if path.is_dir():
            yield from sorted(each for each in path.iterdir() if each.suffix.lower() == ".xml")
        elif path.exists():
            yield path
        else:
            raise _UsageError(f"{name} does not exist")


def _keystore(keys: Path | None) -> "Keystore | None":
    """Keys of a folder; None, and no cryptography loaded, where none is given."""
    if keys is None:
        return None
    if not Path(keys).is_dir():
        raise _UsageError(f"--keys {keys} is no directory; give the folder with the <eui64>-ds|ka.pem|key files")
    from bench.gbcs.keystore import Keystore

    try:
        return Keystore.load(Path(keys))
    except OSError as error:
        raise _UsageError(f"--keys {keys} cannot be read ({error.strerror or 'input/output error'})") from None
    except GbcsError as error:
        raise _UsageError(f"--keys {keys}: {error}; replace or remove that file") from None


def _transform(
    path: Path, keystore: "Keystore | None", counter: int | None, kind: Device | None, made: datetime
) -> list[tuple[str, Message]]:
    if path.stat().st_size > _LARGEST_FILE:
        raise DuisError(f"more than {_LARGEST_FILE >> 20} MiB")
    return transformed(ServiceRequest.parse(path.read_bytes()), keystore, counter, kind, made)


def transformed(
    request: ServiceRequest,
    keystore: "Keystore | None",
    counter: int | None,
    kind: Device | None,
    made: datetime,
) -> list[tuple[str, Message]]:
    """Return the messages a request may stand for, likeliest first, each with its use case. Raises DuisError."""
    if not use_cases_of(request.variant):
        raise DuisError(f"{request.variant}: the DCC answers this request itself, no device is sent a message")
    role = _role(request.request_id.originator, keystore)
    target = kind or guess_device(request, role)
    found = candidates(
        request,
        device=target,
        acb=ACB,
        acb_counter=counter,
        cos_party=COS_PARTY,
        cos_counter=counter,
        at=made,
        user_role=role,
        cin=CIN,
        other_certificate=_certificate(getattr(request.body, "other", None), keystore),
    )
    return [(name, _protected(message, keystore)) for name, message in found]


def guess_device(request: ServiceRequest, user_role: str = "Supplier") -> Device:
    """The type of the target: by its EUI-64 in the public test data, else the only one the request makes sense for.

    Raises DuisError if it cannot be told.
    """
    target = request.request_id.target
    if target[:7] == _TEST_DEVICES and target[7] in _TYPES:
        return Device(_TYPES[target[7]])
    fitting = [kind for kind in Device if use_cases(request, kind, user_role=user_role)]
    if len(fitting) != 1:
        words = " or ".join(fitting) or "none"
        raise DuisError(f"--device: the target may be {words}; say which")
    return fitting[0]


def _role(user: Eui64, keystore: "Keystore | None") -> str:
    """Role of the user, by its certificate or as one of the public test parties."""
    certificate: Any = None
    if keystore is not None:
        certificate = keystore.certificate(user, "ds") or keystore.certificate(user, "ka")
    if certificate is not None:
        from bench.gbcs.keystore import role

        return "NetworkOperator" if role(certificate) == _NETWORK_OPERATOR_ROLE else "Supplier"
    return "NetworkOperator" if user in NETWORK_OPERATORS else "Supplier"


def _certificate(device: Eui64 | None, keystore: "Keystore | None") -> bytes | None:
    if device is None or keystore is None:
        return None
    certificate = keystore.certificate(device, "ka")
    if certificate is None:
        return None
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def _protected(message: Message, keystore: "Keystore | None") -> Message:
    """Signed and MACed as far as the private keys are there."""
    if keystore is None:
        return message
    from bench.gbcs.crypto import add_mac, sign

    if message.signature is None:
        key = keystore.private_key(message.originator, "ds")
        if key is None:
            return message
        message = sign(message, key)
    secret = keystore.secret(ACB, message.target)
    return message if secret is None else add_mac(message, secret)
