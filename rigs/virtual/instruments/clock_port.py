"""The world's clock, on request: the far end of the `stepped-clock` driver."""

from datetime import datetime

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
                try:
                    world.step(datetime.fromisoformat(argument))
                except (ValueError, TypeError):
                    return f"ERR not an instant: {argument}"
            elif command == "BASELINE":
                world.restore_baseline()
            elif command != "NOW?":
                return f"ERR unknown command {command}"
            counters = [f"{point}={count}" for point, count in sorted(world.delivered.items())]
            return " ".join([world.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), *counters])
