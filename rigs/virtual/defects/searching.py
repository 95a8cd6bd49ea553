"""Defects of gas meter and hub when they have lost each other."""

from datetime import timedelta

from rigs.virtual.defects import defect
from rigs.virtual.sleepy import SleepyEnd
from rigs.virtual.sub_ghz import SubGhz


@defect(
    "gsme-searches-every-minute",
    device="SleepyEnd",
    breaks="R-GSM-015",
    story="A gas meter that has lost the hub looks for it every minute, until its battery is empty.",
)
def searches_every_minute(end: SleepyEnd) -> None:
    """No pause grows."""
    end.until_next_search = lambda count: timedelta(minutes=1)  # type: ignore[method-assign]


@defect(
    "gsme-searches-once",
    device="SleepyEnd",
    breaks="R-GSM-015",
    story="A gas meter that has not found the hub at its first search waits until somebody presses a key.",
)
def searches_once(end: SleepyEnd) -> None:
    """One search, then a month."""
    first = end.until_next_search
    end.until_next_search = lambda count: timedelta(days=30) if count else first(count)  # type: ignore[method-assign]


@defect(
    "gsme-pauses-fall-back",
    device="SleepyEnd",
    breaks="R-GSM-015",
    story="The counter of searches runs over after three: the pauses begin at a minute again.",
)
def pauses_fall_back(end: SleepyEnd) -> None:
    """Two bits."""
    until = end.until_next_search
    end.until_next_search = lambda count: until(count % 4)  # type: ignore[method-assign]


@defect(
    "hub-never-misses-gas-meter",
    device="SubGhz",
    breaks="R-SUB-006",
    story="A gas meter of the sub-GHz band that is not heard any more is never told.",
)
def never_misses(band: SubGhz) -> None:
    """Nothing is lost."""
    band.look_for = lambda lost: None  # type: ignore[method-assign]


@defect(
    "hub-tells-lost-gas-meter-for-ever",
    device="SubGhz",
    breaks="R-SUB-006",
    story="8F29 is sent after every search from the third on.",
)
def tells_for_ever(band: SubGhz) -> None:
    """Each search in vain."""

    def look_for(lost: bool) -> None:
        band.searches = band.searches + 1 if lost else 0
        if band.searches >= 3:
            band.tell(0x8F29)

    band.look_for = look_for  # type: ignore[method-assign]
