"""What stands behind the ZCL attributes and stores of the gas meter."""

from typing import TYPE_CHECKING

from bench.gbcs.gbz import GbzComponent
from bench.gbcs.times import from_zigbee_utc, zigbee_utc
from rigs.virtual.account import DAY
from rigs.virtual.gas_snapshots import GasSnapshots
from rigs.virtual.gbz_device import (
    BITMAP8,
    BITMAP16,
    ENUM8,
    I32,
    MANAGEMENT,
    METERING,
    PREPAYMENT,
    PRICE,
    STRING,
    U8,
    U16,
    U24,
    U32,
    U48,
    little,
    made,
    text,
    values,
)
from rigs.virtual.rules import rule
from rigs.virtual.zcl_objects import NOT_FOUND, SUCCESS, Answer

if TYPE_CHECKING:
    from rigs.virtual.gsme import Gsme

GET_SAMPLES, SAMPLES = 0x08, 0x07
CONVERSION_FACTOR, CALORIFIC_VALUE = 0x02, 0x03
SITE_ID, SET_EVENTS, GET_EVENTS, REPORT_EVENTS = 0x03, 0x04, 0x05, 0x04
PROFILE, NETWORK_DATA = 0, 2  #: sample identifiers of the half hours, and of the network data log
INTERVAL = 1800
STERLING, FIVE_DECIMALS = 826, 0x50
ALL_EVENTS = 0x81FF
LOGGED, TO_WAN, TO_HAN = 0x03, 0x08, 0x10  #: bits of an event's configuration
#: events of the supplier and what is done with them at first (reference data, GCS20r)
AT_FIRST = {
    0x810D: 0x18, 0x810E: 0x08, 0x8119: 0x18, 0x8145: 0x03, 0x8154: 0x03, 0x8155: 0x03, 0x8161: 0x03, 0x8162: 0x03,
    0x8168: 0x10, 0x8183: 0x0B, 0x8184: 0x0B, 0x81A0: 0x0B, 0x81A1: 0x0B,
} | dict.fromkeys((*range(0x81A4, 0x81B7), 0x81B9, 0x81BA, *range(0x81BC, 0x81C1), *range(0x81C2, 0x81C6)), 0x0B) | {
    0x81AA: 0x1B, 0x81AB: 0x1B, 0x81C4: 0x1B, 0x81C6: 0x03,
}  # fmt: skip


class EventBehaviour:
    """What is done with each configurable event: log, alert over the WAN, show on the HAN (GCS20, GCS20r)."""

    def __init__(self) -> None:
        self.table = dict(AT_FIRST)

    @rule("R-ALT-013", "R-ALT-016")
    def logs(self, code: int) -> bool:
        """Whether an event is logged; what cannot be configured always is."""
        return code not in self.table or bool(self.table[code] & LOGGED)

    @rule("R-ALT-013", "R-ALT-016")
    def alerts(self, code: int) -> bool:
        """Whether an event is told over the WAN."""
        return code not in self.table or bool(self.table[code] & TO_WAN)

    @rule("R-ALT-010", "R-ALT-011")
    def set(self, component: GbzComponent) -> Answer:
        """Take the configuration of some events over; those that cannot be configured are passed over."""
        asked = values(component)
        for row in asked["events"]:
            if row["eventId"] in self.table:
                self.table[row["eventId"]] = asked["config"]
        return SUCCESS

    @rule("R-ALT-014", "R-ALT-015")
    def get(self, component: GbzComponent) -> Answer:
        """Return the configuration of one event, or of all."""
        wanted = values(component)["eventId"]
        rows = [{"eventId": code, "config": one} for code, one in self.table.items() if wanted in (code, ALL_EVENTS)]
        if not rows:
            return NOT_FOUND
        return [(REPORT_EVENTS, made(MANAGEMENT, True, REPORT_EVENTS, {"cmdIndex": 0, "total": 1, "events": rows}))]


