"""Defects of a clock as it left the maker, of what its setting entails, and of how time is counted."""

from rigs.virtual.defects import defect
from rigs.virtual.device_clock import RELIABLE, UNRELIABLE
from rigs.virtual.esme import Esme
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.gsme import Gsme

SECONDS_FROM_1970_TO_2000 = 946_684_800


@defect(
    "esme-clock-of-the-maker-trusted",
    device="Esme",
    breaks="R-TIM-013",
    story="The last test station sets the clock, and so the meter leaves the maker with a clock that says it is right.",
)
def clock_of_the_maker_trusted(esme: Esme) -> None:
    """Reliable from the beginning, and after a setting that fails."""
    esme.time.distrusted = lambda: RELIABLE  # type: ignore[method-assign]


@defect(
    "gsme-never-set-is-unreliable",
    device="Gsme",
    breaks="R-TIM-013",
    story="The status has two values in this meter, reliable and unreliable; invalid was left out.",
)
def never_set_is_unreliable(gsme: Gsme) -> None:
    """Unreliable for invalid."""
    gsme.time.distrusted = lambda: UNRELIABLE  # type: ignore[method-assign]


@defect(
    "gsme-nothing-sampled-before-first-setting",
    device="Gsme",
    breaks="R-TIM-013",
    story="Half hours are kept once there is a time to keep them by: until the clock is set nothing is.",
)
def nothing_sampled_before_first_setting(gsme: Gsme) -> None:
    """No half hours while the clock is invalid."""
    half_hours = gsme.gas.half_hours
    gsme.gas.half_hours = lambda start, end: half_hours(start, end) if gsme.time.was_set else []  # type: ignore[method-assign]


@defect(
    "esme-commissioned-at-every-setting",
    device="Esme",
    breaks="R-EVT-023",
    story="Every command that sets the clock counts as commissioning: 8F69 comes with each of them.",
)
def commissioned_at_every_setting(esme: Esme) -> None:
    """8F69 each time."""
    adjust = esme.time.adjust
    esme.time.adjust = lambda to: (adjust(to), esme.commissioned() if esme.time.was_set else None)  # type: ignore[method-assign]


@defect(
    "gsme-commissioning-not-told",
    device="Gsme",
    breaks="R-EVT-023",
    story="8F69 is sent when the meter joins the network, when it has no supplier's credentials yet.",
)
def commissioning_not_told(gsme: Gsme) -> None:
    """No 8F69."""
    gsme.commissioned = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-outside-tolerance-always-told",
    device="Esme",
    breaks="R-TIM-012",
    story="81C6 is sent beside the critical alert 8F0C, past the settings of alerts.",
)
def outside_tolerance_always_told(esme: Esme) -> None:
    """The switch has no effect."""
    alerts = esme.behaviour.alerts
    esme.behaviour.alerts = lambda code: code == 0x81C6 or alerts(code)  # type: ignore[method-assign]


@defect(
    "gsme-outside-tolerance-unknown",
    device="Gsme",
    breaks="R-TIM-012",
    story="The firmware is older than the event: a clock that was not adjusted is 8F0C alone.",
)
def outside_tolerance_unknown(gsme: Gsme) -> None:
    """No 81C6."""
    gsme.outside_tolerance = lambda: None  # type: ignore[method-assign]


@defect(
    "gsme-seconds-from-1970",
    device="Gsme",
    breaks="R-TIM-019",
    story="The clock of the processor counts from 1970, and so do the times that leave the meter.",
)
def seconds_from_1970(gsme: Gsme) -> None:
    """Thirty years too many."""
    seconds = gsme.seconds
    gsme.seconds = lambda instant: seconds(instant) + SECONDS_FROM_1970_TO_2000  # type: ignore[method-assign]


@defect(
    "any-certificates-judged-by-true-time",
    device="GbcsDevice",
    breaks="R-TIM-020",
    story="Dates of certificates are compared with true time, whatever the own clock says.",
)
def certificates_judged_by_true_time(device: GbcsDevice) -> None:
    """Another clock than the device's."""
    device.credentials.judged_at = lambda: device.world.now  # type: ignore[method-assign]


@defect(
    "any-certificates-judged-by-hub-time",
    device="GbcsDevice",
    breaks="R-TIM-020",
    story="Dates of certificates are compared with the time that the hub tells at that moment, not with the own clock.",
)
def certificates_judged_by_hub_time(device: GbcsDevice) -> None:
    """The hub is asked; the own clock stands in where it is not heard."""
    own = device.credentials.judged_at

    def judged_at():
        said = device.time.hub()
        return own() if said is None else said[0]

    device.credentials.judged_at = judged_at  # type: ignore[method-assign]
