"""The gas meter as a test acts on it by hand, and what its ZCL answers mean."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from bench import at_hand
from bench.answered import GBZ_FORM, of_the_device, unreadable
from bench.capabilities import Hands
from bench.dcc.bodies import Body
from bench.dcc_point import DccPoint
from bench.device_message import DeviceMessage, LogEntry
from bench.errors import Inconclusive
from bench.gbcs import GbcsError, names, zcl_payload
from bench.gbcs.check import encryption_counter, encryption_recipient, encryption_secret
from bench.gbcs.crypto import decrypt
from bench.gbcs.gbz import Gbz, GbzAlert, GbzComponent
from bench.gbcs.keystore import Keystore
from bench.gbcs.times import from_zigbee_utc, parse_date_time
from bench.gbcs.zcl_payload import decode_attribute
from bench.gbcs.zcl_values import read_string
from bench.observation import Observation
from bench.parties import Device, Party
from bench.timeline import Timeline

CLOSED, ARMED, OPEN = 0, 1, 2  #: supply status
DEFAULT_RESPONSE = 0x0B
INVALID_SAMPLE = 0xFFFFFF
_STRINGS = (0x41, 0x42)
HALF_HOUR = timedelta(minutes=30)


class AtTheMeter:
    """Hands at a meter (`gsme` or `esme`) and at the in-home display."""

    def __init__(self, hands: Hands, timeline: Timeline, meter: str = "gsme") -> None:
        self._hands, self._timeline, self._meter = hands, timeline, meter

    def _do(self, device: str, act: str) -> str:
        return at_hand.act(self._hands, self._timeline, device, act)

    def open_valve(self, pin: str = "") -> bool:
        """Press the button that opens the valve, and confirm, after a PIN if one is given; whether it opens."""
        return self._do(self._meter, f"open-valve {pin}".rstrip()) == "open"

    def press(self) -> bool:
        """Press that button once: to open, it asks for a second time. Returns whether the meter says it opens."""
        return self._do(self._meter, "press") == "open"

    def enable_supply(self, pin: str = "") -> bool:
        """Press the button of an electricity meter that turns the supply on; returns whether it is on."""
        return self._do(self._meter, f"enable-supply {pin}".rstrip()) == "on"

    def set_pin(self, digits: str, old: str = "") -> bool:
        """Set the privacy PIN by the keys, after the old one where there is one; returns whether it was taken."""
        return self._do(self._meter, f"pin {digits} {old}".rstrip()) == "set"

    def page(self, what: str, pin: str = "") -> str:
        """Return what a page of the meter shows (`reading`, `history`, `prepayment`, `message`, `number`).

        `blank` where it shows nothing, `hidden` where it asks for the PIN and the one that was given is not right.
        """
        return self._do(self._meter, f"page {what} {pin}".rstrip())

    def prepayment_status(self) -> dict[str, int]:
        """Return the figures of the page of the prepayment status, 1/1000 p: balance, debt to clear..."""
        rows = (one.rpartition(" ") for one in self.page("prepayment").split(", "))
        return {name: int(amount) for name, _, amount in rows}

    def press_boost(self) -> bool:
        """Press the boost button of an electricity meter, for a quarter of an hour (more); returns whether it is on."""
        return self._do(self._meter, "boost") == "on"

    def cancel_boost(self) -> bool:
        """End a boost at an electricity meter; returns whether there was one."""
        return self._do(self._meter, "cancel-boost") == "off"

    def set_taps(self, cubic_metres_an_hour: float) -> None:
        """Let the appliances behind the meter take an amount of gas (m3/h), 0 for all taps closed."""
        self._do(self._meter, f"taps {cubic_metres_an_hour:g}")

    def flow(self) -> float:
        """Return what really flows behind the meter (m3/h)."""
        return float(self._do(self._meter, "flow"))

    def enter_token(self, digits: str) -> bool:
        """Key a token in; returns whether the meter takes it."""
        return self._do(self._meter, f"token {digits}") == "accepted"

    def activate_emergency_credit(self) -> bool:
        """Ask for emergency credit at the meter; returns whether it is active."""
        return self._do(self._meter, "emergency-credit") == "active"

    def set_battery(self, days: int) -> None:
        """Put a battery in that lasts for some days, or use it up to that."""
        self._do(self._meter, f"battery {days}")

    def spoil_firmware(self) -> None:
        """Change a bit of the running firmware in the meter's memory, by the maker's own tool."""
        self._do(self._meter, "spoil-firmware")

    def reset_processor(self) -> None:
        """Let the meter's processor start anew, by the maker's own tool."""
        self._do(self._meter, "reset")

    def put_as_made(self) -> None:
        """Put a meter in as it left its maker, with a clock that nobody has set; it is joined and has credentials."""
        self._do(self._meter, "as-made")

    def test_valve(self) -> bool:
        """Let a gas meter test its valve, by its menu; returns whether it did."""
        return self._do(self._meter, "test-valve") == "tested"

    def fault(self, name: str) -> None:
        """Do to a gas meter what its sensors notice.

        `excess-flow`, `air`, `reverse-flow`, `tilt`, `upright` (again), `battery-cover-closed`.
        """
        self._do(self._meter, f"fault {name}")

    def jam(self) -> None:
        """Keep load switch or valve from moving, for the rest of the test."""
        self._do(self._meter, "jam")

    def open_cover(self) -> None:
        """Open the cover (of a gas meter, that of the battery), as somebody who tampers."""
        self._do(self._meter, "cover")

    def ask_display(self) -> None:
        """Let the in-home display show the gas used on the last days; it takes a moment."""
        self._do("ihd", "gas-history")

    def display(self) -> dict[str, int]:
        """Return what the in-home display shows: day ("2030-01-05") -> litres."""
        return shown_days(self._do("ihd", "display"))


def shown_days(text: str) -> dict[str, int]:
    """Return what a display shows ("2030-01-05 3082, ..." or "nothing"): day -> litres."""
    if text == "nothing":
        return {}
    return {day: int(litres) for day, litres in (one.split(" ") for one in text.split(", "))}


class GasPoint:
    """Asks the gas meter or its proxy through the DCC, and reads what they answer."""

    def __init__(self, dcc: DccPoint, keystore: Keystore) -> None:
        self._dcc, self._keystore = dcc, keystore

    def ask(self, body: Body, to: Device, *, as_user: Party, rule: str = "") -> "GasMessage":
        """Send a request and return the device's response: of the meter after its next wake."""
        return self.read(self._dcc.ask(body, to, as_user=as_user, rule=rule))

    def read(self, message: DeviceMessage | Observation) -> "GasMessage":
        """Return a message as one of the gas side."""
        seen = self._dcc.read(message) if isinstance(message, Observation) else message
        return GasMessage(seen, self._keystore)