class GsmeObjects:
    """Connects the attributes to the meter."""

    def __init__(self, gsme: "Gsme") -> None:
        self._gsme = gsme
        self.prices: list[int] = []
        self.behaviour = EventBehaviour()
        self.snapshots = GasSnapshots(gsme)
        objects = gsme.zcl.objects
        objects.put((METERING, 0x0206), STRING, lambda: text(gsme.firmware.shown_version()))
        for (cluster, attribute), (kind, value) in self._numbers().items():
            objects.put((cluster, attribute), kind, lambda kind=kind, value=value: little(kind, int(value())))  # type: ignore[misc]
        commands = objects.commands
        commands[METERING, True, GET_SAMPLES] = lambda component: self.samples(component)  # noqa: PLW0108
        commands[PRICE, False, CONVERSION_FACTOR] = lambda component: self.set_factor(component)  # noqa: PLW0108
        commands[PRICE, False, CALORIFIC_VALUE] = lambda component: self.set_calorific_value(component)  # noqa: PLW0108
        commands[MANAGEMENT, False, SITE_ID] = lambda component: self.set_site(component)  # noqa: PLW0108
        commands[MANAGEMENT, False, SET_EVENTS] = lambda component: self.behaviour.set(component)  # noqa: PLW0108
        commands[MANAGEMENT, False, GET_EVENTS] = lambda component: self.behaviour.get(component)  # noqa: PLW0108

    def _numbers(self):
        gsme = self._gsme
        gas, valve = (lambda: gsme.gas), (lambda: gsme.valve)
        account = lambda: gsme.account  # noqa: E731
        debt = lambda number: account().time_debts[number]  # noqa: E731
        check = lambda: valve().check  # noqa: E731
        settings = lambda: account().settings  # noqa: E731
        return {
            (METERING, 0x0000): (U48, lambda: self.register()),  # noqa: PLW0108 - a defect may replace it
            (METERING, 0x0014): (ENUM8, lambda: self.supply_status()),  # noqa: PLW0108
            (METERING, 0x0100): (U48, lambda: self.register()),  # noqa: PLW0108
            (METERING, 0x0205): (U16, lambda: self.battery_days()),  # noqa: PLW0108
            (METERING, 0x0300): (ENUM8, lambda: 1),
            (METERING, 0x0301): (U24, lambda: 1),
            (METERING, 0x0302): (U24, lambda: 1000),
            (METERING, 0x0607): (ENUM8, lambda: valve().tamper_state),
            (METERING, 0x0608): (ENUM8, lambda: valve().depletion_state),
            (METERING, 0x0700): (U48, lambda: self.register()),  # noqa: PLW0108
            (METERING, 0x0A00): (U32, lambda: self.bill()),  # noqa: PLW0108
            (METERING, 0x0B10): (U16, lambda: check().threshold),
            (METERING, 0x0B11): (ENUM8, lambda: check().unit),
            (METERING, 0x0B12): (U16, lambda: check().multiplier),
            (METERING, 0x0B13): (U16, lambda: check().divisor),
            (METERING, 0x0B14): (U8, lambda: check().stabilisation),
            (METERING, 0x0B15): (U16, lambda: check().measurement),
            (PRICE, 0x0301): (U32, lambda: settings().standing_charge),
            (PRICE, 0x0302): (U32, lambda: round(gas().conversion_factor * 100_000)),
            (PRICE, 0x0303): (BITMAP8, lambda: FIVE_DECIMALS),
            (PRICE, 0x0304): (U32, lambda: round(gas().calorific_value * 10)),
            (PRICE, 0x0305): (ENUM8, lambda: 1),
            (PRICE, 0x0306): (BITMAP8, lambda: 0x10),
            **{
                (PRICE, one): (U32, lambda number=number: self.price(number))
                for tiers in ((0x0400, 0x0401, 0x0402, 0x0403), (0x0410, 0x0420, 0x0430, 0x0440))
                for number, one in enumerate(tiers)
            },
            (PRICE, 0x0616): (U16, lambda: STERLING),
            (PRICE, 0x0617): (BITMAP8, lambda: FIVE_DECIMALS),
            (PREPAYMENT, 0x0000): (BITMAP16, lambda: gsme.prepayment.configuration),
            (PREPAYMENT, 0x0001): (I32, lambda: self.balance()),  # noqa: PLW0108
            (PREPAYMENT, 0x0002): (I32, lambda: account().emergency_left),
            (PREPAYMENT, 0x0005): (I32, lambda: account().accumulated_debt),
            (PREPAYMENT, 0x0006): (I32, lambda: settings().rate_cap),
            (PREPAYMENT, 0x0010): (U32, lambda: settings().emergency_limit),
            (PREPAYMENT, 0x0011): (U32, lambda: settings().emergency_threshold),
            (PREPAYMENT, 0x0021): (U32, lambda: settings().maximum_balance),
            (PREPAYMENT, 0x0022): (U32, lambda: settings().maximum_credit),
            (PREPAYMENT, 0x0031): (U32, lambda: settings().low_credit),
            (PREPAYMENT, 0x0040): (I32, lambda: gsme.prepayment.cut_off),
            (PREPAYMENT, 0x0211): (U32, lambda: debt(0).owed),
            (PREPAYMENT, 0x0216): (ENUM8, lambda: int(debt(0).period >= DAY)),
            (PREPAYMENT, 0x0217): (U32, lambda: debt(0).rate),
            (PREPAYMENT, 0x0221): (U32, lambda: debt(1).owed),
            (PREPAYMENT, 0x0226): (ENUM8, lambda: int(debt(1).period >= DAY)),
            (PREPAYMENT, 0x0227): (U32, lambda: debt(1).rate),
            (PREPAYMENT, 0x0231): (U32, lambda: account().payment_debt),
            (PREPAYMENT, 0x0239): (U16, lambda: account().payment_share),
        }

    @rule("R-GAS-001")
    def register(self) -> int:
        """Return the volume register, litres (GCS13a)."""
        self._gsme.gas.settle()
        return int(self._gsme.gas.litres)

    @rule("R-GAS-003")
    def supply_status(self) -> int:
        """Return the state of the valve (GCS33)."""
        return int(self._gsme.valve.state)

    @rule("R-GAS-009")
    def battery_days(self) -> int:
        """Return for how many days the battery will last (GCS33)."""
        return self._gsme.battery_days

    @rule("R-GAS-016")
    def balance(self) -> int:
        """Return the prepayment balance: positive is credit (GCS14, GCS60a)."""
        self._gsme.account.settle()
        return int(self._gsme.account.balance)

    @rule("R-GAS-015", "R-GAS-016")
    def bill(self) -> int:
        """Return what a customer in credit mode owes (GCS60a)."""
        self._gsme.account.settle()
        return int(self._gsme.account.bill)

    @rule("R-TAR-012")
    def price(self, number: int) -> int:
        """Return a price, 1/1000 p for a kWh (GCS21f)."""
        if number < len(self.prices):
            return self.prices[number]
        return int(self._gsme.account.settings.price) if number == 0 else 0

    @rule("R-RSP-015", "R-RSP-019", "R-LOG-001", "R-LOG-003")
    def samples(self, component: GbzComponent) -> Answer:
        """Return half hours from an instant on, each at its end (GCS17)."""
        asked = values(component)
        if asked["sampleId"] == NETWORK_DATA:
            return self._gsme.network_log.read(component)
        if asked["sampleId"] != PROFILE:
            return NOT_FOUND
        gas, start, count = self._gsme.gas, from_zigbee_utc(asked["earliest"]), asked["nSamples"]
        rows = gas.half_hours(start, gas.end_of(start, count))[:count]
        return sampled(PROFILE, INTERVAL, rows)

    @rule("R-GAS-001", "R-GAS-002")
    def set_factor(self, component: GbzComponent) -> Answer:
        """Take a conversion factor over (GCS23)."""
        asked = values(component)
        self._gsme.account.settle()
        self._gsme.gas.set_conversion(factor=asked["factor"] / 10 ** (asked["trailDigit"] >> 4))
        return SUCCESS

    @rule("R-GAS-001", "R-GAS-002")
    def set_calorific_value(self, component: GbzComponent) -> Answer:
        """Take a calorific value over (GCS23)."""
        asked = values(component)
        self._gsme.account.settle()
        self._gsme.gas.set_conversion(calorific_value=asked["cv"] / 10 ** (asked["trailDigit"] >> 4))
        return SUCCESS

    def set_site(self, component: GbzComponent) -> Answer:
        """Take the MPRN over (GCS41)."""
        self._gsme.mprn = values(component)["siteId"].decode()
        return SUCCESS


def sampled(number: int, interval: int, rows: list[tuple[object, int]]) -> Answer:
    """Return samples as GCS17 and GCS61 show them; nothing found where there are none."""
    if not rows:
        return NOT_FOUND
    fields = {
        "sampleId": number,
        "start": zigbee_utc(rows[0][0]),  # type: ignore[arg-type]
        "sampleType": 0,
        "interval": interval,
        "n": len(rows),
        "samples": [{"sample": one} for _, one in rows],
    }
    return [(SAMPLES, made(METERING, False, SAMPLES, fields))]
