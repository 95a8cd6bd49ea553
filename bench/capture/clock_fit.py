"""One clock for many sniffers: a line under the delays between a sniffer's clock and ours.

A frame arrives late by a constant, by the drift between the two clocks (crystals differ by up to 80 ppm) and by a
jitter that only adds (USB, scheduling). The line that lies under all delays of the last minute, as close to them as
it can, leaves the jitter out and follows the drift.
"""

import itertools
from collections import deque

WINDOW_US = 60_000_000
BIN_US = 1_000_000
SHORTEST_US, LEAST_BINS = 3_000_000, 4  #: least of the window from which a drift is read
WORST_PPM = 200
MAPPED_US = 300_000_000  #: so long after a comparison frames may be mapped without one
RESTART_US = 1_000_000  #: a clock this far back was started anew

Point = tuple[float, float]


class ClockFit:
    """Maps one sniffer's clock to ours. All times are microseconds."""

    def __init__(self, window_us: int = WINDOW_US, bin_us: int = BIN_US) -> None:
        self._window, self._bin = window_us, bin_us
        self._bins: deque[Point] = deque()  #: lowest (device time, delay) of each bin, both relative to the first
        self._lowest: Point | None = None  #: of the bin that is filling
        self._bin_end = 0.0
        self._device0 = self._delay0 = 0
        self._x0 = self._y0 = self._slope = 0.0
        self._last: int | None = None
        self._last_mapped = 0

    @property
    def drift_ppm(self) -> float:
        """How much slower the sniffer's clock runs than ours, as far as known."""
        return self._slope * 1e6

    def feed(self, device_us: int, host_us: int) -> int:
        """Take in a frame stamped `device_us` that arrived at `host_us`; return when it was on air, by our clock.

        Never later than its arrival, and never before the frame before it, unless the sniffer started anew.
        """
        if self._last is None or device_us < self._last - RESTART_US:
            self._start(device_us, host_us)
        silent = self._last is not None and device_us - self._last > self._window
        self._last = device_us
        x, y = float(device_us - self._device0), float(host_us - device_us - self._delay0)
        if silent:
            self._bins.clear()  # after a long silence the drift is still known, the constant is not
            self._x0, self._y0, self._lowest = x, y, None
        line = self._y0 + self._slope * (x - self._x0)
        if y < line:
            self._y0 -= line - y
            line = y
        if self._lowest is None or y - self._slope * x <= self._lowest[1] - self._slope * self._lowest[0]:
            self._lowest = (x, y)
        if x >= self._bin_end:
            self._close_bin(x)
        mapped = device_us + self._delay0 + round(line)
        self._last_mapped = mapped if mapped > self._last_mapped else min(self._last_mapped, host_us)
        return self._last_mapped

    def reads(self, device_us: int, host_us: int) -> bool:
        """Whether `map` knows the clock at a frame stamped `device_us` that is there at `host_us`."""
        last = self._last
        return last is not None and 0 <= device_us - last <= MAPPED_US and self.map(device_us) <= host_us

    def map(self, device_us: int) -> int:
        """Return when a frame stamped `device_us` was on air, by our clock, without learning from its arrival."""
        x = float(device_us - self._device0)
        return device_us + self._delay0 + round(self._y0 + self._slope * (x - self._x0))

    def _start(self, device_us: int, host_us: int) -> None:
        self._bins.clear()
        self._lowest = None
        self._device0, self._delay0 = device_us, host_us - device_us
        self._x0 = self._y0 = 0.0
        self._bin_end = float(self._bin)
        self._last_mapped = 0

    def _close_bin(self, x: float) -> None:
        assert self._lowest is not None
        self._bins.append(self._lowest)
        self._lowest = None
        self._bin_end = x + self._bin
        while len(self._bins) > 1 and self._bins[0][0] < x - self._window:
            self._bins.popleft()
        points = list(self._bins)
        if len(points) >= LEAST_BINS and points[-1][0] - points[0][0] >= SHORTEST_US:
            self._slope = _slope_below(points)
        self._x0, self._y0 = x, min(py + self._slope * (x - px) for px, py in points)


def _slope_below(points: list[Point]) -> float:
    """Return the slope of the line under all points with the least sum of distances, within what crystals can do.

    That line carries the edge of the lower convex hull over the mean of the abscissae.
    """
    hull: list[Point] = []
    for point in points:
        while len(hull) > 1 and _turns_right(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    mean = sum(x for x, _ in points) / len(points)
    edges = itertools.pairwise(hull)
    (x1, y1), (x2, y2) = next(((one, two) for one, two in edges if two[0] >= mean), (hull[0], hull[-1]))
    slope = (y2 - y1) / (x2 - x1) if x2 > x1 else 0.0
    return max(-WORST_PPM * 1e-6, min(WORST_PPM * 1e-6, slope))


def _turns_right(one: Point, two: Point, three: Point) -> bool:
    return (two[0] - one[0]) * (three[1] - one[1]) <= (two[1] - one[1]) * (three[0] - one[0])
