"""From a service request to the GBCS message it asks for, as the DCC's transform makes it (GBCS 7.2).

A critical request gives a pre-command, which the user checks and signs; any other gives a command that lacks only its
MAC (signature length 00), or its signature where the DCC signs for a party. What a use case carries is data: see
`bench.catalogue`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, combinations
from typing import Any

from bench.catalogue import UseCase, use_cases_of
from bench.catalogue.model import METERS
from bench.dcc.assemble import assemble
from bench.dcc.bodies import Body, SignedPreCommand
from bench.dcc.document import local
from bench.dcc.errors import DuisError
from bench.dcc.payload import Context, Device, holds
from bench.dcc.request import ServiceRequest
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Cra, Message

#: what the other device of a join may be, where there is a choice
_PARTNERS: dict[tuple[str, Device], tuple[Device | None, ...]] = {
    ("8.7.1", Device.ESME): (Device.HCALCS, Device.PPMID),
    ("8.7.2", Device.PPMID): (Device.ESME, Device.GSME),
}


@dataclass(frozen=True, slots=True)
class _Author:
    originator: Eui64
    counter: int
    user: Eui64 | None = None
    user_counter: int | None = None


def use_cases(
    request: ServiceRequest,
    device: Device,
    *,
    meter: Iterable[str] = (),
    user_role: str = "Supplier",
    other: Device | None = None,
    superseded: bool = False,
) -> list[UseCase]:
    """The use cases a request means for a device type; empty where it makes no sense or is not covered.

    `superseded`: also those of earlier GBCS versions that a later one replaces.
    """
    body = request.body
    if not isinstance(body, Body) or isinstance(body, SignedPreCommand):
        return []
    kinds = frozenset(meter)
    context = Context(request, device, 0, meter=kinds, user_role=user_role, other=other)
    found = [
        case
        for case in use_cases_of(request.variant)
        if device in case.devices
        and all((kind.removeprefix("!") in kinds) != kind.startswith("!") for kind in case.meter)
        and all(_applies(context, condition) for condition in case.when)
    ]
    names = {case.name for case in found}
    return [case for case in found if superseded or case.superseded_by not in names]


def _applies(context: Context, condition: str) -> bool:
    """A condition on the other device holds where its type is not known, if it is a likely one."""
    if condition.startswith("@other=") and context.other is None:
        return condition == "@other=ESME"
    return holds(context, condition)


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
    meter: Iterable[str] = (),
    user_role: str = "Supplier",
    other: Device | None = None,
    other_certificate: bytes | None = None,
    cin: str | None = None,
    facts: Mapping[str, Any] | None = None,
    use_case: str | None = None,
) -> list[Message]:
    """The messages a request becomes, for a target of type `device`.

    `known` says whether the device knows the user (None: it does, unless the request brings the user's certificate);
    for an unknown one the access control broker is the originator, with its own counter. 6.23 is the CoS party's.
    `user_certificate` is an unknown user's key-agreement certificate (DER), for reads that answer encrypted; the one
    in the request if None. `at` is when the message is made: some ZigBee commands carry it. `meter` says what a
    request does not: "polyphase", "twin" (two elements). `other` and `other_certificate` are those of the partner of
    a join, `cin` a customer identification number, `facts` what else only the DCC knows ("hub_log"). `use_case`
    asks for one by name where several could apply, as for meters of an earlier GBCS version. Raises DuisError if the
    request does not fit or is not covered.
    """
    cases = use_cases(request, device, meter=meter, user_role=user_role, other=other, superseded=use_case is not None)
    if use_case is not None:
        cases = [case for case in cases if case.name == use_case]
    if not cases:
        name = request.body.name() if isinstance(request.body, Body) else local(request.body)
        raise DuisError(f"{name} ({request.variant}): no use case {use_case or ''}for {device} is known")
    body: Any = request.body
    certificate = user_certificate or getattr(body, "key_agreement_certificate", None)
    knows = known if known is not None else getattr(body, "key_agreement_certificate", None) is None
    messages = []
    for case in cases:
        # a user without the right to ask the device itself is one that the device does not know; a hub knows none
        through_broker = "ACB" in case.roles and (user_role not in case.roles or device is Device.CHF)
        entitled = not case.roles or not through_broker
        author = _author(case, request, (acb, acb_counter), (cos_party, cos_counter), knows and entitled)
        context = Context(
            request, device, author.counter, at, frozenset(meter), user_role, other, other_certificate, cin, facts or {}
        )
        messages.append(
            Message(
                cra=Cra.COMMAND,
                counter=author.counter,
                originator=author.originator,
                target=request.request_id.target,
                message_code=case.code,
                payload=assemble(case, context),
                supplementary_party=author.user,
                supplementary_counter=author.user_counter,
                supplementary_certificate=certificate if author.user is not None else None,
                signature=None if case.critical else b"",
            )
        )
    return messages


def candidates(request: ServiceRequest, *, device: Device, **options: Any) -> list[tuple[str, Message]]:
    """Every message a request may become, with what decides: kinds of meter, GBCS versions, partner of a join.

    Takes the options of `transform` but meter, other and use_case. One entry for most requests. Raises DuisError like
    `transform` if there is none.
    """
    found: dict[bytes, tuple[str, Message]] = {}
    problem: DuisError | None = None
    role = options.get("user_role", "Supplier")
    for kinds in chain.from_iterable(combinations(METERS, size) for size in range(len(METERS) + 1)):
        for other in _PARTNERS.get((request.variant, device), (None,)):
            for case in use_cases(request, device, meter=kinds, other=other, superseded=True, user_role=role):
                try:
                    (message,) = transform(
                        request, device=device, meter=kinds, other=other, use_case=case.name, **options
                    )
                except DuisError as failed:
                    problem = problem or failed
                    continue
                words = [case.name, *kinds, *([f"with {other}"] if other else [])]
                found.setdefault(bytes(message), (" ".join(words), message))
    if not found:
        if problem is not None:
            raise problem
        transform(request, device=device, **options)
    likely = use_cases(request, device, user_role=role)
    order = {case.name: number for number, case in enumerate(likely)}
    return sorted(found.values(), key=lambda each: order.get(each[0].split()[0], len(order)))


def _author(
    case: UseCase,
    request: ServiceRequest,
    broker: tuple[Eui64, int | None],
    cos: tuple[Eui64 | None, int | None],
    known: bool,
) -> _Author:
    identifier = request.request_id
    if case.sender == "CoS party":
        party, counter = cos
        if party is None or counter is None:
            raise DuisError("cos_party, cos_counter: needed, for the CoS party is the originator")
        return _Author(party, counter)
    if case.sender == "user" and (known or case.critical):
        return _Author(identifier.originator, identifier.counter)
    party, counter = broker
    itself = identifier.originator == party
    if counter is None and itself:
        counter = identifier.counter
    if counter is None:
        raise DuisError("acb_counter: needed, for the access control broker is the originator")
    if case.sender == "ACB" or itself:
        return _Author(party, counter)
    return _Author(party, counter, identifier.originator, identifier.counter)
