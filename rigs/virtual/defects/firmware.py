"""Defects of firmware: what is taken, what is told, what an activation does beside."""

from dataclasses import replace

from bench.gbcs.firmware import OtaImage
from bench.gbcs.trust_anchors import KeyUsage, Role
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.firmware import LATER, REJECTED, SUCCESS, VERSION_CHANGED
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.gsme import Gsme

SIGNED_PART = 66  #: octets after the manufacturer's image


@defect(
    "any-takes-image-of-any-signer",
    device="GbcsDevice",
    breaks="R-FWU-005",
    story="The signature of an image is not verified: whoever gets an image to the hub gets it into the meter.",
)
def takes_image_of_any_signer(device: GbcsDevice) -> None:
    """Every signature is right."""
    device.firmware.is_authorised = lambda image: True  # type: ignore[method-assign]


@defect(
    "any-takes-image-for-other-hardware",
    device="GbcsDevice",
    breaks="R-FWU-005",
    story="Maker, type and hardware in the header are not compared with the meter's own.",
)
def takes_image_for_other_hardware(device: GbcsDevice) -> None:
    """Every header fits."""
    device.firmware.fits = lambda image: True  # type: ignore[method-assign]


@defect(
    "any-hardware-range-open-below",
    device="GbcsDevice",
    breaks="R-FWU-005",
    story="Of the hardware versions an image fits only the highest is looked at.",
)
def hardware_range_open_below(device: GbcsDevice) -> None:
    """The lowest version is not read."""
    fits = device.firmware.fits
    device.firmware.fits = lambda image: fits(replace(image, hardware=(0, image.hardware[1])))  # type: ignore[method-assign]


@defect(
    "any-signature-over-header",
    device="GbcsDevice",
    breaks="R-FWU-001",
    story="An image whose signature covers the OTA header as well passes, for the verification is told to try both.",
)
def signature_over_header(device: GbcsDevice) -> None:
    """The signature may cover header and image."""
    check = device.firmware.is_authorised

    def either(image: OtaImage) -> bool:
        key = device.anchors.key(Role.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)
        whole = replace(image, content=bytes(image)[:-SIGNED_PART])
        return check(image) or (key is not None and whole.is_signed_by(key))

    device.firmware.is_authorised = either  # type: ignore[method-assign]


@defect(
    "any-identifier-of-image-not-checked",
    device="GbcsDevice",
    breaks="R-FWU-002",
    story="The first octet of an OTA file is not looked at: what is no image is taken for one.",
)
def header_repaired(device: GbcsDevice) -> None:
    """A wrong identifier is taken for the right one."""
    receive = device.firmware.receive
    device.firmware.receive = lambda image: receive(b"\x1e" + image[1:])  # type: ignore[method-assign]


@defect(
    "any-hash-over-ota-file",
    device="GbcsDevice",
    breaks="R-FWU-003",
    story="The hash in the alert is that of the whole OTA file, header and signature included.",
)
def hash_over_file(device: GbcsDevice) -> None:
    """The content is taken for the file."""
    firmware, tell = device.firmware, device.firmware.tell

    def of_file(code: int, image_hash: bytes) -> None:
        image = firmware.image
        tell(code, image_hash if image is None else replace(image, content=bytes(image)).hash)

    firmware.tell = of_file  # type: ignore[method-assign]


@defect(
    "any-received-image-not-told",
    device="GbcsDevice",
    breaks="R-FWU-006",
    story="The meter takes an image and waits for its activation without telling that it has it.",
)
def received_image_not_told(device: GbcsDevice) -> None:
    """No 8F72."""
    tell = device.firmware.tell
    device.firmware.tell = lambda code, image_hash: tell(code, image_hash) if code == REJECTED else None  # type: ignore[method-assign]


@defect(
    "any-dropped-image-not-told",
    device="GbcsDevice",
    breaks="R-FWU-007",
    story="A bad image is dropped in silence; the supplier waits for the receipt for ever.",
)
def dropped_image_not_told(device: GbcsDevice) -> None:
    """No 8F1C."""
    tell = device.firmware.tell
    device.firmware.tell = lambda code, image_hash: None if code == REJECTED else tell(code, image_hash)  # type: ignore[method-assign]


