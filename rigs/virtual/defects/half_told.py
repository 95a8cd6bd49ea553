"""Defects of what a meter shows and says of itself that come to light the second time, or after an outage."""

from bench.gbcs.trust_anchors import KeyUsage
from bench.pki import PkiError, describe, load_certificate
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.gbz_device import values
from rigs.virtual.gsme import Gsme
from rigs.virtual.zcl_objects import SUCCESS

HALF = 4


@defect(
    "esme-switched-off-pin-returns",
    device="Esme",
    breaks="R-PRV-007",
    story="The supplier's command switches the PIN off in working memory alone: after an outage it is back.",
)
def switched_off_pin_returns(esme: Esme) -> None:
    """The PIN that was switched off is there again."""
    disable, power_down, held = esme.screen.disable_pin, esme._power_down, []

    def disable_pin():
        held.append(esme.screen.pin)
        disable()

    def down():
        power_down()
        esme.screen.pin = held[-1] if held else esme.screen.pin

    esme.screen.disable_pin = disable_pin  # type: ignore[method-assign]
    esme._power_down = down  # type: ignore[method-assign]


@defect(
    "gsme-takes-a-pin-from-afar",
    device="Gsme",
    breaks="R-PRV-007",
    story="What the supplier's command brings becomes the PIN: nothing switches it off, four digits set it.",
)
def takes_a_pin_from_afar(gsme: Gsme) -> None:
    """A password that is not empty is taken."""

    def new_password(component):
        gsme.screen.pin = values(component)["password"].decode("ascii", "replace")
        return SUCCESS

    gsme.screen.new_password = new_password  # type: ignore[method-assign]


@defect(
    "gsme-second-number-not-shown",
    device="Gsme",
    breaks="R-PRV-010",
    story="While a customer identification number is shown, a newer one is answered and dropped.",
)
def second_number_not_shown(gsme: Gsme) -> None:
    """The first number stays."""
    take = gsme.screen.take_number
    gsme.screen.take_number = lambda digits: None if gsme.screen.shown_number() else take(digits)  # type: ignore[method-assign]


@defect(
    "gsme-hardware-before-image-type",
    device="Gsme",
    breaks="R-IDN-002",
    story="The gas meter tells its model the wrong way round: hardware version first.",
)
def hardware_before_image_type(gsme: Gsme) -> None:
    """The halves of the model have changed places."""
    model = gsme.identity.model
    gsme.identity.model = lambda: model()[HALF:] + model()[:HALF]  # type: ignore[method-assign]


@defect(
    "gsme-mprn-of-its-maker",
    device="Gsme",
    breaks="R-IDN-004",
    story="The MPRN is read from where the maker wrote it; one that the supplier sets is kept elsewhere.",
)
def mprn_of_its_maker(gsme: Gsme) -> None:
    """The first MPRN is told."""
    first = gsme.mprn.encode()
    gsme.identity.mprn = lambda: first  # type: ignore[method-assign]


@defect(
    "any-encrypts-for-a-signing-key",
    device="GbcsDevice",
    breaks="R-ENC-006",
    story="Of a certificate that comes with a command the device compares whose it is, and not what its key is for.",
)
def encrypts_for_a_signing_key(device: GbcsDevice) -> None:
    """A key for signing serves for key agreement."""
    certified = device.certified_key

    def certified_key(certificate, party):
        try:
            profile = describe(load_certificate(certificate))
        except PkiError:
            return None
        signing = profile.key_usage is KeyUsage.DIGITAL_SIGNATURE and profile.eui == party
        return profile.public_key if signing else certified(certificate, party)

    device.certified_key = certified_key  # type: ignore[method-assign]
