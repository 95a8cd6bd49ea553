"""All layers of a frame whose record there is: the dissector's second look, which needs and changes no memory."""

from typing import Any

from bench.han.dissect import Dissector
from bench.han.errors import HanError
from bench.han.frame import Frame
from bench.han.heard import Heard


class _Told:
    """Stands in for the memories of repeats and fragments: gives what the record says."""

    repeat_of: int | None = None
    asdu: bytes | None = None
    fault: HanError | None = None

    def note(self, _number: int, _time: int, _identity: tuple[object, ...]) -> int | None:
        return self.repeat_of

    def add(self, *_: object) -> bytes | None:
        if self.fault is not None:
            raise self.fault
        return self.asdu


class Again(Dissector):
    """A dissector that shares keys, addresses and scales with another one."""

    def __init__(self, other: Dissector) -> None:
        super().__init__(other.keyring, keep=0)
        self.directory, self.unlock, self.scales = other.directory, other.unlock, other.scales
        self._told = _Told()
        told: Any = self._told
        self.repeats = self.reassembly = told

    def read(self, heard: Heard, psdu: bytes, interface: int | str | None, fault: HanError | None = None) -> Frame:
        """Return the frame of a record; `fault` is what putting its fragments together came to."""
        told = self._told
        told.repeat_of, told.asdu, told.fault = heard.repeat_of, heard.asdu, fault
        return self.feed(
            heard.time,
            psdu,
            fcs=heard.fcs_ok is not None,
            channel=heard.channel,
            rssi=heard.rssi,
            lqi=heard.lqi,
            interface=interface,
            number=heard.number,
        )
