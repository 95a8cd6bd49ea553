"""Defects of the hub at its edges: what is added again, halves of a time, what was heard when, what is told twice."""

from dataclasses import replace

from bench.gbcs import Eui64
from bench.gbcs.axdr import Data
from bench.gbcs.sub_ghz import channel_data
from rigs.virtual.defects import defect
from rigs.virtual.device_log import SUCCESS, Named
from rigs.virtual.exchange import Exchange
from rigs.virtual.gsme import Gsme
from rigs.virtual.hub_log import Heard, HubLog
from rigs.virtual.inter_pan import InterPanDoor, Option
from rigs.virtual.sub_ghz import SUSPENSION, SubGhz


@defect(
    "hub-takes-a-second-install-code",
    device="HubLog",
    breaks="R-HAN-004",
    story="Until a device has joined, adding it again replaces its install code: a typing error locks it out.",
)
def takes_a_second_install_code(log: HubLog) -> None:
    """The later code is kept."""
    again = log.register_again

    def register_again(eui: Eui64, install_code: bytes) -> int:
        log.entries[eui].install_code = install_code
        return again(eui, install_code)

    log.register_again = register_again  # type: ignore[method-assign]


@defect(
    "hub-install-code-from-a-quarter-on",
    device="HubLog",
    breaks="R-HAN-006",
    story="The time to join in is halved twice, by two functions: a known device may use its install code after a "
    "quarter of it.",
)
def install_code_from_a_quarter_on(log: HubLog) -> None:
    """The second half begins early."""
    takes = log.takes_install_code

    def takes_install_code(eui: Eui64) -> bool:
        if eui not in log.historic or log.opened_at is None or log.closes_at is None:
            return takes(eui)
        return log._chf.world.now >= log.opened_at + (log.closes_at - log.opened_at) / 4

    log.takes_install_code = takes_install_code  # type: ignore[method-assign]


@defect(
    "hub-heard-everybody-just-now",
    device="HubLog",
    breaks="R-HAN-014",
    story="The time of the last communication is read from the clock when the list is made: nobody ever looks lost.",
)
def heard_everybody_just_now(log: HubLog) -> None:
    """The time is that of the answer."""
    active = log.active

    def active_() -> Data:
        heard = log.heard

        def now(eui: Eui64) -> Heard | None:
            known = heard(eui)
            return None if known is None else replace(known, time=log._chf.clock())

        log.heard = now
        try:
            shown = active()
            return replace(shown, value=list(shown.value))
        finally:
            log.heard = heard

    log.active = active_  # type: ignore[method-assign]


@defect(
    "gsme-failed-unjoin-not-logged",
    device="Gsme",
    breaks="R-HAN-048",
    story="An unjoin of a device that is not listed is answered and forgotten: who probes a gas meter is not seen.",
)
def failed_unjoin_not_logged(gsme: Gsme) -> None:
    """8F4A is not written."""
    log = gsme.device_log
    unjoin = log.unjoin

    def unjoin_(exchange: Exchange, asked: Named) -> Named:
        answer = unjoin(exchange, asked)
        if answer["response_code"] != SUCCESS:
            gsme.logs.security.pop()
        return answer

    log.unjoin = unjoin_  # type: ignore[method-assign]


@defect(
    "hub-opens-inter-pan-with-the-wan",
    device="InterPanDoor",
    breaks="R-AIR-010",
    story="The start of the modem was taken for the start of the hub: each return of the WAN opens inter-PAN.",
)
def opens_inter_pan_with_the_wan(door: InterPanDoor) -> None:
    """A hub of option 1 opens when the WAN is back."""
    returned = door.wan_returned

    def wan_returned() -> None:
        returned()
        if door.option is Option.POWER_ON:
            door.open()

    door.wan_returned = wan_returned  # type: ignore[method-assign]


@defect(
    "hub-tells-twice-what-it-drops",
    device="SubGhz",
    breaks="R-SUB-005",
    story="A message for a suspended device is met by the queue and by the radio, and each tells that it is lost.",
)
def tells_twice_what_it_drops(band: SubGhz) -> None:
    """DBCH10 comes twice."""
    takes = band.takes
    band.takes = lambda device, transfer: takes(device, transfer) or takes(device, transfer)  # type: ignore[method-assign]


@defect(
    "hub-tells-the-channel-it-left",
    device="SubGhz",
    breaks="R-SUB-006",
    story="The alert of a changed channel is made before the radio has changed: it names the channel that was left.",
)
def tells_the_channel_it_left(band: SubGhz) -> None:
    """DBCH07 has the old channel."""
    change = band.change

    def change_(page: int, channel: int) -> None:
        left, tell = channel_data(band.medium.page, band.medium.channel), band.tell
        band.tell = lambda code, extra=None: tell(code, [left])  # type: ignore[method-assign, misc]
        try:
            change(page, channel)
        finally:
            band.tell = tell  # type: ignore[method-assign]

    band.change = change_  # type: ignore[method-assign]


@defect(
    "hub-ends-a-suspension-at-half",
    device="SubGhz",
    breaks="R-SUB-004",
    story="The hub counts the suspension in half minutes, the gas meter in minutes: messages wait for a meter that "
    "does not come.",
)
def ends_a_suspension_at_half(band: SubGhz) -> None:
    """What is sent in the second half is kept instead of dropped."""
    suspend = band.suspend

    def suspend_(device: Eui64) -> None:
        suspend(device)
        band.suspended[device] = band._world.now + SUSPENSION / 2

    band.suspend = suspend_  # type: ignore[method-assign]
