"""`bench han summary`: what captures show as a whole, as tables or as JSON."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from bench.gbcs.text import scalar
from bench.han.errors import HanError
from bench.han.search_command import complain
from bench.han.sniff_command import Options, SniffError, keyring

if TYPE_CHECKING:
    from bench.han.columns import Decoder
    from bench.han.summary import Summary

OK, DAMAGED, USAGE = 0, 1, 2


def run(paths: list[str], options: Options, as_json: bool, out: TextIO) -> int:
    """Print the summary of captures taken together.

    Returns 0, 1 when one of the files is damaged, 2 with one line on standard error for a usage error.
    """
    from bench.han.columns import Decoder
    from bench.han.summary import Summary

    try:
        keys = keyring(options)
        if not paths:
            raise SniffError("nothing to sum up; give captures")
        for text in paths:
            if "\0" in text or not Path(text).is_file():
                raise SniffError(f"{scalar(text)} is no file; give captures")
    except SniffError as fault:
        complain(str(fault))
        return USAGE
    summary, code = Summary(keys), OK
    decoder = Decoder(keys, attributes=False)
    for text in paths:
        code = max(code, _take(Path(text), decoder, None))
    # Once more, with the keys that came late or in another of the files.
    decoder = decoder.anew() if decoder.again or len(paths) > 1 else Decoder(keyring(options), attributes=False)
    for text in paths:
        _take(Path(text), decoder, summary)
    told = summary.told()
    if as_json:
        out.write(json.dumps({"files": paths} | told) + "\n")
    else:
        _show(told, out)
    return code


def _take(path: Path, decoder: "Decoder", summary: "Summary | None") -> int:
    """Decode a capture; what is wrong with it is told the first time, when there is no summary yet."""
    from bench.han.columns import Capture
    from bench.han.columns.repeats import Repeats

    repeats = Repeats()
    try:
        for batch in Capture(path, keyring=decoder.keyring).batches():
            columns = decoder.decode(batch)
            if summary is not None:
                summary.take(columns, repeats.take(columns))
    except HanError as fault:
        if summary is None:
            complain(f"{scalar(str(path))}: {fault}")
        return DAMAGED
    except OSError as fault:
        if summary is None:
            complain(f"{scalar(str(path))} cannot be read: {fault.strerror or 'input/output error'}")
        return DAMAGED
    return OK


def _show(told: dict[str, Any], out: TextIO) -> None:
    from rich.console import Console

    console = Console(file=out, highlight=False, width=None if out.isatty() else 120)
    undecrypted = told["undecrypted"]
    console.print(
        f"{told['frames']:,} frames in {told['seconds']:,.0f} s, {told['damaged']:,} damaged; "
        f"{undecrypted['frames']:,} not decrypted ({undecrypted['share']:.1%})"
    )
    _table(console, "Networks", ("pan", "channels", "frames", "key_sequences", "coordinator"), told["networks"])
    _table(console, "Devices", ("eui", "short", "pan", "type", "name", "frames"), told["devices"])
    joins = [
        {
            "device": join["device"],
            "steps (frame, time)": ", ".join(
                f"{step} ({n}, {join['seconds'][step]:.3f} s)" for step, n in join["steps"].items()
            ),
        }
        for join in told["joins"]
    ]
    _table(console, "Joins", ("device", "steps (frame, time)"), joins)
    links = [
        link | {"rssi": "" if link["rssi"] is None else "{mean} ({least:.0f} .. {greatest:.0f})".format(**link["rssi"])}
        for link in told["links"]
    ]
    _table(console, "Links (levels at the sniffer)", ("from", "to", "frames", "retries", "rssi", "lqi"), links)
    reasons = [{"reason": reason, "frames": count} for reason, count in undecrypted["reasons"].items()]
    _table(console, "Not decrypted", ("reason", "frames"), reasons)
    console.print("Repeats: " + ", ".join(f"{name} {count:,}" for name, count in told["repeats"].items()))
    latency = told["tunnel_latency"]
    if latency["answered"]:
        console.print(
            f"Tunnel requests: {latency['answered']} answered in {latency['least_s']:.3f} .. "
            f"{latency['greatest_s']:.3f} s, median {latency['median_s']:.3f} s; {latency['unanswered']} unanswered"
        )
    _table(console, "Anomalies", ("anomaly",), [{"anomaly": text} for text in told["anomalies"]])


def _table(console: Any, title: str, columns: tuple[str, ...], entries: list[dict[str, Any]]) -> None:
    from rich.table import Table

    if not entries:
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in columns:
        number = isinstance(entries[0][name], int)
        table.add_column(name.replace("_", " "), justify="right" if number else "left", overflow="fold")
    for entry in entries:
        table.add_row(*(_cell(entry[name]) for name in columns))
    console.print()
    console.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return (
        " ".join(map(str, value)) if isinstance(value, list) else f"{value:,}" if isinstance(value, int) else str(value)
    )
