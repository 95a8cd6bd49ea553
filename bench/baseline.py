"""Baselines: which strengths of evidence, and which single rules, may fail a device (`baselines.toml`)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from bench.errors import UsageError
from bench.rules import Rule, find_rule

LAB = "lab"  #: of a rig that names none


@dataclass(frozen=True)
class Baseline:
    """What may fail a device; anything else is a warning."""

    name: str
    asserts: frozenset[str]
    promoted: frozenset[str] = frozenset()
    demoted: frozenset[str] = frozenset()

    def asserted(self, rule: Rule | str) -> bool:
        """Whether a broken rule fails the device; a rule outside the catalogue does."""
        known = find_rule(rule) if isinstance(rule, str) else rule
        if known.id in self.demoted:
            return False
        return known.id in self.promoted or not known.strength or known.strength in self.asserts


@cache
def baselines() -> dict[str, Baseline]:
    """Return every baseline by name."""
    table = tomllib.loads((files("bench") / "baselines.toml").read_text(encoding="utf-8"))
    return {
        name: Baseline(name, *(frozenset(entries.get(key, ())) for key in ("asserts", "promoted", "demoted")))
        for name, entries in table.items()
    }


def find_baseline(name: str) -> Baseline:
    """Return a baseline by name. Raises UsageError."""
    try:
        return baselines()[name]
    except KeyError:
        raise UsageError(f"no baseline {name!r}; there are {', '.join(sorted(baselines()))}") from None
