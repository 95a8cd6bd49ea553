"""Money on a gas meter: payment mode, tokens, debts, credit mode balance, prices (device rules 7, 9.4). 1/1000 p."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs.gbz import GbzComponent
from bench.gbcs.times import zigbee_utc
from rigs.virtual.account import CREDIT_ADDED_LOCALLY, DAY, Account, Mode
from rigs.virtual.gas_calendar import GasCalendars
from rigs.virtual.gbz_device import PREPAYMENT, PRICE, made, values
from rigs.virtual.rules import rule
from rigs.virtual.tokens import Limits, Tokens
from rigs.virtual.zcl_objects import FAILURE, NOT_FOUND, SUCCESS, Answer

if TYPE_CHECKING:
    from rigs.virtual.gsme import Gsme

SELECT_EMERGENCY, CHANGE_DEBT, EMERGENCY_SETUP, TOP_UP, ADJUST, CHANGE_MODE = 0x00, 0x02, 0x03, 0x04, 0x05, 0x06
GET_TOP_UPS, LOW_CREDIT, GET_REPAYMENTS, MAXIMA, DEBT_CAP = 0x08, 0x09, 0x0A, 0x0B, 0x0C
MODE_CHANGED, TOPPED_UP, TOP_UPS, REPAYMENTS = 0x02, 0x03, 0x05, 0x06
TARIFF_INFORMATION, PRICE_MATRIX, BLOCK_THRESHOLDS = 0x04, 0x05, 0x06
CREDIT_MODE = 0x0C94
SETTINGS = frozenset({CREDIT_MODE, 0x0097, 0x0497, 0x0897, 0x0C97})  #: of payment control; there are no others
PREPAYMENT_ENABLED, COLLECTS_IN_EMERGENCY, STOPS_WHEN_DISABLED = 0x0002, 0x0800, 0x0400
#: message code -> type of adjustment: of prepayment balance or credit mode balance, relative or to zero
ADJUSTMENTS = {0x0086: 0, 0x00B4: 1, 0x00C2: 2, 0x00C0: 3}
PREPAYMENT_ADD, PREPAYMENT_RESET, CREDIT_RESET, CREDIT_ADD = 0, 1, 2, 3
REMOTE_TOP_UP = 0x0097
ACCEPTED, REJECTED = 0, 1
HOURLY = 0
NO_AMOUNT = -1
PAYMENT_DEBT_TYPE = 2
FRIENDLY_CREDIT_ON, CALENDAR_IN_FORCE = 1, 2
AT_FIRST = 1_500_000  #: credit mode balance a home begins with


class GasAccount(Account):
    """An account whose credit mode balance is a register of its own: what the customer owes, never negative."""

    bill: float = AT_FIRST
    billed_at: datetime | None = None

    @rule("R-GAS-015", "R-GAS-016", "R-TAR-009")
    def consumption_charge(self, watt_hours: float) -> float:
        """Return the price of energy; in credit mode it is added to what is owed, with the standing charge."""
        charge = super().consumption_charge(watt_hours)
        now = self.meter.clock()
        if self.mode is Mode.CREDIT:
            elapsed = max(timedelta(), now - (self.billed_at or now))
            self.bill += charge + elapsed / DAY * self.settings.standing_charge
        self.billed_at = now
        return charge

    @rule("R-GAS-015", "R-GAS-016")
    def adjust_bill(self, amount: int) -> None:
        """Credit an amount to a customer in credit mode: what is owed falls, not below zero."""
        self.settle()
        self.bill = max(0.0, self.bill - amount)

    @rule("R-GAS-015")
    def reset_bill(self) -> None:
        """Set what is owed to zero."""
        self.settle()
        self.bill = 0.0


class GsmePrepayment:
    """Account, tokens and calendar of the gas meter, and the commands that change them."""

    def __init__(self, gsme: "Gsme") -> None:
        self._gsme = gsme
        self.account = GasAccount(gsme)
        self.account.settings.price, self.account.settings.standing_charge = 7_000, 28_000
        self.configuration, self.cut_off = CREDIT_MODE, -1
        self.debt_percentage_shown = 0
        self.tokens = Tokens(
            gsme,
            lambda: self.limits(),  # noqa: PLW0108 - a defect may replace it
            lambda: self.account.balance,
            self._credit,
        )
        self.top_up_log: list[tuple[bytes, int, datetime]] = []
        self.to_push: list[tuple[int, bytes]] = []  #: commands for the mirror, at the next wake
        self._code = b""
        commands, activations = gsme.zcl.objects.commands, gsme.activations
        commands[PREPAYMENT, True, TOP_UP] = lambda component: self.top_up_remotely(component)  # noqa: PLW0108
        commands[PREPAYMENT, True, SELECT_EMERGENCY] = lambda component: self.select_emergency(component)  # noqa: PLW0108
        commands[PREPAYMENT, True, CHANGE_DEBT] = lambda component: self.change_debt(component)  # noqa: PLW0108
        commands[PREPAYMENT, True, ADJUST] = lambda component: self.adjust(component)  # noqa: PLW0108
        commands[PREPAYMENT, True, GET_TOP_UPS] = lambda component: self.top_ups(component)  # noqa: PLW0108
        commands[PREPAYMENT, True, GET_REPAYMENTS] = lambda component: self.repayments(component)  # noqa: PLW0108
        for command, take in (
            (EMERGENCY_SETUP, lambda component: self.set_emergency(component)),  # noqa: PLW0108
            (LOW_CREDIT, lambda component: self.set_low_credit(component)),  # noqa: PLW0108
            (MAXIMA, lambda component: self.set_maxima(component)),  # noqa: PLW0108
            (DEBT_CAP, lambda component: self.set_debt_cap(component)),  # noqa: PLW0108
        ):
            activations.offer(PREPAYMENT, command, take)
        for command, take in (
            (TARIFF_INFORMATION, lambda component: self.set_tariff(component)),  # noqa: PLW0108
            (PRICE_MATRIX, lambda component: self.set_prices(component)),  # noqa: PLW0108
        ):
            activations.offer(PRICE, command, take, to_server=False)
        activations.offer(PRICE, BLOCK_THRESHOLDS, lambda component: SUCCESS, to_server=False)
        activations.offer(PREPAYMENT, CHANGE_MODE, lambda component: self.take_mode(component))  # noqa: PLW0108
        commands[PREPAYMENT, True, CHANGE_MODE] = lambda component: self.change_mode(component)  # noqa: PLW0108
        self.calendar = GasCalendars(gsme)

    @rule("R-UTR-014")
    def limits(self) -> Limits:
        """Return the most a top up may be and the balance may become."""
        settings = self.account.settings
        return Limits(settings.maximum_credit, settings.maximum_balance)

    # ---- payment mode and configuration ------------------------------------------------------------------------

    @rule("R-FUT-005", "R-PPM-002")
    def change_mode(self, component: GbzComponent) -> Answer:
        """Set the payment mode, now or later; the answer shows emergency credit and calendar (GCS02, GCS03)."""
        status = self._gsme.activations.come(component) if self.is_payment_setting(component) else FAILURE
        if status != SUCCESS:
            return status
        settings = self.account.settings
        answer = {
            "friendlyCredit": FRIENDLY_CREDIT_ON,
            "fcCalendarId": CALENDAR_IN_FORCE,
            "ecLimit": settings.emergency_limit,
            "ecThreshold": settings.emergency_threshold,
        }
        return [(MODE_CHANGED, made(PREPAYMENT, False, MODE_CHANGED, answer))]

    @rule("R-PPM-002")
    def is_payment_setting(self, component: GbzComponent) -> bool:
        """Whether the payment control configuration is one of the five there are."""
        return values(component)["config"] in SETTINGS

    @rule("R-PPM-001", "R-PPM-002", "R-PPM-002a", "R-PPM-007")
    def take_mode(self, component: GbzComponent) -> int:
        """Take a payment mode over: what debts do in emergency and when disabled, and where supply ends."""
        asked = values(component)
        self.account.settle()
        self.configuration, self.cut_off = asked["config"], asked["cutOff"]
        settings = self.account.settings
        wanted = Mode.PREPAYMENT if self.configuration & PREPAYMENT_ENABLED else Mode.CREDIT
        if wanted is Mode.PREPAYMENT:
            settings.disablement_threshold = self.cut_off
            settings.suspend_debt_emergency = not self.configuration & COLLECTS_IN_EMERGENCY
            settings.suspend_debt_disabled = bool(self.configuration & STOPS_WHEN_DISABLED)
        self._gsme.mode_changes()
        self.account.change_mode(wanted)
        return SUCCESS

    @rule("R-EMC-003")
    def set_emergency(self, component: GbzComponent) -> int:
        """Take limit and threshold of the emergency credit over (GCS05)."""
        asked = values(component)
        self.account.settle()
        self.account.settings.emergency_limit = asked["limit"]
        self.account.settings.emergency_threshold = asked["threshold"]
        self.account.settle()
        return SUCCESS

    @rule("R-DIS-005")
    def set_low_credit(self, component: GbzComponent) -> int:
        """Take the low credit threshold over (GCS05)."""
        self.account.settings.low_credit = values(component)["level"]
        self.account.settle()
        return SUCCESS

    @rule("R-UTR-014")
    def set_maxima(self, component: GbzComponent) -> int:
        """Take over the most a top up may be and the balance may become (GCS05)."""
        asked, settings = values(component), self.account.settings
        settings.maximum_balance, settings.maximum_credit = asked["maxCredit"], asked["maxPerTopUp"]
        return SUCCESS

    @rule("R-CRE-002")
    def set_debt_cap(self, component: GbzComponent) -> int:
        """Take the weekly cap of payment-based recovery over (GCS05)."""
        self.account.settings.rate_cap = values(component)["cap"]
        return SUCCESS

    @rule("R-TAR-005", "R-TOM-001")
    def set_tariff(self, component: GbzComponent) -> int:
        """Take the standing charge over (GCS01a, GCS01b)."""
        self.account.settle()
        self.account.settings.standing_charge = values(component)["standingCharge"]
        self.account.settle()
        return SUCCESS

    @rule("R-TAR-005", "R-TOM-001")
    def set_prices(self, component: GbzComponent) -> int:
        """Take prices over: what has been used until now has its old price (GCS01a, GCS01b)."""
        prices = [row["price"] for row in values(component)["prices"]]
        self.account.settle()
        if prices:
            self.account.settings.price = prices[0]
            self._gsme.objects.prices = prices
        self.account.settle()
        return SUCCESS

    # ---- credit --------------------------------------------------------------------------------------------------

    def _credit(self, amount: int) -> None:
        owed = self.account.payment_debt
        self.account.top_up(amount)
        self.top_up_log = [*self.top_up_log, (self._code, amount, self._gsme.clock())][-5:]
        self.to_push += self.pushes(recovered=self.account.payment_debt < owed)

    @rule("R-GPF-009")
    def pushes(self, recovered: bool) -> list[tuple[int, bytes]]:
        """Return what the mirror is told of a top up: the latest five, and a payment towards debt if there was one."""
        told = [(TOP_UPS, self._shown_top_ups(self.top_up_log[::-1]))]
        if recovered:
            told.append((REPAYMENTS, self._shown_repayments(self.account.recoveries[-1:])))
        return told

    def _shown_top_ups(self, entries: list[tuple[bytes, int, datetime]]) -> bytes:
        rows = [{"code": code, "amount": amount, "time": zigbee_utc(at)} for code, amount, at in entries]
        return made(PREPAYMENT, False, TOP_UPS, {"cmdIndex": 0, "nCommands": 1, "topUps": rows})

    def _shown_repayments(self, entries: list[tuple[datetime, int]]) -> bytes:
        rows = [
            {"time": zigbee_utc(at), "collected": amount, "debtType": PAYMENT_DEBT_TYPE, "outstanding": 0}
            for at, amount in entries
        ]
        return made(PREPAYMENT, False, REPAYMENTS, {"cmdIndex": 0, "nCommands": 1, "debts": rows})

    @rule("R-UTR-007", "R-UTR-019a", "R-UTR-019b", "R-UTR-023", "R-PPM-006", "R-CTR-011")
    def top_up_remotely(self, component: GbzComponent) -> Answer:
        """Enter a token that came by command (CS01b), or from a PPMID (PCS01); the answer shows amount and credit."""
        asked = values(component)
        exchange = self._gsme.exchange
        assert exchange is not None
        counter = exchange.command.counter if exchange.command.message_code == REMOTE_TOP_UP else None
        accepted = (counter is None or not counter & 0xFFFFFFFF) and self._enter(asked["code"], counter)
        if accepted and counter is None:
            self.credited_locally()
        self.account.settle()
        answer = {
            "result": ACCEPTED if accepted else REJECTED,
            "value": self.account.credits[-1][1] if accepted else NO_AMOUNT,
            "source": asked["origDevice"],
            "creditRemaining": self.account.balance if accepted else NO_AMOUNT,
        }
        return [(TOPPED_UP, made(PREPAYMENT, False, TOPPED_UP, answer))]

    def _enter(self, code: bytes, counter: int | None) -> bool:
        self._code = code
        return self.takes_tokens() and self.tokens.enter(code.decode("ascii", "replace"), counter)

    @rule("R-PPM-006")
    def takes_tokens(self) -> bool:
        """Whether top ups are possible: not in credit mode."""
        return self.account.mode is Mode.PREPAYMENT

    @rule("R-UTR-016", "R-UTR-020", "R-PPM-006")
    def top_up_locally(self, token: str) -> bool:
        """Enter a token at the meter."""
        if not self._enter(token.encode(), None):
            return False
        self.credited_locally()
        return True

    @rule("R-UTR-020", "R-HAN-064")
    def credited_locally(self) -> None:
        """Tell of credit from meter or PPMID; the valve is armed by it at the most, and opened at the meter alone."""
        self._gsme.event(CREDIT_ADDED_LOCALLY)

    @rule("R-EMC-002", "R-RSP-016")
    def select_emergency(self, component: GbzComponent) -> Answer:
        """Activate emergency credit (GCS06); the result says whether it is active now."""
        return SUCCESS if self.account.activate_emergency() else FAILURE

    @rule("R-GAS-015", "R-GAS-017", "R-DIS-007")
    def adjust(self, component: GbzComponent) -> Answer:
        """Adjust or reset the prepayment balance or what is owed in credit mode (GCS40a to GCS40d)."""
        asked = values(component)
        exchange = self._gsme.exchange
        assert exchange is not None
        kind = ADJUSTMENTS[exchange.command.message_code]
        if asked["type"] != kind:
            return FAILURE
        amount: int = asked["value"]
        {
            PREPAYMENT_ADD: lambda: self.account.adjust(amount),
            PREPAYMENT_RESET: lambda: self.account.reset(),  # noqa: PLW0108
            CREDIT_RESET: lambda: self.account.reset_bill(),  # noqa: PLW0108
            CREDIT_ADD: lambda: self.account.adjust_bill(amount),
        }[kind]()
        return SUCCESS

    @rule("R-DBT-001", "R-DBT-003", "R-CRE-002")
    def change_debt(self, component: GbzComponent) -> Answer:
        """Add to a debt, and take over how it is recovered (GCS04): 1, 3 time debts, 5 payment debt."""
        asked, account = values(component), self.account
        account.settle()
        if asked["amountType"] == 5:
            account.payment_debt += asked["amount"]
            account.payment_share = asked["percentage"]
        else:
            debt = account.time_debts[0 if asked["amountType"] == 1 else 1]
            debt.owed += asked["amount"]
            debt.rate = asked["recoveryAmount"]
            debt.period = timedelta(hours=1) if asked["frequency"] == HOURLY else DAY
        account.settle()
        return SUCCESS

    @rule("R-UTR-021", "R-RSP-021")
    def top_ups(self, component: GbzComponent) -> Answer:
        """Return the latest five top ups (GCS15e)."""
        entries = [one for one in self.top_up_log[::-1] if _is_asked(component, one[2])]
        return [(TOP_UPS, self._shown_top_ups(entries))] if entries else NOT_FOUND

    @rule("R-CRE-004", "R-RSP-021")
    def repayments(self, component: GbzComponent) -> Answer:
        """Return the latest ten payment-based recoveries (GCS15d)."""
        entries = [one for one in self.account.recoveries[::-1] if _is_asked(component, one[0])]
        return [(REPAYMENTS, self._shown_repayments(entries))] if entries else NOT_FOUND

    @rule("R-CRD-041", "R-CRD-057", "R-UTR-022")
    def supplier_changed(self) -> None:
        """Another supplier: its tokens count anew; balance, debts and mode stay."""
        self.tokens.owner_changed()


def _is_asked(component: GbzComponent, at: datetime) -> bool:
    """Whether an instant lies in the period of a read: from the date-time in the header to the latest named."""
    return (component.from_date_time or 0) <= zigbee_utc(at) <= values(component)["latest"]
