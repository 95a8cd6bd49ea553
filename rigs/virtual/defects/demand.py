"""Defects of maximum demand: half hours, registers, resets, the time of day."""

from rigs.virtual.defects import defect
from rigs.virtual.demand import PERIOD
from rigs.virtual.esme import Esme
from rigs.virtual.half_hours import HALF_HOUR


@defect(
    "esme-demand-of-an-hour",
    device="Esme",
    breaks="R-DEM-005",
    story="Demand is the mean of the last hour, which slides from half hour to half hour: short peaks look small.",
)
def demand_of_an_hour(esme: Esme) -> None:
    """Two half hours together."""
    mean = esme.demand.mean
    esme.demand.mean = lambda end: (mean(end) + mean(end - HALF_HOUR)) // 2  # type: ignore[method-assign]


@defect(
    "esme-demand-is-last-power",
    device="Esme",
    breaks="R-DEM-005",
    story="What is taken at the end of the half hour is the power of that second.",
)
def demand_is_last_power(esme: Esme) -> None:
    """No mean at all."""
    esme.demand.mean = lambda end: round(esme.load)  # type: ignore[method-assign]


@defect(
    "esme-demand-scaled-up-after-outage",
    device="Esme",
    breaks="R-DEM-005",
    story="The mean of a half hour with an outage is taken over the time with supply.",
)
def scaled_up_after_outage(esme: Esme) -> None:
    """Half hours that are short of energy are stretched."""
    demand = esme.demand
    mean, settle = demand.mean, esme.auxiliary.power_up
    outages = set()

    def note():
        outages.add(esme.clock().replace(minute=esme.clock().minute // 30 * 30, second=0, microsecond=0) + HALF_HOUR)
        settle()

    esme.auxiliary.power_up = note  # type: ignore[method-assign]
    demand.mean = lambda end: mean(end) * 2 if end in outages else mean(end)  # type: ignore[method-assign]


@defect(
    "esme-demand-stamped-at-start",
    device="Esme",
    breaks="R-DEM-001",
    story="The time of a maximum is that at which its half hour began.",
)
def stamped_at_start(esme: Esme) -> None:
    """Half an hour early."""
    judge = esme.demand.judge
    esme.demand.judge = lambda name, end, watts: judge(name, end - HALF_HOUR, watts)  # type: ignore[method-assign]


@defect(
    "esme-demand-keeps-the-latest",
    device="Esme",
    breaks="R-DEM-001",
    story="The register holds the demand of the last half hour, not the highest.",
)
def keeps_the_latest(esme: Esme) -> None:
    """Overwritten each time."""
    demand = esme.demand
    judge = demand.judge

    def overwrite(name, end, watts):
        demand.registers[name].watts = 0
        judge(name, end, watts)

    demand.judge = overwrite  # type: ignore[method-assign]


@defect(
    "esme-demand-reset-clears-all",
    device="Esme",
    breaks="R-DEM-002",
    story="One reset serves all three maximum demand registers, whichever was named.",
)
def reset_clears_all(esme: Esme) -> None:
    """All of them."""
    reset = esme.demand.reset
    esme.demand.reset = lambda name: max(reset(each) for each in esme.demand.registers)  # type: ignore[method-assign]


@defect(
    "esme-demand-reset-without-time",
    device="Esme",
    breaks="R-DEM-002",
    story="A register that is zero already is not reset again: the time stays that of the first reset.",
)
def reset_without_time(esme: Esme) -> None:
    """Nothing to do, nothing noted."""
    reset = esme.demand.reset
    esme.demand.reset = lambda name: reset(name) if esme.demand.registers[name].watts else 0  # type: ignore[method-assign]


@defect(
    "esme-demand-back-after-reboot",
    device="Esme",
    breaks="R-DEM-002",
    story="A reset clears the register in RAM; after a power cut the peak from before is back.",
)
def back_after_reboot(esme: Esme) -> None:
    """The copy in flash is not cleared."""
    demand = esme.demand
    reset, down = demand.reset, esme.auxiliary.power_up
    held: dict[str, int] = {}

    def clear(name):
        held[name] = max(held.get(name, 0), demand.registers[name].watts)
        return reset(name)

    def restore():
        down()
        for name, watts in held.items():
            demand.registers[name].watts = max(watts, demand.registers[name].watts)

    demand.reset = clear  # type: ignore[method-assign]
    esme.auxiliary.power_up = restore  # type: ignore[method-assign]


@defect(
    "esme-demand-period-resets",
    device="Esme",
    breaks="R-DEM-004",
    story="A new time of day resets the register, so that the peak of the month is gone.",
)
def period_resets(esme: Esme) -> None:
    """Writing resets."""
    esme.cosem.objects.written[PERIOD] = lambda _: esme.demand.reset("configured") and None


@defect(
    "esme-demand-period-ignored",
    device="Esme",
    breaks="R-DEM-003",
    story="The time of day is stored and read back, and every half hour counts.",
)
def period_ignored(esme: Esme) -> None:
    """All day."""
    esme.demand.counts = lambda end: True  # type: ignore[method-assign]


@defect(
    "esme-demand-period-not-over-midnight",
    device="Esme",
    breaks="R-DEM-003",
    story="A time of day that ends before it starts, as one over midnight does, never counts.",
)
def not_over_midnight(esme: Esme) -> None:
    """Hours are compared as numbers."""
    demand = esme.demand
    counts = demand.counts

    def same_day(end):
        first, last = (row[4].value[0] * 60 + row[4].value[1] for row in esme.cosem.objects.read(PERIOD).value)
        return first <= last and counts(end)

    demand.counts = same_day  # type: ignore[method-assign]


@defect(
    "esme-demand-reset-at-half-hour",
    device="Esme",
    breaks="R-DEM-002",
    story="A reset waits for the end of the half hour; until then the old maximum is read.",
)
def reset_at_half_hour(esme: Esme) -> None:
    """Too late."""
    demand = esme.demand
    reset, settle = demand.reset, demand.settle
    waiting: list[str] = []

    def later(name):
        waiting.append(name)
        return 0

    def then():
        settle()
        while waiting:
            reset(waiting.pop())

    demand.reset = later  # type: ignore[method-assign]
    demand.settle = then  # type: ignore[method-assign]
