"""The world's clock, on request: the far end of the `stepped-clock` driver."""

import sys
import traceback
from datetime import UTC, datetime

from rigs.virtual.world import World


class ClockPort:
    """Answers NOW?, STEP and BASELINE."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, line: str) -> str:
        """Return the reply to one line."""
        world = self._world
        command, _, argument = line.partition(" ")
        with world.lock:
            if command == "STEP":
                problem = self._step(argument)
                if problem:
                    return problem
            elif command == "BASELINE":
                world.restore_baseline()
            elif command != "NOW?":
                return f"ERR unknown command {command}"
            counters = [f"{point}={count}" for point, count in sorted(world.delivered.items())]
            return " ".join([world.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), *counters])

    def _step(self, argument: str) -> str | None:
        try:
            until = datetime.fromisoformat(argument).astimezone(UTC)
        except ValueError:
            return f"ERR not an instant: {argument}"
        try:
            self._world.step(until)
        except Exception as problem:  # whatever breaks in the world must be told, not hang the bench
            traceback.print_exc(file=sys.stderr)
            return f"ERR the world broke: {type(problem).__name__}: {problem}"
        return None
