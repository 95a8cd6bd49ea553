"""One lock per instrument: two runs never share one. The kernel drops the lock with its owner, however it dies."""

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path

from bench.errors import BenchError


class InstrumentLocks:
    """Holds the locks of every instrument of a rig."""

    def __init__(self) -> None:
        self._files: list[int] = []
        self._folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"smets-bench-locks-{os.getuid()}"

    def take(self, instrument: str, identity: str) -> None:
        """Lock one instrument by what it physically is. Raises BenchError naming the run that has it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / hashlib.sha256(identity.encode()).hexdigest()[:16]
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(file, 200).decode(errors="replace").strip() or "another process"
            os.close(file)
            raise BenchError(f"instrument {instrument} ({identity}) is in use by {owner}; wait for it or end it") from None
        os.ftruncate(file, 0)
        os.write(file, f"process {os.getpid()}".encode())
        self._files.append(file)

    def release(self) -> None:
        """Give all locks back."""
        for file in self._files:
            os.close(file)
        self._files.clear()
