"""What the virtual devices know of the use cases they support: rights, replay protection, protection of the answer."""

from dataclasses import dataclass

from bench.gbcs.trust_anchors import Role

S, N, A, T = Role.SUPPLIER, Role.NETWORK_OPERATOR, Role.ACCESS_CONTROL_BROKER, Role.TRANSITIONAL_COS


@dataclass(frozen=True)
class UseCase:
    """One use case as a device sees it (GBCS 17)."""

    name: str
    roles: frozenset[Role]
    critical: bool = False
    replay_protected: bool = False
    dated_response: bool = False


def _use_case(name: str, *roles: Role, **properties: bool) -> UseCase:
    return UseCase(name, frozenset(roles), **properties)


CREDENTIALS_DETAILS = 0x0008
IMPORT_REGISTERS = 0x0027
SUPPLIER_BY_TRANSITIONAL_COS = 0x0107

COMMON: dict[int, UseCase] = {
    CREDENTIALS_DETAILS: _use_case("CS02a", *Role),
    0x0102: _use_case("CS02b", S, critical=True, replay_protected=True, dated_response=True),
    0x0103: _use_case("CS02b", N, critical=True, replay_protected=True, dated_response=True),
    SUPPLIER_BY_TRANSITIONAL_COS: _use_case("CS02b", T, critical=True, replay_protected=True, dated_response=True),
}
ESME: dict[int, UseCase] = COMMON | {
    IMPORT_REGISTERS: _use_case("ECS17b", S, N, dated_response=True),
    0x0037: _use_case("ECS22b", S, N, A),
    0x0048: _use_case("ECS35a", S, N, A),
    0x0049: _use_case("ECS35b", S, N, A),
    0x00B9: _use_case("ECS35e", S, N, A),
    0x0052: _use_case("ECS45", S, N, A),
    0x004F: _use_case("ECS42", S, critical=True, replay_protected=True),
    0x0050: _use_case("ECS43", S, critical=True, replay_protected=True),
    0x0051: _use_case("ECS44", S, critical=True, replay_protected=True),
    0x0062: _use_case("ECS70", S, critical=True, replay_protected=True),
}
