"""Export: a generator behind the meter feeds back more than the home takes; each direction counts by itself."""

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ReadActiveImportProfileData,
    ReadExportProfileData,
    ReadInstantaneousExportRegisters,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    RetrieveExportDailyReadLog,
)
from bench.gbcs.times import from_zigbee_utc
from bench.testcase import meters, testcase
from testcases.days import DAY, midnight
from testcases.elements_and_phases.test_twin import Registers, from_then_on, switch_on, tariff
from testcases.prepayment.meters import POUND, ElectricityMeter

HALF_HOUR, HOUR = minutes(30), minutes(60)
WATT_HOURS = (0, 30)  #: scaler and unit
ACCURACY = 0.03


def exported(dcc, dut, user):
    """The register of export (4.2, ECS17a), Wh."""
    read = dcc.ask(ReadInstantaneousExportRegisters(), dut, as_user=user)
    return read.items(lambda data: data[0].value)


def half_hours(dcc, dut, user, start, end):
    """Active export by half hour (4.8.3, ECS22a): end of each -> Wh."""
    read = dcc.ask(ReadExportProfileData(period=ReadLogPeriod(start=start, end=end)), dut, as_user=user)
    return {from_zigbee_utc(row[0]): row[1] for row in read.rows()}


def near(expect, what, watt_hours, wanted, rule=""):
    """State that an energy is what follows from the readings of the source."""
    slack = ACCURACY * wanted + 3
    expect(what, watt_hours).lies_between(round(wanted - slack), round(wanted + slack), rule=rule)


@meters("single", "twin")
@testcase(
    "EXP-071",
    "What flows back counts as export, register and half hours, and not as import; what flows in as import alone",
    rules=["R-LOG-011", "R-LOG-003"],
    requirements=["ES.03", "ES.02"],
    use_cases=["ECS17a", "ECS17b", "ECS22a", "ECS22b"],
)
def test_apart(dut, dcc, clock, mains, generator, suppliers, network_operator, expect):
    supplier = suppliers.losing

    def both():
        imported = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=supplier).import_register()
        return imported, exported(dcc, dut, network_operator)

    start = clock.now().replace(minute=0, second=0, microsecond=0) + HOUR
    clock.sleep_until(start)
    before = both()
    generator.on()
    given = -mains.sample().power
    expect("power that flows back (W)", given).lies_between(100, generator.watts)
    clock.sleep_until(start + HOUR)
    while_given = both()
    generator.off()
    taken = mains.sample().power
    clock.sleep_until(start + 2 * HOUR + seconds(10))
    after = both()

    expect("growth of import meanwhile (Wh)", while_given[0] - before[0]).lies_between(0, 3)
    near(expect, "growth of export (Wh)", while_given[1] - before[1], given)
    near(expect, "growth of import afterwards (Wh)", after[0] - while_given[0], taken)
    expect("growth of export afterwards (Wh)", after[1] - while_given[1]).lies_between(0, 3)

    ends = [start + number * HALF_HOUR for number in (1, 2, 3, 4)]
    logged = half_hours(dcc, dut, network_operator, ends[0], ends[-1])
    expect("half hours of export", list(logged)).equals(ends, rule="R-LOG-003")
    period = ReadLogPeriod(start=ends[0], end=ends[-1])
    imported = dict(dcc.ask(ReadActiveImportProfileData(period=period), dut, as_user=supplier).profile())
    for number, end in enumerate(ends):
        wanted = (given / 2, 0) if number < 2 else (0, taken / 2)
        near(expect, f"export of the half hour {number + 1} (Wh)", logged[end], wanted[0])
        near(expect, "import of it (Wh)", imported[end], wanted[1])


