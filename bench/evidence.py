"""The native files of a test's evidence: HAN capture and mains trace, written as things happen."""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import BenchError
from bench.han.capture import PcapngWriter
from bench.observation import Observation, nanoseconds

if TYPE_CHECKING:
    from bench.home import Home

TRACE_HEAD = "time,voltage_v,current_a,power_w,frequency_hz\n"


class TestEvidence:
    """Evidence folder of one test: `timeline.jsonl` (the recorder's), `han.pcapng`, `mains.csv`."""

    __test__ = False

    def __init__(self, folder: Path, home: "Home") -> None:
        self.folder = folder
        self._home = home
        self._interfaces: dict[int, int] = {}
        try:
            self._capture = PcapngWriter(folder / "han.pcapng") if home.han is not None else None
            self._trace = os.open(folder / "mains.csv", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.write(self._trace, TRACE_HEAD.encode())
        except OSError as problem:
            raise self._no_room(problem) from None
        self._pending_comment = ""
        home.timeline.listen(self._take)

    def _no_room(self, problem: OSError) -> BenchError:
        return BenchError(f"cannot write {self.folder}: {problem.strerror}; free some space and run again")

    def _take(self, seen: Observation) -> None:
        try:
            self._write(seen)
        except OSError as problem:
            raise self._no_room(problem) from None

    def _write(self, seen: Observation) -> None:
        if seen.kind == "frame" and self._capture is not None:
            self._write_frame(seen)
        elif seen.kind == "voltage":
            values = (seen.data[key] for key in ("voltage", "current", "power", "frequency"))
            os.write(self._trace, (",".join([seen.time.isoformat(), *map(str, values)]) + "\n").encode())
        elif seen.kind in ("step", "stimulus"):
            self._pending_comment = str(seen.data.get("text", seen.kind))

    def _write_frame(self, seen: Observation) -> None:
        assert self._capture is not None
        channel = int(seen.data["channel"])
        if channel not in self._interfaces:
            self._interfaces[channel] = self._capture.add_interface(f"channel {channel}")
        self._capture.write_psdu(
            self._interfaces[channel],
            nanoseconds(seen.time),
            seen.raw,
            fcs=False,
            channel=channel,
            rssi=seen.data["rssi"],
            lqi=seen.data["lqi"],
            comment=self._pending_comment or (),
        )
        self._pending_comment = ""

    def files(self) -> list[Path]:
        """Return the evidence files there are."""
        return sorted(path for path in self.folder.iterdir() if path.is_file())

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each native file, once they are closed."""
        files = [path for path in self.files() if path.suffix in (".pcapng", ".csv")]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def close(self) -> None:
        """Finish the files."""
        self._home.timeline.unlisten(self._take)
        try:
            if self._capture is not None:
                self._capture.close()
            os.close(self._trace)
        except OSError as problem:
            raise self._no_room(problem) from None