@defect(
    "any-bad-image-replaces-good-one",
    device="GbcsDevice",
    breaks="R-FWU-008",
    story="The room for an image is cleared before the next one is checked: a bad one costs the good one.",
)
def bad_image_replaces_good(device: GbcsDevice) -> None:
    """What waits is gone before the check."""
    firmware, receive = device.firmware, device.firmware.receive

    def cleared(image: bytes) -> None:
        firmware.image = None
        receive(image)

    firmware.receive = cleared  # type: ignore[method-assign]


@defect(
    "any-first-image-stays",
    device="GbcsDevice",
    breaks="R-FWU-008",
    story="While an image waits for its activation a second one is told as received, and thrown away.",
)
def first_image_stays(device: GbcsDevice) -> None:
    """The first image is not replaced."""
    firmware, receive = device.firmware, device.firmware.receive

    def keep(image: bytes) -> None:
        before = firmware.image
        receive(image)
        firmware.image = before or firmware.image

    firmware.receive = keep  # type: ignore[method-assign]


@defect(
    "any-activates-whatever-hash",
    device="GbcsDevice",
    breaks="R-FWU-010",
    story="An activation starts the image that is there, without comparing the hash it names.",
)
def activates_whatever_hash(device: GbcsDevice) -> None:
    """The hash is that of the image that is there."""
    firmware, execute = device.firmware, device.firmware.execute
    firmware.execute = lambda image_hash: execute(image_hash if firmware.image is None else firmware.image.hash)  # type: ignore[method-assign]


@defect(
    "any-missing-image-told-as-wrong-hash",
    device="GbcsDevice",
    breaks="R-FWU-010",
    story="Without an image the answer to an activation is that its hash is wrong.",
)
def missing_image_told_as_wrong_hash(device: GbcsDevice) -> None:
    """2 instead of 1."""
    execute = device.firmware.execute
    device.firmware.execute = lambda image_hash: execute(image_hash) and 2  # type: ignore[method-assign]


@defect(
    "any-old-version-in-answer",
    device="GbcsDevice",
    breaks="R-FWU-011",
    story="The answer to a successful activation shows the version that ran before.",
)
def old_version_in_answer(device: GbcsDevice) -> None:
    """The version is read before the activation."""
    firmware, activate = device.firmware, device.firmware.activate

    def before(exchange, asked):
        version = firmware.version.hex()
        answer = activate(exchange, asked)
        if answer is not None and isinstance(answer["outcome"], dict):
            answer = {"outcome": answer["outcome"] | {"firmware_version": version}}
        return answer

    firmware.activate = before  # type: ignore[method-assign]


@defect(
    "any-activation-time-not-read",
    device="GbcsDevice",
    breaks="R-FWU-012",
    story="An activation with a time is carried out on receipt.",
)
def activation_time_not_read(device: GbcsDevice) -> None:
    """Now is always now."""
    activate = device.firmware.activate
    device.firmware.activate = lambda exchange, asked: activate(exchange, asked | {"execution_time": "now"})  # type: ignore[method-assign]


@defect(
    "any-activation-not-withdrawn",
    device="GbcsDevice",
    breaks="R-FUT-004",
    story="The cancellation of an activation is accepted, and the activation happens all the same.",
)
def activation_not_withdrawn(device: GbcsDevice) -> None:
    """'Never' changes nothing."""
    activate = device.firmware.activate
    device.firmware.activate = lambda exchange, asked: (  # type: ignore[method-assign]
        {"outcome": LATER} if asked.get("execution_time") == "never" else activate(exchange, asked)
    )


@defect(
    "esme-activation-lost-in-outage",
    device="Esme",
    breaks="R-FUT-015",
    story="An activation that waits is kept in memory that an outage clears.",
)
def activation_lost_in_outage(esme: Esme) -> None:
    """Nothing waits after a start."""

    def forget() -> None:
        esme.firmware.waiting = None

    esme.on_boot.insert(0, forget)


