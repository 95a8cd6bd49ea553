"""Which use cases a parametrised test case goes through: those a party has, or has not, a right to."""

from collections.abc import Collection

from bench.catalogue import catalogue

#: use cases whose smallest legal request does not follow from the catalogue alone
WITHOUT_EXAMPLE = frozenset({"ECS01a", "ECS01c", "ECS04a", "ECS29b", "ECS29d", "ECS57"})
#: use cases of variants the rig has not: three phases, a second element
OTHER_VARIANTS = frozenset({"ECS26k", "ECS29b", "ECS29d"})


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
