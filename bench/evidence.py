"""The native files of a test's evidence: HAN capture and mains trace, written as things happen."""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import BenchError
from bench.han.capture import PcapngWriter
from bench.observation import Observation, nanoseconds

if TYPE_CHECKING:
    from bench.air import Air
    from bench.home import Home

TRACE_HEAD = "time,voltage_v,current_a,power_w,frequency_hz\n"


class TestEvidence:
    """Evidence folder of one test: `timeline.jsonl` (the recorder's), `han.pcapng`, `mains.csv`."""

    __test__ = False

    def __init__(self, folder: Path, home: "Home") -> None:
        self.folder = folder
        self._home = home
        self._interfaces: dict[str, int] = {}
        try:
            self._capture = None if home.rig.air is None else self._begin_capture(home.rig.air)
            self._trace = -1 if home.rig.find("mains") is None else self._begin_trace()
        except OSError as problem:
            raise self._no_room(problem) from None
        self._comments: list[str] = []  #: steps since the last frame
        home.timeline.listen(self._take)

    def _begin_capture(self, air: "Air") -> PcapngWriter:
        capture = PcapngWriter(self.folder / "han.pcapng")
        for sniffer in air.info():
            self._interfaces[sniffer.name] = capture.add_interface(
                sniffer.name, description=sniffer.description(), hardware=sniffer.hardware
            )
        return capture

    def _begin_trace(self) -> int:
        trace = os.open(self.folder / "mains.csv", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.write(trace, TRACE_HEAD.encode())
        return trace

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
        elif seen.kind == "voltage" and self._trace >= 0:
            values = (seen.data[key] for key in ("voltage", "current", "power", "frequency"))
            os.write(self._trace, (",".join([seen.time.isoformat(), *map(str, values)]) + "\n").encode())
        elif seen.kind in ("step", "stimulus", "gap"):
            text = str(seen.data.get("text", seen.kind))
            self._comments.append(text)
            if self._home.rig.air is not None:
                self._home.rig.air.mark(text)

    def _write_frame(self, seen: Observation) -> None:
        assert self._capture is not None
        comments, self._comments = tuple(self._comments), []
        data = seen.data
        self._capture.write_psdu(
            self._interfaces[data["sniffer"]],
            nanoseconds(seen.time),
            seen.raw,
            fcs=data["fcs"],
            channel=data["channel"],
            page=data.get("page", 0),
            rssi=data["rssi"],
            lqi=data["lqi"],
            comment=comments,
        )

    def files(self) -> list[Path]:
        """Return the evidence files there are."""
        return sorted(path for path in self.folder.iterdir() if path.is_file())

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each native file, once they are closed."""
        names = ["han.pcapng"] * (self._capture is not None) + ["mains.csv"] * (self._trace >= 0)
        return {name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest() for name in names}

    def close(self) -> None:
        """Finish the files."""
        self._home.timeline.unlisten(self._take)
        try:
            if self._capture is not None:
                self._capture.close(comments=tuple(self._comments))
            if self._trace >= 0:
                os.close(self._trace)
        except OSError as problem:
            raise self._no_room(problem) from None
