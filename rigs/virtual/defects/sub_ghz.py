"""Defects of the sub-GHz network: duty cycle, suspension, settings, channel."""

from datetime import timedelta

from bench.gbcs.axdr import Data, octets
from bench.gbcs.sub_ghz import SubGhzSettings, channel_data
from bench.gbcs.trust_anchors import Role
from rigs.virtual.defects import defect
from rigs.virtual.duty_cycle import DutyCycle, State
from rigs.virtual.hub import HubFunction
from rigs.virtual.sleepy import SleepyEnd
from rigs.virtual.sub_ghz import CONFIGURED, DISCARDED, ENTERED, SubGhz

SUB_GHZ_COMMANDS = range(0x010A, 0x010F)  #: DBCH01 to DBCH05


@defect(
    "hub-duty-cycle-of-fast-frames",
    device="DutyCycle",
    breaks="R-SUB-003",
    story="Time on air is counted by a formula of 2.4 GHz: 32 us an octet, where it is 80.",
)
def duty_cycle_of_fast_frames(duty: DutyCycle) -> None:
    """Two fifths of the time are counted."""
    spent = duty.spent
    duty.spent = lambda: spent() * 0.4  # type: ignore[method-assign]


@defect(
    "hub-duty-cycle-of-data-only",
    device="DutyCycle",
    breaks="R-SUB-003",
    story="Acknowledgements are sent by the radio itself and never come by the counter.",
)
def duty_cycle_of_data_only(duty: DutyCycle) -> None:
    """What went to nobody is left out."""
    spent = duty.spent

    def without_acks() -> timedelta:
        recent = duty.buckets[-13:]
        return spent() - sum((one.by.get(None, timedelta()) for one in recent), timedelta())

    duty.spent = without_acks  # type: ignore[method-assign]


@defect(
    "hub-duty-cycle-never-forgets",
    device="DutyCycle",
    breaks="R-SUB-003",
    story="The buckets of the duty cycle are summed, and none is taken off after an hour.",
)
def duty_cycle_never_forgets(duty: DutyCycle) -> None:
    """Everything since power on counts."""
    highest = [timedelta()]
    spent = duty.spent

    def ever() -> timedelta:
        highest[0] = max(highest[0], spent())
        return highest[0]

    duty.spent = ever  # type: ignore[method-assign]


@defect(
    "hub-duty-thresholds-of-firmware",
    device="DutyCycle",
    breaks="R-SUB-002",
    story="The thresholds that were set are shown, and those of the firmware are used.",
)
def duty_thresholds_of_firmware(duty: DutyCycle) -> None:
    """The settings the hub came with."""
    duty._settings = SubGhzSettings
    state_of = duty.state_of
    duty.state_of = lambda spent: state_of(spent)  # type: ignore[method-assign]  # noqa: PLW0108 - names what breaks


@defect(
    "hub-silent-about-end-of-duty-states",
    device="SubGhz",
    breaks="R-SUB-003",
    story="That the duty cycle has become critical or limited is told, that it is over is not.",
)
def silent_about_end(band: SubGhz) -> None:
    """Only what gets worse is told."""
    changed = band.state_changed
    band.state_changed = lambda before, now: changed(before, now) if now > before else None  # type: ignore[method-assign]


@defect(
    "hub-tells-critical-as-limited",
    device="SubGhz",
    breaks="R-SUB-003",
    story="Both thresholds lead to the same alert.",
)
def critical_as_limited(band: SubGhz) -> None:
    """8F20 stands for 8F22, too."""
    tell = band.tell

    def told(code: int, extra: list[Data] | None = None) -> None:
        if code == ENTERED[State.CRITICAL]:
            tell(ENTERED[State.LIMITED], [octets(bytes(8))])
        else:
            tell(code, extra)

    band.tell = told  # type: ignore[method-assign]


@defect(
    "hub-tells-suspension-and-does-not-suspend",
    device="SubGhz",
    breaks="R-SUB-004",
    story="DBCH06 is sent, and the gas meter never hears that it is to be silent.",
)
def does_not_suspend(band: SubGhz) -> None:
    """Nobody is suspended."""
    band.suspend = lambda device: None  # type: ignore[method-assign]


