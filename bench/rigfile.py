"""Rig files: what is on a rig, how it is wired, its safety envelope. One TOML schema for every rig.

A file that begins with `extends = "other.toml"` is that file (beside it) with the keys it names replaced.
Values may hold `{python}` (this interpreter), `{free.NAME}` (a free TCP port, the same for each use of NAME) and
`{SERVICE.KEY}` (what a service announced when it was ready); the last are filled in when the rig is opened.
"""

import contextlib
import difflib
import re
import secrets
import socket
import sys
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bench.baseline import LAB, baselines
from bench.capabilities import ROLES
from bench.driver import DriverConfig, driver_class, driver_names
from bench.errors import RigError
from bench.units import Amperes, Decibel, DecibelMilliwatts, Duration, Hertz, Volts, Watts

DeviceType = Literal["ESME", "GSME", "CHF", "GPF", "PPMID", "HCALCS", "IHD", "CAD", "HHT"]
MeterVariant = Literal["single", "twin", "polyphase"]
InterPan = Literal["", "power-on", "meter", "no-wan"]
SNIFFER = "sniffer"
_PORTS = range(20_000, 32_000)
_PLACEHOLDER = re.compile(r"\{([a-z_]+)(?:\.([a-z0-9_]+))?\}")
_EUI = re.compile(r"([0-9A-Fa-f]{2}-){7}[0-9A-Fa-f]{2}|\{[a-z_]+\.[a-z0-9_]+\}")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _check_eui(value: str) -> str:
    if not _EUI.fullmatch(value):
        raise ValueError(f"{value!r} is not an EUI-64; write eight hex pairs, for example '90-B3-D5-1F-30-01-00-00'")
    return value


def _check_baseline(value: str) -> str:
    if value not in baselines():
        raise ValueError(f"{value!r} is no baseline; there are {', '.join(sorted(baselines()))}")
    return value


Identifier = Annotated[str, AfterValidator(_check_eui)]


class ServiceTable(_Table):
    """A program the rig needs while it is in use; it prints one JSON object when it is ready."""

    command: list[str] = Field(min_length=1)
    ready_within: Duration = Field(default_factory=lambda: _duration("20 s"), gt=timedelta(0))
    accepts: frozenset[Literal["seed", "defects"]] = frozenset()


class DeviceTable(_Table):
    """A device on the rig."""

    type: DeviceType
    eui: Identifier
    feed: str | None = None
    outlet: str | None = None  #: contact in its leg of the feed, by which it loses supply alone
    link: str | None = None  #: attenuator between it and the hub; the hub's own: in its WAN antenna path
    mpxn: str | None = None
    install_code: str | None = None  #: file with the hex digits of its install code: it joins only in a test
    switched_load: Watts | None = None  #: behind its auxiliary switch 1, on the measured feed
    generation: Watts | None = None  #: of a generator behind its primary element, which hands turn on
    number_shown: Duration | None = None  #: how long a meter shows a customer identification number, as its maker says
    unusual_commands: int | None = Field(None, gt=1)  #: so many bad ones in an hour are unusual, by its maker
    model: str | None = Field(None, pattern="^[0-9A-F]{8}$")  #: of a hub: image type and hardware version, by its maker
    firmware: str | None = None  #: file with a newer image of the maker for it (OTA)
    variant: MeterVariant = "single"  #: of an electricity meter: one element, two elements, three phases
    inter_pan: InterPan = ""  #: what opens a hub's inter-PAN for hand-held terminals
    sleepy: bool = False  #: of a PPMID: its receiver is off when it is idle
    menu_pin: str = ""  #: of a meter's menu for engineers
    golden: bool = False


class PartiesTable(_Table):
    """The remote parties the bench plays or names."""

    acb: Identifier
    cos_party: Identifier
    network_operator: Identifier
    suppliers: list[Identifier] = Field(min_length=2, max_length=2)


class KeysTable(_Table):
    """Where test keys are. Keys never stand in a rig file."""

    keystore: str
    han: str | None = None


class SafetyTable(_Table):
    """The envelope. A stimulus outside it is refused before a driver sees it."""

    voltage_min: Volts = 0.0
    voltage_max: Volts
    frequency_min: Hertz = 45.0
    frequency_max: Hertz = 55.0
    current_max: Amperes
    longest_outage: Duration = Field(ge=timedelta(0))
    attenuation_max: Decibel
    noise_max: DecibelMilliwatts = -30.0  #: power of a noise source


