"""Mixed traffic of a signing user: read the service request, check the pre-command against it; memory stays flat."""

import os
import resource
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

from bench.dcc import Device, ServiceRequest
from bench.dcc import bodies as b
from bench.dcc.correlate import correlate
from bench.dcc.errors import DuisError
from bench.dcc.transform import transform
from bench.gbcs import Eui64
from benchmarks.measure import medians, one_core, rate, say, verdict

#: transactions a second the national programme is sized for
PROGRAMME = 34
GOAL = 50.0
LONG_RUN = 100_000
_SHARED = Path(__file__).resolve().parents[2] / "shared"
_SUPPLIER, _ESME = Eui64.of("90-AB-CD-00-00-01-00-00"), Eui64.of("00-AB-12-34-56-78-90-A0")
_BROKER = Eui64.of("90-AB-CD-00-00-02-00-00")


def main() -> None:
    """Measure and report."""
    one_core()
    name, traffic = _samples() or _generated()
    work = _transactions(traffic)
    (mine,) = medians(lambda: work(len(traffic)), repetitions=5)
    before = _peak()
    work(LONG_RUN)
    grown = _peak() - before
    say(f"{name}: {rate(len(traffic), mine)}")
    say(f"memory over {LONG_RUN:,} more: {grown / 1024:+.1f} MiB at the peak")
    verdict("correlate", len(traffic) / mine / PROGRAMME, f"{PROGRAMME} transactions a second", GOAL)


def _transactions(traffic: list[tuple[bytes, bytes]]) -> Callable[[int], None]:
    def run(count: int) -> None:
        for document, message in islice(cycle(traffic), count):
            correlate(ServiceRequest.parse(document), message)

    return run


def _peak() -> int:
    """Peak resident set of the process, KiB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _samples() -> tuple[str, list[tuple[bytes, bytes]]] | None:
    """Public service requests with the message of the same name that means the same."""
    rtds = Path(os.environ.get("BENCH_RTDS_DIR", _SHARED / "rtds"))
    requests = rtds.parent / "duis" / "requests"
    if not requests.is_dir() or not (rtds / "messages").is_dir():
        return None
    files = {path.name: path for path in (rtds / "messages").rglob("*.HEX")}
    found = []
    for path in sorted(requests.glob("*.XML")):
        stem = path.name.removesuffix("_REQUEST_DUIS.XML")
        message = files.get(f"{stem}_PRECOMMAND_GBCS.HEX") or files.get(f"{stem}_COMMAND_GBCS.HEX")
        if message is None:
            continue
        pair = path.read_bytes(), bytes.fromhex("".join(message.read_text("ascii").split()))
        try:
            correlate(ServiceRequest.parse(pair[0]), pair[1])
        except DuisError:  # the request of another edition than the message
            continue
        found.append(pair)
    return f"public samples, {len(found)} pairs", found


def _generated() -> tuple[str, list[tuple[bytes, bytes]]]:
    found = []
    for counter, body in enumerate((b.ArmSupply(), b.EnableSupply(), b.DisableSupply()), 1000):
        request = ServiceRequest.of(_SUPPLIER, _ESME, counter, body)
        made = transform(request, device=Device.ESME, acb=_BROKER, acb_counter=counter, at=datetime.now(UTC))
        found += [(bytes(request), bytes(message)) for message in made]
    return f"generated, {len(found)} pairs", found


if __name__ == "__main__":
    main()
