"""The capture file of a whole run, written by a thread as frames come in: a slow disk never delays a sniffer."""

import threading
from collections import deque

from bench.capture.sniffer import Heard, SnifferInfo
from bench.han.capture import PcapngWriter
from bench.han.errors import HanError

BACKLOG = 1_000_000

Entry = tuple[str, int, Heard | str]  #: sniffer, time in us, frame; or a comment


class CaptureFile:
    """Writes frames to pcapng, one interface a sniffer. `problem` says why it stopped, if it did."""

    def __init__(self, path: str, sniffers: list[SnifferInfo], backlog: int = BACKLOG) -> None:
        self._writer = PcapngWriter(path)
        self._path = path
        self._interfaces = {
            one.name: self._writer.add_interface(one.name, description=one.description(), hardware=one.hardware)
            for one in sniffers
        }
        self._backlog = backlog
        self._entries: deque[Entry] = deque()
        self._comments: list[str] = []
        self._wake, self._end = threading.Event(), False
        self.problem = ""
        self._lost = dict.fromkeys(self._interfaces, 0)
        self._thread = threading.Thread(target=self._run, name="capture file", daemon=True)
        self._thread.start()

    def mark(self, text: str) -> None:
        """Put a comment on the next frame."""
        self._entries.append(("", 0, text))

    def lose(self, sniffer: str, count: int) -> None:
        """Note frames that a sniffer lost, told with its next one."""
        self._lost[sniffer] += count

    def write(self, sniffer: str, time_us: int, heard: Heard) -> None:
        """Write a frame soon. Without room for it, it is counted as lost."""
        if len(self._entries) >= self._backlog:
            self._lost[sniffer] += 1
            self.problem = self.problem or f"{self._path}: the disk is too slow; frames are missing in it"
            return
        self._entries.append((sniffer, time_us, heard))
        self._wake.set()

    def _run(self) -> None:
        try:
            while not self._end or self._entries:
                self._wake.wait()
                self._wake.clear()
                while self._entries:
                    self._write(*self._entries.popleft())
            self._writer.close(comments=tuple(self._comments))
        except OSError as problem:
            self.problem = f"cannot write {self._path}: {problem.strerror}; free some space and run again"

    def _write(self, sniffer: str, time_us: int, heard: Heard | str) -> None:
        if isinstance(heard, str):
            self._comments.append(heard)
            return
        comments, self._comments = self._comments, []
        lost, self._lost[sniffer] = self._lost[sniffer], 0
        try:
            self._writer.write_psdu(
                self._interfaces[sniffer],
                max(0, time_us) * 1000,
                heard.psdu,
                fcs=heard.fcs,
                channel=heard.channel,
                page=heard.page,
                rssi=heard.rssi,
                lqi=heard.lqi,
                comment=tuple(comments),
                dropped=lost or None,
            )
        except HanError as problem:
            self.problem = f"{self._path}: {problem}"

    def close(self) -> None:
        """Write what is left and finish the file."""
        self._end = True
        self._wake.set()
        self._thread.join(10.0)
