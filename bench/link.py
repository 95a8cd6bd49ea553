"""The radio path between hub and meter as a test acts on it."""

from bench.capabilities import Attenuator
from bench.curve import Curve, note_limits
from bench.errors import SafetyError
from bench.rigfile import SafetyTable
from bench.timeline import Timeline


class Link:
    """One attenuated radio path."""

    def __init__(
        self, name: str, attenuator: Attenuator, timeline: Timeline, safety: SafetyTable, rest_db: float
    ) -> None:
        self.name = name  #: of its two ends: "CHF - ESME"
        self._attenuator, self._timeline, self._safety = attenuator, timeline, safety
        self.rest_db = rest_db

    def attenuate(self, db: float) -> float:
        """Set the attenuation (dB, rounded to the instrument's grid); returns what is in force."""
        step = self._attenuator.step
        wanted = round(db / step) * step
        if not 0 <= wanted <= self._safety.attenuation_max:
            limit = f"0 to {self._safety.attenuation_max:g} dB"
            raise SafetyError(f"attenuation {wanted:g} dB is outside the rig's envelope of {limit}")
        self._timeline.record("link", "stimulus", {"text": f"link: attenuate by {wanted:g} dB", "attenuation": wanted})
        return self._attenuator.set_attenuation(wanted)

    def black_out(self) -> float:
        """Attenuate as far as the rig allows."""
        return self.attenuate(self._safety.attenuation_max)

    def curve(self, direction: str) -> Curve:
        """Return a curve to measure on this link; `direction` says how the attenuation goes ("falling signal")."""
        return Curve(self._timeline, self.name, direction)

    def note_limits(self, **limits: float) -> None:
        """Put limits of this link (name -> dB) on the timeline, for the report to draw."""
        note_limits(self._timeline, self.name, **limits)

    def settle(self) -> None:
        """Return to the rig's nominal attenuation."""
        self.attenuate(self.rest_db)