@meters("single", "twin")
@testcase(
    "EXP-072",
    "What a home gives back is not credited in prepayment, and costs nothing",
    rules=["R-LOG-011"],
    requirements=["ES.03"],
    use_cases=["ECS19"],
)
def test_no_credit(dut, dcc, gas, at_the_esme, clock, generator, suppliers, expect):
    meter = ElectricityMeter(dut, suppliers.losing, suppliers.gaining, dcc, gas, at_the_esme)
    meter.prices(20_000, 0)
    meter.add(10 * POUND)
    meter.prepay()
    generator.on()
    before = meter.registers().balance
    clock.sleep(minutes(20))
    expect("balance (1/1000 p)", meter.registers().balance).equals(before)


@meters("single", "twin")
@testcase(
    "EXP-073",
    "The daily log of export has 31 midnights UTC, the newest with the register of that moment",
    rules=["R-LOG-005", "R-LOG-011"],
    requirements=["ES.03"],
    use_cases=["ECS21c", "ECS17a"],
)
def test_daily(dut, dcc, clock, generator, network_operator, suppliers, expect):
    end_of_day = midnight(clock, -1)
    clock.sleep_until(end_of_day - minutes(30))
    generator.on()
    clock.sleep_until(end_of_day)
    register = exported(dcc, dut, network_operator)
    clock.sleep(minutes(30))
    body = RetrieveExportDailyReadLog(period=ReadLogPeriod(start=end_of_day - 40 * DAY, end=clock.now()))
    rows = dcc.ask(body, dut, as_user=suppliers.losing).rows()

    days = [from_zigbee_utc(at) for at, _ in rows]
    expect("midnights", days).equals([end_of_day - back * DAY for back in reversed(range(31))])
    readings = [reading for _, reading in rows]
    expect("readings", readings).satisfies("never to fall", lambda seen: seen == sorted(seen), "R-LOG-011")
    expect("reading of the last midnight (Wh)", readings[-1]).lies_between(register - 3, register)


@meters("twin")
@testcase(
    "EXP-074",
    "While the primary element gives and the secondary one takes, both count, and add up by every switch of the table",
    rules=["R-LOG-012", "R-LOG-011", "R-LOG-004", "R-TAR-014", "R-TAR-002"],
    requirements=["SDAG9-9.1-EXPORTTWIN", "SFA-22-MULTIELEMENT", "ES.03"],
    use_cases=["ECS17a", "ECS17b", "ECS17d", "ECS17e", "ECS01c"],
)
def test_elements(dut, dcc, clock, mains, generator, switched_load, suppliers, network_operator, expect):
    supplier = suppliers.losing
    first = clock.now().replace(minute=0, second=0, microsecond=0) + HOUR
    plan = [(first + number * HALF_HOUR, register) for number, register in enumerate((2, 4, 3))]
    dcc.ask(tariff([from_then_on(at, register) for at, register in plan]), dut, as_user=supplier)
    switch_on(dcc, dut, supplier)
    generator.on()
    given = switched_load - mains.sample().power  # what the source shows is what both elements let through
    clock.sleep_until(first + seconds(1))

    for at, register in plan:
        before, export = Registers(dcc, dut, supplier), exported(dcc, dut, network_operator)
        began = clock.now()
        clock.sleep_until(at + HALF_HOUR - seconds(30))
        after, hours = Registers(dcc, dut, supplier), (clock.now() - began) / HOUR
        near(expect, "growth of export (Wh)", exported(dcc, dut, network_operator) - export, given * hours)
        near(expect, "growth of import (Wh)", after.total - before.total, switched_load * hours, "R-LOG-012")
        near(expect, "growth of the secondary register (Wh)", after.secondary - before.secondary, switched_load * hours)
        grown = after.secondary_tou[register - 1] - before.secondary_tou[register - 1]
        near(expect, f"growth of its register {register} (Wh)", grown, switched_load * hours, "R-TAR-002")
        primary = sum(after.primary_tou) + after.blocks - sum(before.primary_tou) - before.blocks
        expect("growth of the registers of the primary element (Wh)", primary).equals(0)
        clock.sleep_until(at + HALF_HOUR + seconds(1))
