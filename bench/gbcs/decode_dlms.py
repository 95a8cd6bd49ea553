"""DLMS payloads as named values: access requests and responses, alerts (GBCS 7.2.9).

Read straight from the octets; items are copies of templates made once for each object and use case. What a response
answers for comes from the use case (`bench.gbcs.meaning`). `bench.gbcs.encode_dlms` is the way back.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from bench.gbcs import names, protection
from bench.gbcs.alerts import alert
from bench.gbcs.clock_text import zigbee_time
from bench.gbcs.errors import GbcsError
from bench.gbcs.meaning import Meaning, PlannedItem, instance, of_object, plan
from bench.gbcs.message import Message
from bench.gbcs.values import LongLengthError, Named, apply_scaler_unit, read, read_all, read_length

if TYPE_CHECKING:
    from bench.gbcs.decode import Encryption

ACCESS_REQUEST, ACCESS_RESPONSE, DATA_NOTIFICATION = 0xD9, 0xDA, 0x0F
GET, SET, ACTION, GET_WITH_SELECTION = 1, 2, 3, 4
CHOICES = {1: "get", 2: "set", 3: "action", 4: "get with selection"}
SERVICES = {
    ACCESS_REQUEST: "access-request",
    ACCESS_RESPONSE: "access-response",
    DATA_NOTIFICATION: "data-notification",
}
_TEMPLATES = 4096


def payload(message: Message, encryption: "Encryption") -> Named:
    """Named payload. Raises GbcsError.

    A service whose lengths are not in their shortest form is given as its octets with a note.
    """
    octets = message.payload
    service = octets[0]
    try:
        if len(octets) < 6:
            raise GbcsError("data end inside the header of a DLMS service", len(octets))
        if octets[5]:
            raise GbcsError(f"date-time length {octets[5]} in a DLMS service, expected 0", 5)
        found: Named = {"service": SERVICES[service], "invoke_id": octets[1:5].hex().upper()}
        if service == ACCESS_REQUEST:
            found["items"] = _request(octets)
        elif service == ACCESS_RESPONSE:
            found["items"] = _response(message, octets, encryption)
        else:
            found.update(alert(message, octets, encryption))
    except LongLengthError as error:
        return {"service": SERVICES[service], "note": str(error), "octets": octets.hex().upper()}
    return found


@lru_cache(_TEMPLATES)
def _spec(octets: bytes) -> tuple[Named, Meaning | None]:
    """Template and meaning of one access request specification of ten octets."""
    choice, class_id, obis, index = octets[0], int.from_bytes(octets[1:3], "big"), octets[3:9], octets[9]
    shown = {"action": CHOICES[choice]} | instance(class_id, obis, index, choice == ACTION)
    return shown, of_object(class_id, names.obis_text(obis), index) if choice == SET else None


def _request(data: bytes) -> list[Named]:
    count, at = read_length(data, 6)
    if 10 * count > len(data) - at:
        raise GbcsError(f"{count} specifications in {len(data) - at} octets", 6)
    items = []
    meanings: list[Meaning | None] = []
    specs = []
    for _ in range(count):
        spec = data[at : at + 10]
        if len(spec) < 10:
            raise GbcsError("data end inside an access request specification", at)
        if not 1 <= spec[0] <= 4:
            raise GbcsError(f"access request choice {spec[0]:02X}, expected 01 to 04", at)
        shown, meaning = _spec(spec)
        item: Named = shown.copy()
        at += 10
        if spec[0] == GET_WITH_SELECTION:
            item["selection"], at = _selection(data, at)
        items.append(item)
        meanings.append(meaning)
        specs.append(spec)
    values, at = read_length(data, at)
    if values != count:
        raise GbcsError(f"{values} values for {count} specifications", at)
    for item, meaning, spec in zip(items, meanings, specs, strict=True):
        choice = spec[0]
        if choice == ACTION and spec[1:3] == b"\x00\x1e" and spec[9] == 1:
            wanted = protection.read_request(data, at)
            if wanted is not None:
                item["objects"], item["protection"], at = wanted
                continue
        if at < len(data) and data[at] == 0 and choice in (GET, GET_WITH_SELECTION):
            at += 1
            continue
        item["value"], at = read(data, at, meaning)
    if at != len(data):
        raise GbcsError(f"{len(data) - at} octets after the DLMS service", at)
    return items


_RANGE_HEAD = bytes.fromhex("0204 0204 12")


def _selection(data: bytes, at: int) -> tuple[Named, int]:
    """Selection by range names its column and limits; any other is given as it is."""
    if at >= len(data):
        raise GbcsError("data end inside an access selector", at)
    selector, at = data[at], at + 1
    if selector == 1 and data[at : at + 5] == _RANGE_HEAD:
        cut = data[at : at + 31]
        if (
            cut[7:9] == b"\x09\x06"
            and cut[15:16] == b"\x0f"
            and cut[17:21] == b"\x12\0\0\x06"
            and cut[25:26] == b"\x06"
            and data[at + 30 : at + 32] == b"\x01\x00"
        ):
            first, last = int.from_bytes(cut[21:25], "big"), int.from_bytes(cut[26:30], "big")
            column = _column(cut[5:17]).copy()
            shown = {"by": "range", "column": column, "from": zigbee_time(first), "to": zigbee_time(last)}
            return shown, at + 32
    value, at = read(data, at)
    return {"by": selector, "value": value}, at


@lru_cache(256)
def _column(octets: bytes) -> Named:
    return instance(int.from_bytes(octets[:2], "big"), octets[4:10], int.from_bytes(octets[11:12], "big", signed=True))


@lru_cache(_TEMPLATES)
def _result(choice: int, code: int) -> Named:
    return {"result": names.dlms_result(choice, code), "result_code": code}


def _response(message: Message, data: bytes, encryption: "Encryption") -> list[Named]:
    if len(data) < 8 or data[6]:
        raise GbcsError("access response that repeats the request", 6)
    count, at = read_length(data, 7)
    if count > len(data) - at:
        raise GbcsError(f"{count} values in {len(data) - at} octets", 7)
    head = at - 7  # octets of a count, once more before the results
    results = data[len(data) - 2 * count :] if count else b""
    if len(data) - 2 * count - head < at or data[len(data) - 2 * count - head : len(data) - 2 * count] != data[7:at]:
        raise GbcsError(f"no {count} results for {count} values", len(data))
    end = len(data) - 2 * count - head
    choices = results[::2]
    planned = plan(message.message_code, choices) or [_UNKNOWN] * count
    items: list[Named] = []
    for number in range(count):
        one: PlannedItem = planned[number]
        choice, code = choices[number], results[2 * number + 1]
        item: Named = one.shown.copy() if one is not _UNKNOWN else {"action": CHOICES.get(choice, str(choice))}
        item.update(_result(choice, code))
        if at < len(data) and data[at] == 0:
            at += 1
        else:
            sealed = protection.read_response(data, at) if choice == ACTION else None
            if sealed is not None:
                at = sealed.end
                _open(item, sealed, one, encryption)
            else:
                item["value"], at = read(data, at, one.meaning)
                if number and one.meaning is not None and item.get("attribute") == 3:
                    _scale(items[-1], item)
        items.append(item)
    if at != end:
        raise GbcsError(f"values end at {at}, the results begin at {end}", at)
    return items


_UNKNOWN = PlannedItem({}, None)


def _scale(value: Named, scaler_unit: Named) -> None:
    """Scale a register by the scaler and unit read after it."""
    if value.get("attribute") == 2 and value.get("object") == scaler_unit.get("object") and "value" in value:
        apply_scaler_unit(value["value"], scaler_unit["value"])


def _open(item: Named, sealed: protection.Sealed, planned: PlannedItem, encryption: "Encryption") -> None:
    """Add protection, ciphered octets and, with the keys at hand, the values to an item."""
    item["protection"] = sealed.shown
    item["decryption"], plaintext = encryption.open(sealed.ciphered)
    item["ciphered"] = sealed.ciphered.hex().upper()
    if plaintext is None:
        return
    try:
        item["value"] = read_all(plaintext, "decrypted attributes", _inner(planned))
    except GbcsError as error:
        item["plaintext"], item["note"] = plaintext.hex().upper(), str(error)


def _inner(planned: PlannedItem) -> Meaning | None:
    """Meaning of the decrypted structure: a member for each object that was asked for."""
    return _inner_of(tuple(one.name for one in planned.inner), planned.meanings) if planned.inner else None


@lru_cache(256)
def _inner_of(inner: tuple[str, ...], meanings: tuple[Meaning | None, ...]) -> Meaning:
    found = Meaning()
    for number, (name, meaning) in enumerate(zip(inner, meanings, strict=True)):
        found.members[number] = (meaning or Meaning()).called(name)
    return found
