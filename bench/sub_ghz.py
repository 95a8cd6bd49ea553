"""The hub's sub-GHz network as a test sees it: the gas meter put there, settings and channel, time on air counted."""

from dataclasses import asdict
from datetime import datetime, timedelta

from bench import at_hand
from bench.capabilities import Hands
from bench.capture.stamps import airtime_us
from bench.curve import Axes, Curve
from bench.dcc.bodies import ReadCHFSubGHzChannel, ReadCHFSubGHzConfiguration, SetCHFSubGHzConfiguration
from bench.dcc_point import DccPoint
from bench.device_message import DeviceMessage
from bench.gbcs import Keystore, Message
from bench.gbcs.axdr import Data
from bench.gbcs.decode import decode
from bench.gbcs.dlms import DataNotification
from bench.gbcs.sub_ghz import SubGhzSettings, channel_of
from bench.observation import Observation, Pattern
from bench.parties import Device, Party
from bench.timeline import Timeline

ACK, TYPE = 2, 0x07  #: frame type of an acknowledgement, and where it is in the first octet
ACK_REQUEST = 0x20
IN_THE_BAND = Pattern("a frame in the sub-GHz band", lambda seen: seen.kind == "frame" and bool(seen.data.get("page")))


class SubGhz:
    """A dual-band hub's second network, with the gas meter on it."""

    def __init__(self, hub: Device, gsme: Device, dcc: DccPoint, hands: Hands, timeline: Timeline) -> None:
        self._hub, self._dcc, self._timeline = hub, dcc, timeline
        at_hand.act(hands, timeline, gsme.name, "band sub-ghz")

    def settings(self, user: Party) -> SubGhzSettings:
        """Read the settings (DBCH03)."""
        answer = self._dcc.ask(ReadCHFSubGHzConfiguration(), self._hub, as_user=user)
        return SubGhzSettings.of(answer.access.data[0])

    def channel(self, user: Party) -> tuple[int, int]:
        """Read page and number of the operating channel (DBCH01)."""
        answer = self._dcc.ask(ReadCHFSubGHzChannel(), self._hub, as_user=user)
        return self.channel_in(answer.access.data[0])

    def channel_in(self, shown: Data) -> tuple[int, int]:
        """Return page and number of the channel that a message shows."""
        return channel_of(int.from_bytes(shown[0].value[1]))

    def configure(self, settings: SubGhzSettings, user: Party) -> DeviceMessage:
        """Set the settings (6.28, DBCH04); returns the hub's answer."""
        texts = tuple((name, str(value)) for name, value in asdict(settings).items())
        return self._dcc.ask(SetCHFSubGHzConfiguration(settings=texts), self._hub, as_user=user)

    def settings_in(self, seen: Observation) -> SubGhzSettings:
        """Return the settings that an alert tells (DBCH09)."""
        payload = Message.parse(bytes.fromhex(seen.data["gbcs"])).payload
        return SubGhzSettings.of(DataNotification.parse(payload).data[2])

    def told(self, seen: Observation) -> dict[str, object]:
        """Return what an alert of the hub says."""
        found: dict[str, object] = decode(Message.parse(bytes.fromhex(seen.data["gbcs"])), Keystore())["payload"]
        return found

    def duty_curve(self) -> Curve:
        """Return a curve of time on air against what a test does."""
        against = Axes("commands an hour", "time on air (0.01 % of an hour)")
        return Curve(self._timeline, "hub, sub-GHz", "more commands", axes=against)

    def frames(self, after: Observation | datetime | None = None) -> list[Observation]:
        """Return the frames that were heard in the band."""
        return self._timeline.find(IN_THE_BAND, after=after)

    def time_on_air(self, after: datetime, until: datetime | None = None) -> timedelta:
        """Return how long the hub was on air in the band, its acknowledgements included, by the frames heard."""
        spent = 0
        asked: tuple[int, str] | None = None  #: sequence number of a frame that is to be acknowledged, and by whom
        for seen in self.frames(after):
            if until is not None and seen.time > until:
                break
            octets = len(seen.raw) + (0 if seen.data["fcs"] else 2)
            if seen.raw[0] & TYPE == ACK:
                mine = asked == (seen.raw[2], self._hub.type)
            else:
                mine = seen.data["src"] == self._hub.type
                asked = (seen.raw[2], str(seen.data["dst"])) if seen.raw[0] & ACK_REQUEST else None
            spent += airtime_us(octets, seen.data["page"]) if mine else 0
        return timedelta(microseconds=spent)
