"""XML documents of the DUIS interface: a hardened parser, elements and names (DUIS 5.4).

Documents come from outside: no DTD, no entity, no network, no huge text, UTF-8 only, bounded size.
"""

import re
from collections.abc import Iterator

from lxml import etree

from bench.dcc.errors import DuisError

NAMESPACE = "http://www.dccinterface.co.uk/ServiceUserGateway"
SCHEMA_VERSION = "5.4"
#: octets of the largest document read: a firmware image of the largest size in base64, and its device list
LIMIT = 16 * 1024 * 1024

_PREFIXES = {"sr": NAMESPACE}
_FORBIDDEN = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCODING = re.compile(rb"^<\?xml[^>]*\bencoding\s*=\s*[\"']([^\"']*)[\"']")


def parse_document(data: bytes | str, limit: int = LIMIT) -> etree._Element:
    """The root element of a document. Raises DuisError, in one line, for anything but plain well-formed UTF-8 XML."""
    octets = data.encode() if isinstance(data, str) else bytes(data)
    octets = octets.removeprefix(b"\xef\xbb\xbf")
    if len(octets) > limit:
        raise DuisError(f"document of {len(octets)} octets, at most {limit} are read")
    if b"\0" in octets:
        raise DuisError("document is not UTF-8")
    forbidden = _FORBIDDEN.search(octets)
    if forbidden is not None:
        raise DuisError(f"at {forbidden.start()}: document type or entity declaration, not allowed")
    encoding = _ENCODING.match(octets)
    if encoding is not None and encoding[1].upper() not in (b"UTF-8", b"UTF8", b"US-ASCII", b"ASCII"):
        raise DuisError(f"encoding {encoding[1].decode('ascii', 'replace')}, expected UTF-8")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
    )
    try:
        root = etree.fromstring(octets, parser)
    except etree.XMLSyntaxError as problem:
        line, column = problem.position
        raise DuisError(f"at line {line}, column {column}: {_one_line(problem)}") from None
    except ValueError as problem:
        raise DuisError(_one_line(problem)) from None
    return root


def serialise(root: etree._Element) -> bytes:
    """The document as UTF-8 with an XML declaration."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def tag(name: str) -> str:
    """Qualified name of a DUIS element."""
    return f"{{{NAMESPACE}}}{name}"


def local(element: etree._Element) -> str:
    """Local name of an element; another namespace is shown in front of it."""
    text = str(element.tag)
    return text.removeprefix(f"{{{NAMESPACE}}}")


def new(name: str, text: str | None = None, **attributes: str) -> etree._Element:
    """A DUIS element."""
    element: etree._Element = etree.Element(tag(name), attributes, nsmap=_PREFIXES)
    if text is not None:
        try:
            element.text = text
        except ValueError:
            raise DuisError(f"{name}: text with characters that XML cannot carry") from None
    return element


def add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    """A new DUIS element as last child."""
    child = new(name, text)
    parent.append(child)
    return child


def children(element: etree._Element) -> Iterator[etree._Element]:
    """Child elements, without comments and processing instructions."""
    return (child for child in element if isinstance(child.tag, str))


def text_of(element: etree._Element) -> str:
    """Text of an element that has no child elements, without surrounding white space."""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            raise DuisError(f"{local(element)}: element {local(child)} where text is expected")
        parts.append(child.tail or "")
    return "".join(parts).strip()


def expect(element: etree._Element, name: str) -> etree._Element:
    """The element itself if it has this DUIS name."""
    if element.tag != tag(name):
        raise DuisError(f"element {local(element)}, expected {name}")
    return element


def _one_line(problem: Exception) -> str:
    return " ".join(str(getattr(problem, "msg", None) or problem).split())
