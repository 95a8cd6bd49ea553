"""What is done with the events of an electricity meter: alert, HAN, sound, log, each set apart (ECS25a-r2).

A setting is 512 bits: which of 256 events are meant, then which of those are on; what is set is read back in 256.
"""

from typing import TYPE_CHECKING

from bench.gbcs.axdr import Data
from bench.gbcs.dlms import bits
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

SUPPLIER, OPERATOR = 0x81, 0x80  #: high octet of an event code: whose it is
ALERT, HAN, ALARM, LOG = 0x0B, 0x0C, 0x0D, 0x0E  #: group D of the object that is written
READ = 4  #: so much higher is that of the object that is read
#: what is on at first (reference data, ECS25r1 and ECS25r2)
_MOSTLY = (0x83, *range(0xA0, 0xA2), *range(0xA4, 0xB4), *range(0xB8, 0xBF), 0xC0, 0xC1, 0xC4, 0xC5)
AT_FIRST = {
    (SUPPLIER, ALERT): (0x0D, 0x0E, 0x19, *_MOSTLY),
    (SUPPLIER, HAN): (0x0D, 0x19, 0x68, 0xAA, 0xAB, 0xC4),
    (SUPPLIER, ALARM): (),
    (SUPPLIER, LOG): (0x45, 0x54, 0x55, 0x61, 0x62, *_MOSTLY, 0xA2, 0xA3, 0xC6),
    (OPERATOR, ALERT): (0x14, 0x15),
    (OPERATOR, LOG): (0x14, 0x15),
}
_MANUFACTURER = {SUPPLIER: 30, OPERATOR: 33}  #: group B of the objects
EVENTS, OCTETS = 256, 32


class EsmeBehaviour:
    """The settings, as sets of low octets of event codes by party and by what is done."""

    def __init__(self, esme: "Esme") -> None:
        self.on = {setting: set(events) for setting, events in AT_FIRST.items()}
        objects = esme.cosem.objects
        for setting in AT_FIRST:
            party, what = setting
            name = f"1:0-{_MANUFACTURER[party]}:97.98.{{}}.255:2"
            written, read = attribute(name.format(what)), attribute(name.format(what + READ))
            objects.written[written] = lambda value, setting=setting: self.set(setting, value)  # type: ignore[misc]
            objects.put(read, lambda setting=setting: self.get(setting))  # type: ignore[misc]

    @rule("R-ALT-012", "R-ALT-013")
    def set(self, setting: tuple[int, int], value: Data) -> None:
        """Take over one setting: of the events that are meant, which are on."""
        _, octets = value.value
        meant, on = _events(octets[:OCTETS]), _events(octets[OCTETS:])
        self.on[setting] = self.on[setting] - meant | meant & on

    @rule("R-ALT-014")
    def get(self, setting: tuple[int, int]) -> Data:
        """Return one setting as it is now."""
        return bits(sum(1 << event for event in self.on[setting]).to_bytes(OCTETS, "big"), EVENTS)

    @rule("R-ALT-010", "R-ALT-013", "R-ALT-016")
    def alerts(self, code: int) -> bool:
        """Whether an event is told over the WAN: 8Fxx always."""
        return self._does(code, ALERT)

    @rule("R-ALT-013", "R-ALT-016")
    def logs(self, code: int) -> bool:
        """Whether an event is written into its log: 8Fxx always."""
        return self._does(code, LOG)

    def _does(self, code: int, what: int) -> bool:
        party, event = divmod(code, EVENTS)
        return (party, what) not in self.on or event in self.on[party, what]


def _events(octets: bytes) -> set[int]:
    """Return the numbers of the bits that are set, the lowest last."""
    word = int.from_bytes(octets, "big")
    return {number for number in range(EVENTS) if word >> number & 1}
