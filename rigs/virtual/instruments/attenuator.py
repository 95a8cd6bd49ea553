"""A virtual Mini-Circuits RCDAT-6000-90."""

import re
from collections.abc import Callable

from rigs.virtual.radio import Attenuation

MODEL, SERIAL, MAX_DB, STEP_DB = "RCDAT-6000-90", "11310290001", 90.0, 0.25
_SET = re.compile(r":?(?:CHAN:1:)?SETATT[:=](-?\d+(?:\.\d+)?)", re.IGNORECASE)


class StepAttenuator:
    """Answers the text protocol; `path` returns the attenuation of the present baseline, `moved` hears of changes."""

    def __init__(self, path: Callable[[], Attenuation], moved: Callable[[], None] = lambda: None) -> None:
        self._path, self._moved = path, moved

    def answer(self, line: str) -> str:
        """Return the reply to a command."""
        path = self._path()
        asked = {
            "MN?": f"MN={MODEL}",
            "SN?": f"SN={SERIAL}",
            "FIRMWARE?": "FIRMWARE=B1",
            "ATT?": f"{path.db:g}",
            "CHAN:1:ATT?": f"{path.db:g}",
        }
        setting = _SET.fullmatch(line)
        if setting is None:
            return asked.get(line.upper().lstrip(":"), f"-99 Unrecognized Command. MN:{MODEL} SN:{SERIAL}")
        wanted = float(setting[1])
        if wanted < 0:
            return "0"
        path.db = min(MAX_DB, round(wanted / STEP_DB) * STEP_DB)
        self._moved()
        return "2" if wanted > MAX_DB else "1"
