"""Faults that hands and a maker's tool bring about in a meter."""

from collections.abc import Callable


def fault_acts(reset: Callable[[], None], jam: Callable[[], None]) -> dict[str, Callable[[str], str]]:
    """Return the acts `reset` (of the processor) and `jam` (of load switch or valve, where it stands)."""

    def do(what: Callable[[], None], words: str) -> Callable[[str], str]:
        def act(_: str) -> str:
            what()
            return words

        return act

    return {"reset": do(reset, "started anew"), "jam": do(jam, "stuck")}
