"""The prepayment objects of the electricity meter, and what stands behind them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs.dlms import CompactArray, Data, TypeDescription, array, enum, i32, structure, u32, zigbee_utc
from rigs.virtual.account import CREDIT_ADDED_LOCALLY, Account, Mode, TimeDebt
from rigs.virtual.cosem import OTHER_REASON, SUCCESS
from rigs.virtual.cosem_objects import Attribute, attribute
from rigs.virtual.rules import rule
from rigs.virtual.schedule import NonDisablement
from rigs.virtual.tokens import Limits, Tokens

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

COMPACT_ARRAY, STRUCTURE, DOUBLE_LONG_UNSIGNED = 0x13, 2, 6
ACCOUNT_MODE, CHARGES = attribute("111:0-0:19.0.0.255:2"), attribute("111:0-0:19.0.0.255:11")
MODE_ACTIVATION = attribute("111:0-1:19.0.0.255:13")
REGISTERS = attribute("1:0-0:94.44.34.30:2")
ADJUST, RESET = attribute("112:0-0:19.10.0.255:1"), attribute("112:0-0:19.10.0.255:2")
RESET_EMERGENCY, ACTIVATE_EMERGENCY = attribute("112:0-0:19.10.1.255:2"), attribute("112:0-0:19.10.1.255:3")
TOKEN = attribute("115:0-0:19.40.0.255:1")
STANDING_CHARGE = attribute("113:0-0:19.20.4.255:5")
TIME_DEBT = ("113:0-0:19.20.1.255", "113:0-0:19.20.2.255")
PAYMENT_DEBT = "113:0-0:19.20.3.255"
CREDIT_LOG, RECOVERY_LOG = attribute("7:0-0:98.1.5.255:2"), attribute("7:0-0:98.1.4.255:2")
#: attribute -> field of the account's settings
SETTINGS = {
    attribute("9000:0-0:94.44.128.22:2"): "disablement_threshold",
    attribute("9000:0-0:94.44.128.9:2"): "low_credit",
    attribute("9000:0-0:94.44.128.2:2"): "emergency_limit",
    attribute("9000:0-0:94.44.128.3:2"): "emergency_threshold",
    attribute("9000:0-0:94.44.2.10:2"): "maximum_credit",
    attribute("9000:0-0:94.44.2.20:2"): "maximum_balance",
    attribute("9000:0-0:94.44.128.12:2"): "rate_cap",
}
#: attribute by which a setting is read (ECS26a) -> field of the account's settings
READ_SETTINGS = {
    attribute("111:0-0:19.0.0.255:16"): "low_credit",
    attribute("112:0-0:19.10.1.255:9"): "emergency_limit",
    attribute("112:0-0:19.10.1.255:10"): "emergency_threshold",
}
DISABLEMENT_THRESHOLDS = attribute("21:0-0:16.0.1.255:2")
WHOLE_UNITS = ("maximum_credit", "maximum_balance")
POUND = 100_000  #: 1/1000 p
ACTIVE = 2
REJECTED = 1
EMERGENCY_NAME = attribute("112:0-0:19.10.1.255:1")[1]
TIME_DEBT_NAME = attribute("113:0-0:19.20.1.255:1")[1]
SUSPENDED_WHEN_DISABLED, ALWAYS = 0xC0, 0xE0
WAITING_CHARGES = attribute("111:0-1:19.0.0.255:11")
TIME_DEBTS = tuple(attribute(f"{name}:1")[1] for name in TIME_DEBT)


class EsmeAccount(Account):
    """An account whose prices depend on time and block."""

    def __init__(self, esme: "Esme") -> None:
        self._tariff = esme.tariff
        self._charged_cost = self._tariff.cost
        super().__init__(esme)

    @rule("R-TAR-009", "R-DIS-006")
    def consumption_charge(self, watt_hours: float) -> float:
        """Return what the energy since the last charge has cost, each part in its register."""
        charged, self._charged_cost = self._charged_cost, self._tariff.cost
        return self._charged_cost - charged

    @rule("R-TAR-009", "R-DIS-006")
    def price_now(self) -> int:
        """Return the price of a kWh by time and block."""
        return self._tariff.active_price()

    def _plan(self) -> None:
        super()._plan()
        room, power = self._tariff.until_next_block(), self.meter.burn()
        if self.mode is Mode.PREPAYMENT and room is not None and power > 0:
            generation = self._generation
            self.meter.at(
                self.meter.clock() + timedelta(hours=room / power, seconds=1), lambda: self._planned(generation)
            )


class EsmePrepayment:
    """Account, tokens and calendar of the meter, as its objects show and change them."""

    def __init__(self, esme: "Esme") -> None:
        self._esme = esme
        self.account = EsmeAccount(esme)
        self.calendar = NonDisablement(esme)
        self.tokens = Tokens(
            esme,
            lambda: self.limits(),  # noqa: PLW0108 - a defect may replace it
            lambda: self.account.balance,
            lambda amount: self.account.top_up(amount),  # noqa: PLW0108 - a defect may replace it
        )
        objects = esme.cosem.objects
        objects.put(ACCOUNT_MODE, lambda: structure([enum(int(self.account.mode)), enum(ACTIVE)]))
        objects.put(REGISTERS, lambda: self.registers())  # noqa: PLW0108 - a defect may replace it
        for key, name in SETTINGS.items():
            factor = POUND if name in WHOLE_UNITS else 1
            objects.put(key, i32(getattr(self.account.settings, name) // factor))
        for key, name in READ_SETTINGS.items():
            objects.put(key, lambda name=name: i32(self.setting(name)))  # type: ignore[misc]
        objects.put(DISABLEMENT_THRESHOLDS, lambda: array([i32(self.setting("disablement_threshold"))]))
        objects.methods |= {
            ADJUST: self._done(lambda value: self.account.adjust(value)),  # noqa: PLW0108
            RESET: self._done(lambda value: self.account.reset()),
            RESET_EMERGENCY: self._done(lambda value: None),
            attribute("112:0-0:19.10.2.255:2"): self._done(lambda value: None),
            ACTIVATE_EMERGENCY: lambda value: SUCCESS if self.account.activate_emergency() else OTHER_REASON,
            TOKEN: lambda value: self.top_up_remotely(value),  # noqa: PLW0108
            attribute(f"{PAYMENT_DEBT}:4"): self._done(lambda value: self.add_payment_debt(value)),  # noqa: PLW0108
        }
        for number, name in enumerate(TIME_DEBT):
            objects.methods[attribute(f"{name}:4")] = self._done(
                lambda value, number=number: self.add_time_debt(number, value)  # type: ignore[misc]
            )
            objects.methods[attribute(f"{name}:2")] = self._done(
                lambda value, number=number: self.take_rate(number)  # type: ignore[misc]
            )
        objects.written[attribute(f"{PAYMENT_DEBT}:13")] = lambda value: self.take_share(value)  # noqa: PLW0108
        objects.allowed[WAITING_CHARGES] = lambda value: self.is_payment_setting(value)  # noqa: PLW0108
        objects.selected[CREDIT_LOG] = lambda start, end: self._log(self.account.credits, start, end)
        objects.selected[RECOVERY_LOG] = lambda start, end: self._log(self.account.recoveries, start, end)
        esme.activations.activated.append(lambda key: self.activated(key))  # noqa: PLW0108 - a defect may replace it

    def _done(self, action: Callable[[int], None]) -> Callable[[Data], int]:
        def do(value: Data) -> int:
            action(value.value)
            return SUCCESS

        return do

    @rule("R-UTR-015")
    def limits(self) -> Limits:
        """Return the most a top up may be and the balance may become."""
        settings = self.account.settings
        return Limits(settings.maximum_credit, settings.maximum_balance)

    @rule("R-PPM-007")
    def setting(self, name: str) -> int:
        """Return a threshold or limit as it is read (ECS26a), 1/1000 p."""
        return int(getattr(self.account.settings, name))

    @rule("R-DIS-008")
    def registers(self) -> Data:
        """Return the prepayment registers (ECS19)."""
        account = self.account
        account.settle()
        one, two = account.time_debts
        values = (
            account.balance, account.emergency_left, account.accumulated_debt, account.payment_debt, one.owed, two.owed,
        )  # fmt: skip
        return structure([i32(value) for value in values])

    @rule("R-UTR-007", "R-UTR-019", "R-PPM-006", "R-CTR-011")
    def top_up_remotely(self, token: Data) -> int:
        """Enter a token that came by command (CS01a); credit mode takes none."""
        exchange = self._esme.exchange
        assert exchange is not None
        counter = exchange.command.counter
        if self.account.mode is not Mode.PREPAYMENT or counter & 0xFFFFFFFF:
            return REJECTED
        accepted = self.tokens.enter(token.value.decode("ascii", "replace"), counter)
        return SUCCESS if accepted else REJECTED

    @rule("R-UTR-016", "R-UTR-020", "R-PPM-006")
    def top_up_locally(self, token: str) -> bool:
        """Enter a token at the meter or from a PPMID."""
        if self.account.mode is not Mode.PREPAYMENT or not self.tokens.enter(token):
            return False
        self._esme.event(CREDIT_ADDED_LOCALLY)
        return True

    @rule("R-DBT-001")
    def add_time_debt(self, number: int, amount: int) -> None:
        """Add to a time debt."""
        self.account.settle()
        self.account.time_debts[number].owed += amount
        self.account.settle()

    @rule("R-DBT-001")
    def add_payment_debt(self, amount: int) -> None:
        """Add to the payment debt."""
        self.account.payment_debt += amount

    @rule("R-DBT-001", "R-DBT-003")
    def take_rate(self, number: int) -> None:
        """Take a recovery rate and its period over."""
        objects, name = self._esme.cosem.objects, TIME_DEBT[number]
        self.account.settle()
        debt: TimeDebt = self.account.time_debts[number]
        charge, period = objects.read(attribute(f"{name}:6")), objects.read(attribute(f"{name}:8"))
        if charge is not None and charge.value:
            debt.rate = _money(charge)
            objects.put(attribute(f"{name}:5"), charge)
        if period is not None and period.value:
            debt.period = timedelta(seconds=period.value)
        self.account.settle()

    @rule("R-CRE-002")
    def take_share(self, value: Data) -> None:
        """Take the share of a top up for the payment debt over, 1/100 %."""
        self.account.payment_share = value.value

    @rule("R-PPM-001", "R-EMC-003", "R-TAR-005")
    def activated(self, key: Attribute) -> None:
        """Take activated values over: payment mode, thresholds, prices."""
        objects, account = self._esme.cosem.objects, self.account
        account.settle()
        for one, name in SETTINGS.items():
            value = objects.read(one)
            if value is not None and one[:2] == key[:2]:
                setattr(account.settings, name, value.value * (POUND if name in WHOLE_UNITS else 1))
        charge = objects.read(STANDING_CHARGE)
        if charge is not None and charge.value and STANDING_CHARGE[:2] == key[:2]:
            account.settings.standing_charge = _money(charge)
        if key == MODE_ACTIVATION:
            self.take_mode()
        account.settle()

    @rule("R-PPM-001", "R-PPM-002", "R-PPM-002a")
    def take_mode(self) -> None:
        """Take an activated payment mode over, with what is suspended when."""
        objects, account = self._esme.cosem.objects, self.account
        mode = objects.read(ACCOUNT_MODE)
        assert mode is not None
        wanted = Mode(mode[0].value)
        objects.put(ACCOUNT_MODE, lambda: structure([enum(int(account.mode)), enum(ACTIVE)]))
        charges = objects.read(CHARGES)
        if wanted is Mode.PREPAYMENT and charges is not None:
            rows = [(row[0].value, row[1].value, row[2].value[1]) for row in charges.value]
            debts = [bits for credit, charge, bits in rows if charge == TIME_DEBT_NAME and credit != EMERGENCY_NAME]
            settings = account.settings
            settings.suspend_debt_disabled = any(bits[0] == SUSPENDED_WHEN_DISABLED for bits in debts)
            settings.suspend_debt_emergency = not any(
                credit == EMERGENCY_NAME and charge == TIME_DEBT_NAME for credit, charge, _ in rows
            )
        if wanted is not account.mode:
            self._esme.billing.mode_changes()
            account.change_mode(wanted)

    @rule("R-PPM-002")
    def is_payment_setting(self, charges: Data) -> bool:
        """Whether charges may be taken as asked: all always, but both time debts perhaps not while supply is off."""
        masks = [(row[1].value, row[2].value[1][0]) for row in charges.value]
        debts = {mask for charge, mask in masks if charge in TIME_DEBTS}
        return (
            len(debts) <= 1
            and debts <= {ALWAYS, SUSPENDED_WHEN_DISABLED}
            and all(mask == ALWAYS for charge, mask in masks if charge not in TIME_DEBTS)
        )

    @rule("R-UTR-021", "R-CRE-004")
    def _log(self, entries: list[tuple[datetime, int]], start: datetime, end: datetime) -> Data:
        """Return entries of a log of amounts in a range (ECS20a, ECS20d)."""
        kind = TypeDescription(STRUCTURE, (TypeDescription(DOUBLE_LONG_UNSIGNED),) * 2)
        rows = [structure([u32(zigbee_utc(at)), u32(amount)]) for at, amount in entries if start <= at <= end]
        return Data(COMPACT_ARRAY, CompactArray(kind, rows))

    @rule("R-CRD-041", "R-CRD-057", "R-UTR-022")
    def supplier_changed(self) -> None:
        """Another supplier: its tokens count anew; balance, debts and mode stay."""
        self.tokens.owner_changed()


def _money(charge: Data) -> int:
    """Return the first price of a charge in 1/1000 p."""
    scale = charge[0][1].value
    first = charge[2].value[0][1].value
    return round(first * 10**scale * POUND)
