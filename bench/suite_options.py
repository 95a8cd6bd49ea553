"""How pytest is told to run the suites, wherever the bench starts it."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: plugins of the development environment that no test case uses; each takes its time at start or end
UNUSED = ("hypothesispytest", "anyio")


def suite_options() -> list[str]:
    """Return pytest's options: the bench's plugin, its settings, and nothing of pytest's own on the screen."""
    settings = ROOT / "pyproject.toml"
    options = ["-p", "no:terminal", "-p", "no:cacheprovider", "-p", "bench.plugin", "-o", "addopts="]
    options += [word for name in UNUSED for word in ("-p", f"no:{name}")]
    return [*options, "-c", str(settings if settings.exists() else os.devnull), "--rootdir", str(ROOT)]
