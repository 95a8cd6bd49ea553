"""`bench defects`: what can be put into the world of a rig. The rig's own service says so; the bench knows none."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from bench.errors import BenchError, UsageError
from bench.rigfile import load_rig_file

PATIENCE_S = 60


@dataclass(frozen=True)
class Defect:
    """A named deviation of a device from one rule."""

    name: str
    device: str
    breaks: str
    story: str
    theme: str = ""
    variant: str = ""  #: of electricity meter that it needs ("twin", "polyphase"), "" for any


def shipped(rig: Path, *references: str) -> list[Defect]:
    """Return the defects a rig's world knows, or those referred to (`path/to/file.py::name` for one from outside).

    Raises UsageError where there is none, BenchError if the world does not say.
    """
    file = load_rig_file(rig if rig.exists() else Path(__file__).resolve().parent.parent / rig)
    services = [service for service in file.services.values() if "defects" in service.accepts]
    if not services:
        raise UsageError(f"{rig}: nothing on this rig takes defects; name a rig with a virtual world")
    command = [*services[0].command, "--list-defects"]
    command = [word for at, word in enumerate(command) if word != "--receive" and command[at - 1] != "--receive"]
    for reference in references:
        command += ["--defect", reference]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        entries: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    except (OSError, ValueError, subprocess.TimeoutExpired) as problem:
        raise BenchError(f"{rig}: its world does not list its defects ({problem})") from None
    if entries and "error" in entries[-1]:
        raise UsageError(entries[-1]["error"])
    return [Defect(**entry) for entry in entries]


def run(rig: Path, as_json: bool, out: TextIO) -> int:
    """Print the defects: a table, or JSON lines."""
    found = shipped(rig)
    if as_json:
        for one in found:
            out.write(json.dumps(one.__dict__, ensure_ascii=False) + "\n")
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("defect", "device", "breaks", "story"):
        table.add_column(name, overflow="fold", no_wrap=name != "story")
    for one in found:
        table.add_row(one.name, one.device, one.breaks, one.story)
    console = Console(file=out)
    console.print(table)
    console.print(f"{len(found)} defects; put one in with: bench run --defect NAME (or path/to/file.py::name)")
    return 0