@defect(
    "hub-names-itself-as-suspended",
    device="SubGhz",
    breaks="R-SUB-004",
    story="The device in DBCH06 is the hub's own EUI-64.",
)
def names_itself(band: SubGhz) -> None:
    """The hub stands where the device should."""
    tell, own = band.tell, octets(band._chf.eui)

    def told(code: int, extra: list[Data] | None = None) -> None:
        tell(code, [own] if code == ENTERED[State.LIMITED] else extra)

    band.tell = told  # type: ignore[method-assign]


@defect(
    "gsme-talks-while-suspended",
    device="SleepyEnd",
    breaks="R-SUB-004",
    story="The gas meter acknowledges Suspend ZCL Messages and pushes its readings as before.",
)
def talks_while_suspended(radio: SleepyEnd) -> None:
    """It is never suspended."""
    radio.is_suspended = lambda: False  # type: ignore[method-assign]


@defect(
    "hub-keeps-messages-for-suspended",
    device="SubGhz",
    breaks="R-SUB-005",
    story="Messages for a suspended device are kept and delivered late, when their senders have given them up.",
)
def keeps_messages_for_suspended(band: SubGhz) -> None:
    """Everything is taken."""
    band.takes = lambda device, transfer: True  # type: ignore[method-assign]


@defect(
    "hub-drops-silently-for-suspended",
    device="SubGhz",
    breaks="R-SUB-005",
    story="Messages for a suspended device are dropped, and nobody is told.",
)
def drops_silently(band: SubGhz) -> None:
    """No DBCH10."""
    band.takes = lambda device, transfer: not band.is_suspended(device)  # type: ignore[method-assign]


@defect(
    "hub-tells-dropped-messages-turned-round",
    device="SubGhz",
    breaks="R-SUB-005",
    story="In DBCH10 originator and recipient of the dropped message have changed places.",
)
def dropped_turned_round(band: SubGhz) -> None:
    """Recipient first."""
    tell = band.tell

    def told(code: int, extra: list[Data] | None = None) -> None:
        if code == DISCARDED and extra:
            named = extra[0].value
            extra = [octets(named[8:16] + named[:8] + named[16:])]
        tell(code, extra)

    band.tell = told  # type: ignore[method-assign]


@defect(
    "hub-drops-masks-of-high-pages",
    device="SubGhz",
    breaks="R-SUB-002",
    story="The hub has no radio for 915 MHz, and shows the mask of page 31 as it came from the factory.",
)
def drops_masks_of_high_pages(band: SubGhz) -> None:
    """The last mask is never set."""
    shown = band.shown_settings

    def as_it_came() -> Data:
        data = shown()
        return Data(data.tag, [*data.value[:3], SubGhzSettings().data()[3], *data.value[4:]])

    band.shown_settings = as_it_came  # type: ignore[method-assign]


@defect(
    "hub-silent-about-sub-ghz-settings",
    device="SubGhz",
    breaks="R-SUB-006",
    story="New settings are taken without DBCH09.",
)
def silent_about_settings(band: SubGhz) -> None:
    """8F2A is not sent."""
    tell = band.tell
    band.tell = lambda code, extra=None: None if code == CONFIGURED else tell(code, extra)  # type: ignore[method-assign]


@defect(
    "hub-sub-ghz-for-everyone",
    device="HubFunction",
    breaks="R-SUB-001",
    story="The messages of the second band came later and are not in the table of rights: any party may send them.",
)
def sub_ghz_for_everyone(function: HubFunction) -> None:
    """Every role has the right."""
    has_right = function.has_right

    def lax(role: Role, message_code: int) -> bool:
        return message_code in SUB_GHZ_COMMANDS or has_right(role, message_code)

    function.has_right = lax  # type: ignore[method-assign]


@defect(
    "hub-shows-factory-channel",
    device="SubGhz",
    breaks="R-HUB-025",
    story="The operating channel that the hub shows is the first one it was made for, not the one it is on.",
)
def shows_factory_channel(band: SubGhz) -> None:
    """Page 28, channel 0."""
    band.channel = lambda: channel_data(28, 0)  # type: ignore[method-assign]