@dataclass
class GasMessage:
    """A GBZ message of the gas meter or its proxy, decrypted."""

    device_message: DeviceMessage
    keystore: Keystore

    @property
    def seen(self) -> Observation:
        """Where the message stands on the timeline."""
        return self.device_message.seen

    @property
    def message(self) -> Any:
        """The GBCS message."""
        return self.device_message.message

    @property
    def protected_well(self) -> bool:
        """Whether nothing that could be verified failed, and something was there to verify."""
        return self.device_message.protected_well

    @cached_property
    @of_the_device(GBZ_FORM)
    def components(self) -> list[GbzComponent]:
        """The ZCL commands of the answer."""
        return list(Gbz.parse(self.message.payload).components)

    @property
    def encrypted(self) -> list[bool]:
        """Whether each component is encrypted."""
        return [one.encrypted for one in self.components]

    @of_the_device(GBZ_FORM)
    def plain(self, component: GbzComponent) -> bytes:
        """Return the ZCL payload of a component."""
        if component.ciphered is None:
            return component.payload
        message = self.message
        secret = encryption_secret(message, self.keystore)
        if secret is None:
            raise Inconclusive("the key agreement key needed to decrypt the response is not in the key store")
        return decrypt(
            component.ciphered, secret, message.originator, encryption_counter(message), encryption_recipient(message)
        )

    @property
    @of_the_device(GBZ_FORM)
    def statuses(self) -> list[int]:
        """The ZCL status of each component: that of a default response, else 0."""
        return [
            one.payload[1] if one.command == DEFAULT_RESPONSE and not one.encrypted else 0 for one in self.components
        ]

    @property
    @of_the_device(GBZ_FORM)
    def attributes(self) -> dict[str, int | bytes]:
        """The attributes in the answer: "0702:0000" -> value; those with a bad status are not there."""
        found = _Attributes(self)
        for one in self.components:
            if one.profile_wide and one.command != DEFAULT_RESPONSE:
                found |= _attributes(one.cluster, self.plain(one))
        return found

    @of_the_device(GBZ_FORM)
    def fields(self, number: int = 0) -> dict[str, Any]:
        """Return the fields of a cluster command in the answer, numbers as they are on the wire."""
        component = self.components[number]
        known = names.zcl_command(component.cluster, component.to_server, component.command)
        if known is None or component.command == DEFAULT_RESPONSE:
            raise GbcsError(f"component {number + 1} of the answer is a default response {component.payload.hex()}")
        return zcl_payload.decode(known.fields, self.plain(component))

    @of_the_device(GBZ_FORM)
    def reading_alerted(self) -> dict[str, Any]:
        """Return the billing reading in an alert 8F0A (GCS53), numbers as they are on the wire."""
        (component,) = self.alert.components
        known = names.zcl_command(component.cluster, component.to_server, component.command)
        if known is None or not component.encrypted:
            raise ValueError("no encrypted reading in the alert")
        return zcl_payload.decode(known.fields, self.plain(component))

    @of_the_device(GBZ_FORM)
    def log(self) -> list[LogEntry]:
        """Return the entries of a log that was read (CS10a, CS10b); none where the answer is NOT FOUND."""
        if self.statuses[0]:
            return []
        return [LogEntry(from_zigbee_utc(row["time"]), row["eventId"], row["data"]) for row in self.fields()["events"]]

    @of_the_device(GBZ_FORM)
    def samples(self) -> list[tuple[datetime, int]]:
        """Return sampled volumes (GCS17, GCS61): instant and litres; none where the answer is NOT FOUND."""
        if self.statuses[0]:
            return []
        sent = self.fields()
        step = HALF_HOUR if sent["interval"] != 0xFFFF else timedelta(days=1)
        first = from_zigbee_utc(sent["start"])
        rows = enumerate(sent["samples"])
        return [(first + step * number, row["sample"]) for number, row in rows if row["sample"] != INVALID_SAMPLE]

    @property
    @of_the_device(GBZ_FORM)
    def time(self) -> datetime | None:
        """The date-time in the header."""
        found = parse_date_time(self.message.date_time) if self.message.date_time else None
        return found if isinstance(found, datetime) else None

    @property
    @of_the_device(GBZ_FORM)
    def clock_status(self) -> int:
        """The clock status octet of that date-time."""
        return int(self.message.date_time[-1])

    @property
    @of_the_device(GBZ_FORM)
    def alert(self) -> GbzAlert:
        """The alert in a GBZ alert message."""
        return GbzAlert.parse(self.message.payload)


class _Attributes(dict[str, int | bytes]):
    """Attributes of an answer; one that is looked for and not there is the device's failure."""

    def __init__(self, answer: GasMessage) -> None:
        super().__init__()
        self._answer = answer

    def __missing__(self, name: str) -> int | bytes:
        raise unreadable(GBZ_FORM, self._answer, f"attribute {name} is not in the answer")


def _attributes(cluster: int, octets: bytes) -> dict[str, int | bytes]:
    found: dict[str, int | bytes] = {}
    at = 0
    while at + 3 <= len(octets):
        attribute, status = int.from_bytes(octets[at : at + 2], "little"), octets[at + 2]
        at += 3
        if status:
            continue
        kind, start = octets[at], at + 1
        value: Any
        if kind in _STRINGS:
            at = read_string(octets, start, "value")[1]
            value = octets[start + 1 : at]
        else:
            value, at = decode_attribute(kind, octets, start)
        found[f"{cluster:04X}:{attribute:04X}"] = value
    return found
