"""Service requests (DUIS 5.4): identifier, header and body."""

from dataclasses import dataclass
from typing import Self

from lxml import etree

from bench.dcc.bodies import BODIES, Body, SignedPreCommand
from bench.dcc.document import (
    SCHEMA_VERSION,
    add,
    children,
    expect,
    local,
    new,
    parse_document,
    serialise,
    text_of,
)
from bench.dcc.errors import DuisError
from bench.dcc.record import BOOLEAN, COUNTER, read_eui
from bench.dcc.services import Service, service, service_of
from bench.dcc.signature import NAMESPACE as SIGNATURE_NAMESPACE
from bench.gbcs.eui import Eui64


@dataclass(frozen=True, slots=True)
class RequestId:
    """Originator, target and originator counter of a request; a response identifier has the two swapped."""

    originator: Eui64
    target: Eui64
    counter: int  #: u64

    def __str__(self) -> str:
        return f"{self.originator}:{self.target}:{self.counter}"

    @property
    def swapped(self) -> "RequestId":
        """The identifier of the response."""
        return RequestId(self.target, self.originator, self.counter)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``90-B3-..:00-DB-..:1000``; the counter is decimal without leading zeros."""
        parts = text.strip().split(":")
        if len(parts) != 3:
            raise DuisError(f"RequestID: {text[:80]!r}, expected originator:target:counter")
        try:
            counter = int(COUNTER.read(parts[2]))
            if parts[2] != str(counter):
                raise ValueError(f"counter {parts[2]!r} with leading zeros or sign")
            return cls(read_eui(parts[0]), read_eui(parts[1]), counter)
        except ValueError as problem:
            raise DuisError(f"RequestID: {problem}") from None


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """One service request, without its XML signature."""

    request_id: RequestId
    command_variant: int  #: 1..8
    service_reference: str  #: "6.15"
    variant: str  #: "6.15.1"
    body: Body | etree._Element  #: typed where the bench knows the body, else its element
    first_in_sequence: bool | None = None
    preceding: RequestId | None = None  #: PrecedingServiceRequestID
    schema_version: str = SCHEMA_VERSION

    @classmethod
    def of(
        cls,
        originator: Eui64,
        target: Eui64,
        counter: int,
        body: Body | etree._Element,
        command_variant: int | None = None,
    ) -> Self:
        """A request whose references follow from its body; the command variant defaults to the first allowed one.

        Not for SignedPreCommand: that takes its references from the request it answers, see `signed`.
        """
        facts = service_of(body.name() if isinstance(body, Body) else local(body))
        chosen = facts.command_variants[0] if command_variant is None else command_variant
        identifier = RequestId(originator, target, counter)
        return cls(identifier, chosen, facts.service_reference, facts.variant, body)

    def signed(self, pre_command: bytes, command_variant: int = 5) -> "ServiceRequest":
        """The request that hands in the signed pre-command: same identifier and references, command variant 5 to 7."""
        return ServiceRequest(
            self.request_id,
            command_variant,
            self.service_reference,
            self.variant,
            SignedPreCommand(payload=pre_command),
            schema_version=self.schema_version,
        )

    @property
    def service(self) -> Service:
        """What DUIS says of this service reference variant. Raises DuisError if it does not exist."""
        return service(self.variant)

    @property
    def critical(self) -> bool:
        """Whether the command has to carry the user's signature."""
        return self.service.critical

    def check(self) -> None:
        """Check that reference, variant, command variant and body fit each other; raises DuisError."""
        facts = self.service
        if self.service_reference != facts.service_reference:
            raise DuisError(f"ServiceReference: {self.service_reference} with variant {self.variant}")
        if self.command_variant not in facts.command_variants:
            allowed = ", ".join(map(str, facts.command_variants))
            raise DuisError(f"CommandVariant: {self.command_variant}, variant {self.variant} allows {allowed}")
        name = self.body.name() if isinstance(self.body, Body) else local(self.body)
        expected = SignedPreCommand.name() if self.command_variant in (5, 6, 7) else facts.element
        if name != expected:
            raise DuisError(f"Body: {name}, expected {expected}")

    def element(self) -> etree._Element:
        """The Request element, unsigned."""
        root = new("Request", schemaVersion=self.schema_version)
        header = add(root, "Header")
        add(header, "RequestID", str(self.request_id))
        if self.first_in_sequence is not None:
            add(header, "FirstInSequence", BOOLEAN.write(self.first_in_sequence))
        if self.preceding is not None:
            add(header, "PrecedingServiceRequestID", str(self.preceding))
        add(header, "CommandVariant", str(self.command_variant))
        add(header, "ServiceReference", self.service_reference)
        add(header, "ServiceReferenceVariant", self.variant)
        body = self.body.to_element() if isinstance(self.body, Body) else _copy(self.body)
        add(root, "Body").append(body)
        return root

    def __bytes__(self) -> bytes:
        """The document, unsigned; `sign_xml` signs it."""
        return serialise(self.element())

    @classmethod
    def parse(cls, document: bytes | etree._Element) -> Self:
        """Read a request, signed or not. The signature is not verified: that is `verify_xml`."""
        root = expect(parse_document(document) if isinstance(document, bytes) else document, "Request")
        parts = [child for child in children(root) if not str(child.tag).startswith(f"{{{SIGNATURE_NAMESPACE}}}")]
        if [local(part) for part in parts] != ["Header", "Body"]:
            raise DuisError(f"Request: elements {', '.join(map(local, parts)) or 'none'}, expected Header, Body")
        header = Header(parts[0])
        request_id = RequestId.parse(header.text("RequestID"))
        first = header.maybe("FirstInSequence")
        preceding = header.maybe("PrecedingServiceRequestID")
        command_variant = header.text("CommandVariant")
        if len(command_variant) != 1 or command_variant not in "12345678":
            raise DuisError(f"CommandVariant: {command_variant[:20]!r}, expected 1..8")
        reference, variant = header.text("ServiceReference"), header.text("ServiceReferenceVariant")
        header.end()
        bodies = list(children(parts[1]))
        if len(bodies) != 1:
            raise DuisError(f"Body: {len(bodies)} elements, expected 1")
        known = BODIES.get(local(bodies[0]))
        return cls(
            request_id,
            int(command_variant),
            reference,
            variant,
            _copy(bodies[0]) if known is None else known.from_element(bodies[0]),
            None if first is None else _boolean("FirstInSequence", first),
            None if preceding is None else RequestId.parse(preceding),
            schema_version(root),
        )


