"""Days of UTC: midnights, and tests that must not run into one."""

from datetime import timedelta

from bench.clock import minutes

DAY = timedelta(days=1)


def midnight(clock, back=0):
    """The midnight that began today, or so many days before it (-1: the one to come)."""
    return clock.now().replace(hour=0, minute=0, second=0, microsecond=0) - back * DAY


def within_a_day(clock, span):
    """Wait until the next day has begun where less than `span` is left of this one."""
    if clock.now() + span > midnight(clock, -1):
        clock.sleep_until(midnight(clock, -1) + minutes(5))
