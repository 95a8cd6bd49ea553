"""Defects: named deviations of a virtual device from one rule, each a small override.

A defect is a function that takes a device and replaces one of its rule methods:

    @defect("esme-forgets-outages", device="Esme", breaks="R-PWR-001", story="...")
    def forgets_outages(esme): esme.report_outage = lambda interrupted_at, restored_at: None

`find` returns a shipped one by name, or one from outside by `path/to/file.py::name` (defect or function name).
"""

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Override = Callable[[Any], None]
State = dict[str, tuple[int, object]]


class DefectError(Exception):
    """A defect cannot be put into this home; one line that says why."""


@dataclass(frozen=True)
class Defect:
    """One deviation: on devices of which class, which rule it breaks, and the story a meter engineer would tell."""

    name: str
    device: str
    breaks: str
    story: str
    override: Override
    variant: str = ""  #: of electricity meter that it needs: "twin", "polyphase"

    def apply_to(self, devices: Sequence[object]) -> None:
        """Put the defect into the devices of its class. Raises DefectError if it changes nothing that exists."""
        targets = [one for one in devices if any(base.__name__ == self.device for base in type(one).__mro__)]
        if not targets:
            classes = ", ".join(sorted({type(one).__name__ for one in devices}))
            needs = f"; it needs a {self.variant} meter (rigs/virtual-{self.variant}.toml)" if self.variant else ""
            raise DefectError(f"defect {self.name}: no device of class {self.device!r}; there are {classes}{needs}")
        for target in targets:
            parts = _parts(target)
            before = [_state(part) for part in parts]
            try:
                self.override(target)
            except (Exception, SystemExit) as problem:
                raise DefectError(
                    f"defect {self.name} broke when applied ({type(problem).__name__}: {problem})"
                ) from None
            self._check([(part, had, _state(part)) for part, had in zip(parts, before, strict=True)])

    def _check(self, states: list[tuple[object, State, State]]) -> None:
        if all(had == now for _, had, now in states):
            raise DefectError(f"defect {self.name} changes nothing; override a method marked @rule")
        for part, had, now in states:
            for name in now.keys() - had.keys():
                if not hasattr(type(part), name) and callable(vars(part)[name]):
                    raise DefectError(f"defect {self.name}: {type(part).__name__} has no {name!r} to override")

    def as_dict(self) -> dict[str, str]:
        """Return what `bench defects` shows."""
        shown = {"name": self.name, "device": self.device, "breaks": self.breaks, "story": self.story}
        return shown | ({"variant": self.variant} if self.variant else {})


def _state(part: object) -> State:
    """Return what a part holds: which object each attribute is, and what a collection contains."""
    return {
        name: (id(value), dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else None)
        for name, value in getattr(part, "__dict__", {}).items()
    }


def _parts(target: object) -> list[object]:
    """Return a device, what it is made of, and what that is made of."""
    found = [target]
    for _ in range(2):
        for one in list(found):
            held = list(vars(one).values()) if hasattr(one, "__dict__") else []
            inner = [part for value in held for part in (value if isinstance(value, list) else [value])]
            new = [part for part in inner if type(part).__module__.startswith("rigs.virtual")]
            found += [part for part in new if not any(part is known for known in found)]
    return found


SHIPPED: dict[str, Defect] = {}


def defect(name: str, *, device: str, breaks: str, story: str, variant: str = "") -> Callable[[Override], Defect]:
    """Declare a defect."""

    def declare(override: Override) -> Defect:
        made = Defect(name, device, breaks, story, override, variant)
        SHIPPED[name] = made
        return made

    return declare


def shipped() -> list[Defect]:
    """Return every shipped defect, by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return [SHIPPED[name] for name in sorted(SHIPPED)]


def find(reference: str) -> Defect:
    """Return a defect by its reference. Raises LookupError that says what to do."""
    shipped()
    path, separator, name = reference.partition("::")
    if separator:
        return _from_file(Path(path), name)
    try:
        return SHIPPED[reference]
    except KeyError:
        raise LookupError(f"no defect {reference!r}; shipped are: {', '.join(sorted(SHIPPED))}") from None


def _from_file(path: Path, name: str) -> Defect:
    spec = importlib.util.spec_from_file_location(f"defects_{path.stem}", path)
    if spec is None or spec.loader is None or not path.exists():
        raise LookupError(f"no defect file {str(path)!r}; give path/to/file.py::name")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        raise LookupError(f"{path} does not load ({type(problem).__name__}: {problem}); correct it") from None
    found = [each for key, each in vars(module).items() if isinstance(each, Defect) and name in (key, each.name)]
    if not found:
        raise LookupError(f"{path} declares no defect {name!r}; use the decorator @defect")
    return found[0]
