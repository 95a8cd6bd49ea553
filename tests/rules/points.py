"""Writes docs/override-points.md, the methods a defect may replace, by class: python -m tests.rules"""

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.rules.links import Code, marked

PATH = Path(__file__).parents[2] / "docs" / "override-points.md"
HEAD = """# Override points

Made by `python -m tests.rules`; a test fails when it is stale. Do not edit.

Every method here implements the rules beside it and is stable: its name, its arguments and what it returns change only
with a note in the changelog of the project. [How to write a defect](defects.md) says how to replace one.
"""


def member(code: Code) -> Callable[..., Any]:
    """Return the function itself."""
    module: Any = importlib.import_module(code.file.removesuffix(".py").replace("/", "."))
    found = inspect.getattr_static(getattr(module, code.owner) if code.owner else module, code.name)
    found = found.__func__ if isinstance(found, staticmethod | classmethod) else found
    function: Callable[..., Any] = found.fget if isinstance(found, property) else found
    return function


def page() -> str:
    """Return the text of docs/override-points.md."""
    points = marked()
    owners = sorted({(code.file, code.owner) for code in points})
    lines = [HEAD, f"{len(points)} methods of {len(owners)} classes."]
    for file, owner in owners:
        where = f"[`{file}`](../{file})"
        lines += ["", f"## {owner or 'Functions'} ({where})", ""]
        lines += ["| method | what it does | rules |", "| --- | --- | --- |"]
        for code in sorted(one for one in points if (one.file, one.owner) == (file, owner)):
            function = member(code)
            names = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]
            said = (inspect.getdoc(function) or "").partition("\n")[0].replace("|", "\\|")
            lines.append(f"| `{code.name}({', '.join(names)})` | {said} | {' '.join(points[code])} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    PATH.write_text(page(), encoding="utf-8")
