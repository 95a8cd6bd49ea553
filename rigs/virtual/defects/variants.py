"""Defects of meters with two elements or three phases."""

from bench.gbcs.axdr import array, structure, u32
from rigs.virtual.defects import defect
from rigs.virtual.polyphase import PolyphaseEsme
from rigs.virtual.twin import TwinEsme

LEFT_OUT = 2


@defect(
    "polyphase-tells-the-whole",
    device="PolyphaseEsme",
    variant="polyphase",
    breaks="R-EVT-008",
    story="The maker took the single phase meter's alert code over: a phase that comes back is told as 8F35 or 8F36.",
)
def tells_the_whole(esme: PolyphaseEsme) -> None:
    """The code of the whole meter."""
    esme.phase_code = lambda phase, began, ended: esme.restoration_code(began, ended)  # type: ignore[method-assign]


@defect(
    "polyphase-each-phase-is-the-first",
    device="PolyphaseEsme",
    variant="polyphase",
    breaks="R-PWR-001",
    story="The alert of a phase that comes back takes its number from a loop variable that is always one.",
)
def each_is_the_first(esme: PolyphaseEsme) -> None:
    """Every phase is told as phase 1."""
    code = esme.phase_code
    esme.phase_code = lambda phase, began, ended: code(1, began, ended)  # type: ignore[method-assign]


@defect(
    "polyphase-phase-loss-is-always-short",
    device="PolyphaseEsme",
    variant="polyphase",
    breaks="R-PWR-005",
    story="The three minutes are only looked at where the meter itself was off; a phase lost alone is always short.",
)
def always_short(esme: PolyphaseEsme) -> None:
    """The length of a phase's loss is taken as nothing."""
    code = esme.phase_code
    esme.phase_code = lambda phase, began, ended: code(phase, ended, ended)  # type: ignore[method-assign]


@defect(
    "polyphase-forgets-a-phase-loss-in-its-log",
    device="PolyphaseEsme",
    variant="polyphase",
    breaks="R-PWR-003",
    story="The loss of a phase is not written into the power event log, only its return.",
)
def loss_not_logged(esme: PolyphaseEsme) -> None:
    """No entry at the loss."""
    esme.log_phase_loss = lambda phase, interrupted_at: None  # type: ignore[method-assign]


@defect(
    "polyphase-low-phase-not-counted",
    device="PolyphaseEsme",
    variant="polyphase",
    breaks="R-LOG-004",
    story="What flows on a phase below 200 V is not counted: its voltage has to be right for the phase to be there.",
)
def low_phase_not_counted(esme: PolyphaseEsme) -> None:
    """A phase counts from 200 V on."""
    esme.live = lambda: [leg.voltage > 200 for leg in esme.feed.phases]  # type: ignore[method-assign,attr-defined]


@defect(
    "polyphase-counts-phase-one-threefold",
    device="PolyphaseEsme",
    variant="polyphase",
    breaks="R-LOG-004",
    story="The register counts as if all phases were there as long as the first one is.",
)
def counts_by_the_first(esme: PolyphaseEsme) -> None:
    """All phases are taken as live with phase 1."""
    live = esme.live
    esme.live = lambda: [live()[0]] * 3  # type: ignore[method-assign]


@defect(
    "polyphase-voltage-codes-of-one-phase",
    device="PolyphaseEsme",
    variant="polyphase",
    breaks="R-VLT-005",
    story="Sags and swells on any phase are told by the codes of a single phase meter: nobody knows which phase.",
)
def codes_of_one_phase(esme: PolyphaseEsme) -> None:
    """The phase is left out."""
    for voltage in esme.voltages:
        voltage.coded = lambda code: code  # type: ignore[method-assign]


@defect(
    "polyphase-limits-of-phase-one-only",
    device="PolyphaseEsme",
    variant="polyphase",
    breaks="R-VLT-005",
    story="New limits for extremes, sags and swells reach the first phase; the others keep those of the factory.",
)
def limits_of_the_first(esme: PolyphaseEsme) -> None:
    """Phases 2 and 3 read the first values for ever."""
    for voltage in esme.voltages[1:]:
        first = {one._threshold: voltage.read(one._threshold) for one in voltage.excursions}
        voltage.threshold = lambda key, first=first: first[key]  # type: ignore[method-assign]


@defect(
    "polyphase-reset-leaves-phase-three",
    device="PolyphaseEsme",
    variant="polyphase",
    breaks="R-VLT-003",
    story="The reset of the voltage counters stops after two phases.",
)
def reset_leaves_a_phase(esme: PolyphaseEsme) -> None:
    """The third phase answers success and does nothing."""
    esme.voltages[2].reset_over = lambda: 0  # type: ignore[method-assign]


