"""A capture of a million encrypted frames into decrypted columns, beside tshark with the same keys and fields.

CPU seconds of both, in turns. The bare loop opens both layers of every frame with batched AES-ECB and keeps nothing.
"""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.han.columns import Capture, decode
from bench.han.columns.headers import read_headers
from bench.han.columns.inner import finish, read_inner
from bench.han.columns.opening import open_network
from bench.han.query_values import NO_EUI
from benchmarks.han_traffic import DEVICES, FRAMES, HUB, capture, keyring, keys
from benchmarks.measure import rate, say, verdict

GOAL, GOAL_VALUES = 10.0, 5.0
TURNS = 2
FIELDS = (
    "frame.number", "frame.time_epoch", "wpan.frame_type", "wpan.seq_no", "wpan.dst_pan", "wpan.src16", "wpan.dst16",
    "zbee_nwk.src", "zbee_nwk.dst", "zbee_nwk.radius", "zbee_nwk.seqno", "zbee_nwk.src64", "zbee_nwk.cmd.id",
    "zbee.sec.counter", "zbee.sec.key_seqno", "zbee_aps.type", "zbee_aps.counter", "zbee_aps.cluster",
    "zbee_aps.profile", "zbee_aps.src", "zbee_aps.dst", "zbee_aps.block", "zbee_zcl.cmd.tsn", "zbee_zcl.cmd.id",
    "zbee_zcl.cs.cmd.id",
)  # fmt: skip
VALUES = (
    "zbee_zcl.attr.id", "zbee_zcl.attr.data.type", "zbee_zcl.attr.uint8", "zbee_zcl.attr.uint16",
    "zbee_zcl.attr.uint48", "zbee_zcl.attr.int24", "zbee_zcl.attr.utc",
)  # fmt: skip


def tshark(path: Path, fields: tuple[str, ...]) -> float:
    """CPU seconds of tshark printing the fields of every frame."""
    command = ["tshark", "-r", str(path), "-T", "fields"]
    for number, key in enumerate(keys()):
        command += ["-o", f'uat:zigbee_pc_keys:"{key.hex()}","Normal","{number}"']
    for field in fields:
        command += ["-e", field]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile() as out:
        subprocess.run(command, stdout=out, stderr=subprocess.DEVNULL, check=True)
        out.seek(0)
        lines = sum(1 for _ in out)
    assert lines == FRAMES, f"tshark printed {lines} frames"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ours(path: Path, *, attributes: bool) -> float:
    """CPU seconds of the batch decoder."""

    def run() -> None:
        frames = opened = records = 0
        for columns in decode(path, keyring(), attributes=attributes, repeats=False):
            frames += len(columns)
            opened += int((columns.fields["decrypted"] == 1).sum())
            records += len(columns.attributes.row)
        assert frames == opened == FRAMES
        assert not attributes or records > FRAMES // 2

    return _cpu(run)


def bare(path: Path) -> float:
    """CPU seconds of opening alone."""
    euis = {short: eui for eui, short, _ in DEVICES} | {0: HUB}
    table = np.full(1 << 16, NO_EUI, np.uint64)
    table[list(euis)] = list(euis.values())

    def run() -> None:
        keys, opened = keyring(), 0
        for batch in Capture(path).batches():
            work, secured = read_headers(batch, repeats=False)
            open_network(work, secured, keys, 0)
            inner = read_inner(secured, work.fields["nwk_type"][secured.rows])
            for end in ("src", "dst"):
                work.fields[f"{end}_eui"] = table[work.fields[f"nwk_{end}"]]
            finish(work, secured, inner, np.arange(len(secured.rows)), keys)
            opened += int((work.fields["decrypted"] == 1).sum())
        assert opened == FRAMES

    return _cpu(run)


def _cpu(run: Callable[[], None]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    """Measure and report."""
    if shutil.which("tshark") is None:
        sys.exit("han_columns: needs tshark (Debian: apt-get install tshark)")
    path = capture()
    taken: dict[str, list[float]] = {}
    for _ in range(TURNS):
        for name, run in (
            ("columns", lambda: ours(path, attributes=False)),
            ("columns with attribute values", lambda: ours(path, attributes=True)),
            ("bare loop", lambda: bare(path)),
            ("tshark", lambda: tshark(path, FIELDS)),
            ("tshark with attribute values", lambda: tshark(path, FIELDS + VALUES)),
        ):
            taken.setdefault(name, []).append(run())
    best = {name: min(times) for name, times in taken.items()}
    say(f"{FRAMES:,} encrypted frames, {path.stat().st_size / 1e6:.0f} MB")
    for name, seconds in best.items():
        say(f"{name}: {rate(FRAMES, seconds)} of CPU")
    say(f"bare loop: {best['tshark'] / best['bare loop']:.2f} x tshark")
    say(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    verdict(
        "han_columns_values",
        best["tshark with attribute values"] / best["columns with attribute values"],
        "tshark -T fields with attribute values",
        GOAL_VALUES,
    )
    verdict("han_columns", best["tshark"] / best["columns"], "tshark -T fields", GOAL)


if __name__ == "__main__":
    main()
