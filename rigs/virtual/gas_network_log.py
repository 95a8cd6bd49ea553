"""The network data log of a gas meter: use sampled for a time that the transporter starts (GCS31, read by GCS18)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs.gbz import GbzComponent
from bench.gbcs.times import from_zigbee_utc
from rigs.virtual.gbz_device import METERING, made, values
from rigs.virtual.gsme_objects import NETWORK_DATA, sampled
from rigs.virtual.rules import rule
from rigs.virtual.zcl_objects import Answer

if TYPE_CHECKING:
    from rigs.virtual.gsme import Gsme

START_SAMPLING, STARTED = 0x07, 0x0D
NOT_STARTED = 0xFFFF
INTERVAL, SAMPLES = 360, 41  #: seconds; so many are recorded


class NetworkDataLog:
    """The samples of the latest recording: when each was taken, litres since the one before."""

    def __init__(self, gsme: "Gsme") -> None:
        self._gsme = gsme
        self._samples: list[tuple[datetime, int]] = []
        self._running: object = None
        self._last = 0
        gsme.zcl.objects.commands[METERING, True, START_SAMPLING] = lambda component: self.start(component)  # noqa: PLW0108

    @rule("R-GAS-012", "R-GAS-018")
    def start(self, component: GbzComponent) -> Answer:
        """Begin to record, and answer with the number under which the samples can be read."""
        asked = values(component)
        number = self.sample_id(asked["interval"], asked["maxSamples"])
        if number != NOT_STARTED:
            self._samples, self._last = [], self._gsme.objects.register()
            self._running = mark = object()
            self._plan(mark)
        return [(STARTED, made(METERING, False, STARTED, {"sampleId": number}))]

    @rule("R-GAS-018")
    def sample_id(self, interval: int, samples: int) -> int:
        """Return the number of the recording, FFFF where the meter cannot record as it is asked to."""
        return NETWORK_DATA if (interval, samples) == (INTERVAL, SAMPLES) else NOT_STARTED

    def _plan(self, mark: object) -> None:
        self._gsme.at(self._gsme.clock() + timedelta(seconds=INTERVAL), lambda: self._sample(mark))

    def _sample(self, mark: object) -> None:
        if self._running is not mark:
            return
        litres = self._gsme.objects.register()
        self._samples.append((self._gsme.clock(), litres - self._last))
        self._last = litres
        if self.goes_on():
            self._plan(mark)

    @rule("R-GAS-012")
    def goes_on(self) -> bool:
        """Whether another sample is to be taken: there are not all yet."""
        return len(self._samples) < SAMPLES

    @rule("R-GAS-012")
    def read(self, component: GbzComponent) -> Answer:
        """Return the samples from an instant on (GCS18)."""
        asked = values(component)
        start = from_zigbee_utc(asked["earliest"])
        return sampled(NETWORK_DATA, INTERVAL, [row for row in self._samples if row[0] >= start][: asked["nSamples"]])
