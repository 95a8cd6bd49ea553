"""Defects of images on their way over the HAN, at both ends of the OTA cluster."""

from rigs.virtual import ota
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.firmware import NOT_VERIFIED
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.ota import OtaClient
from rigs.virtual.ota_server import DISCARDED, Held, OtaServer
from rigs.virtual.sleepy import SleepyEnd


@defect(
    "any-download-begins-anew",
    device="OtaClient",
    breaks="R-FWU-019",
    story="The part of an image that has been fetched is in RAM that the bootloader clears before each try: after an "
    "interruption the download begins at the first octet.",
)
def download_begins_anew(client: OtaClient) -> None:
    """What is there is not gone on with."""
    client.resumed = lambda offer: b""  # type: ignore[method-assign]


@defect(
    "any-download-skips-a-block",
    device="OtaClient",
    breaks="R-FWU-019",
    story="After an interruption the download goes on one block too late, as the offset had been counted up before the "
    "answer came.",
)
def download_skips_a_block(client: OtaClient) -> None:
    """A block of nothing is there after each interruption."""
    resumed = client.resumed

    def one_more(offer: ota.Offer) -> bytes:
        there = resumed(offer)
        return there + bytes(ota.MOST_DATA) if there else there

    client.resumed = one_more  # type: ignore[method-assign]


@defect(
    "any-deaf-to-image-notify",
    device="OtaClient",
    breaks="R-FWU-004",
    story="The OTA client asks for an image only after its own restart; a notification of the hub is dropped.",
)
def deaf_to_image_notify(client: OtaClient) -> None:
    """A notification starts nothing."""
    client.notified = lambda: None  # type: ignore[method-assign]


@defect(
    "gsme-sleeps-over-image-flag",
    device="SleepyEnd",
    breaks="R-FWU-004",
    story="The meter looks at the flag of waiting messages and at no other.",
)
def sleeps_over_image_flag(radio: SleepyEnd) -> None:
    """The flag of new firmware is masked."""
    act_on = radio.act_on
    radio.act_on = lambda flags: act_on(flags & ~1)  # type: ignore[method-assign]


@defect(
    "hub-image-flag-never-set",
    device="OtaServer",
    breaks="R-FWU-004",
    story="The hub has an image for the gas meter and does not raise the flag that says so.",
)
def image_flag_never_set(server: OtaServer) -> None:
    """No flag."""
    server.flagged = lambda device: False  # type: ignore[method-assign]


@defect(
    "hub-silent-about-images",
    device="OtaServer",
    breaks="R-FWU-020",
    story="CCS08 came with a later version of the specification; the hub does not send it.",
)
def silent_about_images(server: OtaServer) -> None:
    """Nothing is told."""
    server.report = lambda device, image, code: None  # type: ignore[method-assign]


@defect(
    "hub-tells-failed-transfers-as-discarded",
    device="OtaServer",
    breaks="R-FWU-020",
    story="Whatever went wrong with an image is told with one code.",
)
def failed_transfers_as_discarded(server: OtaServer) -> None:
    """Every failure is "image discarded"."""
    report = server.report
    server.report = lambda device, image, code: report(device, image, code and DISCARDED)  # type: ignore[method-assign]


@defect(
    "hub-tells-delivery-with-own-version",
    device="OtaServer",
    breaks="R-FWU-020",
    story="CCS08 has the version of the image that was sent last to any device, which is cut to the hub's own format.",
)
def delivery_with_other_version(server: OtaServer) -> None:
    """The octets of the version are turned round."""
    report = server.report

    def turned(device, image: bytes, code: int) -> None:  # type: ignore[no-untyped-def]
        report(device, image[:14] + image[17:13:-1] + image[18:], code)

    server.report = turned  # type: ignore[method-assign]


@defect(
    "hub-keeps-images-for-strangers",
    device="OtaServer",
    breaks="R-FWU-022",
    story="The hub keeps any image until somebody asks for it; that the device is not in the log nobody notices.",
)
def keeps_images_for_strangers(server: OtaServer) -> None:
    """Every device is known."""
    server.is_known = lambda device: True  # type: ignore[method-assign]


@defect(
    "hub-gives-image-to-any-hardware",
    device="OtaServer",
    breaks="R-FWU-022",
    story="The hardware version in a query is not compared with those in the header of the image.",
)
def gives_image_to_any_hardware(server: OtaServer) -> None:
    """All hardware fits."""
    server.fits_hardware = lambda image, hardware: True  # type: ignore[method-assign]


@defect(
    "hub-compares-lowest-hardware-only",
    device="OtaServer",
    breaks="R-FWU-022",
    story="An image for older hardware is given to newer hardware: only the lowest version that it fits is looked at.",
)
def compares_lowest_hardware_only(server: OtaServer) -> None:
    """The highest version is not read."""
    fits = server.fits_hardware
    newest = (0xFFFF).to_bytes(2, "little")
    server.fits_hardware = lambda image, hardware: fits(image[:58] + newest + image[60:], hardware)  # type: ignore[method-assign]


@defect(
    "hub-blocks-one-octet-off",
    device="OtaServer",
    breaks="R-FWU-004",
    story="Offsets that are no multiple of the hub's page are rounded down to one.",
)
def blocks_of_pages(server: OtaServer) -> None:
    """Each block comes from the beginning of its page."""

    def from_page(held: Held, offset: int, most: int) -> bytes:
        page = offset // 64 * 64
        data = held.image[page : page + min(most, ota.MOST_DATA)]
        return ota.block_answer(held.offer.file, offset, data)

    server.block = from_page  # type: ignore[method-assign]


@defect(
    "any-older-image-told-and-forgotten",
    device="GbcsDevice",
    breaks="R-FWU-017",
    story="An image of an older version is told as received, and dropped when it is to be stored.",
)
def older_image_told_and_forgotten(device: GbcsDevice) -> None:
    """An older image is not there any more after it has been told."""
    firmware = device.firmware
    receive = firmware.receive

    def then_dropped(image: bytes) -> bool:
        kept = receive(image)
        if firmware.image is not None and firmware.image.version <= int.from_bytes(firmware.version):
            firmware.image = None
        return kept

    firmware.receive = then_dropped  # type: ignore[method-assign]


@defect(
    "esme-trusts-its-flash",
    device="Esme",
    breaks="R-FWU-016",
    story="The check of the image at power on was taken out to be up in time after an outage.",
)
def trusts_its_flash(esme: Esme) -> None:
    """Nothing is verified."""
    esme.firmware.verify = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-doubts-firmware-silently",
    device="Esme",
    breaks="R-FWU-016",
    story="A firmware that is not what was installed is written into the security log, and told to nobody.",
)
def doubts_silently(esme: Esme) -> None:
    """Log and no alert."""

    def verify() -> None:
        if esme.firmware.damaged:
            esme.logs.add(esme.logs.security, NOT_VERIFIED)

    esme.firmware.verify = verify  # type: ignore[method-assign]


@defect(
    "esme-doubts-firmware-after-every-outage",
    device="Esme",
    breaks="R-FWU-016",
    story="The check begins before the flash is ready, and finds a wrong sum each time.",
)
def doubts_after_every_outage(esme: Esme) -> None:
    """Any image is wrong."""
    verify = esme.firmware.verify

    def wrong() -> None:
        esme.firmware.damaged = True
        verify()

    esme.firmware.verify = wrong  # type: ignore[method-assign]
