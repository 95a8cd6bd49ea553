"""Rig files: those of the project load, and every mistake is one line that names file, key and remedy."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.errors import RigError
from bench.rigfile import check_rig, fill_announced, fill_local, load_rig_file

RIGS = Path(__file__).parents[2] / "rigs"
Table = dict[str, Any]


@pytest.mark.parametrize(
    "name", ["virtual.toml", "virtual-twin.toml", "virtual-polyphase.toml", "virtual-subghz.toml", "example-lab.toml"]
)
def test_rig_files_of_the_project_load(name: str) -> None:
    rig = load_rig_file(RIGS / name)
    assert rig.devices and rig.safety.voltage_max <= 264.5


def test_a_rig_of_metal_needs_no_clock_and_no_baseline() -> None:
    rig = load_rig_file(RIGS / "example-lab.toml")
    assert {"time", "baseline"}.isdisjoint(rig.roles)
    assert set(rig.calibration) <= set(rig.instruments)


def virtual() -> Table:
    return tomllib.loads((RIGS / "virtual.toml").read_text())


def put(*keys: str, value: Any) -> Callable[[Table], None]:
    def change(table: Table) -> None:
        for key in keys[:-1]:
            table = table[key]
        table[keys[-1]] = value

    return change


def drop(*keys: str) -> Callable[[Table], None]:
    def change(table: Table) -> None:
        for key in keys[:-1]:
            table = table[key]
        del table[keys[-1]]

    return change


MISTAKES: list[tuple[Callable[[Table], None], str, str]] = [
    (put("colour", value="red"), "colour: unknown key", "known are: baseline, calibration, devices"),
    (
        put("instruments", "mains", "speed", value=1),
        "instruments.mains.speed: unknown key",
        "known are: model, phases, resource",
    ),
    (put("services", "home", "cmd", value=[]), "services.home.cmd: unknown key", "known are: accepts, command"),
    (put("devices", "esme", "eui64", value=""), "devices.esme.eui64: unknown key", "known are: eui, feed"),
    (put("parties", "cos", value=""), "parties.cos: unknown key", "known are: acb, cos_party"),
    (put("keys", "secret", value=""), "keys.secret: unknown key", "known are: han, keystore"),
    (put("safety", "power", value="1 W"), "safety.power: unknown key", "known are: attenuation_max"),
    (put("nominal", "phase", value="0"), "nominal.phase: unknown key", "known are: attenuation"),
    (drop("safety"), "safety: missing", "add it"),
    (drop("safety", "voltage_max"), "safety.voltage_max: missing", "add it"),
    (drop("instruments", "mains", "resource"), "instruments.mains.resource: missing", "add it"),
    (
        drop("instruments", "mains", "driver"),
        "instruments.mains.driver: missing",
        "known are: capture-file, cc2531, dcc-boxed",
    ),
    (drop("devices", "esme", "type"), "devices.esme.type: missing", "add it"),
    (
        put("safety", "voltage_max", value="264.5 A"),
        "safety.voltage_max: '264.5 A' is not in V",
        "write a number with its unit",
    ),
    (put("safety", "voltage_max", value=264.5), "safety.voltage_max: 264.5 has no unit", "for example '10 V'"),
    (
        put("safety", "longest_outage", value="26"),
        "safety.longest_outage: '26' is not a duration",
        "for example '3 min'",
    ),
    (put("safety", "longest_outage", value=26), "safety.longest_outage: 26 has no unit", "for example '3 min'"),
    (put("nominal", "sample", value="0 s"), "nominal.sample: ", "greater than or equal to"),
    (put("nominal", "voltage", value="400 V"), "nominal.voltage: 400 V is outside the safety envelope", "rest there"),
    (put("nominal", "frequency", value="60 Hz"), "nominal.frequency: 60 Hz is outside", "rest there"),
    (put("nominal", "attenuation", value="99 dB"), "nominal.attenuation: 99 dB is outside", "rest there"),
    (
        put("instruments", "mains", "driver", value="chroma"),
        "driver: no driver 'chroma' is installed",
        "known are: capture-file",
    ),
    (put("instruments", "mains", "driver", value=5), "driver: no driver 5 is installed", "known are: capture-file"),
    (put("instruments", "sniffer", "channel", value=27), "instruments.sniffer.channel: ", "got 27, correct it"),
    (put("instruments", "mains", "timeout_s", value=0), "instruments.mains.timeout_s: ", "got 0, correct it"),
    (put("instruments", "attenuator", "step_db", value=0), "instruments.attenuator.step_db: ", "got 0, correct it"),
    (
        put("instruments", "mains", value="x"),
        "instruments.mains: Input should be a valid dictionary",
        "got 'x', correct it",
    ),
    (
        put("roles", "mains", value="sniffer"),
        "roles.mains: instrument 'sniffer' (driver nrf-sniffer) does not provide AcSource",
        "known are: mains",
    ),
    (
        put("roles", "mains", value="generator"),
        "roles.mains: no instrument 'generator'",
        "known are: attenuator, clock",
    ),
    (put("roles", "oven", value="mains"), "roles.oven: no such role", "known are: attenuator, baseline"),
    (put("devices", "esme", "feed", value="generator"), "devices.esme.feed: no instrument 'generator'", "known are:"),
    (put("devices", "esme", "link", value="cable"), "devices.esme.link: no instrument 'cable'", "known are:"),
    (
        put("devices", "esme", "feed", value="sniffer"),
        "devices.esme.feed: instrument 'sniffer' (driver",
        "known are: mains",
    ),
    (
        put("devices", "esme", "link", value="mains"),
        "devices.esme.link: instrument 'mains' (driver",
        "known are: attenuator",
    ),
    (put("devices", "esme", "type", value="METER"), "devices.esme.type: ", "got 'METER', correct it"),
    (
        put("devices", "esme", "eui", value="00-DB"),
        "devices.esme.eui: '00-DB' is not an EUI-64",
        "write eight hex pairs",
    ),
    (put("devices", "esme", "number_shown", value="2"), "devices.esme.number_shown: ", "unit"),
    (put("devices", "esme", "unusual_commands", value=1), "devices.esme.unusual_commands: ", "got 1, correct it"),
    (put("devices", "esme", "model", value="3"), "devices.esme.model: ", "got '3', correct it"),
    (put("parties", "acb", value="nobody"), "parties.acb: 'nobody' is not an EUI-64", "write eight hex pairs"),
    (put("parties", "suppliers", value=[]), "parties.suppliers: ", "correct it"),
    (put("services", "home", "command", value=[]), "services.home.command: ", "got [], correct it"),
    (put("services", "home", "accepts", value=["magic"]), "services.home.accepts", "got 'magic', correct it"),
    (put("calibration", value={"oven": "2027-01-01"}), "calibration.oven: no instrument 'oven'", "known are:"),
    (put("calibration", value={"mains": "soon"}), "calibration.mains: ", "got 'soon', correct it"),
]


@pytest.mark.parametrize(("change", "problem", "remedy"), MISTAKES, ids=[mistake[1] for mistake in MISTAKES])
def test_mistakes_are_told_in_one_line(change: Callable[[Table], None], problem: str, remedy: str) -> None:
    table = virtual()
    change(table)
    with pytest.raises(RigError) as caught:
        check_rig(table, "my.toml")
    text = str(caught.value)
    assert text.startswith("my.toml: ")
    assert problem in text
    assert remedy in text
    assert "\n" not in text
    assert caught.value.key and caught.value.remedy


@pytest.mark.parametrize("key", ["eui", "acb", "cos_party", "network_operator", "suppliers"])
def test_every_identifier_is_checked(key: str) -> None:
    table = virtual()
    if key == "eui":
        table["devices"]["chf"]["eui"] = "zz"
    else:
        table["parties"][key] = ["zz", "zz"] if key == "suppliers" else "zz"
    with pytest.raises(RigError, match=f"{key}.*is not an EUI-64; write eight hex pairs"):
        check_rig(table, "my.toml")


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        (b"name = ", r"file: is not TOML \(Invalid value \(at end of document\)\); correct it there"),
        (b"name = 'a'\nname = 'b'\n", r"file: is not TOML \(Cannot overwrite a value \(at line 2"),
        (b"name = '\xff'\n", "file: is not UTF-8 text; give the path of a rig file"),
        (b"", "missing; add it"),
    ],
)
def test_what_is_no_rig_file(tmp_path: Path, octets: bytes, problem: str) -> None:
    path = tmp_path / "rig.toml"
    path.write_bytes(octets)
    with pytest.raises(RigError, match=problem) as caught:
        load_rig_file(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.toml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(RigError, match=f"file: cannot be read \\({reason}.*give the path of a rig file"):
            load_rig_file(path)


def test_what_a_service_did_not_announce() -> None:
    with pytest.raises(RigError, match=r"my.toml: \{home.socks\}: no service announced it; known are: \{home.clock\}"):
        fill_announced({"a": ["{home.socks}"]}, {"home": {"clock": 1}}, "my.toml")


def test_placeholders() -> None:
    ports: dict[str, int] = {}
    table = fill_local({"a": "{free.one}", "b": ["{free.one}", "{free.two}"], "c": "{home.x}", "d": 5}, ports)
    assert table["a"] == table["b"][0] == str(ports["one"])
    assert table["b"][1] == str(ports["two"]) != table["a"]
    assert (table["c"], table["d"]) == ("{home.x}", 5)
    assert fill_announced(table, {"home": {"x": 7}}, "f")["c"] == "7"


def test_a_rig_file_that_extends_another_replaces_its_keys_and_nothing_else() -> None:
    base, twin = load_rig_file(RIGS / "virtual.toml"), load_rig_file(RIGS / "virtual-twin.toml")
    assert (base.devices["esme"].variant, twin.devices["esme"].variant) == ("single", "twin")
    assert twin.devices["esme"].eui == base.devices["esme"].eui
    assert twin.services["home"].accepts == base.services["home"].accepts
    assert twin.safety == base.safety and twin.roles == base.roles


def test_rig_files_that_extend_each_other_are_told_in_one_line(tmp_path: Path) -> None:
    for name, other in (("a.toml", "b.toml"), ("b.toml", "a.toml")):
        (tmp_path / name).write_text(f'extends = "{other}"\n')
    with pytest.raises(RigError, match=r"b\.toml: extends: 'a\.toml' extends this file again; remove one of the two"):
        load_rig_file(tmp_path / "a.toml")


def test_a_rig_file_that_extends_one_that_is_not_there_names_that_one(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('extends = "gone.toml"\n')
    with pytest.raises(RigError, match=r"gone\.toml: file: cannot be read"):
        load_rig_file(tmp_path / "a.toml")


def test_free_ports_are_none_that_the_system_gives_to_outgoing_connections() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    filled = fill_local({f"port{n}": f"{{free.p{n}}}" for n in range(20)})
    assert all(1024 <= int(port) < lowest for port in filled.values())
