"""The catalogue: against the reference data, and what its loader refuses."""

import re
from pathlib import Path

import pytest

from bench.catalogue import CatalogueError, UseCase, catalogue, load, use_case, use_cases_of
from bench.dcc import services
from bench.dcc.bodies import BODIES
from bench.dcc.commands import COMMANDS
from bench.dcc.credentials import DER
from bench.dcc.dlms_values import VALUES
from bench.dcc.sequence_readers import SEQUENCE_READERS
from bench.dcc.value_readers import VALUE_READERS
from bench.gbcs import dlms, names
from bench.gbcs.dlms import AccessRequest
from bench.gbcs.gbz import Gbz
from bench.gbcs.message import Cra, Message
from tests.rtds import messages, needs_rtds, read

CASES = list(catalogue().values())
_VERBS = {dlms.GET: "get", dlms.SET: "set", dlms.ACTION: "action", dlms.GET_WITH_SELECTION: "select"}

GOOD = """
[ECS52]
code = 0x0059
title = "Read firmware version"
payload = "DLMS"
devices = ["ESME"]
services = ["11.2"]
command = [ { get = "1:0-0:0.2.1.255:2" } ]
"""


def of(path: Path) -> UseCase | None:
    """The use case a message file of the reference data belongs to."""
    return catalogue().get(path.name.split("_")[0].replace("-", "_"))


def reference(kind: str) -> list[tuple[Path, UseCase, Message]]:
    found = []
    for path in messages():
        case = of(path)
        if case is not None and path.name.endswith(f"_{kind}_GBCS.HEX"):
            found.append((path, case, Message.parse(read(path))))
    return found


def test_every_use_case_is_there() -> None:
    assert len(CASES) >= 241
    assert len({case.code for case in CASES}) >= 200
    for case in CASES:
        known = names.message_codes().get(case.code)
        assert known is not None, f"{case.name}: {case.code:04X} is not in the table of message codes"


def test_services_lead_to_use_cases() -> None:
    """A service request that goes to a device has a use case, one that the DCC answers has none."""
    for service in services():
        assert bool(use_cases_of(service.variant)) != service.non_device, service.variant


def test_names_in_the_catalogue_exist() -> None:
    for case in CASES:
        for item in case.command:
            words = (item.build or (item.target if item.verb in ("each", "der") else "")).split()
            if item.build:
                assert words[0] in VALUES and words[0] in VALUE_READERS, (case.name, words)
            elif item.verb == "each":
                assert words[0] in COMMANDS and words[0] in SEQUENCE_READERS, (case.name, words)
            elif item.verb == "der":
                assert words[0] in DER, (case.name, words)
            if item.verb in ("to_server", "to_client"):
                cluster, command = (int(part, 16) for part in item.target.split(":"))
                known = names.zcl_command(cluster, item.verb == "to_server", command)
                assert known is not None, (case.name, item.target)
                for field in item.fields:
                    assert re.search(rf"\b{field}\b", known.fields), (case.name, item.target, field)


def test_sources_are_elements_of_the_request() -> None:
    from bench.dcc import service

    for case in CASES:
        for variant in case.services:
            body = BODIES[service(variant).element]
            known = elements(body)
            for item in case.command:
                sources = [item.source, *(each for each in item.fields.values() if isinstance(each, str))]
                sources += [each["from"] for each in item.fields.values() if isinstance(each, dict)]
                for source in sources:
                    for step in source.split("/"):
                        assert not step or step.startswith("@") or step in known, (case.name, source)


def elements(record: type) -> set[str]:
    """Names of all elements a body can have."""
    from dataclasses import fields

    found: set[str] = set()
    for each in fields(record):
        child = each.metadata.get("duis")
        if child is not None:
            found.add(child.name)
            if isinstance(child.content, type):
                found |= elements(child.content)
    return found


