"""Sub-GHz settings and channels against the reference data."""

import pytest

from bench.gbcs import GbcsError
from bench.gbcs.axdr import decode_all
from bench.gbcs.dlms import encode
from bench.gbcs.sub_ghz import ANY, SubGhzSettings, channel_data, channel_mask, channel_of

#: the structure of DBCH03_6.30_SUCCESS_RESPONSE of the reference data
READ = bytes.fromhex(
    "020F0420E00000030420E80000030420F00000030420F800000312007D1200C811041200061106110A1213BA117D12005A121388120BB8"
)


def test_settings_of_the_reference_data() -> None:
    settings = SubGhzSettings.of(decode_all(READ))
    assert (settings.page_28, settings.page_31) == (0xE0000003, 0xF8000003)
    assert (settings.normal_limited, settings.limited_critical, settings.changes_per_week) == (125, 200, 4)
    assert settings.channels() == [(28, 0), (28, 1), (29, 27), (29, 28), (30, 35), (30, 36), (31, 0), (31, 1)]
    assert encode(settings.data()) == READ


def test_settings_of_another_number_are_refused() -> None:
    short = decode_all(READ)
    with pytest.raises(GbcsError, match="3 values, 15 expected"):
        SubGhzSettings.of(type(short)(short.tag, short.value[:3]))


def test_channel_of_the_reference_data() -> None:
    """DBCH07_NA_8F26_ALERT: mask E0000001 and channel 00."""
    shown = channel_data(28, 0)
    assert (shown[0].value, shown[1].value) == ((32, bytes.fromhex("E0000001")), b"\0")


@pytest.mark.parametrize("channel", [(28, 26), (29, 27), (29, 62), (30, 35), (30, 61), (31, 0)])
def test_masks_name_one_channel(channel: tuple[int, int]) -> None:
    assert channel_of(channel_mask(*channel)) == channel


@pytest.mark.parametrize("mask", [0xE0000000, 0xE0000003, 0x08000001, 0xE8000200])
def test_masks_of_no_channel(mask: int) -> None:
    with pytest.raises(GbcsError, match="names no channel"):
        channel_of(mask)


def test_masks_of_all_channels() -> None:
    """Full masks as an open stack has them."""
    assert {page: f"{mask:08X}" for page, mask in ANY.items()} == {
        28: "E7FFFFFF", 29: "E80001FF", 30: "F7FFFFFF", 31: "FFFFFFFF",
    }  # fmt: skip
