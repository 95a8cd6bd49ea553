"""The rule catalogue: how a conformant device behaves, and how well each rule is known.

`rules.csv` has one row a rule: id, statement, source, strength of evidence (one of `STRENGTHS`), and the device types
it is for, separated by spaces.
"""

import csv
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

STRENGTHS = (  #: the best known first; `bench policy` is what the bench itself demands
    "reference data",
    "published text",
    "maker's manual",
    "open implementation",
    "hearsay",
    "bench policy",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One device rule."""

    id: str
    statement: str = ""
    source: str = ""
    strength: str = ""
    devices: tuple[str, ...] = ()  #: ESME, GSME, CHF, GPF, PPMID, HCALCS, IHD, CAD, SAPC


@cache
def catalogue() -> dict[str, Rule]:
    """Return every rule by its id."""
    table = io.StringIO((files("bench") / "rules.csv").read_text(encoding="utf-8"))
    return {
        row["id"]: Rule(row["id"], row["statement"], row["source"], row["strength"], tuple(row["devices"].split()))
        for row in csv.DictReader(table)
    }


def find_rule(rule_id: str) -> Rule:
    """Return a rule; an id outside the catalogue gives a rule without a statement."""
    return catalogue().get(rule_id, Rule(rule_id))
