"""Full decode to named, scaled values: with verification against the bare cryptography, and without any, by item.

An output item is a leaf of what ``bench decode --json`` shows, but for file name and round trip.
"""

import gc
import time
from typing import Any

from bench.gbcs import Message
from bench.gbcs.decode import decode
from benchmarks.floor import prepare
from benchmarks.measure import each, medians, one_core, rate, say, verdict
from benchmarks.messages import load

GOAL = 0.35
RATE_GOAL = 10_000
ITEM_GOAL = 0.75


def leaves(shown: Any) -> int:
    """Values in a nested dict."""
    if isinstance(shown, dict):
        return sum(map(leaves, shown.values()))
    return sum(map(leaves, shown)) if isinstance(shown, list) else 1


def main() -> None:
    """Measure and report."""
    one_core()
    messages = load()
    store, broker = messages.keystore, messages.broker
    floor = prepare(messages)
    count = len(messages.octets)

    gc.collect()
    start = time.process_time()
    shown = [decode(Message.parse(octets), None, None, False) for octets in messages.octets]
    cold = time.process_time() - start
    items = sum(map(leaves, shown))
    del shown

    def project() -> None:
        store.close()
        each(lambda octets: decode(Message.parse(octets), store, broker, False), messages.octets)()

    plain = each(lambda octets: decode(Message.parse(octets), None, None, False), messages.octets)
    bare, mine, alone = medians(floor.verify_and_decrypt, project, plain)
    say(f"{messages.name}: {items} items, {items / count:.1f} a message")
    say(f"without cryptography {rate(count, alone)}: {alone / items * 1e6:.3f} us an item (goal {ITEM_GOAL})")
    say(f"  the first time, tables read and readers compiled: {cold / items * 1e6:.3f} us an item")
    say(f"floor                {rate(count, bare)}")
    say(f"with verification    {rate(count, mine)} (goal {RATE_GOAL:,}/s)")
    verdict("decode", bare / mine, "floor", max(GOAL, RATE_GOAL * bare / count))


if __name__ == "__main__":
    main()
