"""What stands behind a hub's COSEM objects besides its device log: maker, model, version, logs (ECS26n, ECS35c, 52)."""

from typing import TYPE_CHECKING

from bench.gbcs.axdr import octets
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.dlms_logs import DlmsLogs
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.hub import HubFunction

MODEL, MAKER = attribute("1:0-0:96.1.4.255:2"), attribute("1:0-0:96.1.6.255:2")
FIRMWARE_VERSION, VERSION = attribute("1:0-0:0.2.1.255:2"), 0x01020007
MAKER_CODE, IMAGE_TYPE, HARDWARE = 0x10B6, 0x0003, 0x0100


class HubObjects(DlmsLogs):
    """Connects them."""

    def __init__(self, chf: "HubFunction") -> None:
        super().__init__(chf)
        objects = chf.cosem.objects
        objects.put(MODEL, lambda: octets(self.model()))
        objects.put(MAKER, lambda: octets(self.maker()))
        objects.put(FIRMWARE_VERSION, lambda: octets(self.firmware_version()))

    @rule("R-HUB-023")
    def model(self) -> bytes:
        """Return image type and hardware version, four characters each."""
        return f"{IMAGE_TYPE:04X}{HARDWARE:04X}".encode()

    @rule("R-HUB-022")
    def firmware_version(self) -> bytes:
        """Return the version of the firmware that the WAN provider has put in, four octets."""
        return VERSION.to_bytes(4)

    @rule("R-HUB-023")
    def maker(self) -> bytes:
        """Return the maker's code as four characters."""
        return f"{MAKER_CODE:04X}".encode()