class NominalTable(_Table):
    """Where the rig rests, and where it goes on any exit."""

    voltage: Volts
    frequency: Hertz
    output_on: bool = True
    attenuation: Decibel = 0.0
    sample: Duration = Field(default_factory=lambda: _duration("5 s"), ge=timedelta(milliseconds=100))


class RigFile(_Table):
    """A whole rig file."""

    name: str
    title: str = ""
    baseline: Annotated[str, AfterValidator(_check_baseline)] = LAB  #: which rules may fail a device
    services: dict[str, ServiceTable] = {}
    instruments: dict[str, dict[str, Any]]
    roles: dict[str, str | list[str]]  #: a list for `sniffer` alone
    devices: dict[str, DeviceTable]
    parties: PartiesTable
    keys: KeysTable
    safety: SafetyTable
    nominal: NominalTable
    calibration: dict[str, date] = {}  #: instrument -> the day on which its calibration ends

    def filling(self, role: str) -> list[str]:
        """Return the names of the instruments that fill a role."""
        named = self.roles.get(role, [])
        return [named] if isinstance(named, str) else named


def _duration(text: str) -> Any:
    from bench.units import parse_duration

    return parse_duration(text)


def load_rig_file(path: Path) -> RigFile:
    """Read and check a rig file. Raises RigError: file, key and remedy in one line."""
    return check_rig(fill_local(_read(path)), str(path))


