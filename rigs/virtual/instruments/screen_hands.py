"""Hands at the keys and the display of a meter: privacy PIN, pages, the dialogue that turns the supply on."""

from collections.abc import Callable

from rigs.virtual.meter_screen import ENABLE_SUPPLY, MeterScreen


def screen_acts(screen: MeterScreen) -> dict[str, Callable[[str], str]]:
    """Return the acts `pin NEW [OLD]` and `page NAME [PIN]`."""

    def set_pin(argument: str) -> str:
        digits, _, entered = argument.partition(" ")
        return "set" if screen.set_pin(digits, entered) else "refused"

    def page(argument: str) -> str:
        what, _, entered = argument.partition(" ")
        return screen.page(what, entered)

    return {"pin": set_pin, "page": page}


def turned_on(screen: MeterScreen, enable: Callable[[], bool], entered: str) -> bool:
    """Turn the supply on at a meter, past its PIN; returns whether it is on."""
    return screen.admits(ENABLE_SUPPLY, entered) and enable()
