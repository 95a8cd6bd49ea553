"""The WAN between the DCC and one hub: antenna path and impairments; who sends learns whether it arrived."""

from collections.abc import Callable
from datetime import timedelta

from rigs.virtual.radio import Attenuation
from rigs.virtual.world import World

WAN_DELAY = timedelta(milliseconds=1200)
LINK_MARGIN_DB = 40.0
REGISTRATION = timedelta(seconds=3)  #: of the hub's modem, once there is a network
SECOND_COPY = timedelta(milliseconds=700)

#: gets what arrives, returns whether the other side could take it
Receiver = Callable[[bytes], bool]


class Wan:
    """One hub's WAN. Messages keep their order while its delay stays the same."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.antenna = Attenuation()
        self.delay = timedelta()
        self.duplicate = 0.0
        self.rate: int | None = None
        self.time_ahead = timedelta()  #: of the time it tells, against true time
        self._broken = False
        self._was_up = True
        self._busy_until = {True: world.now, False: world.now}
        self._listeners: list[Callable[[], None]] = []

    @property
    def up(self) -> bool:
        """Whether the hub has a network."""
        return not self._broken and self.antenna.db < LINK_MARGIN_DB

    def on_return(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever the hub's modem has registered again."""
        self._listeners.append(listener)

    def impair(self, *, delay: timedelta, duplicate: float, rate: int | None, broken: bool) -> None:
        """Change what is wrong with the path."""
        self.delay, self.duplicate, self.rate, self._broken = delay, duplicate, rate, broken
        self.changed()

    def set_time(self, ahead: timedelta) -> None:
        """Tell another time from now on."""
        self.time_ahead = ahead
        if self.up:
            self._registered()

    def changed(self) -> None:
        """Look whether the network has come back."""
        if self.up and not self._was_up:
            self.register()
        self._was_up = self.up

    def register(self) -> None:
        """The hub's modem looks for its network."""
        self._world.after(REGISTRATION, self._registered)

    def _registered(self) -> None:
        if self.up:
            for listener in self._listeners:
                listener()

    def send(self, message: bytes, receive: Receiver, outcome: Callable[[bool], None], *, upward: bool) -> None:
        """Carry a message; `outcome` tells, when it should have arrived, whether it did."""
        arrival = self._transit(len(message), upward)

        def arrive() -> None:
            outcome(self.up and receive(message))

        self._world.after(arrival, arrive)
        if self.duplicate and self._world.rng.random() < self.duplicate:
            self._world.after(arrival + SECOND_COPY, lambda: receive(message) if self.up else None)

    def _transit(self, octets: int, upward: bool) -> timedelta:
        """Return how long a message takes: its turn on a slow path, then the delay."""
        now = self._world.now
        if self.rate is None:
            return WAN_DELAY + self.delay
        starts = max(now, self._busy_until[upward])
        self._busy_until[upward] = starts + timedelta(seconds=octets * 8 / self.rate)
        return self._busy_until[upward] - now + WAN_DELAY + self.delay