def _read(path: Path, chain: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return the table of a rig file, laid over that of the file it extends. Raises RigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise RigError(
            str(path), "file", f"cannot be read ({problem.strerror})", "give the path of a rig file"
        ) from None
    except UnicodeDecodeError:
        raise RigError(str(path), "file", "is not UTF-8 text", "give the path of a rig file") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise RigError(str(path), "file", f"is not TOML ({problem})", "correct it there") from None
    base = table.pop("extends", None)
    if base is None:
        return table
    other = path.parent / str(base)
    if other in (*chain, path):
        raise RigError(str(path), "extends", f"{base!r} extends this file again", "remove one of the two")
    return _laid_over(_read(other, (*chain, path)), table)


def _laid_over(base: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """Return a table with the keys of another replaced, table by table."""
    merged = dict(base)
    for key, value in table.items():
        under = base.get(key)
        merged[key] = _laid_over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def check_rig(table: Mapping[str, Any], file: str) -> RigFile:
    """Check a rig table against the schema, the installed drivers and their capabilities. Raises RigError."""
    try:
        rig = RigFile.model_validate(table)
    except ValidationError as problem:
        raise _explain(file, "", problem, RigFile) from None
    for name, instrument in rig.instruments.items():
        instrument_config(file, name, instrument)
    for role, named in rig.roles.items():
        _check_role(file, rig, role, named)
    for name, device in rig.devices.items():
        for key, role in (("feed", "mains"), ("outlet", "outlet"), ("link", "attenuator")):
            wired = getattr(device, key)
            if wired is not None:
                _check_instrument(file, rig, f"devices.{name}.{key}", wired, role)
    for name in rig.calibration:
        if name not in rig.instruments:
            raise RigError(file, f"calibration.{name}", f"no instrument {name!r}", _choose(rig.instruments))
    _check_rest(file, rig)
    return rig


def _check_rest(file: str, rig: RigFile) -> None:
    rest, safety = rig.nominal, rig.safety
    for key, value, low, high, unit in (
        ("voltage", rest.voltage, safety.voltage_min, safety.voltage_max, "V"),
        ("frequency", rest.frequency, safety.frequency_min, safety.frequency_max, "Hz"),
        ("attenuation", rest.attenuation, 0.0, safety.attenuation_max, "dB"),
    ):
        if not low <= value <= high:
            problem = f"{value:g} {unit} is outside the safety envelope of {low:g} to {high:g} {unit}"
            raise RigError(file, f"nominal.{key}", problem, "the rig must be able to rest there")


def instrument_config(file: str, name: str, table: Mapping[str, Any]) -> DriverConfig:
    """Return the checked configuration of one instrument. Raises RigError."""
    key = f"instruments.{name}"
    driver = table.get("driver")
    if driver is None:
        raise RigError(file, f"{key}.driver", "missing", _choose(driver_names()))
    try:
        model = driver_class(str(driver)).Config
    except KeyError:
        raise RigError(file, f"{key}.driver", f"no driver {driver!r} is installed", _choose(driver_names())) from None
    try:
        return model.model_validate({field: value for field, value in table.items() if field != "driver"})
    except ValidationError as problem:
        raise _explain(file, key, problem, model) from None


def _check_role(file: str, rig: RigFile, role: str, named: str | list[str]) -> None:
    if role not in ROLES:
        raise RigError(file, f"roles.{role}", "no such role", _choose(ROLES))
    if isinstance(named, list) and role != SNIFFER:
        raise RigError(file, f"roles.{role}", "names several instruments", f"only {SNIFFER!r} may; name one")
    names = [named] if isinstance(named, str) else named
    if not names or len(set(names)) < len(names):
        problem = "names an instrument twice" if names else "names no instrument"
        raise RigError(file, f"roles.{role}", problem, "name each sniffer once")
    for name in names:
        _check_instrument(file, rig, f"roles.{role}", name, role)


def _check_instrument(file: str, rig: RigFile, key: str, name: str, role: str) -> None:
    if name not in rig.instruments:
        raise RigError(file, key, f"no instrument {name!r}", _choose(rig.instruments))
    if not provides(str(rig.instruments[name]["driver"]), role):
        able = [other for other, table in rig.instruments.items() if provides(str(table.get("driver")), role)]
        driver = rig.instruments[name]["driver"]
        problem = f"instrument {name!r} (driver {driver}) does not provide {ROLES[role].__name__}"
        raise RigError(file, key, problem, _choose(able) if able else "remove the key or add an instrument that does")


def provides(driver: str, role: str) -> bool:
    """Tell whether a driver has every method of the protocol a role asks for."""
    try:
        cls = driver_class(driver)
    except KeyError:
        return False
    methods = [name for name, member in vars(ROLES[role]).items() if callable(member) and not name.startswith("_")]
    return all(callable(getattr(cls, name, None)) for name in methods)


def fill_local(table: Any, ports: dict[str, int] | None = None) -> Any:
    """Fill in `{python}` and `{free.NAME}`."""
    ports = {} if ports is None else ports

    def one(match: re.Match[str]) -> str:
        if match[1] == "python" and not match[2]:
            return sys.executable
        if match[1] == "free":
            if match[2] not in ports:
                ports[match[2]] = _free_port()
            return str(ports[match[2]])
        return match[0]

    return _substitute(table, one)


def fill_announced(table: Any, announced: Mapping[str, Mapping[str, Any]], file: str) -> Any:
    """Fill in `{SERVICE.KEY}` from what the services announced. Raises RigError for a key nobody announced."""

    def one(match: re.Match[str]) -> str:
        try:
            return str(announced[match[1]][match[2]])
        except KeyError:
            known = [f"{{{service}.{key}}}" for service, keys in announced.items() for key in keys]
            raise RigError(file, match[0], "no service announced it", _choose(known)) from None

    return _substitute(table, one)


def instrument_of_all(file: RigFile) -> str:
    """Return an instrument that every opening of this rig would share, "" if each has its own (services' names do)."""
    for name, settings in file.instruments.items():
        key = driver_class(settings["driver"]).identity_key
        if not _PLACEHOLDER.search(identity := str(settings.get(key, name))):
            return f"{name} ({identity})"
    return ""


def _substitute(value: Any, one: Any) -> Any:
    if isinstance(value, str):
        return _PLACEHOLDER.sub(one, value)
    if isinstance(value, dict):
        return {key: _substitute(inner, one) for key, inner in value.items()}
    if isinstance(value, list):
        return [_substitute(inner, one) for inner in value]
    return value


def _free_port() -> int:
    """Return a port that nobody listens on, below those that the system gives to outgoing connections by itself."""
    for port in secrets.SystemRandom().sample(_PORTS, 50):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _explain(file: str, prefix: str, problem: ValidationError, model: type[BaseModel]) -> RigError:
    errors = problem.errors()
    first = next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])
    key = ".".join(part for part in (prefix, *map(str, first["loc"])) if part)
    if first["type"] == "extra_forbidden":
        known = _known_keys(model, first["loc"][:-1])
        near = difflib.get_close_matches(str(first["loc"][-1]), known, 1)
        return RigError(
            file, key, "unknown key", f"did you mean {near[0]!r}? {_choose(known)}" if near else _choose(known)
        )
    if first["type"] == "missing":
        return RigError(file, key, "missing", "add it; rigs/virtual.toml shows how")
    message = str(first["msg"]).removeprefix("Value error, ")
    text, _, remedy = message.partition("; ")
    return RigError(file, key, text, remedy or f"got {first['input']!r}, correct it")


def _known_keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    for part in loc:
        field = model.model_fields.get(str(part))
        if field is None:
            continue
        candidates = [field.annotation, *get_args(field.annotation)]
        model = next((one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)), model)
    return list(model.model_fields)


def _choose(names: Any) -> str:
    return "known are: " + ", ".join(sorted(map(str, names))) if names else "there is none to choose from"
