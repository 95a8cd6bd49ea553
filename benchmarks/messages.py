"""The messages that are measured: the Reference Test Data Set, or generated ones where it is absent."""

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bench.gbcs import Cra, Eui64, Keystore, Message, dlms
from bench.gbcs.crypto import encrypt, protect
from bench.gbcs.dlms import AccessRequest, AccessResponse, Spec, long_invoke_id
from bench.gbcs.gbz import Gbz, GbzComponent
from bench.pki import TestSmki
from bench.pki.names import Role

_RTDS = Path(__file__).resolve().parents[2] / "shared" / "rtds"
_BROKER = Eui64.of("90-B3-D5-1F-30-00-00-02")
_GENERATED = 300


@dataclass(frozen=True)
class Messages:
    """Octets of messages, the keys of their parties and what they are."""

    octets: list[bytes]
    keystore: Keystore
    broker: Eui64
    name: str


def load() -> Messages:
    """RTDS from ``BENCH_RTDS_DIR`` or beside the checkout; else generated messages."""
    directory = Path(os.environ.get("BENCH_RTDS_DIR", _RTDS))
    if not (directory / "messages").is_dir():
        return generate()
    files = sorted(path for path in (directory / "messages").rglob("*") if path.is_file())
    octets = [bytes.fromhex("".join(path.read_text("ascii").split())) for path in files]
    return Messages(octets, Keystore.load(directory / "keystore"), _BROKER, f"RTDS, {len(octets)} messages")


def generate() -> Messages:
    """Critical and non-critical commands, plain and encrypted responses, alerts, between generated parties."""
    smki = TestSmki.generate("benchmarks", not_before=datetime(2024, 1, 1, tzinfo=UTC))
    supplier, meter = Eui64.of("90-AB-CD-00-00-01-00-00"), Eui64.of("00-AB-12-34-56-78-90-A0")
    smki.organisation(supplier, Role.SUPPLIER, ("ds", "ka"))
    smki.organisation(_BROKER, Role.ACCESS_CONTROL_BROKER, ("ds", "ka"))
    smki.device(meter)
    store = smki.keystore()
    octets = [one for number in range(_GENERATED // 6) for one in _set(store, supplier, meter, 1000 + number)]
    return Messages(octets, store, _BROKER, f"generated, {len(octets)} messages")


def _set(store: Keystore, supplier: Eui64, meter: Eui64, counter: int) -> list[bytes]:
    signing = {eui: store.private_key(eui, "ds") for eui in (supplier, meter)}
    agreed, broker = store.secret(meter, supplier), store.secret(meter, _BROKER)
    assert agreed
    assert broker
    invoke = long_invoke_id(counter)
    read = AccessRequest(invoke, [Spec(1, 1, bytes.fromhex("0000000201FF"), 2)], [dlms.null()])
    prices = dlms.array(dlms.structure((dlms.octets(bytes((n,))), dlms.i16(n))) for n in range(32))
    tariff = AccessRequest(invoke, [Spec(2, 113, bytes.fromhex("0000131400FF"), 6)], [prices])
    rows = dlms.array(dlms.structure((dlms.u32(470_000_000 + n), dlms.u32(n))) for n in range(48))
    ciphered = encrypt(bytes(dlms.structure((rows,))), agreed, meter, counter, supplier)
    sealed = dlms.protected_response(ciphered, dlms.ProtectionParameters(meter, supplier, counter))
    gas = Gbz(components=[GbzComponent(1, 0x0702, 0x18, 0, 1, bytes.fromhex("0000 00 25 393000000000"))])
    alert = dlms.alert(counter, 0x8F32, dlms.date_time(datetime(2030, 1, 1, tzinfo=UTC)))
    command = Message(Cra.COMMAND, counter, supplier, meter, 0x0059, bytes(read))
    answer = replace(command, cra=Cra.RESPONSE, originator=meter, target=supplier)
    version = AccessResponse(invoke, [dlms.octets(bytes(4))], [(1, 0)])
    return [
        protect(command, broker),
        protect(replace(command, message_code=0x00A2, payload=bytes(tariff)), broker, signing[supplier]),
        protect(replace(answer, payload=bytes(version)), agreed),
        protect(
            replace(answer, message_code=0x0037, payload=bytes(AccessResponse(invoke, [sealed], [(3, 0)]))), agreed
        ),
        protect(replace(answer, message_code=0x0074, payload=bytes(gas)), agreed),
        protect(replace(answer, cra=Cra.ALERT, message_code=0x1000, payload=bytes(alert)), None, signing[meter]),
    ]