class Header:
    """Reads the children of a header in their fixed order."""

    def __init__(self, element: etree._Element) -> None:
        self._rest = list(children(element))

    def maybe(self, name: str) -> str | None:
        """Text of the next child if it has this name."""
        if self._rest and local(self._rest[0]) == name:
            return text_of(self._rest.pop(0))
        return None

    def text(self, name: str) -> str:
        """Text of the next child, which must have this name."""
        value = self.maybe(name)
        if value is None:
            raise DuisError(f"Header: {name} is missing" + (f", found {local(self._rest[0])}" if self._rest else ""))
        return value

    def end(self) -> None:
        """Raise DuisError if something is left over."""
        if self._rest:
            raise DuisError(f"Header: unexpected element {local(self._rest[0])}")


def schema_version(root: etree._Element) -> str:
    """The schemaVersion of a document."""
    version = root.get("schemaVersion")
    if version is None:
        raise DuisError(f"{local(root)}: schemaVersion is missing")
    return version


def _boolean(name: str, text: str) -> bool:
    try:
        return bool(BOOLEAN.read(text))
    except ValueError as problem:
        raise DuisError(f"{name}: {problem}") from None


def _copy(element: etree._Element) -> etree._Element:
    copied: etree._Element = etree.fromstring(etree.tostring(element, with_tail=False))
    return copied
