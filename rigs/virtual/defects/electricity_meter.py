"""Defects of the electricity meter in activation, local time, money and logs; of versions and logs of any device."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from bench.gbcs.utrn import Ptut
from rigs.virtual.activation import Activations
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.esme_prepayment import EsmePrepayment
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.hub_objects import HubObjects

MINUTE = timedelta(minutes=1)
LONDON = ZoneInfo("Europe/London")


@defect(
    "esme-immediately-is-in-a-minute",
    device="Esme",
    breaks="R-FUT-003",
    story="Immediate changes are put into the schedule for the next minute, and lost if the power fails meanwhile.",
)
def immediately_is_in_a_minute(esme: Esme) -> None:
    """What is to happen now happens a minute later."""
    activations: Activations = esme.activations
    activate = activations.activate
    activations.activate = lambda key: esme.at(  # type: ignore[method-assign]
        esme.clock() + MINUTE, lambda: activate(key)
    )


@defect(
    "esme-days-in-local-time",
    device="Esme",
    breaks="R-TIM-001",
    story="The daily read log follows the clocks in the kitchen: all summer long midnight is an hour early.",
)
def days_in_local_time(esme: Esme) -> None:
    """A reading of midnight is the one of an hour before, in summer."""
    take = esme.daily.take

    def local(reading) -> None:
        take(replace(reading, at=reading.at - reading.at.astimezone(LONDON).utcoffset()))

    esme.daily.take = local  # type: ignore[method-assign]


@defect(
    "esme-billing-in-local-time",
    device="Esme",
    breaks="R-TIM-001",
    story="Billing periods end at midnight of summer time, and a bill has an hour of the other day.",
)
def billing_in_local_time(esme: Esme) -> None:
    """Times of day in the calendar are meant as local ones."""
    time_of_day = esme.billing.time_of_day
    esme.billing.time_of_day = lambda at: (  # type: ignore[method-assign]
        time_of_day(at) - esme.clock().astimezone(LONDON).utcoffset()
    )


@defect(
    "esme-rates-in-local-time",
    device="Esme",
    breaks="R-TIM-001",
    story="The night rate begins with the clocks of the household, an hour early all summer.",
)
def rates_in_local_time(esme: Esme) -> None:
    """Switching times are compared with local time."""
    register = esme.tariff.register
    esme.tariff.register = lambda at: register(at + at.astimezone(LONDON).utcoffset())  # type: ignore[method-assign]


@defect(
    "esme-alerts-interruptions-too",
    device="Esme",
    breaks="R-PWR-004",
    story="After each outage the meter alerts the interruption as well as the restoration: twice as many alerts in a "
    "storm.",
)
def alerts_interruptions_too(esme: Esme) -> None:
    """The interruption is told to the network operator like any event."""
    from bench.gbcs.trust_anchors import Role
    from rigs.virtual.esme import SUPPLY_INTERRUPTED

    log = esme.log_outage

    def told(interrupted_at, restored_at) -> None:
        log(interrupted_at, restored_at)
        esme.alert(SUPPLY_INTERRUPTED, Role.NETWORK_OPERATOR, at=interrupted_at)

    esme.log_outage = told  # type: ignore[method-assign]


@defect(
    "esme-mode-ignored",
    device="Esme",
    breaks="R-PPM-001",
    story="The mode of payment is stored and confirmed, and the account goes on as before until the next restart.",
)
def mode_ignored(esme: Esme) -> None:
    """A mode that is activated is not taken over."""
    prepayment: EsmePrepayment = esme.prepayment
    prepayment.take_mode = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-token-fields-in-another-order",
    device="Esme",
    breaks="R-UTR-003",
    story="Class and value of a token are taken apart at the wrong bit: pounds are read as pennies.",
)
def token_fields_in_another_order(esme: Esme) -> None:
    """The class is lost."""
    tokens = esme.prepayment.tokens
    readable = tokens.readable

    def read(utrn: str) -> Ptut | None:
        token = readable(utrn)
        return None if token is None else replace(token, value_class=0)

    tokens.readable = read  # type: ignore[method-assign]


@defect(
    "esme-adjustment-is-the-new-balance",
    device="Esme",
    breaks="R-DIS-007",
    story="An adjustment of the balance by ten pounds sets it to ten pounds.",
)
def adjustment_is_the_new_balance(esme: Esme) -> None:
    """The amount replaces the balance."""
    account = esme.account
    adjust = account.adjust
    account.adjust = lambda amount: adjust(amount - account.balance)  # type: ignore[method-assign]


@defect(
    "esme-calendar-from-the-next-period-on",
    device="Esme",
    breaks="R-BIL-003",
    story="Another billing calendar waits for the end of the period of the old one.",
)
def calendar_from_the_next_period_on(esme: Esme) -> None:
    """A new calendar ends nothing and plans nothing."""
    esme.billing.calendar_changed = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-logs-only-with-a-hub",
    device="Esme",
    breaks="R-EVT-009",
    story="Outages are logged when the hub has answered: what happens while the hub is away is lost.",
)
def logs_only_with_a_hub(esme: Esme) -> None:
    """Without the hub's time there is no entry."""
    log = esme.log_outage

    def heard(interrupted_at, restored_at) -> None:
        if esme.time.hub() is not None:
            log(interrupted_at, restored_at)

    esme.log_outage = heard  # type: ignore[method-assign]


@defect(
    "any-firmware-version-from-the-other-end",
    device="GbcsDevice",
    breaks="R-FWU-018",
    story="The version is told with its octets turned round: the register of firmware knows no such version.",
)
def firmware_version_from_the_other_end(device: GbcsDevice) -> None:
    """The four octets are reversed."""
    firmware = device.firmware
    shown = firmware.shown_version
    firmware.shown_version = lambda: shown()[::-1]  # type: ignore[method-assign]


@defect(
    "hub-security-log-stays-empty",
    device="HubObjects",
    breaks="R-HUB-018",
    story="The hub keeps a security log and answers reads of it with no entries.",
)
def hub_security_log_stays_empty(objects: HubObjects) -> None:
    """No entry lies in any range."""
    security_log = objects.security_log
    objects.security_log = lambda start, end: security_log(end, start)  # type: ignore[method-assign]
