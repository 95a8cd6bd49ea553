"""What responses mean: object names by use case, units, columns, times and events, against the annotated data."""

from typing import Any

import pytest

from bench.gbcs import dlms, names
from bench.gbcs.axdr import CompactArray, Data, TypeDescription
from bench.gbcs.decode import decode
from bench.gbcs.dlms import AccessResponse, long_invoke_id
from bench.gbcs.keystore import Keystore
from bench.gbcs.message import Cra, Message
from bench.gbcs.text import lines
from tests.gbcs.parties import METER, SUPPLIER
from tests.rtds import RTDS, messages, needs_rtds, read


def response(code: int, data: list[Data], results: list[tuple[int, int]]) -> dict[str, Any]:
    payload = bytes(AccessResponse(long_invoke_id(1), data, results))
    return decode(Message(Cra.RESPONSE, 1, METER, SUPPLIER, code, payload, signature=b""))


def shown(name: str) -> dict[str, Any]:
    assert RTDS
    for path in messages():
        if path.name.startswith(name):
            with Keystore.load(RTDS / "keystore") as keys:
                return decode(Message.parse(read(path)), keys)
    pytest.skip(f"the data set has no {name}")


def test_objects_of_a_response_are_those_of_the_use_case() -> None:
    units = dlms.structure([dlms.i8(0), dlms.enum(30)])
    found = response(0x0026, [dlms.u32(10), units, dlms.null(), dlms.null()], [(1, 0), (1, 0), (1, 1), (1, 250)])
    energy, scaler, reactive, last = found["payload"]["items"]
    assert (energy["name"], energy["object"], energy["attribute"]) == ("Active energy export", "1-0:2.8.0.255", 2)
    assert (energy["value"]["value"], energy["value"]["unit"]) == (0.01, "kWh")
    assert scaler["value"]["value"][1]["meaning"] == "Wh"
    assert (reactive["name"], reactive["result"]) == ("Reactive energy export", "hardware-fault")
    assert (last["result"], "value" in last) == ("other-reason", False)


@pytest.mark.parametrize(
    ("scaler", "unit", "value", "said"),
    [(0, 30, 0.01, "kWh"), (3, 30, 10, "kWh"), (-1, 30, 0.001, "kWh"), (0, 27, 10, "W"), (0, 255, 10, None)],
)
def test_the_scaler_and_unit_of_the_device_count(scaler: int, unit: int, value: float, said: str | None) -> None:
    units = dlms.structure([dlms.i8(scaler), dlms.enum(unit)])
    data = [dlms.u32(10), units, dlms.u32(20), units]
    found = response(0x0026, data, [(1, 0)] * 4)
    register = found["payload"]["items"][0]["value"]
    assert (register["value"], register.get("unit")) == (value, said)
    assert found["roundtrip"]


def test_a_response_of_another_length_names_no_objects() -> None:
    found = response(0x0026, [dlms.u32(10)], [(1, 0)])
    assert found["payload"]["items"] == [
        {"action": "get", "result": "success", "result_code": 0, "value": {"type": "double-long-unsigned", "value": 10}}
    ]


def test_events_of_a_log() -> None:
    row = TypeDescription(2, (TypeDescription(6), TypeDescription(18), TypeDescription(9)))
    rows = [dlms.structure([dlms.u32(0x38818890), dlms.u16(0x8F3F), dlms.octets(b"\xab")])]
    found = response(0x0048, [Data(19, CompactArray(row, rows))], [(1, 0)])
    log = found["payload"]["items"][0]["value"]
    assert log["rows"] == [
        {
            "time": "2030-01-15T09:00:00Z",
            "event": "8F3F",
            "event name": names.alert_name(0x8F3F),
            "other information": "AB",
        }
    ]
    assert [column["name"] for column in log["row"]["members"]] == ["time", "event", "other information"]
    assert any("2030-01-15T09:00:00Z, event: 8F3F" in line for line in lines(found))


@needs_rtds
@pytest.mark.rtds
def test_every_response_names_its_objects() -> None:
    """Every item of every DLMS response has an object, but where several lists of a use case fit."""
    unnamed = set()
    for path in messages():
        message = Message.parse(read(path))
        if message.cra is Cra.RESPONSE and message.payload[:1] == b"\xda":
            found = decode(message)
            if not all("object" in item and "name" in item for item in found["payload"]["items"]):
                unnamed.add(found["use_case"])
    assert unnamed <= {"ECS47", "ECS47a", "ECS47e", "ECS46a", "ECS57", "ECS46c"}


@needs_rtds
@pytest.mark.rtds
def test_profiles_registers_and_balances() -> None:
    rows = shown("ECS22b_4.8.1_SINGLE_SUCCESS_RESPONSE")["payload"]["items"][0]["value"]["value"][0]["rows"]
    assert rows[0] == {"time": "2014-12-31T00:00:00Z", "active import": 0.095}
    log = shown("ECS35a_6.13_SUCCESS_RESPONSE")["payload"]["items"][0]["value"]["rows"]
    assert log[0]["event name"] == "Active Power Import above Load Limit Threshold"
    balance = shown("ECS82_4.18_SUCCESS_RESPONSE")["payload"]["items"][0]
    assert (balance["name"], balance["value"]["value"], balance["value"]["unit"]) == (
        "Meter balance, current credit amount",
        250.0,
        "p",
    )
    top_up = shown("CS01b_2.2_SUCCESS_RESPONSE")["payload"]["components"][0]
    assert (top_up["fields"]["value"], top_up["units"]["value"]["unit"]) == (1250.0, "p")
    gas = shown("GCS13a_4.1.1_SUCCESS_RELIABLE_GSME_RESPONSE")["payload"]["components"][0]["attributes"][3]
    assert (gas["value"], gas["unit"]) == (12.345, "m3")


@needs_rtds
@pytest.mark.rtds
def test_the_items_of_commands_and_responses_agree() -> None:
    """The table names for a response the very objects its command asked for."""
    compared = 0
    for path in messages():
        if "_RESPONSE" not in path.name or not read(path):
            continue
        partner = path.with_name(path.name.replace("_RESPONSE", "_COMMAND"))
        if not partner.is_file():
            continue
        asked, told = decode(Message.parse(read(partner))), decode(Message.parse(read(path)))
        if asked["payload"].get("service") != "access-request":
            continue
        for wanted, got in zip(asked["payload"]["items"], told["payload"]["items"], strict=True):
            if "object" in got:
                keys = ("class", "object", "method" if "method" in wanted else "attribute")
                assert [got[key] for key in keys] == [wanted[key] for key in keys], path.name
                compared += 1
    assert compared
