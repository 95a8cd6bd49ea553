"""Sub-GHz settings and channels against the reference data."""

import pytest

from bench.gbcs import GbcsError, Message
from bench.gbcs.axdr import Data, structure
from bench.gbcs.dlms import AccessResponse, encode
from bench.gbcs.sub_ghz import ANY, SubGhzSettings, channel_data, channel_mask, channel_of
from tests.rtds import messages, needs_rtds, read


def read_settings() -> Data:
    """The structure of DBCH03_6.30_SUCCESS_RESPONSE."""
    (path,) = [one for one in messages() if one.name == "DBCH03_6.30_SUCCESS_RESPONSE_GBCS.HEX"]
    return AccessResponse.parse(Message.parse(read(path)).payload).data[0]


@needs_rtds
def test_settings_of_the_reference_data() -> None:
    settings = SubGhzSettings.of(read_settings())
    assert (settings.page_28, settings.page_31) == (0xE0000003, 0xF8000003)
    assert (settings.normal_limited, settings.limited_critical, settings.changes_per_week) == (125, 200, 4)
    assert settings.channels() == [(28, 0), (28, 1), (29, 27), (29, 28), (30, 35), (30, 36), (31, 0), (31, 1)]
    assert encode(settings.data()) == encode(read_settings())


def test_settings_of_another_number_are_refused() -> None:
    with pytest.raises(GbcsError, match="3 values, 15 expected"):
        SubGhzSettings.of(structure(SubGhzSettings().data().value[:3]))


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
