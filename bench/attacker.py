"""Somebody with a radio beside the home: sends frames again, changed, or without the protection they should have.

The network key is taken as known (a device that was stolen holds it), the link keys are not. Frames are sent in the
name of others; the counter of the hop is the attacker's own, so that no device is shut out afterwards.
"""

from datetime import UTC, datetime

from bench.capabilities import Transmitter
from bench.clock import Clock
from bench.errors import Inconclusive
from bench.han.aps import ApsFrame
from bench.han.mac import BROADCAST, MacFrame, MacType, with_fcs
from bench.han.nwk import NwkFrame, NwkType
from bench.han.security import secure_nwk
from bench.han_point import HanPoint
from bench.observation import Observation
from bench.timeline import Timeline

EUI = bytes.fromhex("00155F00DEADBEEF")  #: of the attacker's radio
COUNTERS_FROM = datetime(2020, 1, 1, tzinfo=UTC)
COUNTERS_A_SECOND = 4  #: 32 bits last until 2054


class Attacker:
    """Sends frames on the channel of the network."""

    def __init__(
        self, transmitter: Transmitter, han: HanPoint, timeline: Timeline, clock: Clock, network_key: bytes
    ) -> None:
        self._transmitter, self._han, self._timeline, self._key = transmitter, han, timeline, network_key
        self._counter = int((clock.now() - COUNTERS_FROM).total_seconds()) * COUNTERS_A_SECOND
        self._sequence = 0

    def send(self, frame: MacFrame, words: str) -> Observation:
        """Send a frame as it is; returns where on the timeline that was."""
        return self._send(frame.psdu(), words)

    def replay(self, heard: Observation) -> Observation:
        """Send a frame again that was heard on the air, octet by octet."""
        psdu = bytes(heard.raw)
        octets = psdu[:-2] if heard.data.get("fcs", True) else psdu
        return self._send(with_fcs(octets), f"frame {heard.number} again ({heard.data.get('what')})")

    def _send(self, psdu: bytes, words: str) -> Observation:
        self._han.expect_forged(psdu)
        sent = self._timeline.record("attacker", "stimulus", {"text": f"attacker sends {words}"}, psdu)
        self._transmitter.transmit(psdu)
        return sent

    def data(
        self, source: Observation, aps: ApsFrame, words: str, *, network_security: bool, to: int | None = None
    ) -> Observation:
        """Send an APS frame in the name of the device that sent the frame `source`, to its receiver or to `to`.

        `network_security`: under the network key, as the last hop of a frame that came by way of the attacker.
        """
        heard = self._han.frame_of(source)
        if heard is None or heard.mac is None or heard.nwk is None or heard.mac.pan is None:
            raise Inconclusive(f"timeline {source.number} is no frame of the network")
        destination = heard.nwk.dst if to is None else to
        nwk = NwkFrame.data(destination, heard.nwk.src, self._next(), bytes(aps), src_eui=heard.src_eui)
        if network_security:
            self._counter += 1  # begins with the time, so that it rises from run to run
            nwk = secure_nwk(nwk, self._key, self._counter, EUI)
        mac = MacFrame.data(heard.mac.pan, destination, heard.nwk.src, self._sequence, bytes(nwk))
        return self.send(mac, words)

    def inter_pan(
        self, source: Observation, aps: ApsFrame, words: str, *, to: bytes | None = None, own_name: bool = False
    ) -> Observation:
        """Send an inter-PAN frame, past network and security, to all or to a device by its EUI-64.

        It is in the name of the device that sent `source`, or in that of the attacker's own radio.
        """
        heard = self._han.frame_of(source)
        if heard is None or heard.mac is None or heard.mac.pan is None:
            raise Inconclusive(f"timeline {source.number} is no frame of the network")
        stub = bytes(NwkFrame(NwkType.INTER_PAN)) + bytes(aps)
        sender = EUI if own_name else heard.src_eui or EUI
        receiver = BROADCAST if to is None else bytes(to)
        frame = MacFrame(MacType.DATA, self._next(), heard.mac.pan, receiver, heard.mac.pan, sender, stub)
        return self.send(frame, words)

    def _next(self) -> int:
        self._sequence = (self._sequence + 1) & 0xFF
        return self._sequence
