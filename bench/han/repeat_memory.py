"""The memory of what was heard lately, by which retries, further hops and second hearings are told."""

REPEAT_WINDOW = 8_000_000_000  #: ns within which the same APS data from the same sender is a repeat
_SLACK = 2_000_000_000  #: ns by which the times of sniffers may lie behind each other
_FEW = 4096  #: entries that are kept without looking at their age


class RepeatMemory:
    """Remembers as much as REPEAT_WINDOW holds, however busy the air is."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, int]] = {}  # hash of what tells a frame: number and time of the first
        self._room = _FEW

    def note(self, number: int, time: int, identity: tuple[object, ...]) -> int | None:
        """Return the number of the frame that this one repeats; None for one that is new, which is remembered."""
        seen, now = self._seen, (number, time)
        key = hash(identity)
        earlier = seen.setdefault(key, now)
        if earlier is not now:
            if abs(time - earlier[1]) <= REPEAT_WINDOW and earlier[0] != number:
                return earlier[0]
            seen[key] = now
        elif len(seen) > self._room:
            self._prune(time)
        return None

    def _prune(self, now: int) -> None:
        kept = REPEAT_WINDOW + _SLACK
        self._seen = {key: value for key, value in self._seen.items() if abs(now - value[1]) <= kept}
        self._room = max(_FEW, 2 * len(self._seen))
