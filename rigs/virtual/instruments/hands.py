"""Hands at the devices of the virtual home: keys, taps, covers, displays, by text lines (see `drivers.hands`)."""

from collections.abc import Callable
from datetime import timedelta

from rigs.virtual.display import Display
from rigs.virtual.engineer_menu import ask_to_open
from rigs.virtual.esme import Esme
from rigs.virtual.export import GENERATION_W
from rigs.virtual.home import Home
from rigs.virtual.instruments.fault_hands import fault_acts
from rigs.virtual.instruments.gas_hands import gas_acts
from rigs.virtual.instruments.screen_hands import screen_acts, turned_on
from rigs.virtual.joining import Joiner
from rigs.virtual.meter_tunnel import MeterTunnel
from rigs.virtual.ppmid import METER_TYPES, Ppmid
from rigs.virtual.tunnel import BUSY, NO_MORE_TUNNELS

Act = Callable[[str], str]
REFUSALS = {"free": 0, "busy": BUSY, "full": NO_MORE_TUNNELS}
HCALCS_ACTS = ("plug", "unplug", "shield", "unshield", "jam", "contact")


class Hands:
    """Answers the text protocol; `home` returns the present baseline."""

    def __init__(self, home: Callable[[], Home]) -> None:
        self._home = home

    def answer(self, line: str) -> str:
        """Return the reply to a line."""
        if line.strip() == "HANDS?":
            return "HANDS bench 1"
        word, _, rest = line.partition(" ")
        device, _, rest = rest.partition(" ")
        act, _, argument = rest.partition(" ")
        acts = self._acts().get(device)
        if word != "DO" or acts is None:
            return f"ERR there are {', '.join(self._acts())}"
        if act not in acts:
            return f"ERR {device}: cannot {act}; it can {', '.join(acts)}"
        try:
            return f"OK {acts[act](argument)}"
        except ValueError as problem:
            return f"ERR {device} {act}: {problem}"

    def _acts(self) -> dict[str, dict[str, Act]]:
        home = self._home()
        esme, gsme, ihd, newcomer = home.esme, home.gsme, home.ihd, home.newcomer

        def band(argument: str) -> str:
            if argument != "sub-ghz":
                raise ValueError("sub-ghz?")
            home.gas_meter_below()
            return f"page {home.band_below.page} channel {home.band_below.channel}"

        def join_below(joiner: Joiner) -> str:
            joiner.join(home.band_below)
            return joiner.state

        def move_in(argument: str) -> str:
            if argument not in ("same-pan", "other-pan"):
                raise ValueError("same-pan or other-pan?")
            home.next_door(argument == "same-pan")
            return "there"

        def taps(argument: str) -> str:
            gsme.gas.set_flow(float(argument))
            return f"{gsme.gas.flow:g} m3/h"

        def battery(argument: str) -> str:
            gsme.set_battery(int(argument))
            return f"{gsme.battery_days} d"

        def cover(_: str) -> str:
            gsme.valve.tamper()
            return "open"

        def esme_cover(_: str) -> str:
            esme.switch.tampered()
            return "open"

        def spoil_firmware(_: str) -> str:
            esme.firmware.damaged = True
            return "spoiled"

        def history(display: Display) -> str:
            display.ask()
            return "asked"

        def wan_time(argument: str) -> str:
            home.wan.set_time(timedelta(seconds=float(argument)))
            return f"{home.wan.time_ahead.total_seconds():.3f} s ahead"

        def read(display: Display) -> str:
            display.read_meter()
            return "asked"

        def half_hours(display: Display) -> str:
            display.ask_half_hours()
            return "asked"

        def attempt(display: Display, argument: str) -> str:
            what, _, rest = argument.partition(" ")
            display.attempt(what, rest)
            return "sent"

        def reader(display: Display) -> dict[str, Act]:
            return {
                "gas-history": lambda _: history(display),
                "display": lambda _: display.shown,
                "read": lambda _: read(display),
                "figures": lambda _: "; ".join(f"{name}: {one}" for name, one in display.figures.items()) or "nothing",
                "half-hours": lambda _: half_hours(display),
                "ask-message": lambda _: display.ask_message() or "asked",  # type: ignore[func-returns-value]
                "message": lambda _: display.message or "nothing",
                "confirm-message": lambda _: display.confirm_message() or "sent",  # type: ignore[func-returns-value]
            }

        def fuel_and(argument: str) -> tuple[str, str]:
            fuel, _, rest = argument.partition(" ")
            if fuel not in METER_TYPES:
                raise ValueError(f"of {' or '.join(METER_TYPES)}?")
            return fuel, rest

        def keys(ppmid: Ppmid) -> dict[str, Act]:
            return {
                "token": lambda argument: ppmid.top_up(*fuel_and(argument)),
                "emergency-credit": lambda argument: ppmid.activate_emergency(fuel_and(argument)[0]),
                "enable-supply": lambda _: ppmid.turn_on(),
                "propose-supply": lambda argument: ppmid.turn_on(int(argument)),
                "shown": lambda _: ppmid.shown,
                "tunnels": lambda argument: _tunnels(ppmid, argument),
            }

        def button(joiner: Joiner) -> dict[str, Act]:
            return {
                "join": lambda _: joiner.join() or joiner.state,  # type: ignore[func-returns-value]
                "reset": lambda _: joiner.forget() or joiner.state,  # type: ignore[func-returns-value]
                "state": lambda _: joiner.state,
            }

        def hcalcs(argument: str) -> str:
            switch = home.household.hcalcs
            match argument:
                case "unplug" | "plug":
                    switch.plug(argument == "plug")
                case "shield" | "unshield":
                    switch.shielded = argument == "shield"
                case "jam":
                    switch.stuck = True
            return "closed" if switch.closed else "open"

        ppmid, cad = home.household.ppmid, home.household.cad
        return {
            "ppmid": keys(ppmid) | reader(ppmid.display),
            "second-ppmid": keys(home.household.second_ppmid)
            | button(home.household.joiner)
            | {"join-below": lambda _: join_below(home.household.joiner)},
            "cad": reader(cad)
            | {"open-inter-pan": lambda _: _ask_to_open(home)}
            | {"try": lambda argument: attempt(cad, argument), "refusal": lambda _: cad.refusal},
            "esme": {
                "enable-supply": lambda pin: (
                    "on" if turned_on(esme.screen, esme.switch.enable_locally, pin) else "stays off"
                ),
                "token": lambda digits: "accepted" if esme.prepayment.top_up_locally(digits) else "rejected",
                "emergency-credit": lambda _: "active" if esme.account.activate_emergency() else "not available",
                "cover": esme_cover,
                "spoil-firmware": spoil_firmware,
                "open-inter-pan": home.engineer_menu.open_inter_pan,
                "generate": lambda argument: _generate(esme, argument),
                "boost": lambda _: "on" if esme.auxiliary.boost.press() else "not available",
                "cancel-boost": lambda _: "off" if esme.auxiliary.boost.cancel() else "not on",
            }
            | screen_acts(esme.screen)
            | fault_acts(esme.processor_reset, esme.switch.jam, esme.time.as_made),
            "gsme": {
                "open-valve": lambda pin: (
                    "open"
                    if turned_on(gsme.screen, lambda: gsme.valve.press() or gsme.valve.press(), pin)
                    else "stays closed"
                ),
                "press": lambda pin: "open" if turned_on(gsme.screen, gsme.valve.press, pin) else "stays closed",
                "flow": lambda _: f"{gsme.gas.flowing:g}",
                "taps": taps,
                "token": lambda digits: "accepted" if gsme.prepayment.top_up_locally(digits) else "rejected",
                "emergency-credit": lambda _: "active" if gsme.account.activate_emergency() else "not available",
                "open-inter-pan": home.gas_menu.open_inter_pan,
                "battery": battery,
                "band": band,
                "cover": cover,
            }
            | screen_acts(gsme.screen)
            | fault_acts(gsme.processor_reset, gsme.valve.jam, gsme.time.as_made)
            | gas_acts(gsme),
            "hand-held": _terminal(home),
            "chf": {"lamps": lambda _: home.lamps.shown()},
            "hcalcs": {act: lambda _, act=act: hcalcs(act) for act in HCALCS_ACTS},  # type: ignore[misc]
            "ihd": reader(ihd),
            "wan": {"time": wan_time},
            "neighbour": {"move-in": move_in},
            "newcomer": button(newcomer)
            | {
                "gas-history": lambda _: history(home.new_ihd),
                "display": lambda _: home.new_ihd.shown,
            },
        }