@defect(
    "twin-second-element-follows-first-table",
    device="TwinEsme",
    variant="twin",
    breaks="R-TAR-002",
    story="The secondary element is switched by the table of the primary one: its own table is stored and read back, "
    "and never looked at.",
)
def follows_the_first(esme: TwinEsme) -> None:
    """The primary element's register decides."""
    esme.secondary.register = lambda at: min(esme.tariff.register(at), 4) - 1  # type: ignore[method-assign]


@defect(
    "twin-special-days-of-one-element",
    device="TwinEsme",
    variant="twin",
    breaks="R-TAR-002",
    story="There is no limit on the special days of the secondary element; the fifty-first overwrites something else.",
)
def special_days_without_limit(esme: TwinEsme) -> None:
    """Any number is taken."""
    esme.secondary.special_days_allowed = lambda days: True  # type: ignore[method-assign]


@defect(
    "twin-fourth-register-is-the-third",
    device="TwinEsme",
    variant="twin",
    breaks="R-TAR-002",
    story="The secondary element has room for three registers: what belongs into the fourth goes into the third.",
)
def three_registers(esme: TwinEsme) -> None:
    """The fourth register never counts."""
    register = esme.secondary.register
    esme.secondary.register = lambda at: min(register(at), LEFT_OUT)  # type: ignore[method-assign]


@defect(
    "twin-counts-in-both-elements",
    device="TwinEsme",
    variant="twin",
    breaks="R-TAR-014",
    story="The primary element's registers count the total: what flows through the secondary one is counted twice.",
)
def counted_twice(esme: TwinEsme) -> None:
    """All of it goes through the primary, too."""
    elements = esme.elements
    esme.elements = lambda watt_hours: (watt_hours, elements(watt_hours)[1])  # type: ignore[method-assign]


@defect(
    "twin-elements-swapped",
    device="TwinEsme",
    variant="twin",
    breaks="R-LOG-004",
    story="The two current sensors are crossed in the assembly: each element counts what the other one carries.",
)
def elements_swapped(esme: TwinEsme) -> None:
    """First and second change places."""
    elements = esme.elements
    esme.elements = lambda watt_hours: elements(watt_hours)[::-1]  # type: ignore[method-assign]


@defect(
    "twin-no-second-registers-in-the-answer",
    device="TwinEsme",
    variant="twin",
    breaks="R-TAR-002",
    story="The read of registers by time gives an empty list for the second element.",
)
def no_second_registers(esme: TwinEsme) -> None:
    """The list is there and empty."""
    esme.tou_registers = lambda: structure(  # type: ignore[method-assign]
        [array([u32(one) for one in esme.tariff.read()[0]]), array([])]
    )


@defect(
    "twin-primary-power-is-all",
    device="TwinEsme",
    variant="twin",
    breaks="R-VLT-007",
    story="The power of the primary element is a copy of the power of all.",
)
def primary_power_is_all(esme: TwinEsme) -> None:
    """As a single element meter answers."""
    esme.power = esme.objects.power  # type: ignore[method-assign]


@defect(
    "twin-one-mpan",
    device="TwinEsme",
    variant="twin",
    breaks="R-IDN-001",
    story="The meter has room for one MPAN: a request with two is refused.",
)
def one_mpan(esme: TwinEsme) -> None:
    """Thirteen digits and no more."""
    allowed = esme.identity.mpan_allowed
    esme.identity.mpan_allowed = lambda mpan: len(mpan.value) == 13 and allowed(mpan)  # type: ignore[method-assign]


@defect(
    "twin-says-it-is-single",
    device="TwinEsme",
    variant="twin",
    breaks="R-IDN-002",
    story="The variant is a constant in the firmware that all of a maker's meters share: A.",
)
def says_it_is_single(esme: TwinEsme) -> None:
    """Variant A."""
    esme.identity.variant = lambda: b"A"  # type: ignore[method-assign]


@defect(
    "twin-price-of-the-first-register",
    device="TwinEsme",
    variant="twin",
    breaks="R-TAR-009",
    story="The price in force that is read for the secondary element is always that of its first register.",
)
def price_of_the_first(esme: TwinEsme) -> None:
    """Register 1 whatever the time."""
    esme.secondary.active_price = lambda: esme.secondary.prices[0]  # type: ignore[method-assign]
