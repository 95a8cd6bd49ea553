"""Defects that show when there is more than one PPMID, and those of its firmware."""

from bench.gbcs import Eui64
from rigs.virtual.defects import defect
from rigs.virtual.device_log import FULL, PPMID_TYPE, SUCCESS
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme
from rigs.virtual.hub import Hub
from rigs.virtual.ppmid_firmware import PpmidFirmware


@defect(
    "hub-tunnels-to-the-first-devices",
    device="Hub",
    breaks="R-HUB-010",
    story="Tunnels are set up when the hub starts, from its log of devices: one that joins later has none until the "
    "next start, and what is for it is dropped.",
)
def tunnels_to_the_first(hub: Hub) -> None:
    """After the meter at the start, no device gets a tunnel."""
    connect, asked = hub.connect, []

    def connected(eui: Eui64, short: int, number: int | None = None) -> None:
        if not asked or eui in asked:
            asked.append(eui)
            connect(eui, short, number)

    hub.connect = connected  # type: ignore[method-assign]


@defect(
    "esme-room-for-one-ppmid",
    device="Esme",
    breaks="R-HAN-054",
    story="The meter's log has five places for switches and one for a PPMID: a second is told that the log is full.",
)
def room_for_one_ppmid(esme: Esme) -> None:
    """A second PPMID does not fit."""
    log, judge = esme.device_log, esme.device_log.judge

    def judged(message_code: int, asked: dict) -> int:
        code, other = judge(message_code, asked), Eui64.of(asked["other_device"])
        others = [eui for eui, entry in log.entries.items() if entry.type_code == PPMID_TYPE and eui != other]
        return FULL if code == SUCCESS and others and asked["other_device_type_code"] == PPMID_TYPE else code

    log.judge = judged  # type: ignore[method-assign]


@defect(
    "gsme-keeps-one-certificate",
    device="Gsme",
    breaks="R-HAN-044",
    story="There is one place for the certificate of a PPMID: that of a second one takes it, and the first is not "
    "understood any more.",
)
def keeps_one_certificate(gsme: Gsme) -> None:
    """The latest certificate serves for all."""
    log, partner_key = gsme.device_log, gsme.device_log.partner_key

    def only_the_last(eui: Eui64):
        certified = [one for one, entry in log.entries.items() if entry.certificate]
        return partner_key(certified[-1]) if eui in certified else None

    log.partner_key = only_the_last  # type: ignore[method-assign]


@defect(
    "ppmid-waits-for-activation",
    device="PpmidFirmware",
    breaks="R-FWU-021",
    story="The PPMID keeps a new image until it is told to activate it, as meters do: nobody ever does.",
)
def waits_for_activation(firmware: PpmidFirmware) -> None:
    """The image is kept, and not started."""
    firmware.start = lambda image: None  # type: ignore[method-assign]


@defect(
    "ppmid-silent-about-firmware",
    device="PpmidFirmware",
    breaks="R-FWU-021",
    story="A failed activation is not told, only a good one: whoever waits for the outcome waits for ever.",
)
def silent_about_failure(firmware: PpmidFirmware) -> None:
    """Only success is told."""
    report = firmware.report
    firmware.report = lambda code: None if code else report(code)  # type: ignore[method-assign]


@defect(
    "ppmid-forgets-joins-with-new-firmware",
    device="PpmidFirmware",
    breaks="R-FWU-013",
    story="The new firmware lays out the log of devices in another way, and begins with an empty one.",
)
def forgets_joins(firmware: PpmidFirmware) -> None:
    """The log is empty after a start."""
    start = firmware.start

    def started(image) -> None:
        start(image)
        firmware._ppmid.device_log.entries.clear()

    firmware.start = started  # type: ignore[method-assign]
