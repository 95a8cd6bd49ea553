"""Any octets give a value or GbcsError with a reason, in time and memory that grow with their number."""

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.gbcs import axdr, dlms
from bench.gbcs.dlms import AccessRequest, AccessResponse, Spec
from bench.gbcs.errors import GbcsError
from bench.gbcs.gbz import Gbz, GbzComponent
from bench.gbcs.message import Message
from tests.fuzz.gbcs_targets import TARGETS, sealed, survives
from tests.rtds import messages, needs_rtds, read

ROWS = axdr.CompactArray(
    axdr.TypeDescription(2, (axdr.TypeDescription(6), axdr.TypeDescription(18), axdr.TypeDescription(9))),
    [dlms.structure([dlms.u32(473299200), dlms.u16(0x8F01), dlms.octets(b"ab")])],
)
SEEDS = [
    bytes(AccessRequest(1, [Spec(2, 20, bytes(6), 7), Spec(1, 1, bytes(6), 2)], [dlms.octets(bytes(12)), dlms.null()])),
    bytes(AccessResponse(1, [dlms.Data(19, ROWS), dlms.bits(b"\xf0", 5)], [(1, 0), (1, 250)])),
    bytes(dlms.alert(1, 0x8F66, dlms.date_time("now"), [dlms.octets(bytes(19)), dlms.utf8("{}")])),
    bytes(
        Gbz(components=[GbzComponent(0, 0x0702, 0x18, 0, 1, bytes(20)), GbzComponent(1, 0x0705, 9, 1, 5, bytes(30))])
    ),
    bytes.fromhex("300D3007020104830203E830003000"),
    bytes.fromhex("3009 040401020304 020100"),
]


@pytest.mark.parametrize("name", TARGETS)
def test_any_octets(name: str) -> None:
    target = TARGETS[name]

    @settings(deadline=None, max_examples=60, derandomize=True, database=None)
    @given(st.binary(max_size=200))
    def random(data: bytes) -> None:
        survives(target, data)

    @settings(deadline=None, max_examples=120, derandomize=True, database=None)
    @given(st.sampled_from(SEEDS), st.binary(max_size=3), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255))))
    def damaged(seed: bytes, head: bytes, changes: list[tuple[int, int]]) -> None:
        data = bytearray(head + seed)
        for place, octet in changes[:6]:
            data[place % len(data)] = octet
        survives(target, bytes(data))

    random()
    damaged()


@needs_rtds
@pytest.mark.rtds
def test_damaged_reference_messages() -> None:
    """Every reference message with one octet changed, a place that moves on with the file."""
    for number, path in enumerate(messages()):
        octets = bytearray(read(path))
        for step in (7, 131):
            octets[(number * 37 + step) % len(octets)] ^= 1 << number % 8
            survives(TARGETS["message"], bytes(octets))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["get", "00", "now"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "kind",
                    "message_code",
                    "payload",
                    "service",
                    "invoke_id",
                    "items",
                    "action",
                    "value",
                    "type",
                    "result_code",
                    "class",
                    "object",
                    "attribute",
                    "profile",
                    "components",
                    "cluster",
                    "command",
                    "frame_control",
                    "tsn",
                    "fields",
                    "units",
                    "attributes",
                    "status_code",
                    "element",
                    "tag",
                    "elements",
                    "rows",
                    "row",
                    "members",
                    "name",
                    "scaler",
                    "unit",
                    "time",
                    "text",
                    "alert_code",
                    "originator",
                    "target",
                    "counter",
                    "protection",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@settings(deadline=None, max_examples=400, derandomize=True, database=None)
@given(JSON, st.sampled_from(["access-request", "access-response", "data-notification", None]), st.sampled_from([1, 2]))
def test_any_json_is_built_or_refused(inner: object, service: str | None, kind: int) -> None:
    from bench.gbcs.encode import encode

    payload = inner if isinstance(inner, dict) else {"items": inner, "components": inner, "element": inner}
    if service is not None:
        payload = {"service": service, "invoke_id": "20000001", **payload}
    elif kind == 1:
        payload = {"profile": "0109", **payload}
    shown = {"kind": "response" if kind == 1 else "alert", "message_code": "0018", "payload": payload}
    try:
        encode(shown)
    except GbcsError as error:
        assert "\n" not in str(error)


HOSTILE = {
    "deep arrays": b"\x0f\x20\0\0\0\0" + b"\1\1" * 30000,
    "deep types": b"\xda\x20\0\0\0\0\0\1\x13" + b"\2\1" * 30000,
    "huge array": b"\x0f\x20\0\0\0\0\1\x84\xff\xff\xff\xff" + bytes(60000),
    "huge string": b"\x0f\x20\0\0\0\0\x09\x84\xff\xff\xff\xff" + bytes(60000),
    "huge bit-string": b"\x0f\x20\0\0\0\0\4\x84\xff\xff\xff\xff" + bytes(60000),
    "rows of nothing": b"\xda\x20\0\0\0\0\0\1\x13\2\0\x82\xf0\0" + bytes(61440) + b"\1\1\0",
    "wide rows": b"\xda\x20\0\0\0\0\0\1\x13\1\xff\xff\1\xff\xff\x06\x82\xf0\0" + bytes(61440) + b"\1\1\0",
    "many rows": b"\xda\x20\0\0\0\0\0\1\x13\x11\x82\xf0\0" + bytes(61440) + b"\1\1\0",
    "many nulls": b"\x0f\x20\0\0\0\0\1\x82\xf0\0" + bytes(61440),
    "many empty arrays": b"\x0f\x20\0\0\0\0\1\x82\x75\x30" + b"\1\0" * 30000,
    "many specs": b"\xd9\x20\0\0\0\0\x82\x13\x88" + (b"\1" + bytes(9)) * 5000 + b"\x82\x13\x88" + bytes(5000),
    "many results": b"\xda\x20\0\0\0\0\0\x82\x4e\x20" + bytes(20000) + b"\x82\x4e\x20" + b"\1\0" * 20000,
    "deep DER": b"\x30\x80" * 30000,
    "flat DER": b"\x30\x82\xea\x60" + b"\5\0" * 30000,
    "many components": b"\1\x09\xff" + (b"\0\7\2\0\3\0\0\0") * 255,
    "many records": b"\1\x09\1\1\7\2\xea\x63\x08\0\1" + b"\0\0\1" * 20000,
    "long bits": b"\x0f\x20\0\0\0\0\4\x83\x07\x00\x00" + bytes(60000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_payloads_take_bounded_time_and_memory(name: str) -> None:
    data = sealed(HOSTILE[name], 0x0048)
    assert Message.parse(data)
    survives(TARGETS["message"], data)
    tracemalloc.start()
    start = time.process_time()
    survives(TARGETS["message"], data)
    taken = time.process_time() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 << 20
    assert taken < 10


@pytest.mark.parametrize("unit", [b"\1\0", b"\x11\7", b"\x09\1a", b"\x02\1\x11\7", b"\x04\x08\xff"])
def test_time_grows_with_size_and_no_faster(unit: bytes) -> None:
    def seconds(count: int) -> float:
        data = sealed(b"\x0f\x20\0\0\0\0\1\x82" + count.to_bytes(2, "big") + unit * count, 0x1000)
        best = 9.0
        for _ in range(3):
            start = time.process_time()
            survives(TARGETS["message"], data)
            best = min(best, time.process_time() - start)
        return best

    seconds(100)
    assert seconds(12000) < 40 * max(seconds(1200), 0.002)
