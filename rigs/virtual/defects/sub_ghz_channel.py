"""Defects of the sub-GHz channel: scans, changes, what is told and kept of them."""

from datetime import datetime

from bench.gbcs import Eui64
from bench.gbcs.axdr import Data, octets
from rigs.virtual.defects import defect
from rigs.virtual.sub_ghz import ASSESSED, CHANGED, SCANNING, SubGhz
from rigs.virtual.sub_ghz_joining import AT_CAPACITY, DENIED, NO_ROOM, SubGhzJoining


def silent_about(band: SubGhz, *codes: int) -> None:
    """Leave alerts with these codes out."""
    tell = band.tell

    def told(code: int, extra: list[Data] | None = None) -> None:
        if code not in codes:
            tell(code, extra)

    band.tell = told  # type: ignore[method-assign]


@defect(
    "hub-scans-without-telling",
    device="SubGhz",
    breaks="R-SUB-006",
    story="That a scan has begun is not told: the alert was meant for scans of the hub's own accord.",
)
def scans_without_telling(band: SubGhz) -> None:
    """No 8F27."""
    silent_about(band, SCANNING)


@defect(
    "hub-keeps-outcome-of-scan",
    device="SubGhz",
    breaks="R-SUB-006",
    story="A scan that was asked for has no outcome that anybody hears of.",
)
def keeps_outcome_of_scan(band: SubGhz) -> None:
    """No DBCH08."""
    silent_about(band, ASSESSED)


@defect(
    "hub-changes-channel-silently",
    device="SubGhz",
    breaks="R-SUB-006",
    story="The channel is changed, and DBCH07 is not sent.",
)
def changes_channel_silently(band: SubGhz) -> None:
    """No DBCH07."""
    silent_about(band, CHANGED)


@defect(
    "hub-scan-changes-nothing",
    device="SubGhz",
    breaks="R-SUB-006",
    story="The hub tells that it has gone to another channel, and its radio is never tuned anew.",
)
def scan_changes_nothing(band: SubGhz) -> None:
    """The channel is as it was."""
    change = band.change

    def told_only(page: int, channel: int) -> None:
        before = band.medium.page, band.medium.channel
        change(page, channel)
        band.medium.page, band.medium.channel = before

    band.change = told_only  # type: ignore[method-assign]


@defect(
    "hub-channel-log-is-empty",
    device="SubGhz",
    breaks="R-SUB-001",
    story="The channel log is in RAM of the radio processor and is never handed to the one that answers.",
)
def channel_log_is_empty(band: SubGhz) -> None:
    """No entries."""
    shown = band.shown_log

    def nothing(start: datetime, end: datetime) -> Data:
        return shown(end, start) if start < end else shown(start, end)

    band.shown_log = nothing  # type: ignore[method-assign]


@defect(
    "hub-changes-channel-at-will",
    device="SubGhz",
    breaks="R-SUB-008",
    story="The number of changes a week is stored and never looked at.",
)
def changes_channel_at_will(band: SubGhz) -> None:
    """There is no limit."""
    band.may_change = lambda: True  # type: ignore[method-assign]


@defect(
    "hub-one-channel-change-more",
    device="SubGhz",
    breaks="R-SUB-008",
    story="The limit of changes a week is compared with <= where it should be <.",
)
def one_change_more(band: SubGhz) -> None:
    """One more than is set."""
    band.may_change = lambda: len(band.changes) <= band.settings.changes_per_week  # type: ignore[method-assign]


@defect(
    "hub-one-channel-change-a-week",
    device="SubGhz",
    breaks="R-SUB-008",
    story="The limit is a switch: after one change in a week there is no other, whatever number is set.",
)
def one_change_a_week(band: SubGhz) -> None:
    """One, not as many as are set."""
    band.may_change = lambda: not band.changes  # type: ignore[method-assign]


@defect(
    "hub-leaves-channel-that-is-not-noisy",
    device="SubGhz",
    breaks="R-SUB-002",
    story="Any channel that is quieter by enough is better: from when on one is noisy is not looked at.",
)
def leaves_quiet_channel(band: SubGhz) -> None:
    """The threshold of noise is left out."""
    band.is_worth_it = lambda here, there: here - there >= band.settings.quieter_by  # type: ignore[method-assign]


@defect(
    "hub-leaves-noisy-channel-for-any",
    device="SubGhz",
    breaks="R-SUB-002",
    story="A noisy channel is left for whichever is the quietest, by however little.",
)
def leaves_for_any(band: SubGhz) -> None:
    """The threshold of the difference is left out."""
    band.is_worth_it = lambda here, there: here >= -band.settings.noise_threshold and there < here  # type: ignore[method-assign]


@defect(
    "hub-goes-to-any-channel",
    device="SubGhz",
    breaks="R-SUB-002",
    story="The masks limit what the hub scans at its first start; later it goes to the first channel of its page.",
)
def goes_to_any_channel(band: SubGhz) -> None:
    """The first channel of page 28, whatever is allowed."""
    change = band.change
    band.change = lambda page, channel: change(28, 0)  # type: ignore[method-assign]


@defect(
    "hub-denies-where-it-has-no-room",
    device="SubGhzJoining",
    breaks="R-SUB-007",
    story="A device for which the band has no room is told that access is denied: it believes that it is not listed.",
)
def denies_where_no_room(joining: SubGhzJoining) -> None:
    """Status 2 stands for 1, too."""
    refuse = joining.refuse
    joining.refuse = lambda eui: refuse(eui) and DENIED  # type: ignore[method-assign]


@defect(
    "hub-silent-about-lack-of-room",
    device="SubGhz",
    breaks="R-SUB-006",
    story="A device is refused for lack of room in the band, without DBCH11.",
)
def silent_about_lack_of_room(band: SubGhz) -> None:
    """No 8F2D."""
    silent_about(band, NO_ROOM)


@defect(
    "hub-tells-lack-of-room-for-strangers",
    device="SubGhzJoining",
    breaks="R-SUB-006",
    story="Whoever asks, the band is full: devices that are not listed are told to the broker like those that are.",
)
def lack_of_room_for_strangers(joining: SubGhzJoining) -> None:
    """The log is not looked at."""

    def refuse(eui: Eui64) -> int:
        joining._band.tell(NO_ROOM, [octets(eui)])
        return AT_CAPACITY

    joining.refuse = refuse  # type: ignore[method-assign]
