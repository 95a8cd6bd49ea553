"""An electricity and a gas meter as a supplier of prepayment sees them, in the same words. Money is 1/1000 p."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from bench.clock import seconds
from bench.dcc.bodies import (
    ActivateEmergencyCredit,
    DisableSupply,
    ReadDeviceConfigurationPaymentMode,
    ReadEventOrSecurityLog,
    ReadInstantaneousPrepayValues,
    ReadLogPeriod,
    ReadPrepaymentConfiguration,
    ReadSupplyStatus,
    RetrieveBillingDataLogDebtPayments,
    RetrieveBillingDataLogPrepaymentCredits,
    UpdateDebt,
    UpdateMeterBalance,
    UpdatePaymentMode,
    UpdatePrepayConfiguration,
    UpdatePricePrimaryElement,
)
from bench.dcc.bodies.common import IndexedValue
from bench.dcc.bodies.prepayment import ElecDebtRecovery, GasDebtRecovery, MeterBalanceChange, PrepaymentMode
from bench.dcc.bodies.tariff import (
    ElectricityPriceElements,
    ElectricityTOUTariff,
    GasPriceElements,
    GasTOUTariff,
    PriceElements,
)
from bench.dcc_point import DccPoint
from bench.gas import AtTheMeter, GasPoint
from bench.gbcs.times import from_zigbee_utc
from bench.parties import Device, Party
from testcases import gas_steps
from testcases.days import DAY
from testcases.prepayment.calendars import Settings, electricity_settings, gas_settings

POUND = 100_000
OFF, ON, ARMED = "off", "on", "armed"
HOUR = timedelta(hours=1)
DONE, ACCEPTED = [0], 0
SCALE = -3  #: of electricity rates: hundredths of a unit of 1/1000 p, so that the scale matters
PENNYTHOUSANDTHS = -5  #: scale of prices in pounds
#: logical names of the emergency credit and of the charges of both time debts, and when these are collected
EMERGENCY = bytes.fromhex("0000130a01ff")
TIME_DEBTS = {bytes.fromhex("0000131401ff"), bytes.fromhex("0000131402ff")}
WHILE_ON = 0xC0
STOPS_WHEN_OFF, COLLECTS_IN_EMERGENCY = 0x0400, 0x0800  #: bits of a gas meter's payment control configuration


class Money(NamedTuple):
    """The prepayment registers, and when the answer came."""

    balance: int
    emergency_credit: int
    accumulated_debt: int
    payment_debt: int
    time_debt_1: int
    time_debt_2: int
    at: datetime


@dataclass(frozen=True)
class Recovery:
    """How a time debt is recovered: so much (a multiple of 100) an hour or a day."""

    rate: int = 0
    every: timedelta = DAY

    @property
    def period(self) -> str:
        """As DUIS names it."""
        return "HOURLY" if self.every == HOUR else "DAILY"


@dataclass(frozen=True)
class Configuration:
    """How a meter is set for prepayment, as it is read."""

    low_credit: int
    emergency_limit: int
    emergency_threshold: int
    disablement_threshold: int
    largest_credit: int  #: pounds
    largest_balance: int  #: pounds
    share: int
    recovery: tuple[Recovery, Recovery]
    keeps_when_off: bool
    keeps_in_emergency: bool


@dataclass(frozen=True)
class PrepaidMeter:
    """What both kinds have in common."""

    device: Device
    supplier: Party
    gaining: Party
    dcc: DccPoint
    gas: GasPoint
    hands: AtTheMeter

    def ask(self, body, rule=""):
        """Send a request as the supplier; the response."""
        return self.dcc.ask(body, self.device, as_user=self.supplier, rule=rule)

    def token(self, value, **how):
        """Return a new token of the supplier for this meter, in pounds unless another class is given."""
        return self.dcc.token(self.device, value, as_user=self.supplier, **how)

    def add(self, amount):
        """Add to the balance (1.5)."""
        return self.ask(UpdateMeterBalance(prepayment=MeterBalanceChange(adjust=amount)))

    def reset(self):
        """Set balance, accumulated debt and emergency credit back (1.5)."""
        return self.ask(UpdateMeterBalance(prepayment=MeterBalanceChange(reset=True)))

    def prepay(self, threshold=0, *, keeps_when_off=False, keeps_in_emergency=False, at=None):
        """Set prepayment mode (1.6): debts may be suspended while supply is off, or emergency credit in use."""
        mode = PrepaymentMode(
            suspend_debt_disabled=keeps_when_off,
            suspend_debt_emergency=keeps_in_emergency,
            disablement_threshold=threshold,
        )
        return self.ask(UpdatePaymentMode(execute_at=at, prepayment=mode))

    def credit_mode(self, at=None):
        """Set credit mode (1.6)."""
        return self.ask(UpdatePaymentMode(execute_at=at, credit=True))

    def disable(self):
        """Take the supply off (7.2)."""
        return self.ask(DisableSupply())

    def _read(self, body):
        return self.gas.ask(body, self.device, as_user=self.supplier)

    def _period(self, since, until):
        return ReadLogPeriod(start=since.replace(microsecond=0), end=until.replace(microsecond=0) + seconds(1))


class ElectricityMeter(PrepaidMeter):
    """The ESME."""

    answers_at_once = True
    cap_units = (1, POUND)  #: the reference data do not tell which

    def registers(self):
        """Read the prepayment registers (ECS19)."""
        answer = self.ask(ReadInstantaneousPrepayValues())
        return Money(*answer.prepayment(), answer.seen.time)

    def supply(self):
        """Read the state of the supply (ECS45)."""
        return self.ask(ReadSupplyStatus()).items(lambda data: (OFF, ON, ARMED)[data[0].value])

    def prices(self, unit, standing_charge, *, at=None):
        """Set the price of a kWh and the standing charge of a day (ECS01b)."""
        prices = ElectricityPriceElements(
            standing_charge=standing_charge,
            standing_charge_scale=PENNYTHOUSANDTHS,
            price_scale=PENNYTHOUSANDTHS,
            tou=ElectricityTOUTariff(tou=tuple(IndexedValue(index=n, value=unit) for n in range(1, 49))),
        )
        return self.ask(UpdatePricePrimaryElement(execute_at=at, prices=PriceElements(electricity=prices)))

    def debts(self, one=0, two=0, payment=0, *, recovery=(Recovery(), Recovery()), share=0):
        """Add to the debts and set how they are recovered; `share` in 1/100 % of a payment (ECS07)."""
        rates = [ElecDebtRecovery(rate=each.rate // 100, scale=SCALE, period=each.period) for each in recovery]
        body = UpdateDebt(
            time_debt_1=one, time_debt_2=two, payment_debt=payment, recovery_per_payment=share,
            elec_recovery_1=rates[0], elec_recovery_2=rates[1],
        )  # fmt: skip
        return self.ask(body)

    def configure(self, settings: Settings, *, at=None):
        """Set limits, thresholds and calendar (ECS08a)."""
        return self.ask(UpdatePrepayConfiguration(execute_at=at, electricity=electricity_settings(settings)))

    def activate_emergency(self):
        """Activate emergency credit by command (ECS09); returns whether it is active."""
        return self.ask(ActivateEmergencyCredit()).results == DONE

    def top_up(self, token):
        """Enter a token by command (CS01a); returns whether it was accepted."""
        return self.dcc.top_up(self.device, token, as_user=self.supplier).results == DONE

    def security_log(self, since, until):
        """Read the codes in the security log (ECS35b)."""
        body = ReadEventOrSecurityLog(period=self._period(since, until), log="Security")
        return [entry.code for entry in self.ask(body).log()]

    def credits(self, since, until):
        """Read the latest top ups, the oldest first (ECS20d)."""
        answer = self.ask(RetrieveBillingDataLogPrepaymentCredits(period=self._period(since, until)))
        return [(from_zigbee_utc(at), amount) for at, amount in answer.rows()]

    def debt_payments(self, since, until):
        """Read the latest payments towards debt, the oldest first (ECS20a)."""
        answer = self.ask(RetrieveBillingDataLogDebtPayments(period=self._period(since, until)))
        return [(from_zigbee_utc(at), amount) for at, amount in answer.rows()]

    def configuration(self):
        """Read the prepayment configuration (ECS26a)."""
        items = self.ask(ReadPrepaymentConfiguration()).items(lambda data: data)
        rows = [(row[0].value, row[1].value, row[2].value[1][0]) for row in items[17].value]
        return Configuration(
            low_credit=items[11].value,
            emergency_limit=items[14].value,
            emergency_threshold=items[15].value,
            disablement_threshold=items[9].value[0].value,
            largest_credit=items[8].value,
            largest_balance=items[10].value,
            share=items[7].value,
            recovery=(_recovery(items[3], items[2]), _recovery(items[6], items[5])),
            keeps_when_off=all(bits == WHILE_ON for _, charge, bits in rows if charge in TIME_DEBTS),
            keeps_in_emergency=not any(credit == EMERGENCY and charge in TIME_DEBTS for credit, charge, _ in rows),
        )

    def is_in_prepayment(self):
        """Read the payment mode (ECS26j)."""
        return self.ask(ReadDeviceConfigurationPaymentMode()).items(lambda data: data[0][0].value) == 2


class GasMeter(PrepaidMeter):
    """The GSME: it answers after its next wake, within half an hour."""

    answers_at_once = False
    cap_units = (1,)

    def registers(self):
        """Read the prepayment registers (GCS14)."""
        answer = self._read(ReadInstantaneousPrepayValues())
        names = (
            gas_steps.BALANCE, gas_steps.EMERGENCY, gas_steps.ACCUMULATED, gas_steps.PAYMENT_DEBT,
            gas_steps.TIME_DEBT_1, gas_steps.TIME_DEBT_2,
        )  # fmt: skip
        return Money(*(answer.attributes[name] for name in names), answer.device_message.seen.time)

    def supply(self):
        """Read the state of the valve (GCS33)."""
        return (OFF, ARMED, ON)[gas_steps.valve_state(self.gas, self.device, self.supplier)]

    def prices(self, unit, standing_charge, *, at=None):
        """Set the price of a kWh and the standing charge of a day (GCS01b)."""
        return self.ask(self.price_request(unit, standing_charge, at))

    def price_request(self, unit, standing_charge, at=None):
        """Return the request that sets prices (1.2.1), now or at an instant."""
        prices = GasPriceElements(
            currency="GBP",
            standing_charge=standing_charge,
            tou=GasTOUTariff(prices=tuple(IndexedValue(index=n, value=unit) for n in range(1, 5))),
        )
        return UpdatePricePrimaryElement(execute_at=at, prices=PriceElements(gas=prices))

    def debts(self, one=0, two=0, payment=0, *, recovery=(Recovery(), Recovery()), share=0):
        """Add to the debts and set how they are recovered; `share` in 1/100 % of a payment (GCS04)."""
        rates = [GasDebtRecovery(rate=each.rate, period=each.period) for each in recovery]
        body = UpdateDebt(
            time_debt_1=one, time_debt_2=two, payment_debt=payment, recovery_per_payment=share,
            gas_recovery_1=rates[0], gas_recovery_2=rates[1],
        )  # fmt: skip
        return self.ask(body)

    def configure(self, settings: Settings, *, at=None):
        """Set limits, thresholds and calendar (GCS05)."""
        return self.ask(UpdatePrepayConfiguration(execute_at=at, gas=gas_settings(settings)))

    def activate_emergency(self):
        """Activate emergency credit by command (GCS06); returns whether it is active."""
        return self._read(ActivateEmergencyCredit()).statuses == DONE

    def top_up(self, token):
        """Enter a token by command (CS01b); returns whether it was accepted."""
        answer = self.gas.read(self.dcc.top_up(self.device, token, as_user=self.supplier))
        return answer.fields()["result"] == ACCEPTED

    def security_log(self, since, until):
        """Read the codes in the security log (CS10b)."""
        return gas_steps.event_log(self.gas, self.device, self.supplier, since, until, "Security")

    def credits(self, since, until):
        """Read the latest top ups, the oldest first (GCS15e)."""
        return self._rows(
            RetrieveBillingDataLogPrepaymentCredits(period=self._period(since, until)), "topUps", "amount"
        )

    def debt_payments(self, since, until):
        """Read the latest payments towards debt, the oldest first (GCS15d)."""
        return self._rows(RetrieveBillingDataLogDebtPayments(period=self._period(since, until)), "debts", "collected")

    def _rows(self, body, name, amount):
        answer = self._read(body)
        if any(answer.statuses):
            return []
        return [(from_zigbee_utc(row["time"]), row[amount]) for row in answer.fields()[name]][::-1]

    def configuration(self):
        """Read the prepayment configuration (GCS21b), and that of payment control (GCS21j)."""
        read = self._read(ReadPrepaymentConfiguration()).attributes
        control = self._read(ReadDeviceConfigurationPaymentMode()).attributes["0705:0000"]
        periods = [(HOUR, DAY)[read[f"0705:02{number}6"]] for number in (1, 2)]
        return Configuration(
            low_credit=read["0705:0031"],
            emergency_limit=read["0705:0010"],
            emergency_threshold=read["0705:0011"],
            disablement_threshold=read["0705:0040"],
            largest_credit=read["0705:0022"] // POUND,
            largest_balance=read["0705:0021"] // POUND,
            share=read["0705:0239"],
            recovery=(Recovery(read["0705:0217"], periods[0]), Recovery(read["0705:0227"], periods[1])),
            keeps_when_off=bool(control & STOPS_WHEN_OFF),
            keeps_in_emergency=not control & COLLECTS_IN_EMERGENCY,
        )

    def is_in_prepayment(self):
        """Read the payment mode (GCS21j): bit 1 of the payment control configuration."""
        return bool(self._read(ReadDeviceConfigurationPaymentMode()).attributes["0705:0000"] & 2)


def _recovery(charge, period):
    """How a time debt is recovered, from its unit charge and its period in seconds (ECS26a)."""
    rate = round(charge[2].value[0][1].value * 10.0 ** (charge[0][1].value - PENNYTHOUSANDTHS))
    return Recovery(rate, timedelta(seconds=period.value))
