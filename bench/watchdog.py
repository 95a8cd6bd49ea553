"""The bench's dead man's handle: a process of its own that makes the rig safe when the bench dies.

It is given the rig on its standard input and waits there. `disarm` means a good end; end of file without it means
that the bench is gone, and every instrument is then connected afresh and brought to its safe state.
"""

import json
import sys
from typing import Any

from bench.driver import driver_class
from bench.errors import BenchError
from bench.rig import make_safe
from bench.rigfile import check_rig, instrument_config


def main() -> int:
    """Wait, and act when the bench dies. Exit code 0 when disarmed, 4 when it had to act."""
    orders: dict[str, Any] = json.loads(sys.stdin.readline())
    if sys.stdin.readline().strip() == "disarm":
        return 0
    file = check_rig(orders["rig"], orders["path"])
    sys.stderr.write("the bench has gone without a word; making the rig safe\n")
    for name, table in file.instruments.items():
        instrument = driver_class(table["driver"])(name, instrument_config(orders["path"], name, table))
        if not hasattr(instrument, "make_safe"):
            continue
        try:
            instrument.open()
        except BenchError as problem:
            sys.stderr.write(f"{problem}\n")
            continue
        for line in make_safe([instrument], file) or [f"{name} is safe"]:
            sys.stderr.write(f"{line}\n")
        instrument.close()
    return 4


if __name__ == "__main__":
    sys.exit(main())
