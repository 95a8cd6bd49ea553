"""Defects of what outlives an outage, an activation, a read: some of it does not."""

from collections.abc import Callable
from datetime import datetime

from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.firmware import SUCCESS
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.gsme import Gsme
from rigs.virtual.gsme_objects import AT_FIRST
from rigs.virtual.load_switch import Cause, SupplyState

KILO = 1000


def _forget_demand(esme: Esme) -> None:
    for register in esme.demand.registers.values():
        register.watts = 0


def _forget_export(esme: Esme) -> None:
    esme.export._watt_hours = esme.export._watt_hours // KILO * KILO


def _forget_limit_counter(esme: Esme) -> None:
    esme.switch.limit_counter = 0


#: name -> what is lost with the supply, story
LOST: dict[str, tuple[Callable[[Esme], object], str]] = {
    "esme-power-log-not-kept": (
        lambda esme: esme.logs.power.clear(),
        "The power event log is written to the flash once a day: with each outage those before it are forgotten.",
    ),
    "esme-boost-log-not-kept": (
        lambda esme: esme.auxiliary.boost.log.clear(),
        "The log of boosts is in the memory of the display's processor, which has no battery.",
    ),
    "esme-switch-log-not-kept": (
        lambda esme: esme.auxiliary.log.clear(),
        "The log of the auxiliary switches is in working memory.",
    ),
    "esme-demand-not-kept": (_forget_demand, "The maxima of demand begin anew with the processor."),
    "esme-export-kept-in-whole-kilowatt-hours": (
        _forget_export,
        "The register of export is saved in whole kWh: each outage takes the rest from who generates.",
    ),
    "esme-limit-counter-not-kept": (_forget_limit_counter, "The load limit counter is in working memory."),
}  # fmt: skip


def _loses(lost: Callable[[Esme], object]) -> Callable[[Esme], None]:
    def override(esme: Esme) -> None:
        power_down = esme._power_down

        def down() -> None:
            power_down()
            lost(esme)

        esme._power_down = down  # type: ignore[method-assign]

    return override


for _name, (_lost, _story) in LOST.items():
    defect(_name, device="Esme", breaks="R-PWR-007", story=_story)(_loses(_lost))


def _after_activation(device: GbcsDevice, then: Callable[[], object]) -> None:
    execute = device.firmware.execute

    def execute_(image_hash: bytes) -> int:
        code = execute(image_hash)
        if code == SUCCESS:
            then()
        return code

    device.firmware.execute = execute_  # type: ignore[method-assign]


@defect(
    "any-new-firmware-clears-the-event-log",
    device="GbcsDevice",
    breaks="R-FWU-013",
    story="The new version has another layout of the event log, and begins it anew.",
)
def new_firmware_clears_the_event_log(device: GbcsDevice) -> None:
    """What was logged before is gone."""
    _after_activation(device, device.logs.event.clear)


@defect(
    "gsme-new-firmware-with-factory-events",
    device="Gsme",
    breaks="R-FWU-013",
    story="A new image brings its own table of what is done with events: alerts that were off come again.",
)
def new_firmware_with_factory_events(gsme: Gsme) -> None:
    """The table is that of the factory."""
    _after_activation(gsme, lambda: gsme.objects.behaviour.table.update(AT_FIRST))


@defect(
    "esme-new-firmware-enables-the-supply",
    device="Esme",
    breaks="R-FWU-015",
    story="The start-up code of a new image closes the load switch, as it does in the factory's test: a supply that is "
    "off comes on.",
)
def new_firmware_enables_the_supply(esme: Esme) -> None:
    """Disabled becomes enabled."""
    _after_activation(esme, lambda: esme.switch.move(SupplyState.ENABLED, Cause.NONE))


@defect(
    "esme-interruption-stamped-at-return",
    device="Esme",
    breaks="R-PWR-003",
    story="Both entries of an outage are written when supply is back, and have that time: outages of no length.",
)
def interruption_stamped_at_return(esme: Esme) -> None:
    """8F57 has the time of the restoration."""
    log = esme.logs.add

    def log_outage(interrupted_at: datetime, restored_at: datetime) -> None:
        log(esme.logs.power, 0x8F57, time=restored_at)
        log(esme.logs.power, esme.restoration_code(interrupted_at, restored_at), time=restored_at)

    esme.log_outage = log_outage  # type: ignore[method-assign]


@defect(
    "esme-reads-take-changes-away",
    device="Esme",
    breaks="R-LOG-008",
    story="What a change of mode or tariff has kept is sent once: the buffer is freed when it has been read.",
)
def reads_take_changes_away(esme: Esme) -> None:
    """A second read finds nothing."""
    entries = esme.billing.change_entries

    def change_entries(start: datetime, end: datetime) -> list[object]:
        found = entries(start, end)
        esme.billing.by_change = []
        return found  # type: ignore[return-value]

    esme.billing.change_entries = change_entries  # type: ignore[method-assign, assignment]
