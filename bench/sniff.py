"""`bench sniff` on a rig or a single sniffer: frames as they are heard, until interrupted."""

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from bench.bus import Bus, Item
from bench.capture import SOURCE
from bench.capture.client import Capture
from bench.capture.sniffer import Sniffer
from bench.driver import DriverConfig, driver_class, driver_names
from bench.errors import BenchError, InstrumentError, UsageError
from bench.han.capture_reader import Packet
from bench.han.octets import eui_octets
from bench.han.sniff_command import OK, USAGE, Options, Sniff, SniffError, complain
from bench.observation import nanoseconds

_PAUSE_S = 0.05

Sniffers = Mapping[str, tuple[str, DriverConfig]]


def listen(sniffers: Sniffers, options: Options, out: TextIO, seconds: float | None = None) -> int:
    """Print what sniffers (name -> driver, configuration) hear, for `seconds` or until Ctrl-C. Returns the exit code.

    Raises BenchError when a sniffer fails; what it heard before has been printed.
    """
    try:
        sniff = Sniff(options, out)
    except SniffError as fault:
        complain(str(fault))
        return USAGE
    end = None if seconds is None else time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="bench-sniff-") as folder:
        capture, bus = Capture(Path(folder) / "capture.log"), Bus()
        try:
            capture.open(sniffers)
            capture.opened()
            offset = time.time_ns() // 1000 - time.monotonic_ns() // 1000
            capture.start(bus.listen(*sniffers, SOURCE), offset_us=offset)
            _loop(capture, bus, sniff, out, end)
        except KeyboardInterrupt:
            pass
        finally:
            capture.stop()
            bus.close()
            sniff.close()
    return OK


def _loop(capture: Capture, bus: Bus, sniff: Sniff, out: TextIO, end: float | None) -> None:
    count, known = 0, sniff.keyring.version
    while end is None or time.monotonic() < end:
        try:
            items = bus.drain()
        except InstrumentError as lost:  # what came after the loss is given by the next drain
            complain(str(lost))
            continue
        for item in items:
            if item.kind == "psdu":
                count += 1
                sniff.take(_packet(item, count))
            else:
                complain(_told(item))
        if sniff.keyring.version != known:
            known = sniff.keyring.version
            sniff.retry()
        if items:
            out.flush()
        else:
            capture.check()
            time.sleep(_PAUSE_S)


def _packet(item: Item, number: int) -> Packet:
    data = item.data
    stamp = time.time_ns() if item.time is None else nanoseconds(item.time)
    return Packet(
        number,
        stamp,
        item.raw,
        bool(data.get("fcs", False)),
        interface_name=item.source,
        channel=data.get("channel"),
        page=data.get("page"),
        rssi=data.get("rssi"),
        lqi=data.get("lqi"),
    )


def _told(item: Item) -> str:
    """Return in words what the capture process tells of a sniffer, or of itself."""
    since = item.data.get("since")
    told = f"{item.data.get('sniffer') or item.source}: {item.data.get('problem', item.kind)}"
    return told + (f" (since {since})" if since else "")


def of_rig(path: Path) -> Sniffers:
    """Return the sniffers of a rig file. Raises UsageError when it has none, or is wrong."""
    from bench.rigfile import instrument_config, load_rig_file

    file = load_rig_file(path)
    found = {}
    for name, settings in file.instruments.items():
        if issubclass(driver_class(settings["driver"]), Sniffer):
            if any("{" in str(value) for value in settings.values()):
                told = "only while bench run starts the rig's services; read han.pcapng of a run with --read"
                raise UsageError(f"{path}: {name} is there {told}")
            found[name] = settings["driver"], instrument_config(str(path), name, settings)
    if not found:
        raise UsageError(f"{path}: rig {file.name} has no sniffer; name one with --driver and --resource")
    return found


def devices_of(path: Path) -> Iterator[tuple[bytes, str, str]]:
    """Yield EUI-64, type and name of the devices of a rig file."""
    from bench.rigfile import load_rig_file

    for name, device in load_rig_file(path).devices.items():
        if "{" not in device.eui:
            yield eui_octets(device.eui), device.type, name


def of_driver(driver: str, resource: str, channel: int | None) -> Sniffers:
    """Return one sniffer by driver and resource. Raises UsageError."""
    try:
        kind = driver_class(driver)
    except KeyError:
        raise UsageError(f"no driver is called {driver}; there are {', '.join(driver_names())}") from None
    if not issubclass(kind, Sniffer):
        raise UsageError(f"driver {driver} is no sniffer")
    settings: dict[str, Any] = {kind.identity_key: resource} | ({} if channel is None else {"channel": channel})
    try:
        config = kind.Config.model_validate(settings)
    except ValueError as fault:
        reason = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in getattr(fault, "errors", lambda: [])()
        )
        raise UsageError(f"driver {driver}: {reason or fault}") from None
    return {driver: (driver, config)}


def run(
    rig: Path | None, driver: str, resource: str, channel: int | None, seconds: float | None, options: Options
) -> int:
    """Listen to the sniffers of a rig, or to one sniffer. Returns the exit code; raises BenchError."""
    if rig is None and not (driver and resource):
        raise UsageError("nothing to sniff: give --read FILE, a rig file, or --driver and --resource")
    if rig is not None:
        options = replace(options, devices=tuple(devices_of(rig)))
    try:
        return listen(of_rig(rig) if rig else of_driver(driver, resource, channel), options, sys.stdout, seconds)
    except BrokenPipeError:
        raise
    except OSError as fault:
        raise BenchError(f"{fault.filename or 'output'}: {fault.strerror}") from None
