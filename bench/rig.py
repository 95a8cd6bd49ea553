"""An open rig: services started, instruments locked and connected, observation points on the timeline."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from bench.air import Air
from bench.bus import Bus, Item
from bench.capabilities import ROLES, Baseline, SafeState
from bench.capture import SOURCE
from bench.clock import Clock, MachineTime
from bench.driver import Driver, driver_class
from bench.errors import BenchError, InstrumentError, NotRun, UsageError
from bench.lock import InstrumentLocks
from bench.recorder import Recorder
from bench.rigfile import SNIFFER, RigFile, check_rig, fill_announced, instrument_config
from bench.service import Service
from bench.timeline import Timeline

Capability = TypeVar("Capability")


class Rig:
    """Everything a run holds of the rig, opened in order and closed in reverse."""

    def __init__(self, file: RigFile, path: str) -> None:
        self.file, self.path = file, path
        self.services: dict[str, Service] = {}
        self.instruments: dict[str, Driver] = {}
        self._locks = InstrumentLocks()
        self._watchdog: subprocess.Popen[bytes] | None = None
        self.bus = Bus()
        self.recorder = Recorder()
        self.clock: Clock
        self.timeline: Timeline
        self._takers: dict[str, Any] = {}
        self.air: Air | None = None
        self._on_air: Callable[[Item], datetime]

    def open(self, run_folder: Path, seed: int, defects: Sequence[str]) -> None:
        """Start the services and connect every instrument. Raises BenchError (or RigError, UsageError)."""
        self._check_world_options(defects)
        sniffers = self.file.filling(SNIFFER)
        if sniffers:
            self.air = Air(run_folder)
        for name, table in self.file.services.items():
            arguments = []
            if "seed" in table.accepts:
                arguments += ["--seed", str(seed)]
            if "defects" in table.accepts:
                arguments += [word for defect in defects for word in ("--defect", defect)]
            self.services[name] = Service(name, table, arguments, run_folder / "services" / f"{name}.log")
        announced = {name: service.announced for name, service in self.services.items()}
        self.file = check_rig(fill_announced(self.file.model_dump(mode="json"), announced, self.path), self.path)
        for name, settings in self.file.instruments.items():
            driver = driver_class(settings["driver"])
            config = instrument_config(self.path, name, settings)
            identity = f"{settings['driver']} {getattr(config, driver.identity_key, name)}"
            self._locks.take(name, identity)
            remote = self.air.sniffer(name, settings["driver"], config) if self.air and name in sniffers else None
            self.instruments[name] = remote or driver(name, config)
        if self.air is not None:
            self.air.open()
        for instrument in self.instruments.values():
            instrument.open()
        if self.air is not None:
            self.air.opened()
        self.clock = Clock(self.find("time") or MachineTime())
        self.timeline = Timeline(self.clock, self.recorder)
        self.clock.on_pump(self._collect)
        self.clock.count_sent(self._unanswered)
        self._watchdog = self._start_watchdog(run_folder)

    def _check_world_options(self, defects: Sequence[str]) -> None:
        if defects and not any("defects" in table.accepts for table in self.file.services.values()):
            remedy = "leave --defect out or use a rig that does"
            raise UsageError(f"{self.path}: no service of this rig accepts defects; {remedy}")

    def find(self, role: str) -> Any:
        """Return the instrument that fills a role (the first, where several may), or None."""
        names = self.file.filling(role)
        return self.instruments[names[0]] if names else None

    def need(self, role: str, capability: type[Capability]) -> Capability:
        """Return the instrument that fills a role. Raises NotRun naming the missing capability."""
        found = self.find(role)
        if found is None:
            raise NotRun(f"rig {self.file.name} has no {ROLES[role].__name__} (role {role!r})")
        if not isinstance(found, capability):
            raise BenchError(
                f"instrument {found.name}: its driver lacks a part of {ROLES[role].__name__} (role {role!r})"
            )
        return found

    def observe(self, instrument: Driver, take: Any) -> None:
        """Start an observing instrument; `take(item)` is called with each item, in timeline order."""
        source = self.bus.source(instrument.name, self.clock.source.arrival)
        self._takers[instrument.name] = take
        starter: Any = instrument
        starter.start(source)

    def listen_to_air(self, take: Any, on_air: Callable[[Item], datetime]) -> None:
        """Start the sniffers; `take(item)` is called with each frame they hear, `on_air(item)` says when that was."""
        assert self.air is not None
        self._on_air = on_air
        for name in self.air.sniffers:
            self._takers[name] = take
        self._takers[SOURCE] = self.air.take
        self.air.start(self.bus, self.clock, self.timeline, self.recorder)

    def settle(self) -> None:
        """Collect everything that has been heard. Raises BenchError for what was heard and did not arrive."""
        if self.air is None:
            return
        published = self.air.sync()
        first: BenchError | None = None
        for expected in ({SOURCE: published[SOURCE]}, published):  # what is told as lost is not waited for
            try:
                self._collect(expected)
            except BenchError as problem:
                first = first or problem
        self.bus.write_off(published)
        if first is not None:
            raise first

    def _unanswered(self) -> dict[str, int]:
        return {name: instrument.unanswered for name, instrument in self.instruments.items() if instrument.unanswered}

    def _collect(self, expected: Mapping[str, int] | None) -> None:
        wanted = {name: count for name, count in (expected or {}).items() if name in self._takers}
        first: BenchError | None = None
        try:
            items: list[Item] = self.bus.drain(wanted)
        except BenchError:
            self.check_services()
            raise
        for item in self._in_order(items):
            try:
                self._takers[item.source](item)
            except BenchError as problem:  # what came with it is still put on the timeline
                first = first or problem
        troubles = (self.instruments[name].trouble for name in self._takers if name in self.instruments)
        first = first or next((trouble for trouble in troubles if trouble is not None), None)
        if first is None and self.air is not None:
            self.air.check()
        if first is not None:
            raise first

    def _in_order(self, items: list[Item]) -> list[Item]:
        """Stamp frames that bear the time of their sniffer; return what came in the order in which it happened."""
        if self.air is None or not items:
            return items
        now, sniffers = self.clock.now(), self.air.sniffers
        stamped = (
            item.at(self._on_air(item)) if item.time is None and item.source in sniffers else item for item in items
        )
        return sorted(stamped, key=lambda item: item.time or now)

    def check_services(self) -> None:
        """Raise BenchError naming a service, or the capture process, that has ended."""
        for service in self.services.values():
            service.check()
        if self.air is not None:
            self.air.check()

    def forgive(self) -> None:
        """Forget trouble of instruments that still listen, so that one bad line spoils one test."""
        for instrument in self.instruments.values():
            if instrument.listening:
                instrument.trouble = None

    def begin_test(self) -> None:
        """Leave behind what came since the last test, and trouble that is over. Raises BenchError for what is not."""
        self.check_services()
        self.forgive()
        try:
            self.clock.pump(None)
        except InstrumentError:
            self.forgive()
            self.clock.pump(None)

    def restore_baseline(self) -> None:
        """Bring the rig to its initial state where it can; elsewhere tests find their preconditions themselves."""
        baseline = self.find("baseline")
        if isinstance(baseline, Baseline):
            baseline.restore_baseline()

    def make_safe(self) -> list[str]:
        """Bring every instrument to its safe state; one failing does not stop the others. Returns what failed."""
        return make_safe(self.instruments.values(), self.file)

    def _start_watchdog(self, run_folder: Path) -> subprocess.Popen[bytes]:
        with (run_folder / "watchdog.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "bench.watchdog"], stdin=subprocess.PIPE, stderr=log, start_new_session=True
            )
        assert process.stdin is not None
        orders = {"path": self.path, "rig": self.file.model_dump(mode="json")}
        process.stdin.write(json.dumps(orders).encode() + b"\n")
        process.stdin.flush()
        return process

    def close(self) -> None:
        """Make the rig safe, disconnect, stop the services. Never raises; the watchdog tries what failed here."""
        unsafe = self.make_safe() if self._watchdog is not None else []
        for line in unsafe:
            sys.stderr.write(f"bench: the rig is not in its safe state: {line}\n")
        for instrument in reversed(list(self.instruments.values())):
            with contextlib.suppress(Exception):
                instrument.close()
        if self.air is not None:
            self.air.close()
        if self._watchdog is not None and self._watchdog.stdin is not None:
            with contextlib.suppress(OSError):
                if not unsafe:
                    self._watchdog.stdin.write(b"disarm\n")
                self._watchdog.stdin.close()
            self._watchdog.wait()
        for service in self.services.values():
            service.stop()
        self.recorder.close()
        self.bus.close()
        self._locks.release()


def make_safe(instruments: Any, file: RigFile) -> list[str]:
    """Bring instruments to the rest the rig file declares. Returns one line for each that could not."""
    problems: list[str] = []
    for instrument in instruments:
        if not isinstance(instrument, SafeState):
            continue
        try:
            instrument.make_safe(file.nominal)
        except BenchError as problem:
            problems.append(str(problem))
        except Exception as problem:  # one driver's bug must not keep the others from their rest
            name = getattr(instrument, "name", "?")
            problems.append(f"instrument {name}: its driver broke ({type(problem).__name__}: {problem})")
    return problems
