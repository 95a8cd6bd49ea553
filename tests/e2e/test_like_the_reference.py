"""Messages of the virtual home have the form of the reference ones: same fields, same types, same protection."""

import pytest

from bench.gbcs import Message
from bench.gbcs.decode import decode
from bench.recorder import read_log
from rigs.virtual.addresses import GPF_EUI, GSME_EUI
from rigs.virtual.home import Site
from tests.e2e.test_main_job import healthy  # noqa: F401 - a fixture
from tests.rtds import RTDS, needs_rtds, read

#: reference message of a form the virtual home sends
REFERENCE = {
    ("ECS17b", "response"): "4.1.1_ECS17b/ECS17b_4.1.1_SINGLE_SUCCESS_RESPONSE_GBCS.HEX",
    ("ECS22b", "response"): "4.8.1_ECS22b/ECS22b_4.8.1_SINGLE_SUCCESS_RESPONSE_GBCS.HEX",
    ("ECS35b", "response"): "6.13_ECS35b/ECS35b_6.13_SUCCESS_RESPONSE_GBCS.HEX",
    ("ECS43", "response"): "7.2_ECS43/ECS43_7.2_SUCCESS_RESPONSE_GBCS.HEX",
    ("ECS45", "response"): "7.4_ECS45/ECS45_7.4_SUCCESS_RESPONSE_GBCS.HEX",
    ("ECS70", "response"): "6.11_ECS70/ECS70_6.11_SUCCESS_RESPONSE_GBCS.HEX",
    ("CS02a", "response"): "6.24.1_CS02aMAC/CS02aMAC_6.24.1_SUCCESS_RESPONSE_GBCS.HEX",
    ("CS02b", "response"): "6.23_CS02bSupplierByTransCoS/"
    "CS02bSupplierByTransCoS_6.23_IMMEDIATE_SUCCESS_RESPONSE_GBCS.HEX",
    ("ECS80", "alert"): "NA_ECS80/ECS80_NA_8F36_ALERT_GBCS.HEX",
}


@pytest.fixture(scope="module")
def sent(healthy):  # noqa: F811
    """Messages of the virtual home by use case and kind, with the keys that open them."""
    keystore = Site.of(1, [], "http://127.0.0.1:9/").smki.keystore()
    messages = {}
    for log in sorted(healthy[1].glob("*/timeline.jsonl")):
        for seen in read_log(log):
            if "gbcs" in seen.data:
                messages.setdefault((seen.data["use_case"], seen.data["cra"]), []).append(seen.data["gbcs"])
    return messages, keystore


def form(value):
    """The names and types in a decoded payload; of a list the forms that occur in it. How DER lengths were written
    (`long_form`) is no part of it: DER has one way, the reference another."""
    if isinstance(value, dict):
        return {key: form(inner) for key, inner in value.items() if key != "long_form"}
    if isinstance(value, list):
        return [one for index, one in enumerate(map(form, value)) if one not in list(map(form, value[:index]))]
    return type(value).__name__


def envelope(message):
    return (
        message.cra,
        message.signature is not None and len(message.signature),
        message.mac is not None,
        len(message.date_time),
        message.date_time[-1:],
        message.message_code,
    )


@needs_rtds
@pytest.mark.parametrize("what", REFERENCE, ids="-".join)
def test_form_of_the_reference(sent, what):
    path = RTDS / "messages" / REFERENCE[what]
    if not path.exists():
        pytest.skip(f"{path.stem} is not in this copy of the reference data")
    messages, keystore = sent
    from bench.gbcs import Keystore

    reference = Message.parse(read(path))
    wanted = decode(reference, Keystore.load(RTDS / "keystore"))
    parsed = [Message.parse(bytes.fromhex(octets)) for octets in messages[what]]
    # the reference is an electricity meter's: gas devices tell the status of their clock in the date-time (GBCS 9.1)
    electric = [message for message in parsed if not {message.originator, message.target} & {GSME_EUI, GPF_EUI}]
    assert electric
    forms = []
    for message in electric:
        assert envelope(message) == envelope(reference)
        decoded = decode(message, keystore, Site.of(1, [], "").smki.identities.acb)
        assert decoded["mac"] == wanted["mac"] and decoded["signature"] == wanted["signature"]
        assert decoded["encrypted"] == decoded["decrypted"] == wanted["encrypted"]
        forms.append(form(decoded["payload"]))
    assert form(wanted["payload"]) in forms
