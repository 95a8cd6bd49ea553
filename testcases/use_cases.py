"""Which use cases a parametrised test case goes through: those a party has, or has not, a right to."""

import re
from collections.abc import Collection, Iterable

from bench.catalogue import catalogue
from bench.rules import catalogue as rules

#: use cases whose smallest legal request does not follow from the catalogue alone
WITHOUT_EXAMPLE = frozenset(
    {"CCS01", "CCS03", "ECS01a", "ECS01c", "ECS04a", "ECS29b", "ECS29d", "ECS57"}
    | {"GCS01a", "GCS04", "GCS20", "GCS40a", "GCS40c"}
)
#: use cases of variants the rig has not: three phases, a second element
OTHER_VARIANTS = frozenset({"ECS26k", "ECS29b", "ECS29d"})
#: what cannot be sent like any other: without example, of other variants, and top ups, which have counters of their own
NOT_ALIKE = WITHOUT_EXAMPLE | OTHER_VARIANTS | {"CS01a", "CS01b"}


def use_cases(
    device: str,
    *,
    entitled: str = "",
    denied: str = "",
    replay: bool | None = None,
    payload: str = "DLMS",
    but: Collection[str] = (),
) -> list[str]:
    """Return the names of a device's use cases that a role may send, another may not, protected from replay or not."""
    return [
        case.name
        for case in catalogue().values()
        if device in case.devices
        and case.services
        and case.command
        and case.payload == payload
        and not case.superseded_by
        and (not entitled or entitled in case.roles)
        and (not denied or denied not in case.roles)
        and (replay is None or case.replay is replay)
        and case.name not in but
    ]


def right_to(use_case: str) -> str:
    """Return the rule that says who may send a use case: the one whose statement lists it."""
    return next(
        (rule.id for rule in rules().values() if rule.id.startswith("R-USE-0") and use_case in _named(rule.statement)),
        "R-SEC-005",
    )


def rights_to(names: Iterable[str]) -> list[str]:
    """Return the rules that say who may send use cases."""
    return sorted({right_to(name) for name in names})


def _named(statement: str) -> list[str]:
    return re.findall(r"\w+", statement.partition(":")[0]) if ":" in statement else []
