"""One lock per instrument: two runs never share one. The kernel drops the lock with its owner, however it dies."""

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path

from bench.errors import BenchError

PSEUDO_TERMINALS = Path("/dev/pts")


class InstrumentLocks:
    """Holds the locks of every instrument of a rig."""

    def __init__(self, folder: Path | None = None) -> None:
        self._files: dict[Path, int] = {}
        self._folder = folder or _shared() / "smets-bench-locks"

    def take(self, instrument: str, identity: str) -> None:
        """Lock one instrument by what it physically is. Raises BenchError naming the run that has it."""
        try:
            path = self._folder / hashlib.sha256((identity + _made(identity)).encode()).hexdigest()[:16]
            file = self._open(path)
        except OSError as problem:
            raise BenchError(f"cannot lock instrument {instrument}: {self._folder}: {problem.strerror}") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(file, 200).decode(errors="replace").strip() or "another process"
            os.close(file)
            taken = f"instrument {instrument} ({identity}) is in use by {owner}"
            raise BenchError(f"{taken}; wait for it or end it") from None
        if not _is_at(path, file):
            os.close(file)  # its owner took it away between our opening and locking it
            self.take(instrument, identity)
            return
        os.ftruncate(file, 0)
        os.write(file, f"process {os.getpid()}".encode())
        self._files[path] = file

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
        for path, file in self._files.items():
            with contextlib.suppress(OSError):  # another user's file in a folder for all: it stays
                path.unlink()
            os.close(file)
        self._files.clear()


def _is_at(path: Path, file: int) -> bool:
    """Whether an open file is still the one that a path names."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _made(identity: str) -> str:
    """Return when the pseudo terminal was made that an identity names, "" for any other: their names are used again."""
    path = Path(identity.rpartition(" ")[2])
    if path.parent != PSEUDO_TERMINALS:
        return ""
    with contextlib.suppress(OSError):
        return str(path.stat().st_ctime_ns)
    return ""


def _shared() -> Path:
    """Return the folder where every user of this machine looks for locks, whatever their environment says."""
    run = Path("/run/lock")
    return run if os.access(run, os.W_OK) else Path("/tmp")
