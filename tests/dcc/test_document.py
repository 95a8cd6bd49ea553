"""Documents from outside: nothing but plain well-formed UTF-8 XML of bounded size gets in."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.dcc import NAMESPACE, DuisError, Response, ServiceRequest, parse_document

XXE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
LAUGHS = (
    b'<!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><l>&j;</l>"
)

BAD = {
    "external entity": XXE,
    "lower case doctype": XXE.replace(b"DOCTYPE", b"doctype"),
    "billion laughs": LAUGHS,
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]><a/>',
    "external DTD": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
    "entity behind a byte order mark": b"\xef\xbb\xbf" + XXE,
    "UTF-16": XXE.decode().encode("utf-16"),
    "UTF-16 without mark": XXE.decode().encode("utf-16-le"),
    "UTF-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-',
    "Latin 1": b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>',
    "broken UTF-8": b"<a>\xe9</a>",
    "undefined entity": b"<a>&x;</a>",
    "empty": b"",
    "white space": b" \n ",
    "text": b"hello",
    "open tag": b"<a><b></a>",
    "two roots": b"<a/><b/>",
    "very deep": b"<a>" * 5000 + b"</a>" * 5000,
    "undeclared prefix": b"<sr:Request/>",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_bad_documents_are_refused_in_one_line(data: bytes) -> None:
    start = time.monotonic()
    for read in (parse_document, ServiceRequest.parse, Response.parse):
        with pytest.raises(DuisError) as caught:
            read(data)
        assert "\n" not in str(caught.value) and str(caught.value)
        assert "root:" not in str(caught.value)
    assert time.monotonic() - start < 2


def test_size_limit() -> None:
    assert parse_document(b"<a>" + b" " * 93 + b"</a>", limit=100).tag == "a"
    with pytest.raises(DuisError, match="document of 101 octets, at most 100"):
        parse_document(b"<a>" + b" " * 94 + b"</a>", limit=100)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_octets_give_a_duis_error(data: bytes) -> None:
    with pytest.raises(DuisError):
        ServiceRequest.parse(data)


PARTS = [
    *("<sr:Request schemaVersion='1'>", "<sr:Header>", "<sr:Body>", "</sr:Body>", "x", "</sr:Header>"),
    *("</sr:Request>", "<sr:RequestID>", "</sr:RequestID>", "<!--c-->", "<?p?>"),
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=12))
def test_any_elements_give_a_duis_error(parts: list[str]) -> None:
    text = "".join(parts).replace("<sr:Request ", f"<sr:Request xmlns:sr='{NAMESPACE}' ")
    for read in (ServiceRequest.parse, Response.parse):
        with pytest.raises(DuisError):
            read(text.encode())
