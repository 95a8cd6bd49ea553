"""The query language on rows; tests/han/test_columns.py holds it against columns."""

import subprocess
import sys

import pytest

from bench.han.errors import HanError
from bench.han.query import compile_query

from .vectors import CHF, ESME, GSME

NAMES = {"esme": ESME, "CHF": CHF, "gas meter": GSME}
ROW = {
    "frame": 3,
    "time": "2026-11-20T10:00:00.500000001Z",
    "channel": 15,
    "rssi": -81.5,
    "src": "0x6f01",
    "dst": "0x0000",
    "nwk_src": "0x6f01",
    "nwk_dst": "0x0000",
    "nwk_counter": 1234,
    "profile": "0x0109",
    "cluster": "0x0700",
    "cluster_name": "Price",
    "command": "PublishPrice",
    "command_id": 0,
    "decrypted": True,
    "payload": "00112233",
    "src_eui": "00:15:5f:00:55:66:77:88",
    "gbcs": {"use_case": "ECS70", "counter": 17, "payload": {"items": [{"a": 1}, {"a": 2}]}},
}
LOCKED = {"frame": 4, "time": 1_790_000_000.5, "nwk_counter": 2000, "decrypted": "NWK: no network key for sequence 3"}
ACK = {"frame": 5, "time": 1_790_000_000_500_000_000, "command": "ack", "decrypted": None, "rssi": None}


@pytest.mark.parametrize(
    ("query", "truths"),
    [
        ("cluster == price and cmd == publish_price and esme", "t.."),
        ("nwk_counter > 1000 and not decrypted", ".t."),
        ("decrypted", "t.."),
        ("not decrypted", ".tt"),
        ("decrypted == false", ".tt"),
        ('decrypted contains "no network key"', ".t."),
        ("src == 0x6f01", "t.."),
        ("src != 0x6f01", "..."),  # a frame without a source fulfils no comparison
        ("not src == 0x6f01", ".tt"),
        ("rssi < -80", "t.."),
        ("rssi == -81.5", "t.."),
        ("rssi", "t.."),
        ('time > "2026-11-01T00:00"', "t.."),
        ('time == "2026-11-20T10:00:00.500000001Z"', "t.."),
        ('time == "2026-11-20T12:00:00.500000001+02:00"', "t.."),
        ("time == 1790000000.5", ".tt"),
        ('gbcs.use_case == "ECS70"', "t.."),
        ("gbcs.use_case in (ecs_71, ECS70)", "t.."),
        ("gbcs.counter >= 0x11", "t.."),
        ("gbcs.payload.items.a == 2", "t.."),
        ("gbcs", "t.."),
        ("gbcs.nothing", "..."),
        ("payload contains 0x1122", "t.."),
        ("payload contains 0x2211", "..."),
        ("payload == 0x00112233", "t.."),
        ('payload contains "3"', "t.."),
        ("cluster in (metering, 1792)", "t.."),
        ("cluster not in (metering, price,)", "..."),
        ("cluster_name contains pri", "t.."),
        ("src == esme or src == chf", "t.."),
        ("dst == 0", "t.."),
        ("nwk_src == esme", "t.."),
        ("Gas_Meter", "..."),
        ("src_eui == 00-15-5F-00-55-66-77-88", "t.."),
        ("src_eui == 0x00155f0055667788", "t.."),
        ("CMD == 'publish price' && !chf", "t.."),
        ("command == ack || command == 0", "t.t"),
        ("cmd contains publish", "t.."),
        ("profile == smart_energy", "t.."),
        ("(frame == 3 or frame == 4) and (frame == 4)", ".t."),
        ("frame == 3 or frame == 4 and frame == 9", "t.."),
        ("frame<4", "t.."),
    ],
)
def test_truth(query: str, truths: str) -> None:
    compiled = compile_query(query, NAMES)
    assert "".join("t" if compiled.matches(row) else "." for row in (ROW, LOCKED, ACK)) == truths


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "at 0: is empty"),
        ("srk == 3", "at 0: no field 'srk'; did you mean src"),
        ("frame == 1 and hcalcs", "at 15: no device or field 'hcalcs'"),
        ("src == esmi", "at 7: no device 'esmi'; did you mean esme?"),
        ("cluster == prize", "at 11: no cluster 'prize'; did you mean price?"),
        ("cmd == publish_prise", "at 7: no command 'publish_prise'; did you mean PublishPrice"),
        ("profile == home", "at 11: no profile 'home'"),
        ("cluster = price", "at 8: '=' alone; write =="),
        ("src ==", "at 6: ends too early"),
        ("(frame == 1", "at 11: ends too early"),
        ("frame == 1 frame", "at 11: 'frame' is not understood here"),
        ("frame == 5x", "at 9: '5x' is not understood here"),
        ("payload == 0x123", "at 11: an odd number"),
        ("payload == 12", "at 11: give the octets"),
        ("src > 3", "at 6: src has no order"),
        ("decrypted < 3", "at 12: decrypted has no order"),
        ("frame contains 3", "at 15: frame holds a number"),
        ("rssi > loud", "at 7: rssi is a number"),
        ("src_eui == 3", "at 11: src_eui is an EUI-64"),
        ('time > "yesterday"', "at 7: 'yesterday' is no time"),
        ('cmd == "x', "at 7: text that begins with"),
        ("gbcs == 3", "at 8: gbcs is a whole message"),
        ("__import__('os')", "is not understood here"),
        ("not " * 100 + "esme", "more than 50"),
        ("(" * 4096 + "x", "too many"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(query: str, words: str) -> None:
    with pytest.raises(HanError) as caught:
        compile_query(query, NAMES)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_rows_that_are_odd_fulfil_nothing() -> None:
    odd = {"time": "soon", "src": "??", "payload": "zz", "rssi": "loud", "cluster": [], "gbcs": 3, "src_eui": 5}
    for query in ("time > 0", "src == 3", "payload contains 0x00", "rssi < 0", "cluster == 3", "gbcs.x == 1", "esme"):
        assert not compile_query(query, NAMES).matches(odd)


def test_matching_rows_loads_no_numpy() -> None:
    script = (
        "import sys; from bench.han.query import compile_query;"
        "compile_query('cluster == price and rssi < -3 and payload contains 0x01 or gbcs').matches({'frame': 1});"
        "print([name for name in ('numpy', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.strip() == "[]"