@pytest.mark.rtds
@needs_rtds
def test_commands_of_the_reference_data_hold_these_objects() -> None:
    compared = 0
    for path, case, message in reference("COMMAND"):
        if case.payload == "ASN1" or any(item.verb == "each" or item.when for item in case.command):
            continue
        seen = []
        if case.payload == "DLMS":
            for spec in AccessRequest.parse(message.payload).specs:
                obis = spec.obis
                groups = f"{obis[0]}-{obis[1]}:{'.'.join(map(str, obis[2:]))}"
                seen.append((_VERBS[spec.choice], f"{spec.class_id}:{groups}:{spec.index}"))
            wanted = [("action" if i.verb == "protected" else i.verb, i.target) for i in case.command]
        else:
            for component in Gbz.parse(message.payload).components:
                verb = {0x00: "read", 0x01: "to_server", 0x09: "to_client"}[component.frame_control]
                command = "" if verb == "read" else f":{component.command:02X}"
                seen.append((verb, f"{component.cluster:04X}{command}"))
            wanted = [(i.verb, i.target) for i in case.command for _ in range(i.repeat)]
        assert seen == wanted, path.name
        compared += 1
    assert compared >= 150


@pytest.mark.rtds
@needs_rtds
def test_protection_of_the_reference_data() -> None:
    mixed = {"CS04B", "CS02aSignature"}  # test data oddities: a file of another use case among them
    for path, case, message in reference("COMMAND"):
        assert message.message_code == case.code or case.name in mixed, path.name
        assert bool(message.signature) == case.critical or case.name in mixed, path.name
        broker = message.originator.hex().upper() == "90B3D51F30000002"
        if case.sender == "ACB for user":
            assert broker and message.supplementary_party is not None, path.name
        elif case.sender == "ACB":
            assert broker and message.supplementary_party is None, path.name
    for path, case, message in reference("RESPONSE"):
        assert message.cra is Cra.RESPONSE
        assert (len(message.date_time) == 12) == case.response_date_time, path.name
        assert bool(message.signature) == case.response_signed or case.name in mixed, path.name


def test_facts_of_some_use_cases() -> None:
    tariff = use_case("ECS01a")
    assert (tariff.code, tariff.services, tariff.critical, tariff.replay) == (0x0019, ("1.1.1",), True, True)
    assert tariff.future_dated and {0x8F66, 0x8F67} <= set(tariff.alerts) and tariff.alert_message_codes == (0x00CC,)
    profile = use_case("ECS22b")
    assert (
        profile.other_recipient and profile.encrypted and set(profile.roles) == {"Supplier", "NetworkOperator", "ACB"}
    )
    assert use_case("ECS08").superseded_by == "ECS08a"
    assert use_case("ECS52").command[0].answer == "octet-string"


@pytest.mark.parametrize(("change", "problem"), [
    (("code = 0x0059", "code = 0x10059"), r"ECS52\.code: 65625, expected a message code"),
    (("code = 0x0059", 'code = "0059"'), r"ECS52\.code: str, expected int"),
    (("code = 0x0059", ""), r"ECS52\.code: is missing"),
    (('payload = "DLMS"', 'payload = "XML"'), r"ECS52\.payload: 'XML', expected DLMS"),
    (('devices = ["ESME"]', 'devices = ["METER"]'), r"ECS52\.devices: 'METER', expected ESME"),
    (("services", "servises"), r"ECS52\.servises: unknown key"),
    (("get =", "got ="), r"ECS52\.command\[0\]: 0 verbs"),
    (("0.2.1.255:2", "0.2.1.256:2"), r"ECS52\.command\[0\]\.get: '1:0-0:0\.2\.1\.256:2', expected class"),
    (('" } ]', '", from = "Name" } ]'), r"ECS52\.command\[0\]\.from: unknown key beside get"),
    (("get =", "set ="), r"ECS52\.command\[0\]: expected exactly one of value, from and build"),
    (('title = "', 'title = '), "Invalid|Unterminated|Expected"),
    (('title = "R', 'superseded_by = "ECS99"\ntitle = "R'), r"ECS52\.superseded_by: 'ECS99' is no use case"),
])  # fmt: skip
def test_mistakes_are_one_line(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    (tmp_path / "firmware.toml").write_text(GOOD.replace(*change))
    with pytest.raises(CatalogueError, match=problem) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)
    if "superseded" not in problem:
        assert str(caught.value).startswith("firmware.toml: ")


def test_duplicates_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    (tmp_path / "b.toml").write_text(GOOD)
    with pytest.raises(CatalogueError, match=r"b\.toml: ECS52: defined twice"):
        load(tmp_path)
    (tmp_path / "b.toml").write_text(GOOD.replace("ECS52", "ECS53"))
    with pytest.raises(CatalogueError, match=r"b\.toml: ECS53\.code: 0x0059 is that of ECS52"):
        load(tmp_path)
    with pytest.raises(CatalogueError, match="no such use case"):
        use_case("ECS999")
