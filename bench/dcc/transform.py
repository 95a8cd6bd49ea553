"""From a service request to the GBCS message it asks for, as the DCC's transform makes it (GBCS 7.2).

A critical request gives a pre-command, which the user checks and signs; any other gives a command that lacks only its
MAC (signature length 00).
"""

from dataclasses import dataclass
from datetime import datetime

from bench.dcc.bodies import Body, SignedPreCommand
from bench.dcc.document import local
from bench.dcc.errors import DuisError
from bench.dcc.payload import Context, Device
from bench.dcc.request import ServiceRequest
from bench.dcc.usecases import USE_CASES, Author, UseCase
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Cra, Message

#: device types that hold no credentials of users, so that every command comes from the access control broker
_KNOW_NO_USER = frozenset({Device.CHF, Device.PPMID})


@dataclass(frozen=True, slots=True)
class _Author:
    originator: Eui64
    counter: int
    user: Eui64 | None = None
    user_counter: int | None = None


def use_cases(request: ServiceRequest, device: Device) -> list[UseCase]:
    """The use cases a request means for a device type; empty where it makes no sense or is not covered."""
    body = request.body
    if not isinstance(body, Body) or isinstance(body, SignedPreCommand):
        return []
    return [
        case for case in USE_CASES if request.variant in case.variants and device in case.devices and case.applies(body)
    ]


def transform(
    request: ServiceRequest,
    *,
    device: Device,
    acb: Eui64,
    acb_counter: int | None = None,
    cos_party: Eui64 | None = None,
    cos_counter: int | None = None,
    known: bool | None = None,
    user_certificate: bytes | None = None,
    at: datetime | None = None,
) -> list[Message]:
    """The messages a request becomes, for a target of type `device`.

    `known` says whether the device knows the user (None: every device does but CHF and PPMID); for an unknown
    one the access control broker is the originator, with its own counter. 6.23 is the CoS party's. `user_certificate`
    is an unknown user's key-agreement certificate (DER), for reads that answer encrypted. `at` is when the message is
    made: some ZigBee commands carry it. Raises DuisError if the request does not fit or is not covered.
    """
    cases = use_cases(request, device)
    if not cases:
        name = request.body.name() if isinstance(request.body, Body) else local(request.body)
        raise DuisError(f"{name} ({request.variant}): no use case for {device} is known")
    messages = []
    for case in cases:
        knows = (device not in _KNOW_NO_USER) if known is None else known
        author = _author(case, request, (acb, acb_counter), (cos_party, cos_counter), knows)
        context = Context(request, device, author.counter, at)
        messages.append(
            Message(
                cra=Cra.COMMAND,
                counter=author.counter,
                originator=author.originator,
                target=request.request_id.target,
                message_code=case.message_code,
                payload=case.payload(context),
                supplementary_party=author.user,
                supplementary_counter=author.user_counter,
                supplementary_certificate=user_certificate if author.user is not None else None,
                signature=None if _needs_signature(case, request) else b"",
            )
        )
    return messages


def _needs_signature(case: UseCase, request: ServiceRequest) -> bool:
    """Critical commands are signed by the user, and those of the CoS party by the CoS party."""
    return request.critical or case.author is Author.COS_PARTY


def _author(
    case: UseCase,
    request: ServiceRequest,
    broker: tuple[Eui64, int | None],
    cos: tuple[Eui64 | None, int | None],
    known: bool,
) -> _Author:
    identifier = request.request_id
    if case.author is Author.COS_PARTY:
        party, counter = cos
        if party is None or counter is None:
            raise DuisError("cos_party, cos_counter: needed, for the CoS party is the originator")
        return _Author(party, counter)
    if case.author is Author.USER and (known or request.critical):
        return _Author(identifier.originator, identifier.counter)
    party, counter = broker
    if counter is None:
        raise DuisError("acb_counter: needed, for the access control broker is the originator")
    if case.author is Author.BROKER_ALONE or identifier.originator == party:
        return _Author(party, counter)
    return _Author(party, counter, identifier.originator, identifier.counter)
