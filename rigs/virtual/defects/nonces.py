"""Defects of what protects frames: counters, encryption of keys and of data."""

from bench.han.aps import ApsFrame
from rigs.virtual.defects import defect
from rigs.virtual.han_server import HanServer
from rigs.virtual.trust_centre import TrustCentre
from rigs.virtual.zigbee import ZigbeeNode


def _restarts(server: HanServer, counter) -> None:
    """Let the meter's counters become `counter(the last one)` whenever it starts."""
    esme, node = server._esme, server._node

    def lose() -> None:
        counters = node.credentials.counters
        for key in [one for one in counters if one[0] == node.eui]:
            counters[key] = counter(counters[key])

    esme.on_boot.append(lose)


@defect(
    "esme-frame-counters-begin-again",
    device="HanServer",
    breaks="R-AIR-003",
    story="Frame counters live in memory alone: after a loss of supply they begin at nought, the hub drops all frames.",
)
def frame_counters_begin_again(server: HanServer) -> None:
    """Counters are zero after a start."""
    _restarts(server, lambda last: 0)


@defect(
    "esme-frame-counters-saved-too-seldom",
    device="HanServer",
    breaks="R-AIR-001",
    story="Frame counters are saved every eighth frame: after a loss of supply the last few nonces are used again.",
)
def frame_counters_saved_too_seldom(server: HanServer) -> None:
    """Counters go back to the last that was saved."""
    _restarts(server, lambda last: max(0, (last - 1) // 8 * 8))


@defect(
    "hub-sends-the-network-key-in-clear",
    device="TrustCentre",
    breaks="R-AIR-002",
    story="A device that joins is sent the network key as it is: whoever listens at that moment is in for good.",
)
def sends_the_network_key_in_clear(centre: TrustCentre) -> None:
    """The command that carries the key is not encrypted."""
    centre.wrapped = lambda command, key: command  # type: ignore[method-assign]


@defect(
    "esme-data-without-link-key",
    device="ZigbeeNode",
    breaks="R-AIR-005",
    story="To save time the meter leaves out the encryption between the two ends; the network's is enough, it is said.",
)
def data_without_link_key(node: ZigbeeNode) -> None:
    """Data goes under the network key alone."""

    def bare(partner: int, frame: ApsFrame) -> ApsFrame:
        return frame

    node.secure = bare  # type: ignore[method-assign]
