"""Events of a gas meter: what is set for them, what its logs hold, and what the flags make it do."""

from decimal import Decimal

from bench.clock import minutes
from bench.dcc.bodies import (
    ActivateEmergencyCredit,
    ConfigureAlertBehaviour,
    ReadDeviceConfigurationEventAndAlertBehaviours,
    ReadEventOrSecurityLog,
    ReadLogPeriod,
    UpdateDeviceConfigurationGasConversion,
    UpdateMeterBalance,
)
from bench.dcc.bodies.behaviour import GasBehaviour, GasBehaviours
from bench.dcc.bodies.prepayment import MeterBalanceChange
from bench.dcc_point import device_alert
from bench.han_point import frame
from bench.testcase import testcase
from testcases.gas_steps import event_log, next_wake, past_wake, to_prepayment

EMERGENCY_ACTIVATED, LOW_BATTERY, ACTIONED, NOT_ACTIONED = 0x81AB, 0x8F1F, 0x8154, 0x8155
LOW_CREDIT, EMERGENCY_AVAILABLE = 0x810D, 0x8119
REQUIREMENTS = ["SFA-12-AUDIT", "DI.02"]
CONVERSION = 0x007C
#: supplier events that every gas meter has (reference data, GCS20r)
MANDATED = {0x810D, 0x8119, 0x8145, 0x8154, 0x8155, 0x81A0, 0x81A7, 0x81A8, 0x81A9, 0x81AA, 0x81AB, 0x81C4, 0x81C5}


def behave(gas, gsme, user, code, *, told, logged):
    """Set what is done with one event (6.22, GCS20)."""
    switch = {True: "Enable", False: "Disable"}
    behaviour = GasBehaviour(wan_alert=switch[told], han_alert="Disable", event_log=switch[logged], alarm="Disable")
    body = ConfigureAlertBehaviour(gas=GasBehaviours(events=((code, behaviour),)))
    return gas.ask(body, gsme, as_user=user)


def settings(gas, gsme, user):
    """Read what is set for each event (6.2.10, GCS20r): code -> bits of the configuration."""
    answer = gas.ask(ReadDeviceConfigurationEventAndAlertBehaviours(), gsme, as_user=user)
    return {row["eventId"]: row["config"] for row in answer.fields()["events"]}


def use_emergency_credit(gas, gsme, user):
    """Let the balance be low and activate emergency credit."""
    to_prepayment(gas, gsme, user, 10)
    gas.ask(UpdateMeterBalance(prepayment=MeterBalanceChange(adjust=-950 * 1000)), gsme, as_user=user)
    gas.ask(ActivateEmergencyCredit(), gsme, as_user=user)


@testcase(
    "GAS-611",
    "An alert that is switched off is not sent, the event is logged all the same",
    rules=["R-ALT-016", "R-ALT-013"],
    requirements=REQUIREMENTS,
    use_cases=["GCS20", "GCS06", "CS10a"],
    devices=["GSME"],
)
def test_alert_off(gsme, gas, clock, timeline, gas_suppliers, expect):
    supplier, began = gas_suppliers.losing, clock.now()
    behave(gas, gsme, supplier, EMERGENCY_ACTIVATED, told=False, logged=True)

    with timeline.never(device_alert(gsme, EMERGENCY_ACTIVATED), during=minutes(1), rule="R-ALT-013"):
        use_emergency_credit(gas, gsme, supplier)
    logged = event_log(gas, gsme, supplier, began, clock.now())
    expect("entries 81AB in the event log", logged.count(EMERGENCY_ACTIVATED)).equals(1)


@testcase(
    "GAS-612",
    "An event whose logging is switched off is told all the same",
    rules=["R-ALT-016", "R-ALT-013"],
    requirements=REQUIREMENTS,
    use_cases=["GCS20", "GCS06", "CS10a"],
    devices=["GSME"],
)
def test_logging_off(gsme, gas, clock, timeline, gas_suppliers, expect):
    supplier, began = gas_suppliers.losing, clock.now()
    behave(gas, gsme, supplier, EMERGENCY_ACTIVATED, told=True, logged=False)

    use_emergency_credit(gas, gsme, supplier)

    timeline.expect(device_alert(gsme, EMERGENCY_ACTIVATED, to=supplier), within=minutes(1))
    logged = event_log(gas, gsme, supplier, began, clock.now())
    expect("entries 81AB in the event log", logged.count(EMERGENCY_ACTIVATED)).equals(0, rule="R-ALT-013")


