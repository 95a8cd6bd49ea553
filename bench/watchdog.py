"""The bench's dead man's handle: a process of its own that makes the rig safe when the bench dies.

It is given the rig on its standard input and waits there. `disarm` means a good end; end of file without it means
that the bench is gone, and every instrument is then connected afresh and brought to its safe state.
"""

import json
import sys
import time
from typing import Any

from bench.driver import Driver, driver_class
from bench.rig import make_safe
from bench.rigfile import RigFile, check_rig, instrument_config

ATTEMPTS = 3  #: an instrument with one connection may not have noticed yet that the bench has gone
PAUSE_S = 1.0


def main() -> int:
    """Wait, and act when the bench dies. Exit code 0 when disarmed, 4 when it had to act."""
    try:
        orders: dict[str, Any] = json.loads(sys.stdin.readline())
    except ValueError:
        return 0  # the bench died before it had acted on anything
    if sys.stdin.readline().strip() == "disarm":
        return 0
    file = check_rig(orders["rig"], orders["path"])
    sys.stderr.write("the bench has gone without a word; making the rig safe\n")
    for name, table in file.instruments.items():
        instrument = driver_class(table["driver"])(name, instrument_config(orders["path"], name, table))
        if not hasattr(instrument, "make_safe"):
            continue
        for _ in range(ATTEMPTS):
            problems = _bring_to_rest(instrument, file)
            sys.stderr.writelines(f"{line}\n" for line in problems or [f"{name} is safe"])
            if not problems:
                break
            time.sleep(PAUSE_S)
    return 4


def _bring_to_rest(instrument: Driver, file: RigFile) -> list[str]:
    try:
        instrument.open()
        return make_safe([instrument], file)
    except Exception as problem:  # whatever it is, the other instruments still need their rest
        return [str(problem)]
    finally:
        instrument.close()


if __name__ == "__main__":
    sys.exit(main())
