"""Every Smart Energy command and attribute, two networks and a key change: our rows against tshark's fields."""

import functools
import subprocess
from io import StringIO
from json import loads
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.han import tables
from bench.han.capture import PcapngWriter
from bench.han.keyring import Keyring
from bench.han.sniff_command import Options, read_file
from tests.tools import need

from .broad_traffic import Network, every_command
from .test_tshark import _sources
from .vectors import FRAMES, LK_INSTALL, NK, TCLK, psdu

pytestmark = pytest.mark.tshark

START = 1_790_000_000_000_000_000
FIRST = Network(0x1A62, 0x11, bytes(range(16)), {0x6F01: bytes(range(0xA0, 0xB0)), 0x8C42: bytes(range(0x40, 0x50))})
SECOND = Network(0x2B73, 0x22, bytes(range(16, 32)), {0x6F01: bytes(range(0x60, 0x70))}, channel=20)


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("tshark")
    chance = Random(4)
    for network in (FIRST, SECOND):
        network.frames.clear()
    keys = Keyring()
    FIRST.keyring(keys)
    SECOND.keyring(keys)
    for network, device in ((FIRST, 0x6F01), (SECOND, 0x6F01), (FIRST, 0x8C42)):
        every_command(network, device, chance)
        if network is FIRST and device == 0x6F01:
            FIRST.switch_key(bytes(range(0xC0, 0xD0)))
    frames = [(15, psdu(name)) for name in FRAMES if name not in ("N1", "N2")]
    mixed = [one for pair in zip(FIRST.frames, SECOND.frames, strict=False) for one in pair]
    mixed += FIRST.frames[len(SECOND.frames) :] + SECOND.frames[len(FIRST.frames) :]
    path = tmp_path_factory.mktemp("broad") / "broad.pcapng"
    with PcapngWriter(path) as writer:
        one, two = writer.add_interface("first"), writer.add_interface("second")
        for number, (channel, octets) in enumerate((*mixed, *frames)):
            time = START + number * 20_000_001
            writer.write_psdu(one if channel == 15 else two, time, octets, channel=channel, rssi=-60.0, lqi=9)
    keys.add_network_key(NK, 0)
    keys.add_link_key(TCLK)
    keys.add_link_key(LK_INSTALL)
    keys.save(path.with_suffix(".toml"))
    return path


def tshark(path: Path, *arguments: str) -> str:
    command = ["tshark", "-r", str(path), *arguments]
    ring = Keyring.load(path.with_suffix(".toml"))
    for key in {one.key for one in (*ring.network_keys, *ring.link_keys)}:
        command += ["-o", f'uat:zigbee_pc_keys:"{key.hex()}","Normal",""']
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


def values(path: Path, fields: list[str]) -> list[dict[str, list[str]]]:
    asked = ["-T", "fields", "-E", "separator=|", "-E", "occurrence=a", "-E", "aggregator=;"]
    for name in fields:
        asked += ["-e", name]
    rows = [line.split("|") for line in tshark(path, *asked).splitlines()]
    return [{f: v.split(";") if v else [] for f, v in zip(fields, row, strict=True)} for row in rows]


@pytest.fixture(scope="module")
def ours(capture: Path) -> list[dict[str, Any]]:
    out = StringIO()
    code = read_file(capture, Options(as_json=True, keys=capture.with_suffix(".toml")), out)
    assert code == 0
    return [loads(line) for line in out.getvalue().splitlines()]


def test_everything_is_decrypted_and_read(ours: list[dict[str, Any]]) -> None:
    assert [row for row in ours if row["error"] or isinstance(row["decrypted"], str)] == []
    assert [row for row in ours if row["fields"] and "extra" in row["fields"]] == []
    seen = {(row["cluster"], row["command"]) for row in ours}
    for number in tables.clusters():
        cluster = tables.cluster(number)
        assert cluster is not None
        assert {(f"0x{number:04x}", known.name) for known in cluster.commands.values()} <= seen
    assert {row["nwk_key_seq"] for row in ours if row["pan"] == "0x1a62"} == {None, 0, 1, 2}


