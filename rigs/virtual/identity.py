"""What a meter says of itself: supply point, maker, model, kind (device rules on identity)."""

from typing import TYPE_CHECKING

from bench.gbcs.axdr import Data, octets
from rigs.virtual.cosem_objects import Attribute, attribute
from rigs.virtual.firmware import HARDWARE, IMAGE_TYPES, MAKER
from rigs.virtual.gbz_device import text
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme
    from rigs.virtual.gsme import Gsme

IMPORT_MPAN, EXPORT_MPAN = attribute("1:0-0:94.44.34.11:2"), attribute("1:1-0:0.0.2.255:2")
VARIANT, MODEL = attribute("1:0-0:96.1.2.255:2"), attribute("1:0-0:96.1.4.255:2")
MAKERS_CODE = attribute("1:0-0:96.1.6.255:2")
MPAN_DIGITS = 13
VARIANTS = {"single": b"A", "twin": b"B", "polyphase": b"C"}
BASIC, METERING = 0x0000, 0x0702
MAKER_NAME, MODEL_NAME, SITE = 0x0004, 0x0005, 0x0307
OCTET_STRING, CHARACTER_STRING = 0x41, 0x42


class EsmeIdentity:
    """MPANs, maker and model of an electricity meter."""

    def __init__(self, esme: "Esme") -> None:
        self._esme = esme
        objects = esme.cosem.objects
        objects.put(IMPORT_MPAN, octets(esme.mpan.encode()))
        objects.put(EXPORT_MPAN, octets(b""))
        for key in (IMPORT_MPAN, EXPORT_MPAN):
            objects.allowed[key] = lambda value: self.mpan_allowed(value)  # noqa: PLW0108
        parts: dict[Attribute, str] = {VARIANT: "variant", MODEL: "model", MAKERS_CODE: "maker"}
        for key, name in parts.items():
            objects.put(key, lambda name=name: octets(getattr(self, name)()))  # type: ignore[misc]

    @rule("R-IDN-001")
    def mpan_allowed(self, mpan: Data) -> bool:
        """Whether an MPAN may be written: thirteen digits, of two elements those of both in a row."""
        digits = bytes(mpan.value)
        lengths = (MPAN_DIGITS, 2 * MPAN_DIGITS) if self._esme.variant == "twin" else (MPAN_DIGITS,)
        return len(digits) in lengths and digits.isdigit()

    @rule("R-IDN-002")
    def variant(self) -> bytes:
        """Return what kind of meter it is: A one element and one phase, B two elements, C three phases."""
        return VARIANTS[self._esme.variant]

    @rule("R-IDN-002")
    def model(self) -> bytes:
        """Return image type and hardware version, four hexadecimal characters each."""
        return f"{IMAGE_TYPES['ESME']:04X}{HARDWARE:04X}".encode()

    @rule("R-IDN-002")
    def maker(self) -> bytes:
        """Return the maker's code as four hexadecimal characters."""
        return f"{MAKER:04X}".encode()


class GsmeIdentity:
    """MPRN, maker and model of a gas meter."""

    def __init__(self, gsme: "Gsme") -> None:
        self._gsme = gsme
        objects = gsme.zcl.objects
        objects.put((METERING, SITE), OCTET_STRING, lambda: text(self.mprn()))
        objects.put((BASIC, MAKER_NAME), CHARACTER_STRING, lambda: text(self.maker()))
        objects.put((BASIC, MODEL_NAME), CHARACTER_STRING, lambda: text(self.model()))

    @rule("R-IDN-004")
    def mprn(self) -> bytes:
        """Return the MPRN, as UTF-8 digits (GCS46)."""
        return self._gsme.mprn.encode()

    @rule("R-IDN-002")
    def model(self) -> bytes:
        """Return image type and hardware version, four hexadecimal characters each (GCS21m)."""
        return f"{IMAGE_TYPES['GSME']:04X}{HARDWARE:04X}".encode()

    @rule("R-IDN-002")
    def maker(self) -> bytes:
        """Return the maker's code as four hexadecimal characters (GCS21m)."""
        return f"{MAKER:04X}".encode()
