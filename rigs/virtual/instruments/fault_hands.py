"""Faults that hands and a maker's tool bring about in a meter."""

from collections.abc import Callable


def fault_acts(
    reset: Callable[[], None], jam: Callable[[], None], as_made: Callable[[], None]
) -> dict[str, Callable[[str], str]]:
    """Return the acts `reset` (the processor), `jam` (load switch or valve) and `as-made` (the clock, never set)."""

    def do(what: Callable[[], None], words: str) -> Callable[[str], str]:
        def act(_: str) -> str:
            what()
            return words

        return act

    return {
        "reset": do(reset, "started anew"),
        "jam": do(jam, "stuck"),
        "as-made": do(as_made, "never set"),
    }
