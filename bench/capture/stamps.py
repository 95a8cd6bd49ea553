"""Which end of a frame a sniffer's times are of, learnt from frames and their acks (2.4 GHz).

An ack begins 192 us after the end of the frame it answers, and lasts 352 us. So from a frame to its ack lie 544 us by
times of the end, 192 us and the frame's own airtime by times of the start.
"""

from bench.capture.sniffer import Heard, Stamps

OCTET_US, HEADER_OCTETS = 32, 6
SUB_GHZ_OCTET_US, SUB_GHZ_HEADER_OCTETS = 80, 12
TURNAROUND_US, ACK_US = 192, 352
TOLERANCE_US = 25
FCS_OCTETS, ACK_OCTETS, SHORTEST = 2, 3, 9
NEEDED, SHARE = 10, 0.9


def airtime_us(octets: int, page: int) -> int:
    """Return the time on air of a PSDU of so many octets (with FCS), its synchronisation header included."""
    if page:
        return SUB_GHZ_OCTET_US * (SUB_GHZ_HEADER_OCTETS + octets)
    return OCTET_US * (HEADER_OCTETS + octets)


class StampConvention:
    """Learns the convention of one sniffer; `kind` is what it was told, or what it has learnt."""

    def __init__(self, told: Stamps) -> None:
        self.kind: Stamps = told
        self._votes = {"start": 0, "end": 0, "unknown": 0}
        self._asked: tuple[int, int, int] | None = None  #: time, sequence number, airtime of a frame to be acked

    def end_of_frame(self, heard: Heard) -> Heard:
        """Return a frame with the time of its end, as far as the convention is known."""
        if heard.device_us is None:
            return heard
        if self.kind == "unknown" and not heard.page:
            self._look(heard, heard.device_us)
        if self.kind != "start":
            return heard
        octets = len(heard.psdu) + (0 if heard.fcs else FCS_OCTETS)
        return heard._replace(device_us=heard.device_us + airtime_us(octets, heard.page))

    def _look(self, heard: Heard, device_us: int) -> None:
        psdu = heard.psdu
        octets = len(psdu) - (FCS_OCTETS if heard.fcs else 0)
        asked, self._asked = self._asked, None
        if octets == ACK_OCTETS and psdu[0] & 7 == 2:
            if asked is not None and asked[1] == psdu[2]:
                self._vote(device_us - asked[0], asked[2])
        elif octets >= SHORTEST and psdu[0] & 0x20:
            self._asked = device_us, psdu[2], airtime_us(octets + FCS_OCTETS, 0)

    def _vote(self, apart: int, airtime: int) -> None:
        ends, starts = TURNAROUND_US + ACK_US, TURNAROUND_US + airtime
        vote = (
            "end"
            if abs(apart - ends) <= TOLERANCE_US
            else "start"
            if abs(apart - starts) <= TOLERANCE_US
            else "unknown"
        )
        self._votes[vote] += 1
        known: tuple[Stamps, Stamps] = ("start", "end")
        for kind in known:
            if self._votes[kind] >= max(NEEDED, SHARE * sum(self._votes.values())):
                self.kind = kind
