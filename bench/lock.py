"""One lock per instrument: two runs never share one. The kernel drops the lock with its owner, however it dies."""

import contextlib
import fcntl
import hashlib
import os
import time
from pathlib import Path

from bench.errors import BenchError

PATIENCE_S = 2.0


class InstrumentLocks:
    """Holds the locks of every instrument of a rig."""

    def __init__(self, folder: Path | None = None) -> None:
        self._files: list[int] = []
        self._folder = folder or _shared() / "smets-bench-locks"

    def take(self, instrument: str, identity: str) -> None:
        """Lock one instrument by what it physically is. Raises BenchError naming the run that has it."""
        try:
            file = self._open(self._folder / hashlib.sha256(identity.encode()).hexdigest()[:16])
        except OSError as problem:
            raise BenchError(f"cannot lock instrument {instrument}: {self._folder}: {problem.strerror}") from None
        if not _locked(file):
            owner = os.read(file, 200).decode(errors="replace").strip() or "another process"
            os.close(file)
            taken = f"instrument {instrument} ({identity}) is in use by {owner}"
            raise BenchError(f"{taken}; wait for it or end it") from None
        os.ftruncate(file, 0)
        os.write(file, f"process {os.getpid()}".encode())
        self._files.append(file)

    def _open(self, path: Path) -> int:
        if not self._folder.exists():
            with contextlib.suppress(FileExistsError):
                self._folder.mkdir()
                self._folder.chmod(0o1777)
        try:
            return os.open(path, os.O_RDWR)
        except FileNotFoundError:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            os.fchmod(file, 0o666)  # another user's run must be able to see that the instrument is taken
            return file

    def release(self) -> None:
        """Give all locks back."""
        for file in self._files:
            os.close(file)
        self._files.clear()


def _locked(file: int) -> bool:
    """Lock a file; a run that is about to end (its pseudo terminal may already be this run's) gets a moment."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() > until:
                return False
            time.sleep(0.05)


def _shared() -> Path:
    """Return the folder where every user of this machine looks for locks, whatever their environment says."""
    run = Path("/run/lock")
    return run if os.access(run, os.W_OK) else Path("/tmp")
