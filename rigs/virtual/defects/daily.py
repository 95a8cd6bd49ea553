"""Defects of the daily read logs."""

from dataclasses import replace
from datetime import timedelta

from rigs.virtual.billing import Snapshot
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme


@defect(
    "esme-daily-readings-at-local-midnight",
    device="Esme",
    breaks="R-LOG-005",
    story="The daily reading is stamped with local midnight, an hour before that of UTC, all year round.",
)
def daily_readings_at_local_midnight(esme: Esme) -> None:
    """New readings are an hour early."""
    take = esme.daily.take
    early = timedelta(hours=1)
    esme.daily.take = lambda reading: take(replace(reading, at=reading.at - early))  # type: ignore[method-assign]


@defect(
    "esme-a-fortnight-of-daily-readings",
    device="Esme",
    breaks="R-LOG-005",
    story="The daily log has room for a fortnight: whoever asks for a month gets half of it.",
)
def a_fortnight_of_daily_readings(esme: Esme) -> None:
    """Fourteen readings are kept."""
    esme.daily.readings = esme.daily.readings[-14:]


@defect(
    "esme-daily-money-in-credit-mode",
    device="Esme",
    breaks="R-LOG-006",
    story="The prepayment log is written in credit mode, too, and shows balances that mean nothing.",
)
def daily_money_in_credit_mode(esme: Esme) -> None:
    """Each midnight is an entry."""

    def take_money(reading: Snapshot) -> None:
        esme.daily.money = [*esme.daily.money, reading]

    esme.daily.take_money = take_money  # type: ignore[method-assign]


@defect(
    "esme-daily-money-not-kept",
    device="Esme",
    breaks="R-LOG-006",
    story="The prepayment log stays empty: it is written at the end of a billing period alone.",
)
def daily_money_not_kept(esme: Esme) -> None:
    """No midnight is an entry."""
    esme.daily.take_money = lambda reading: None  # type: ignore[method-assign]
