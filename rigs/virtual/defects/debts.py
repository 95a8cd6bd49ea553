"""Defects of debts and of what payments recover, on either meter."""

from datetime import timedelta

from rigs.virtual.account import DAY, PAYMENT_DEBT_PAID, TIME_DEBT_PAID, Account, Mode
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme


@defect(
    "esme-cap-of-a-day",
    device="Esme",
    breaks="R-CRE-003",
    story="The cap on what payments recover holds for a day instead of a week: who tops up daily pays seven times as "
    "much.",
)
def cap_of_a_day(esme: Esme) -> None:
    """Recoveries are forgotten after a day."""
    _cap_of_a_day(esme, esme.account)


@defect(
    "gsme-cap-of-a-day",
    device="Gsme",
    breaks="R-CRE-003",
    story="The week of the recovery cap begins anew each day at the time of the last payment.",
)
def gas_cap_of_a_day(gsme: Gsme) -> None:
    """Recoveries are forgotten after a day."""
    _cap_of_a_day(gsme, gsme.account)


def _cap_of_a_day(meter: Esme | Gsme, account: Account) -> None:
    recover = account.recover_payment_debt

    def recover_of_a_day(amount):
        kept = account.recoveries
        account.recoveries = [one for one in kept if meter.clock() - one[0] < DAY]
        share = recover(amount)
        account.recoveries = [*kept, (meter.clock(), share)] if share else kept
        return share

    account.recover_payment_debt = recover_of_a_day  # type: ignore[method-assign]


@defect(
    "esme-cap-never-ends",
    device="Esme",
    breaks="R-CRE-003",
    story="What payments have recovered is summed up since the meter was made: once the cap is reached, no payment "
    "recovers anything again.",
)
def cap_never_ends(esme: Esme) -> None:
    """The sum of recoveries does not age."""
    account, recover = esme.account, esme.account.recover_payment_debt

    def recover_for_ever(amount):
        kept = account.recoveries
        account.recoveries = [(esme.clock(), one) for _, one in kept]
        share = recover(amount)
        account.recoveries = [*kept, *account.recoveries[len(kept) :]]
        return share

    account.recover_payment_debt = recover_for_ever  # type: ignore[method-assign]


