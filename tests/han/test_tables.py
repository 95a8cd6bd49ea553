"""The cluster tables: every file is well formed, and tshark and bench.gbcs agree with them."""

import re
import subprocess
from functools import cache

import pytest

from bench.gbcs import names as gbcs_names
from bench.han import layout, smart_energy, tables, zcl
from bench.han.errors import HanError
from bench.han.zcl_types import Value
from tests.tools import need

NAMES = {  # cluster: what tshark calls it
    0x0000: "general.basic", 0x000A: "general.time", 0x0020: "general.poll", 0x0700: "se.price", 0x0702: "se.met",
    0x0704: "se.tun", 0x0705: "se.pp", 0x0707: "se.calendar", 0x0708: "se.device_management",
    0x070B: "se.sub_ghz", 0x0025: "se.keep_alive", 0x0001: "general.power_config",
}  # fmt: skip


def test_every_table_is_well_formed() -> None:
    types = set(tables.general()[1])

    def check(cluster: tables.Cluster, command: tables.Command, fields: tuple[layout.Field, ...]) -> None:
        before: set[str] = set()
        for one in fields:
            assert one.condition is None or one.condition.other in before, (cluster, command.name, one)
            if one.kind.startswith("="):
                assert one.kind[1:] in (command.kinds or {})
            elif one.kind:
                cluster.kind(one.kind)
            if one.repeat and one.repeat != "end" and not one.repeat.isdigit():
                assert one.repeat.partition("&")[0] in before, (cluster, command.name, one)
            check(cluster, command, one.members)
            before.add(one.name)

    for number in tables.clusters():
        cluster = tables.cluster(number)
        assert cluster is not None and cluster.key in ("", "LK", "NK")
        for command in cluster.commands.values():
            assert command.fields is not None and command.name.isidentifier()
            check(cluster, command, command.fields)
        for attributes in cluster.attributes.values():
            for attribute in attributes.values():
                assert attribute.type in types and attribute.name.isidentifier()
                if attribute.kind:
                    cluster.kind(attribute.kind)