def _terminal(home: Home) -> dict[str, Act]:
    """Acts at the hand-held terminal, which is taken out with the first of them."""

    def visit(_: str) -> str:
        home.hand_held.visit()
        return home.hand_held.state()

    def forget(_: str) -> str:
        home.hand_held.forget()
        return home.hand_held.state()

    def history(_: str) -> str:
        home.hand_held.display.ask()
        return "asked"

    def attempt(argument: str) -> str:
        what, _, rest = argument.partition(" ")
        home.hand_held.attempt(what, rest)
        return "sent"

    return {
        "join": visit,
        "reset": forget,
        "state": lambda _: home.hand_held.state(),
        "gas-history": history,
        "display": lambda _: home.hand_held.display.shown,
        "try": attempt,
        "refusal": lambda _: home.hand_held.display.refusal,
    }


def _tunnels(ppmid: Ppmid, argument: str) -> str:
    if argument not in REFUSALS or not isinstance(ppmid.tunnel, MeterTunnel):
        raise ValueError(f"{', '.join(REFUSALS)}?")
    ppmid.tunnel.refusal = REFUSALS[argument]
    return argument


def _ask_to_open(home: Home) -> str:
    ask_to_open(home.household.cad_node, home.world)
    return "sent"


def _generate(esme: Esme, argument: str) -> str:
    if argument not in ("on", "off"):
        raise ValueError("on or off?")
    esme.export.generate(GENERATION_W if argument == "on" else 0.0)
    return f"{esme.export.generation:g} W"
