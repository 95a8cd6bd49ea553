"""What the hub tells the broker, as an observation: the DCC passes it on to the user whom it concerns."""

from bench.observation import Observation, Pattern
from bench.parties import Device


def hub_alert(hub: Device, *codes: int) -> Pattern:
    """Return the pattern of an alert of the hub to the broker with one of these codes, as the DCC passes it on."""
    wanted = {f"{code:04X}" for code in codes}

    def matches(seen: Observation) -> bool:
        return (
            seen.kind == "dcc-alert"
            and seen.data.get("originator") == str(hub.eui)
            and (not wanted or seen.data.get("alert_code") in wanted)
        )

    words = f"alert {' or '.join(sorted(wanted)) or 'of any code'} from {hub} to the broker"
    return Pattern(words, matches, lambda seen: seen.kind == "dcc-alert")
