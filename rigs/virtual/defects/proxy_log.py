"""Defects of the gas proxy's own log, of what meters tell of a join, and of adding a device a second time."""

from rigs.virtual.defects import defect
from rigs.virtual.device_log import TYPE_2, DeviceLog, Entry
from rigs.virtual.gpf_log import GpfLog
from rigs.virtual.hub_log import HARDWARE_FAULT, HubLog


@defect(
    "gpf-removals-not-backed-up",
    device="GpfLog",
    breaks="R-HAN-052",
    story="The log is sent when a device is added, and not when one goes: after a change of hubs it is there again.",
)
def removals_not_backed_up(log: GpfLog) -> None:
    """Only a log that has grown is sent."""
    changed, known = log.changed, len(log.entries)

    def grown() -> None:
        nonlocal known
        if len(log.entries) > known:
            changed()
        known = len(log.entries)

    log.changed = grown  # type: ignore[method-assign]


@defect(
    "gpf-backs-up-the-last-device",
    device="GpfLog",
    breaks="R-HAN-052",
    story="The backup names the device that has changed, not the log.",
)
def backs_up_last_device(log: GpfLog) -> None:
    """One entry is listed."""
    listed = log.listed
    log.listed = lambda: listed()[-1:]  # type: ignore[method-assign]


@defect(
    "gpf-adds-what-is-restored",
    device="GpfLog",
    breaks="R-HAN-053",
    story="A log that is restored is added to the one there is: devices of the home that had this hub before stay in.",
)
def adds_what_is_restored(log: GpfLog) -> None:
    """Nothing is taken out."""
    restore = log.restore

    def added(exchange, asked):
        kept = dict(log.entries)
        answer = restore(exchange, asked)
        log.entries = kept | log.entries
        return answer

    log.restore = added  # type: ignore[method-assign]


@defect(
    "gpf-restores-without-types",
    device="GpfLog",
    breaks="R-HAN-053",
    story="Devices that are restored are entered as unknown, and refused with a code that no join has.",
)
def restores_without_types(log: GpfLog) -> None:
    """The response code is 5 for each."""
    restored = log.restored

    def failed(eui, kind) -> int:
        restored(eui, kind)
        return 5

    log.restored = failed  # type: ignore[method-assign]


@defect(
    "meter-joins-in-silence",
    device="DeviceLog",
    breaks="R-HAN-033",
    story="A join is written into the security log, and neither alerted nor found among the events.",
)
def joins_in_silence(log: DeviceLog) -> None:
    """No 8183."""
    log.announce = lambda: None  # type: ignore[method-assign]


@defect(
    "meter-tells-every-join",
    device="DeviceLog",
    breaks="R-HAN-033",
    story="Each join command is told, also the second for a device that is in the log already.",
)
def tells_every_join(log: DeviceLog) -> None:
    """A device that is known is announced again."""
    join = log.join

    def joined(exchange, asked):
        known = len(log.entries)
        answer = join(exchange, asked)
        if answer["response_code"] == 0 and len(log.entries) == known:
            log.announce()
        return answer

    log.join = joined  # type: ignore[method-assign]


@defect(
    "meter-enters-everything-as-type-2",
    device="DeviceLog",
    breaks="R-HAN-040",
    story="The type in a join is not kept: everything in the log is a display.",
)
def enters_everything_as_type_2(log: DeviceLog) -> None:
    """The type is 6."""
    enter = log.enter

    def entered(eui, asked) -> None:
        enter(eui, asked)
        log.entries[eui] = Entry(TYPE_2, log.entries[eui].certificate)

    log.enter = entered  # type: ignore[method-assign]


@defect(
    "hub-refuses-second-addition",
    device="HubLog",
    breaks="R-RSP-017",
    story="Adding a device that is listed is answered with an error, and the DCC begins to search for a fault.",
)
def refuses_second_addition(log: HubLog) -> None:
    """A listed device is no success."""
    log.register_again = lambda eui, install_code: HARDWARE_FAULT  # type: ignore[method-assign]
