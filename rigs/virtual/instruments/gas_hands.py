"""What else happens to a gas meter: faults of the flow, tilting, a battery cover put back, a test of the valve."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rigs.virtual.gsme import Gsme


def gas_acts(gsme: "Gsme") -> dict[str, Callable[[str], str]]:
    """Return the acts `fault NAME` and `test-valve`."""

    def fault(name: str) -> str:
        gsme.sensors.notice(name)
        return name

    def test_valve(_: str) -> str:
        return "tested" if gsme.valve.test() else "stays closed"

    return {"fault": fault, "test-valve": test_valve}