@defect(
    "any-activation-alert-without-counter",
    device="GbcsDevice",
    breaks="R-FUT-011",
    story="The outcome alert of an activation has no counter of the command: nobody knows which one it answers.",
)
def activation_alert_without_counter(device: GbcsDevice) -> None:
    """Zero for the counter."""
    tell = device.der_alert
    device.der_alert = lambda code, to, shown: tell(  # type: ignore[method-assign]
        code, to, shown | {"originator_counter": 0} if "originator_counter" in shown else shown
    )


@defect(
    "any-activation-counter-not-compared",
    device="GbcsDevice",
    breaks="R-FWU-009",
    story="The counter in the payload of an activation is not compared with that of the message.",
)
def activation_counter_not_compared(device: GbcsDevice) -> None:
    """Any counter will do."""
    activate = device.firmware.activate
    device.firmware.activate = lambda exchange, asked: activate(  # type: ignore[method-assign]
        exchange, asked | {"originator_counter": exchange.command.counter}
    )


@defect(
    "any-activation-not-logged",
    device="GbcsDevice",
    breaks="R-FWU-014",
    story="A new version runs, and nothing in the security log says since when.",
)
def activation_not_logged(device: GbcsDevice) -> None:
    """No 8F43."""
    add = device.logs.add

    def without(log, code, *rest, **more):
        if code != VERSION_CHANGED:
            add(log, code, *rest, **more)

    device.logs.add = without  # type: ignore[method-assign]


@defect(
    "any-failed-activation-logged",
    device="GbcsDevice",
    breaks="R-FWU-014",
    story="Each attempt to activate is written into the security log as a change of version.",
)
def failed_activation_logged(device: GbcsDevice) -> None:
    """8F43 without a change."""
    execute = device.firmware.execute

    def logged(image_hash: bytes) -> int:
        code = execute(image_hash)
        if code != SUCCESS:
            device.logs.add(device.logs.security, VERSION_CHANGED)
        return code

    device.firmware.execute = logged  # type: ignore[method-assign]


@defect(
    "any-activation-resets-counters",
    device="GbcsDevice",
    breaks="R-FWU-013",
    story="The new version begins with empty execution counters: every old command can be played again.",
)
def activation_resets_counters(device: GbcsDevice) -> None:
    """Counters are lost."""
    execute = device.firmware.execute

    def from_zero(image_hash: bytes) -> int:
        code = execute(image_hash)
        if code == SUCCESS:
            device.anchors.counters.clear()
        return code

    device.firmware.execute = from_zero  # type: ignore[method-assign]


@defect(
    "esme-activation-opens-switch",
    device="Esme",
    breaks="R-FWU-015",
    story="The meter restarts with the new version, and its load switch opens while it does.",
)
def activation_opens_switch(esme: Esme) -> None:
    """The supply is off afterwards."""
    execute = esme.firmware.execute

    def opened(image_hash: bytes) -> int:
        code = execute(image_hash)
        if code == SUCCESS:
            esme.switch.disable()
        return code

    esme.firmware.execute = opened  # type: ignore[method-assign]


@defect(
    "gsme-activation-closes-valve",
    device="Gsme",
    breaks="R-FWU-015",
    story="The gas meter closes its valve before it starts the new version, and leaves it closed.",
)
def activation_closes_valve(gsme: Gsme) -> None:
    """The supply is off afterwards."""
    execute = gsme.firmware.execute

    def closed(image_hash: bytes) -> int:
        code = execute(image_hash)
        if code == SUCCESS:
            gsme.valve.disable()
        return code

    gsme.firmware.execute = closed  # type: ignore[method-assign]


@defect(
    "esme-version-backwards",
    device="Esme",
    breaks="R-IDN-003",
    story="The version is shown as it lies in the OTA file: its octets, the lowest first.",
)
def version_backwards(esme: Esme) -> None:
    """Little endian."""
    esme.firmware.shown_version = lambda: esme.firmware.version[::-1]  # type: ignore[method-assign]


@defect(
    "gsme-version-of-three-octets",
    device="Gsme",
    breaks="R-IDN-003",
    story="The version is shown as major, minor and build; the octet of the release is left out.",
)
def version_of_three_octets(gsme: Gsme) -> None:
    """Three octets."""
    gsme.firmware.shown_version = lambda: gsme.firmware.version[:3]  # type: ignore[method-assign]