@testcase(
    "GAS-613",
    "Asked for all its events the meter returns every one that it must have, as it was set last",
    rules=["R-ALT-015", "R-ALT-014"],
    requirements=REQUIREMENTS,
    use_cases=["GCS20", "GCS20r"],
    devices=["GSME"],
)
def test_all_events(gsme, gas, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    before = settings(gas, gsme, supplier)
    expect("events that are missing", MANDATED - before.keys()).equals(set())
    behave(gas, gsme, supplier, EMERGENCY_ACTIVATED, told=False, logged=False)
    after = settings(gas, gsme, supplier)
    expect("events that are missing then", before.keys() - after.keys()).equals(set())
    changed = {code for code in before if after.get(code) != before[code]}
    expect("events set otherwise now", changed).equals({EMERGENCY_ACTIVATED}, rule="R-ALT-014")
    expect("what is set for 81AB", after[EMERGENCY_ACTIVATED] & 0x0B).equals(0, rule="R-ALT-014")

    off = GasBehaviour(wan_alert="Disable", han_alert="Disable", event_log="Disable", alarm="Disable")
    several = (LOW_CREDIT, EMERGENCY_AVAILABLE, NOT_ACTIONED)
    body = ConfigureAlertBehaviour(gas=GasBehaviours(events=tuple((code, off) for code in several)))
    gas.ask(body, gsme, as_user=supplier)
    last = settings(gas, gsme, supplier)
    expect("what is set for several that were switched off by one command", [last[code] for code in several]).equals(
        [0, 0, 0], rule="R-ALT-014"
    )
    others = {code for code in after if last.get(code) != after[code]} - set(several)
    expect("other events set otherwise then", others).equals(set(), rule="R-ALT-014")


@testcase(
    "GAS-614",
    "The low battery is told whatever was set for it: a critical alert cannot be switched off",
    rules=["R-ALT-010"],
    requirements=REQUIREMENTS,
    use_cases=["GCS20"],
    devices=["GSME"],
)
def test_critical_alert_stays(gsme, gas, at_the_meter, timeline, gas_suppliers):
    supplier = gas_suppliers.losing
    behave(gas, gsme, supplier, LOW_BATTERY, told=False, logged=False)

    at_the_meter.set_battery(100)

    timeline.expect(device_alert(gsme, LOW_BATTERY, to=supplier), within=minutes(40))


@testcase(
    "GAS-615",
    "An entry of the event log bears the code of the command it is about, other entries nothing; each log has its own",
    rules=["R-EVT-006b", "R-EVT-006f", "R-EVT-010"],
    requirements=["SFA-12-AUDIT"],
    use_cases=["CS10a", "CS10b", "GCS06"],
    devices=["GSME"],
)
def test_entries(gsme, gas, clock, gas_suppliers, expect):
    supplier, began = gas_suppliers.losing, clock.now().replace(microsecond=0)
    use_emergency_credit(gas, gsme, supplier)

    period = ReadLogPeriod(start=began, end=clock.now())
    events = gas.ask(ReadEventOrSecurityLog(period=period, log="Event"), gsme, as_user=supplier).log()
    security = gas.ask(ReadEventOrSecurityLog(period=period, log="Security"), gsme, as_user=supplier).log()
    activated = [one for one in events if one.code == EMERGENCY_ACTIVATED]
    expect("entries 81AB in the event log", len(activated)).equals(1, rule="R-EVT-006f")
    expect("other information of it", activated[0].other).equals(b"")
    expect("entries that are in both logs", {one.code for one in events} & {one.code for one in security}).equals(
        set(), rule="R-EVT-010"
    )


@testcase(
    "GAS-616",
    "A command that passes the proxy and concerns it is in the proxy's event log, with its outcome",
    rules=["R-TOM-005"],
    requirements=["SFA-12-MIRROR"],
    use_cases=["GCS23", "CS10a"],
    devices=["GPF", "GSME"],
)
def test_tapped_command_is_logged(gsme, gpf, gas, clock, gas_suppliers, expect):
    supplier, began = gas_suppliers.losing, clock.now().replace(microsecond=0)
    values = UpdateDeviceConfigurationGasConversion(
        calorific_value=Decimal("39.5"), conversion_factor=Decimal("1.02264")
    )
    gas.ask(values, gsme, as_user=supplier)

    period = ReadLogPeriod(start=began, end=clock.now())
    log = gas.ask(ReadEventOrSecurityLog(period=period, log="Event"), gpf, as_user=supplier).log()
    of_command = [one for one in log if one.other == CONVERSION.to_bytes(2)]
    expect("codes of the entries for it", [one.code for one in of_command]).equals([ACTIONED])


@testcase(
    "GAS-617",
    "At a wake at which nothing is flagged the meter fetches nothing and sends no half hours",
    rules=["R-GSM-007"],
    requirements=["GS.08", "ELS-Q60-CRITICAL"],
    devices=["GSME"],
)
def test_nothing_flagged(gsme, clock, timeline, expect):
    past_wake(clock)
    half_hours = frame(src="GSME", what="GetSampledDataResponse")
    with timeline.never(frame(src="GSME", tunnel="GET")), timeline.never(half_hours):
        clock.sleep_until(next_wake(clock) + minutes(1))
    told = timeline.find(frame(src="GSME"), after=clock.now() - minutes(3))
    expect("frames of the meter at that wake", len(told)).satisfies("some", bool)
