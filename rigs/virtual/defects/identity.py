"""Defects of what meters say of themselves."""

from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme
from rigs.virtual.hub_objects import HubObjects


@defect(
    "esme-takes-two-mpans",
    device="Esme",
    breaks="R-IDN-001",
    story="A meter with one element takes the MPANs of two over, and shows the customer a number of 26 digits.",
)
def takes_two_mpans(esme: Esme) -> None:
    """Length is not checked."""
    esme.identity.mpan_allowed = lambda mpan: True  # type: ignore[method-assign]


@defect(
    "esme-maker-by-name",
    device="Esme",
    breaks="R-IDN-002",
    story="The meter gives its maker's name instead of the code, as its data sheet does.",
)
def maker_by_name(esme: Esme) -> None:
    """A name."""
    esme.identity.maker = lambda: b"WattWorks"  # type: ignore[method-assign]


@defect(
    "esme-model-without-hardware",
    device="Esme",
    breaks="R-IDN-002",
    story="The model is the image type alone: an update for other hardware cannot be told from the right one.",
)
def model_without_hardware(esme: Esme) -> None:
    """Half of it."""
    model = esme.identity.model
    esme.identity.model = lambda: model()[:4]  # type: ignore[method-assign]


@defect(
    "esme-variant-unknown",
    device="Esme",
    breaks="R-IDN-002",
    story="The variant is a number, 1 for one phase.",
)
def variant_unknown(esme: Esme) -> None:
    """Not one of the letters."""
    esme.identity.variant = lambda: b"1"  # type: ignore[method-assign]


@defect(
    "gsme-maker-by-name",
    device="Gsme",
    breaks="R-IDN-002",
    story="The manufacturer name of a gas meter is its maker's name, as ZigBee means it, not the code.",
)
def gas_maker_by_name(gsme: Gsme) -> None:
    """A name."""
    gsme.identity.maker = lambda: b"GasWorks"  # type: ignore[method-assign]


@defect(
    "gsme-mprn-as-number",
    device="Gsme",
    breaks="R-IDN-004",
    story="The MPRN is kept as a number and shown with twelve digits, zeros first.",
)
def mprn_as_number(gsme: Gsme) -> None:
    """Padded."""
    gsme.identity.mprn = lambda: gsme.mprn.zfill(12).encode()  # type: ignore[method-assign]


@defect(
    "chf-model-without-hardware-version",
    device="HubObjects",
    breaks="R-HUB-023",
    story="The model of the hub is its image type alone: which firmware fits it cannot be told.",
)
def model_without_hardware_version(objects: HubObjects) -> None:
    """Four characters instead of eight."""
    model = objects.model
    objects.model = lambda: model()[:4]  # type: ignore[method-assign]
