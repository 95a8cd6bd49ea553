"""The invariants of the air over a whole run: each worker leaves what its sniffers showed, all read it."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bench.errors import BenchError
from bench.han.invariants import Invariants, Outcome

FILE = "invariants.json"


class RunInvariants:
    """Outcomes of this process's frames and, where `folder` holds one folder a worker, of what the others left."""

    def __init__(self, own: Invariants, folder: Path | None = None, worker: str = "") -> None:
        self._own, self._folder, self._worker = own, folder, worker

    def leave(self) -> None:
        """Leave what has been seen until now for the other workers. Raises BenchError."""
        if self._folder is None:
            return
        found = [asdict(one) for one in self._own.outcomes().values()]
        draft = self._folder / self._worker / f"{FILE}.new"
        try:
            draft.write_text(json.dumps(found), encoding="utf-8")
            os.replace(draft, draft.with_name(FILE))
        except OSError as problem:
            raise BenchError(f"cannot write {draft}: {problem.strerror}; free some space and run again") from None

    def outcome(self, name: str) -> Outcome:
        """Return how an invariant came out until now: of the other workers, until their last test that ended."""
        all_of_it = [(self._worker, self._own.outcomes()[name]), *self._others(name)]
        frames = [number for _, one in all_of_it for number in one.frames]
        seen = [f"{worker} {text}" if self._folder else text for worker, one in all_of_it for text in one.seen]
        examined = sum(one.examined for _, one in all_of_it)
        return Outcome(
            name, "broken" if frames else "ok" if examined else "inconclusive", examined, tuple(frames), tuple(seen)
        )

    def _others(self, name: str) -> Iterator[tuple[str, Outcome]]:
        if self._folder is None:
            return
        for path in sorted(self._folder.glob(f"*/{FILE}")):
            if path.parent.name != self._worker:
                told = {one["name"]: one for one in json.loads(path.read_text(encoding="utf-8"))}
                yield path.parent.name, Outcome(**told[name])
