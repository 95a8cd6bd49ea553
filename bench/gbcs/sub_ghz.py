"""Settings of a hub's sub-GHz network (DBCH03, DBCH04, DBCH09) and its channel (DBCH01, DBCH02, DBCH07).

Order and types are those of the reference data. Which of the numbers is which is read from their sizes there, and
unverified but for the masks: 125 and 200, 130 and 220 fit the two duty cycle thresholds in 0.01 % of an hour.
"""

from dataclasses import astuple, dataclass, fields
from typing import Self

from bench.gbcs.axdr import Data, bits, octets, structure, u8, u16
from bench.gbcs.errors import GbcsError

#: channels of each page, in the order of the bits of its mask
CHANNELS: dict[int, tuple[int, ...]] = {
    28: tuple(range(27)),
    29: (*range(27, 35), 62),
    30: tuple(range(35, 62)),
    31: tuple(range(27)),
}
ANY = {page: page << 27 | (1 << len(channels)) - 1 for page, channels in CHANNELS.items()}  #: masks
_TYPES = (*(4,) * 4, 2, 2, 1, 2, 1, 1, 2, 1, 2, 2, 2)  #: octets of each value, in order


def _made(size: int, value: int) -> Data:
    if size == 4:
        return bits(value.to_bytes(4), 32)
    return u16(value) if size == 2 else u8(value)


@dataclass(frozen=True, slots=True)
class SubGhzSettings:
    """The fifteen settings, in their order on the wire."""

    page_28: int = ANY[28]  #: masks of 32 bits: the page, and the channels that may be used
    page_29: int = ANY[29]
    page_30: int = ANY[30]
    page_31: int = ANY[31]
    normal_limited: int = 150  #: duty cycle from which on it is limited, 0.01 % of an hour
    limited_critical: int = 208  #: and critical
    changes_per_week: int = 4  #: of the channel, at most
    noise_period: int = 6
    curfew: int = 6
    quieter_by: int = 10  #: dB by which another channel must be quieter
    retry_percentage: int = 5050
    noise_threshold: int = 95  #: from which level on a channel is noisy, -dBm
    other_period: int = 90
    failure_percentage: int = 5000
    poor_percentage: int = 3000

    def data(self) -> Data:
        """Return the structure of the messages."""
        return structure([_made(size, value) for size, value in zip(_TYPES, astuple(self), strict=True)])

    @classmethod
    def of(cls, data: Data) -> Self:
        """Read the structure. Raises GbcsError when it has another number of values."""
        values = data.value
        if len(values) != len(_TYPES):
            raise GbcsError(f"sub-GHz settings: {len(values)} values, {len(_TYPES)} expected")
        return cls(
            *(
                int.from_bytes(one.value[1]) if size == 4 else one.value
                for size, one in zip(_TYPES, values, strict=True)
            )
        )

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the settings, in order."""
        return tuple(one.name for one in fields(cls))

    def masks(self) -> dict[int, int]:
        """Return the mask of each page."""
        return dict(zip(CHANNELS, astuple(self)[:4], strict=True))

    def channels(self) -> list[tuple[int, int]]:
        """Return page and number of each channel that may be used."""
        masks = self.masks()
        return [
            (page, number)
            for page, channels in CHANNELS.items()
            for bit, number in enumerate(channels)
            if masks[page] >> bit & 1
        ]


def channel_mask(page: int, number: int) -> int:
    """Return the mask that names one channel."""
    return page << 27 | 1 << CHANNELS[page].index(number)


def channel_data(page: int, number: int) -> Data:
    """Return a channel as DBCH01 and DBCH07 show it: its mask, and which bit of the mask it is."""
    bit = CHANNELS[page].index(number)
    return structure([bits(channel_mask(page, number).to_bytes(4), 32), octets(bytes((bit,)))])


def channel_of(mask: int) -> tuple[int, int]:
    """Return page and number of the one channel a mask names. Raises GbcsError when it names none or several."""
    page, chosen = mask >> 27, mask & 0x07FFFFFF
    if page not in CHANNELS or chosen.bit_count() != 1 or chosen.bit_length() > len(CHANNELS[page]):
        raise GbcsError(f"channel mask {mask:08X} names no channel of pages 28 to 31, or several")
    return page, CHANNELS[page][chosen.bit_length() - 1]


def centre_mhz(page: int, channel: int) -> float:
    """Return the centre frequency of a channel (IEEE 802.15.4: page 0 is 2.4 GHz)."""
    if page == 0:
        return 2405.0 + 5 * (channel - 11)
    return (915.35 if page == 31 else 863.25) + 0.2 * channel