FIELDS = [
    "wpan.src16", "wpan.dst16", "wpan.src64", "wpan.dst64", "wpan.seq_no", "zbee_nwk.src", "zbee_nwk.dst",
    "zbee_nwk.seqno", "zbee.sec.counter", "zbee_aps.counter", "zbee_aps.profile", "zbee_aps.cluster",
    "zbee_aps.zdp_cluster", "zbee_zcl.attr.id", "_ws.malformed", "data.data", "wpan-tap.ch_num",
]  # fmt: skip
COMMANDS = "zbee_zcl_{}.cmd.srv_{}.id"


@pytest.fixture(scope="module")
def theirs(capture: Path) -> list[dict[str, list[str]]]:
    return values(capture, FIELDS + command_fields())


@functools.cache
def command_fields() -> list[str]:
    listed = subprocess.run(["tshark", "-G", "fields"], capture_output=True, text=True, check=True).stdout
    names = [line.split("\t")[2] for line in listed.splitlines() if line.startswith("F\t")]
    wanted = (".cmd.srv_rx.id", ".cmd.srv_tx.id", ".cmd.id", ".cmd_srv_rx.id")
    return [name for name in names if name.startswith(("zbee_zcl.cmd.id", "zbee_zcl_se", "zbee_zcl_general"))
            and name.endswith(wanted)]  # fmt: skip


def one(value: Any) -> list[str]:
    return [] if value is None else [str(value)]


@pytest.mark.parametrize("end", ["src", "dst"])
def test_addresses(ours: list[dict[str, Any]], theirs: list[dict[str, list[str]]], end: str) -> None:
    for row, shark in zip(ours, theirs, strict=True):
        assert one(row[end]) == (shark[f"wpan.{end}16"] or shark[f"wpan.{end}64"]), row
        assert one(row[f"nwk_{end}"]) == shark[f"zbee_nwk.{end}"][:1], row


def test_counters_and_sequence_numbers(ours: list[dict[str, Any]], theirs: list[dict[str, list[str]]]) -> None:
    for row, shark in zip(ours, theirs, strict=True):
        assert one(row["mac_seq"]) == shark["wpan.seq_no"], row
        assert one(row["nwk_seq"]) == shark["zbee_nwk.seqno"], row
        mine = [str(row[name]) for name in ("nwk_counter", "aps_frame_counter") if row[name] is not None]
        if row["command"] != "Tunnel":  # tshark also lists the counter of the frame inside
            assert mine == shark["zbee.sec.counter"], row
            assert one(row["aps_counter"]) == shark["zbee_aps.counter"], row
        assert one(row["channel"]) == shark["wpan-tap.ch_num"]


def test_profiles_clusters_commands_attributes(ours: list[dict[str, Any]], theirs: list[dict[str, list[str]]]) -> None:
    checked = 0
    for row, shark in zip(ours, theirs, strict=True):
        if row["command"] == "Tunnel":
            continue
        assert one(row["profile"]) == shark["zbee_aps.profile"], row
        assert one(row["cluster"]) == (shark["zbee_aps.cluster"] or shark["zbee_aps.zdp_cluster"]), row
        numbers = [int(text, 0) for name in command_fields() for text in shark[name]]
        if row["command_id"] is not None and numbers:
            assert numbers == [row["command_id"]], row
            checked += 1
        attributes = (row["fields"] or {}).get("attributes", []) if row["command_id"] in (0, 1) else []
        assert [int(text, 0) for text in shark["zbee_zcl.attr.id"]] in (
            [int(each["id"], 16) for each in attributes if "id" in each],
            [],
        ), row
    assert checked > 700


def test_no_layout_of_ours_is_too_short_or_too_long_for_tshark(
    ours: list[dict[str, Any]], theirs: list[dict[str, list[str]]]
) -> None:
    """The payloads were built from our layouts: tshark runs out of octets or has some left where ours differ."""
    generated = list(zip(ours, theirs, strict=True))[: len(FIRST.frames) + len(SECOND.frames)]
    assert [row for row, shark in generated if shark["_ws.malformed"]] == []
    assert [row for row, shark in generated if shark["data.data"] and row["fields"]] == []