def folded(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


@cache
def tshark_values() -> dict[str, dict[int, str]]:
    need("tshark")
    listed = subprocess.run(["tshark", "-G", "values"], capture_output=True, text=True, check=True).stdout
    found: dict[str, dict[int, str]] = {}
    for line in listed.splitlines():
        if line.startswith("V\tzbee"):
            _, name, number, text = line.split("\t")[:4]
            found.setdefault(name, {})[int(number, 0)] = text
    return found


@pytest.mark.tshark
@pytest.mark.parametrize("cluster", NAMES)
def test_attributes_are_those_of_tshark(cluster: int) -> None:
    theirs = tshark_values()[f"zbee_zcl_{NAMES[cluster]}.attr_id"]
    known = tables.cluster(cluster)
    assert known is not None
    ours = known.attributes[True]
    assert ours.keys() - theirs.keys() <= UNKNOWN_TO_TSHARK.get(cluster, set())
    if cluster == 0x0025:  # tshark leaves out what the standard puts in front of both names
        return
    different = {f"{i:04X} {ours[i].name} / {theirs[i]}" for i in ours.keys() & theirs.keys()
                 if folded(ours[i].name) != folded(theirs[i])}  # fmt: skip
    assert len(different) <= 5, sorted(different)


UNKNOWN_TO_TSHARK = {0x0700: set(range(0x0500, 0x0531))}  # tier prices of Smart Energy 1.1


@pytest.mark.tshark
def test_flags_are_those_of_tshark() -> None:
    need("tshark")
    listed = subprocess.run(["tshark", "-G", "fields"], capture_output=True, text=True, check=True).stdout
    masks: dict[str, list[int]] = {}
    for line in listed.splitlines():
        part = line.split("\t")
        name, _, last = part[2].rpartition(".") if len(part) > 6 else ("", "", "")
        if name.startswith("zbee_zcl_se.met") and last != "reserved" and int(part[6] or "0", 0):
            masks.setdefault(name, []).append(int(part[6], 0))
    common = tables.common_kinds()
    for kind, name in (
        ("functionalNotification", "attr.func_noti_flag"),
        ("notification2", "attr.noti_flag_2"),
        ("notification3", "attr.noti_flag_3"),
        ("notification4", "attr.noti_flag_4"),
        ("notification5", "attr.noti_flag_5"),
    ):
        ours = [((2 << last - first) - 1) << first for first, last, _, _ in common[kind].flags]
        assert ours == masks[f"zbee_zcl_se.met.{name}"], kind


def test_commands_of_gbcs_messages_are_there_too() -> None:
    for row in gbcs_names.rows("zcl_commands"):
        cluster = tables.cluster(int(row[0], 16))
        assert cluster is not None
        command = cluster.commands[row[1] == "to client", int(row[2], 16)]
        assert folded(command.name) == folded(row[3])


def described(cluster: int, frame: zcl.ZclFrame, scales: smart_energy.Scales | None = None) -> layout.Named:
    into: layout.Named = {}
    smart_energy.describe(cluster, frame, into, scales or smart_energy.Scales(), "meter")
    return into


def test_attributes_are_named_and_scaled() -> None:
    answer = zcl.read_response(
        [
            zcl.Attribute(0x0300, 0, Value(0x30, 0)),
            zcl.Attribute(0x0301, 0, Value(0x22, 1)),
            zcl.Attribute(0x0302, 0, Value(0x22, 1000)),
            zcl.Attribute(0x0000, 0, Value(0x25, 123456)),
            zcl.Attribute(0x0400, 0, Value(0x2A, -40)),
            zcl.Attribute(0x0001, 0, Value(0x25, 0xFFFFFFFFFFFF)),
            zcl.Attribute(0x0200, 0, Value(0x18, 6)),
            zcl.Attribute(0x0007, 0, Value(0xE2, 840_000_000)),
            zcl.Attribute(0x7777, 0, Value(0x20, 5)),
        ]
    )
    scales = smart_energy.Scales()
    shown = described(0x0702, zcl.ZclFrame.general(1, 1, answer, from_server=True), scales)["attributes"]
    assert shown[0] == {"id": "0300", "name": "UnitOfMeasure", "type": "30", "value": 0, "typeName": "enum8",
                        "meaning": "kWh"}  # fmt: skip
    assert (shown[3]["value"], shown[3]["scaled"], shown[3]["unit"]) == (123456, 123.456, "kWh")
    assert (shown[4]["scaled"], shown[4]["unit"]) == (-0.04, "kW")
    assert shown[5]["invalid"] is True and shown[6]["flags"] == ["low battery", "tamper"]
    assert shown[7]["time"] == "2026-08-14T05:20:00Z"
    assert shown[8] == {"id": "7777", "type": "20", "value": 5, "typeName": "uint8"}
    report = zcl.ZclFrame.general(0x0A, 2, zcl.report([(0, Value(0x25, 5000))]), from_server=True)
    assert described(0x0702, report, scales)["attributes"][0]["scaled"] == 5.0
    assert "scaled" not in described(0x0702, report)["attributes"][0]


def test_mirror_flags_have_names() -> None:
    octets = bytes.fromhex("02" + "00002000" + "00000000" * 2 + "c0020000" + "00000000")
    shown = described(0x0702, zcl.ZclFrame.cluster(0x09, 1, octets))
    assert shown["schemeName"] == "B" and shown["functionalFlags"] == ["tunnel message pending"]
    assert shown["notification4Flags"] == ["get prepay snapshot", "get top-up log", "get debt repayment log"]
    report = zcl.ZclFrame.general(1, 1, zcl.read_response([zcl.Attribute(0, 0, Value(0x1B, 1 << 24))]))
    assert described(0x0702, report)["attributes"][0]["flags"] == ["new sub-GHz masks"]


def test_key_establishment_is_read_and_no_key_is_claimed() -> None:
    certificate = (
        "0084a933b37f018dec0d081112131415161718005292a38affffffff0a0b0c0d0e0f10128803076277e2f7e2252b16a0e92b6e87"
        "71bb3f207946cbd4a45d9a9df6edab8c796a48e89dec"
    )
    octets = bytes.fromhex("02000a0a" + certificate)
    shown = described(0x0800, zcl.ZclFrame.cluster(0, 1, octets))
    assert shown["suiteFlags"] == ["suite 2 (sect283k1)"]
    assert shown["certificate"]["issuer"] == "11-12-13-14-15-16-17-18"
    assert shown["certificate"]["subject"] == "0A-0B-0C-0D-0E-0F-10-12"
    assert shown["certificate"]["keyUsageFlags"] == ["key agreement", "signature"]
    assert shown["certificate"]["publicKey"].startswith("03076277")
    ended = described(0x0800, zcl.ZclFrame.cluster(3, 1, bytes.fromhex("02050200"), from_server=True))
    assert ended["statusName"] == "bad key confirm" and "key" not in ended


def test_numbers_inside_bitmaps_have_names() -> None:
    shown = described(
        0x0708, zcl.ZclFrame.general(1, 1, zcl.read_response([zcl.Attribute(0x0117, 0, Value(0x18, 0x4C))]))
    )
    (one,) = shown["attributes"]
    assert one["flags"] == ["log: security", "push to WAN", "raise alarm to HAN"]
    label = zcl.read_response([zcl.Attribute(0, 0, Value(0x41, "Nuit \u00e9t\u00e9".encode()))])
    (one,) = described(0x0700, zcl.ZclFrame.general(1, 1, label, from_server=True))["attributes"]
    assert one["text"] == "Nuit \u00e9t\u00e9" and one["value"] == "4e75697420c3a974c3a9"


def test_amounts_have_units() -> None:
    shown = described(0x0705, zcl.ZclFrame.cluster(9, 1, (5000).to_bytes(4, "little")))
    assert shown["level"] == 5000 and shown["units"] == {"level": {"unit": "p", "scale": 0.001}}


@pytest.mark.parametrize("cluster", [0x0702, 0xFC00])
def test_what_is_not_known_stays_as_octets(cluster: int) -> None:
    unknown = zcl.ZclFrame.cluster(0xF0, 1, b"\1\2")
    assert described(cluster, unknown) == {"payload": "0102"}
    assert described(0x0703, zcl.ZclFrame.cluster(0, 1, b"\7")) == {"extra": "07"}
    into: layout.Named = {}
    with pytest.raises(HanError, match="Metering RequestFastPollMode at 1: duration needs 1 octet, 0 left"):
        smart_energy.describe(0x0702, zcl.ZclFrame.cluster(3, 1, b"\5"), into, smart_energy.Scales())
    assert into["fastPollUpdatePeriod"] == 5


@pytest.mark.parametrize("text", ["a", "a:q8", "a:u8?b", "a{b:u8}*2 c:hex"])
def test_a_layout_that_is_none(text: str) -> None:
    with pytest.raises(HanError, match="layout"):
        layout.parse(text)
