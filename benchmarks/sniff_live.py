"""`bench sniff` with a filter against 16 sniffers at 500 frames a second each: whether it keeps up with the air.

Nothing can be decrypted, which costs most: each frame goes to the dissector. Frames come through pseudo terminals.
"""

import argparse
import io
import sys
import threading
import time

from bench.han.sniff_command import Options
from bench.sniff import listen
from benchmarks.measure import say, verdict
from benchmarks.sniffers import Sniffers
from drivers.nrf_sniffer import NrfSnifferConfig

GOAL = 1.0
CHANNELS, RATE = 16, 500
FILTER = "cluster == price or frame >= 0 and channel == 11"  #: one sniffer's frames are let through


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sniff_live", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    sniffers = Sniffers(CHANNELS, RATE, seconds)
    wanted = {
        f"sniffer-{channel}": ("nrf-sniffer", NrfSnifferConfig(resource=path, channel=channel))
        for path, channel in sniffers.lines
    }
    out = io.StringIO()
    used, began = time.process_time(), time.monotonic()
    listening = threading.Thread(
        target=listen, args=(wanted, Options(as_json=True, filter=FILTER), out, seconds + 6.0), daemon=True
    )
    listening.start()
    sent, stall = sniffers.sent()
    listening.join()
    used, took = time.process_time() - used, time.monotonic() - began
    sniffers.close()
    on_air, dropped = sum(number for number, _ in sent), sum(count for _, count in sent)
    shown = out.getvalue().count("\n")
    say(f"{CHANNELS} sniffers at {RATE}/s for {seconds:g} s: {on_air} frames on air, {dropped} found a line not read")
    say(f"the sniffers themselves were held up for {stall * 1000:.0f} ms at worst")
    say(f"bench sniff: {used / on_air * 1e6:.1f} us of CPU a frame, {used / took:.0%} of a core")
    verdict("sniff_live", shown / sent[0][0], "frames of the sniffer that the filter lets through", GOAL)


if __name__ == "__main__":
    sys.exit(main())
