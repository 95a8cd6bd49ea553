"""The hub's side of one tunnel to a device that is always on."""

from dataclasses import dataclass, field
from datetime import timedelta

from bench.han.tunnelling import RequestTunnelResponse

RETRY = timedelta(seconds=30)
BUSY_WAIT = timedelta(minutes=3)
TUNNEL_WAIT = timedelta(seconds=5)
BUSY, NO_MORE_TUNNELS = 1, 2
MOST_KNOWN = 8


@dataclass
class Tunnel:
    """The tunnel to one device, and the transfers that wait for it."""

    partner: int
    number: int | None = None
    refused: int | None = None  #: status with which the device refused it last
    known: list[int] = field(default_factory=list)  #: tunnels that the device may still have open
    closed: int = 0  #: answers to closing
    queue: list[bytes] = field(default_factory=list)
    busy: bool = False

    def answered(self, response: RequestTunnelResponse) -> None:
        """Take the device's answer to a request."""
        if response.status == 0:
            self.number = response.tunnel
            self.known = [*self.known[1 - MOST_KNOWN :], response.tunnel]
        else:
            self.refused = response.status
