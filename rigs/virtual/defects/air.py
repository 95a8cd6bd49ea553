"""Defects of the meter's radio: what it takes from the air that it should not."""

from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme


@defect(
    "esme-takes-frames-again",
    device="Esme",
    breaks="R-AIR-006",
    story="The radio stack keeps no counters of its neighbours: a frame that was recorded yesterday is taken today.",
)
def takes_frames_again(esme: Esme) -> None:
    """Every authentic frame is new."""
    esme.tunnel._node.is_fresh = lambda layer, sender, counter: True  # type: ignore[attr-defined]


@defect(
    "esme-takes-requests-without-link-key",
    device="Esme",
    breaks="R-AIR-008",
    story="The network key is enough for the meter: a stolen display can open a tunnel to it.",
)
def takes_requests_without_link_key(esme: Esme) -> None:
    """No cluster wants a link key."""
    esme.tunnel._node.needs_no_link_key = lambda frame: True  # type: ignore[attr-defined]


@defect(
    "esme-takes-frames-in-clear",
    device="Esme",
    breaks="R-AIR-007",
    story="Frames without network security go to the application: anybody with a radio can talk to the meter.",
)
def takes_frames_in_clear(esme: Esme) -> None:
    """What came without network security is read all the same, and wants no link key."""
    from bench.han.aps import ApsFrame

    node = esme.tunnel._node  # type: ignore[attr-defined]
    needs = node.needs_no_link_key

    def read(frame):
        node.needs_no_link_key = lambda aps: True
        node.from_nwk(frame.src, ApsFrame.parse(frame.payload))
        node.needs_no_link_key = needs

    node.drop_clear = read
