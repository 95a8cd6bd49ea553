"""Defects of the daily look at the hub's clock, of what waits for a time, and of readers a device does not know."""

from dataclasses import replace
from datetime import timedelta

from bench.gbcs.trust_anchors import KeyUsage, Role
from rigs.virtual.defects import defect
from rigs.virtual.device_clock import RELIABLE
from rigs.virtual.esme import Esme
from rigs.virtual.gbcs_device import GbcsDevice

SET_CLOCK = (0x0062, 0x007F)


def _hub_says(device: GbcsDevice):
    said = device.time.hub()
    return said[0] if said is not None and said[1] == RELIABLE else None


@defect(
    "any-clock-never-compared",
    device="GbcsDevice",
    breaks="R-TIM-009",
    story="The meter takes the time when it is commissioned and never again; it runs as its crystal does.",
)
def clock_never_compared(device: GbcsDevice) -> None:
    """No synchronisation."""
    device.time.synchronise = lambda: None  # type: ignore[method-assign]


@defect(
    "any-follows-every-jump",
    device="GbcsDevice",
    breaks="R-TIM-010",
    story="The meter follows the hub's clock by any amount and tells nobody.",
)
def follows_every_jump(device: GbcsDevice) -> None:
    """No limit of ten seconds."""

    def synchronise():
        said = _hub_says(device)
        if said is not None:
            device.time.error += said - device.time.now()
            device.clock_changed()

    device.time.synchronise = synchronise  # type: ignore[method-assign]


@defect(
    "any-follows-jumps-backwards",
    device="GbcsDevice",
    breaks="R-TIM-010",
    story="The limit of ten seconds holds for a hub that is ahead; backwards the meter goes any distance.",
)
def follows_jumps_backwards(device: GbcsDevice) -> None:
    """The difference is compared with its sign."""
    synchronise = device.time.synchronise

    def signed():
        said = _hub_says(device)
        if said is None or said - device.time.now() > timedelta():
            synchronise()
        else:
            device.time.error += said - device.time.now()
            device.clock_changed()

    device.time.synchronise = signed  # type: ignore[method-assign]


@defect(
    "any-jump-not-told",
    device="GbcsDevice",
    breaks="R-TIM-010",
    story="A hub that is more than ten seconds off is not followed, and nobody is told.",
)
def jump_not_told(device: GbcsDevice) -> None:
    """No 8F0C at the daily comparison."""
    synchronise, tell = device.time.synchronise, device.time.tell_not_adjusted

    def silently():
        device.time.tell_not_adjusted = lambda: None  # type: ignore[method-assign]
        synchronise()
        device.time.tell_not_adjusted = tell  # type: ignore[method-assign]

    device.time.synchronise = silently  # type: ignore[method-assign]


@defect(
    "any-clock-set-again-and-again",
    device="GbcsDevice",
    breaks="R-TIM-008",
    story="Setting the clock is not protected against replay: an old command sets it once more.",
)
def clock_set_again(device: GbcsDevice) -> None:
    """Its counter is not looked at."""
    check = device.check_counter
    device.check_counter = lambda message: None if message.message_code in SET_CLOCK else check(message)  # type: ignore[method-assign]


@defect(
    "any-waits-by-the-span",
    device="GbcsDevice",
    breaks="R-FUT-014",
    story="What is to happen at a time is started by a timer set on receipt: setting the clock does not move it.",
)
def waits_by_the_span(device: GbcsDevice) -> None:
    """A corrected clock is no reason to look again."""
    keep = device.agenda.keep

    def by_timer(one):
        error = device.time.error
        device.time.error = max(error, one.at - device.world.now)
        keep(one)
        device.time.error = error

    device.agenda.resume = lambda: None  # type: ignore[method-assign]
    device.agenda.keep = by_timer  # type: ignore[method-assign]


@defect(
    "any-waits-by-first-clock",
    device="GbcsDevice",
    breaks="R-FUT-014",
    story="A clock that is set past the time of what waits leaves it waiting as long as before.",
)
def waits_by_first_clock(device: GbcsDevice) -> None:
    """Nothing is looked at when the clock changes."""
    device.clock_changed = lambda: None  # type: ignore[method-assign]


@defect(
    "any-counter-of-reader-not-repeated",
    device="GbcsDevice",
    breaks="R-RSP-007",
    story="The answer names the party behind the broker, but with the broker's counter instead of the party's.",
)
def counter_of_reader_not_repeated(device: GbcsDevice) -> None:
    """The message's own counter stands for the party's."""
    envelope = device.envelope

    def with_brokers_counter(exchange, payload):
        response = envelope(exchange, payload)
        known = response.supplementary_party is None
        return response if known else replace(response, supplementary_counter=response.counter)

    device.envelope = with_brokers_counter  # type: ignore[method-assign]


@defect(
    "any-encryption-counter-not-told",
    device="GbcsDevice",
    breaks="R-RSP-008",
    story="Data for a party that the device does not know is encrypted with a fresh counter that the answer keeps "
    "to itself.",
)
def encryption_counter_not_told(device: GbcsDevice) -> None:
    """No supplementary originator counter."""
    envelope = device.envelope
    device.envelope = lambda exchange, payload: replace(  # type: ignore[method-assign]
        envelope(exchange, payload), supplementary_originator_counter=None
    )


@defect(
    "esme-one-encryption-counter",
    device="Esme",
    breaks="R-RSP-008",
    story="Every answer to a party that the meter does not know is encrypted with the same counter, and so with the "
    "same key stream.",
)
def one_encryption_counter(esme: Esme) -> None:
    """The counter is always 1."""
    read = esme.cosem.read_protected

    def same(access):
        if access.exchange.command.supplementary_certificate is not None:
            access.exchange._counter = 1
        return read(access)

    esme.cosem.read_protected = same  # type: ignore[method-assign]


@defect(
    "esme-encrypts-strangers-data-for-supplier",
    device="Esme",
    breaks="R-ENC-005a",
    story="The certificate in a read of a party that the meter does not know is ignored: the data is encrypted for "
    "the supplier.",
)
def encrypts_for_supplier(esme: Esme) -> None:
    """The key of the supplier's cell."""
    read = esme.cosem.read_protected

    def for_supplier(access):
        key = esme.anchors.key(Role.SUPPLIER, KeyUsage.KEY_AGREEMENT)
        if key is not None and access.exchange.command.supplementary_certificate is not None:
            access.exchange.encryption_secret = lambda: esme.secret(key)
        return read(access)

    esme.cosem.read_protected = for_supplier  # type: ignore[method-assign]