def test_payload_octets(capture: Path, ours: list[dict[str, Any]]) -> None:
    dumps = _sources(tshark(capture, "-x"))
    compared = 0
    for row, sources in zip(ours, dumps, strict=True):
        if row["decrypted"] is True and row["payload"]:
            wanted = bytes.fromhex(row["payload"])
            assert wanted in sources or any(source.endswith(wanted) for source in sources), row
            compared += 1
    assert compared > 800


SHOWN = {  # tshark's field: cluster, command, ours
    "zbee_zcl_se.met.configure_mirror.reporting_interval": ("0x0702", "ConfigureMirror", "reportingInterval"),
    "zbee_zcl_se.met.get_sampled_data.number_of_samples": ("0x0702", "GetSampledData", "nSamples"),
    "zbee_zcl_se.pp.change_debt.debt_amount": ("0x0705", "ChangeDebt", "amount"),
    "zbee_zcl_se.pp.set_maximum_credit_limit.max_credit_level": ("0x0705", "SetMaximumCreditLimit", "maxCredit"),
    "zbee_zcl_se.drlc.duty_cycle": ("0x0701", "LoadControlEvent", "dutyCycle"),
    "zbee_zcl_se.price.tariff_information.standing_charge": ("0x0700", "PublishTariffInformation", "standingCharge"),
    "zbee_zcl_se.price.consolidated_bill": ("0x0700", "PublishConsolidatedBill", "consolidatedBill"),
    "zbee_zcl_se.events.get_event_log.event_offset": ("0x0709", "GetEventLog", "offset"),
    "zbee_zcl_se.calendar.number_of_week_profiles": ("0x0707", "PublishCalendar", "nWeeks"),
    "zbee_zcl_se.ke.init.confirm.time": ("0x0800", "InitiateRequest", "confirmKeyGenerateTime"),
    "zbee_zcl_general.ota.image.size": ("0x0019", "QueryNextImageRsp", "imageSize"),
}


def test_values_of_commands(capture: Path, ours: list[dict[str, Any]]) -> None:
    seen = set()
    for row, shark in zip(ours, values(capture, list(SHOWN)), strict=True):
        for name, (cluster, command, wanted) in SHOWN.items():
            if shark[name] and (row["cluster"], row["command"]) == (cluster, command):
                assert [int(shark[name][0], 0)] == [row["fields"][wanted]], row
                seen.add(name)
    assert seen == set(SHOWN)


WIDTHS = [f"{kind}{8 * n}" for kind in ("uint", "int", "bitmap") for n in (1, 2, 3, 4, 6)]


def test_values_of_attributes(capture: Path, ours: list[dict[str, Any]]) -> None:
    fields = [f"zbee_zcl.attr.{name}" for name in WIDTHS if name not in ("int48",)]
    compared = 0
    for row, shark in zip(ours, values(capture, [*fields, "zbee_zcl.attr.ostr"]), strict=True):
        attributes = [one for one in (row["fields"] or {}).get("attributes", []) if "value" in one]
        for name in fields:
            kind = name.rpartition(".")[2]
            kinds = (kind, kind.replace("uint", "enum"))  # tshark has no field for enumerations
            mine = [one["value"] for one in attributes if one["typeName"] in kinds]
            theirs = [int(text, 0) for text in shark[name]]
            if theirs:  # some clusters have fields of their own
                assert theirs == [value for value in mine if value in theirs] and len(theirs) <= len(mine), (
                    f"{row} {name}"
                )
                compared += len(theirs)
        strings = [one["value"] for one in attributes if one["type"] == "41"]
        assert [text.replace(":", "") for text in shark["zbee_zcl.attr.ostr"]] in (strings, []), row
        compared += len(shark["zbee_zcl.attr.ostr"])
    assert compared > 700
