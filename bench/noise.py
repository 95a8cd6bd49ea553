"""A noise source beside the home area network, as a test acts on it."""

from bench.capabilities import NoiseSource
from bench.curve import Axes, Curve
from bench.errors import SafetyError
from bench.gbcs.sub_ghz import centre_mhz
from bench.timeline import Timeline


class Noise:
    """One source. `limit` is the highest power (dBm) that the rig allows."""

    def __init__(self, source: NoiseSource, timeline: Timeline, limit: float) -> None:
        self._source, self._timeline, self._limit = source, timeline, limit

    def on(self, channel: int, dbm: float, page: int = 0) -> None:
        """Emit on a channel (page 0 is 2.4 GHz) with a power. Raises SafetyError beyond the rig's envelope."""
        if dbm > self._limit:
            raise SafetyError(f"noise of {dbm:g} dBm is outside the rig's envelope of {self._limit:g} dBm")
        where = f"page {page} channel {channel}"
        self._timeline.record("noise", "stimulus", {"text": f"noise on {where} of {dbm:g} dBm", "power": dbm})
        self._source.emit(centre_mhz(page, channel), dbm)

    def off(self) -> None:
        """Emit nothing."""
        self._timeline.record("noise", "stimulus", {"text": "no noise"})
        self._source.silence()

    def curve(self, link: str) -> Curve:
        """Return a curve of commands answered on a link against the power of the noise."""
        return Curve(self._timeline, link, "more noise", axes=Axes("noise (dBm)", "answered (%)"))