@defect(
    "esme-share-of-the-rest",
    device="Esme",
    breaks="R-CRE-002",
    story="The share for the payment debt is rounded up to whole pennies.",
)
def share_in_whole_pennies(esme: Esme) -> None:
    """Ten times the share."""
    account, recover = esme.account, esme.account.recover_payment_debt

    def rounded(amount):
        share = account.payment_share
        account.payment_share = -(-share // 100) * 100
        taken = recover(amount)
        account.payment_share = share
        return taken

    account.recover_payment_debt = rounded  # type: ignore[method-assign]


@defect(
    "esme-five-debt-payments-kept",
    device="Esme",
    breaks="R-CRE-004",
    story="The log of payments towards debt is as long as that of the top ups: five entries.",
)
def five_debt_payments(esme: Esme) -> None:
    """Five are kept."""
    prepayment, log = esme.prepayment, esme.prepayment._log
    prepayment._log = lambda entries, start, end: log(entries[-5:], start, end)  # type: ignore[method-assign]


@defect(
    "gsme-eleventh-payment-overwrites-the-newest",
    device="Gsme",
    breaks="R-CRE-004",
    story="When the log of payments towards debt is full, the last entry is written over and over.",
)
def overwrites_the_newest(gsme: Gsme) -> None:
    """The first nine stay."""
    account, recover = gsme.account, gsme.account.recover_payment_debt

    def recover_and_overwrite(amount):
        kept = list(account.recoveries)
        share = recover(amount)
        if share and len(kept) == 10:
            account.recoveries = [*kept[:9], account.recoveries[-1]]
        return share

    account.recover_payment_debt = recover_and_overwrite


@defect(
    "esme-three-top-ups-kept",
    device="Esme",
    breaks="R-UTR-021",
    story="Of the top ups only the last three are kept.",
)
def three_top_ups(esme: Esme) -> None:
    """Three instead of five."""
    account, top_up = esme.account, esme.account.top_up

    def top_up_and_forget(amount):
        top_up(amount)
        account.credits = account.credits[-3:]

    account.top_up = top_up_and_forget  # type: ignore[method-assign]


@defect(
    "esme-charges-in-emergency-are-lost",
    device="Esme",
    breaks="R-CRE-005",
    story="While emergency credit is in use and debt is suspended, charges by time are taken nowhere: the supplier "
    "loses each such day.",
)
def charges_are_lost(esme: Esme) -> None:
    """The accumulated debt never fills."""
    _loses_accumulated(esme.account)


@defect(
    "gsme-charges-in-emergency-are-lost",
    device="Gsme",
    breaks="R-CRE-005",
    story="The register for charges that gather in emergency exists, and nothing writes to it.",
)
def gas_charges_are_lost(gsme: Gsme) -> None:
    """The accumulated debt never fills."""
    _loses_accumulated(gsme.account)


def _loses_accumulated(account: Account) -> None:
    take = account._take_with_time

    def take_and_lose(elapsed):
        take(elapsed)
        account.accumulated_debt = 0

    account._take_with_time = take_and_lose  # type: ignore[method-assign]


@defect(
    "esme-recovers-beyond-the-debt",
    device="Esme",
    breaks="R-DBT-002",
    story="The last instalment is as large as every other: the customer pays more than was owed.",
)
def recovers_beyond_the_debt(esme: Esme) -> None:
    """The debt goes below zero."""
    account = esme.account

    def recover(elapsed):
        taken = []
        for debt, paid in zip(account.time_debts, TIME_DEBT_PAID, strict=True):
            share = round(elapsed / debt.period * debt.rate) if debt.owed > 0 else 0
            debt.owed -= share
            taken.append(float(share))
            if share and debt.owed <= 0:
                esme.event(paid)
        return taken

    account._recover = recover  # type: ignore[method-assign]


@defect(
    "gsme-time-debts-cleared-under-one-code",
    device="Gsme",
    breaks="R-DBT-002",
    story="Either time debt is told as the first one when it is cleared.",
)
def one_code_for_both(gsme: Gsme) -> None:
    """81A7 for both."""
    event = gsme.event
    gsme.event = lambda code: event(TIME_DEBT_PAID[0] if code in TIME_DEBT_PAID else code)  # type: ignore[method-assign]


@defect(
    "esme-payment-debt-cleared-in-silence",
    device="Esme",
    breaks="R-DBT-002",
    story="Nobody is told that a payment debt is cleared (no 81A9).",
)
def cleared_in_silence(esme: Esme) -> None:
    """No 81A9."""
    event = esme.event
    esme.event = lambda code: None if code == PAYMENT_DEBT_PAID else event(code)  # type: ignore[method-assign]


@defect(
    "esme-debt-rate-without-its-scale",
    device="Esme",
    breaks="R-DBT-003",
    story="The scale of a recovery rate is not read: a rate in hundredths is taken a hundred times too small.",
)
def rate_without_its_scale(esme: Esme) -> None:
    """Always 1e-5."""
    prepayment, take = esme.prepayment, esme.prepayment.take_rate

    def take_unscaled(number):
        take(number)
        prepayment.account.time_debts[number].rate //= 100

    prepayment.take_rate = take_unscaled  # type: ignore[method-assign]


@defect(
    "gsme-debt-rate-in-pence",
    device="Gsme",
    breaks="R-DBT-003",
    story="The recovery rate is taken for hundredths of a penny instead of thousandths.",
)
def rate_in_hundredths(gsme: Gsme) -> None:
    """Ten times the rate."""
    prepayment, change = gsme.prepayment, gsme.prepayment.change_debt

    def change_times_ten(component):
        answer = change(component)
        for debt in prepayment.account.time_debts:
            debt.rate *= 10
        return answer

    prepayment.change_debt = change_times_ten  # type: ignore[method-assign]


@defect(
    "esme-daily-debt-by-the-hour",
    device="Esme",
    breaks="R-DBT-001",
    story="The period of a recovery rate is ignored: what is meant for a day is taken every hour.",
)
def daily_debt_by_the_hour(esme: Esme) -> None:
    """Every rate is one of an hour."""
    prepayment, take = esme.prepayment, esme.prepayment.take_rate

    def take_hourly(number):
        take(number)
        prepayment.account.time_debts[number].period = timedelta(hours=1)

    prepayment.take_rate = take_hourly  # type: ignore[method-assign]


@defect(
    "esme-collects-while-off",
    device="Esme",
    breaks="R-DBT-004",
    story="Debts go on being collected from a home without supply, though that is to wait.",
)
def collects_while_off(esme: Esme) -> None:
    """The suspension while off is not looked at."""
    _without(esme.account, "suspend_debt_disabled")


@defect(
    "gsme-never-collects-while-off",
    device="Gsme",
    breaks="R-DBT-004",
    story="A closed valve stops the debt clock, whatever is set.",
)
def never_collects_while_off(gsme: Gsme) -> None:
    """Always suspended while off."""
    account, take = gsme.account, gsme.account._take_with_time
    account._take_with_time = lambda elapsed: take(elapsed) if gsme.is_on() else None


@defect(
    "esme-emergency-credit-pays-suspended-debts",
    device="Esme",
    breaks="R-DBT-005",
    story="Debts that are to wait while emergency credit is in use are paid out of it: it lasts half as long.",
)
def emergency_pays_suspended_debts(esme: Esme) -> None:
    """The suspension in emergency is not looked at."""
    _without(esme.account, "suspend_debt_emergency")


@defect(
    "gsme-emergency-credit-never-pays-debts",
    device="Gsme",
    breaks="R-DBT-005",
    story="Debts gather while emergency credit is in use, also where they are to be collected.",
)
def emergency_never_pays_debts(gsme: Gsme) -> None:
    """Always gathered."""
    account, take = gsme.account, gsme.account._take_with_time

    def take_gathered(elapsed):
        account.settings.suspend_debt_emergency = True
        take(elapsed)

    account._take_with_time = take_gathered


def _without(account: Account, suspension: str) -> None:
    take = account._take_with_time

    def take_anyway(elapsed):
        setattr(account.settings, suspension, False)
        take(elapsed)

    account._take_with_time = take_anyway  # type: ignore[method-assign]


@defect(
    "esme-debts-end-with-prepayment",
    device="Esme",
    breaks="R-DBT-006",
    story="A change to credit mode clears the debts: a fault of the supplier's system costs it all that was owed.",
)
def debts_end_with_prepayment(esme: Esme) -> None:
    """Credit mode clears the debts."""
    account, change = esme.account, esme.account.change_mode

    def change_and_clear(mode):
        change(mode)
        if mode is Mode.CREDIT:
            account.payment_debt = account.time_debts[0].owed = account.time_debts[1].owed = 0

    account.change_mode = change_and_clear  # type: ignore[method-assign]


@defect(
    "gsme-collects-debts-in-credit-mode",
    device="Gsme",
    breaks="R-DBT-006",
    story="Time debts go on being collected in credit mode, out of a prepayment balance that nobody fills.",
)
def collects_in_credit_mode(gsme: Gsme) -> None:
    """Debts are taken in credit mode, too."""
    account, settle = gsme.account, gsme.account.settle
    state = {"at": gsme.clock()}

    def settle_and_collect():
        elapsed, state["at"] = gsme.clock() - state["at"], gsme.clock()
        if account.mode is Mode.CREDIT:
            account.balance -= round(sum(account._recover(elapsed)))
        settle()

    account.settle = settle_and_collect
