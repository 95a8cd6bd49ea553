"""Parsers of bench.dcc as functions of octets: they return, or raise DuisError with a one-line reason.

`edited` turns octets into edits of a well-formed document: random octets alone would hardly ever be XML.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import cache

from lxml import etree

from bench.dcc import DuisError, Response, ServiceRequest, parse_document, verify_xml
from bench.dcc.transform_command import transformed
from bench.gbcs.errors import GbcsError
from bench.gbcs.keystore import Keystore
from bench.pki import derive_private_key
from tests.dcc.parties import NOW
from tests.rtds import DUIS

Target = Callable[[bytes], object]

WORDS = (
    "", "0", "1", "-1", "00", "true", "false", "65536", "4294967296", "99999999999999999999", "1.5", "NaN", "INF",
    "2015-01-01T00:00:00.00Z", "2015-02-30", "9999-12-31T23:59:59Z", "0000-00-00", "3000-12-31T00:00:00Z", "24:00:00",
    "90-B3-D5-1F-30-01-00-00", "AA==", "A", "=", "P1D", "PT0S", "  x ", "é", "\u2028",
)  # fmt: skip
_KEY = derive_private_key(1, "fuzz").public_key()


def document(data: bytes) -> None:
    """Any octets as a document."""
    parse_document(data)


def request(data: bytes) -> None:
    """A request that is read is written to a document that reads the same, and is transformed or refused."""
    found = ServiceRequest.parse(data)
    again = bytes(found)
    assert bytes(ServiceRequest.parse(again)) == again
    found.check()
    transformed(found, Keystore(), 1, None, NOW)


def response(data: bytes) -> None:
    """A response that is read is written to a document that reads the same."""
    again = bytes(Response.parse(data))
    assert bytes(Response.parse(again)) == again


def signed(data: bytes) -> None:
    """A signature that is good or refused."""
    verify_xml(data, _KEY)


TARGETS: dict[str, Target] = {"document": document, "request": request, "response": response, "signed": signed}


def survives(target: Target, data: bytes) -> None:
    """Run a target; the error must have one line, anything else is a finding."""
    try:
        target(data)
    except (DuisError, GbcsError) as error:
        assert str(error)
        assert "\n" not in str(error)


@cache
def samples() -> tuple[bytes, ...]:
    """Well-formed documents: of the public samples, where they are."""
    return tuple(path.read_bytes() for path in sorted(DUIS.glob("*.XML"))) if DUIS is not None else ()


def edited(seeds: Sequence[bytes], data: bytes) -> bytes:
    """A seed (chosen by the first octet) with edits: three octets each say what, where and with which word."""
    root = etree.fromstring(seeds[data[0] % len(seeds)] if data else seeds[0])
    for at in range(1, len(data) - 2, 3):
        what, where, word = data[at : at + 3]
        every = [each for each in root.iter() if isinstance(each.tag, str)]
        element = every[where * len(every) // 256]
        parent = element.getparent()
        if what % 5 == 0:
            element.text = WORDS[word % len(WORDS)]
        elif parent is None:
            continue
        elif what % 5 == 1:
            parent.remove(element)
        elif what % 5 == 2:
            parent.insert(word % (len(parent) + 1), deepcopy(element))
        elif what % 5 == 3:
            element.tag = every[word * len(every) // 256].tag
        else:
            every[word * len(every) // 256].append(deepcopy(element))
        if len(every) > 400:
            break
    return etree.tostring(root)
