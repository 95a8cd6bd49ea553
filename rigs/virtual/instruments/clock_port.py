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
        if command == "STEP":
            problem = self._step(argument)
            if problem:
                return f"ERR {problem}"
        elif command == "BASELINE":
            with world.lock:
                world.restore_baseline()
        elif command != "NOW?":
            return f"ERR unknown command {command}"
        with world.lock:
            counters = [f"{point}={count}" for point, count in sorted(world.delivered.items())]
            return " ".join([world.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), *counters])

    def _step(self, argument: str) -> str | None:
        instant, *counters = argument.split() or [""]
        try:
            until = datetime.fromisoformat(instant).astimezone(UTC)
            passing = {word.removeprefix("past:") for word in counters if word.startswith("past:")}
            told = (word.partition("=") for word in counters if not word.startswith("past:"))
            sent = {name: int(count) for name, _, count in told}
        except ValueError:
            return f"not an instant and counters: {argument}"
        missing = self._world.await_received(sent)
        if missing:
            return f"messages for {missing} did not arrive"
        try:
            with self._world.lock:
                self._world.step(until, passing)
        except Exception as problem:  # whatever breaks in the world must be told, not hang the bench
            traceback.print_exc(file=sys.stderr)
            return f"the world broke: {type(problem).__name__}: {problem}"
        return None
