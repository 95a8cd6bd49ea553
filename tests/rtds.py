"""Where the Reference Test Data Set and the matching DUIS requests are, for tests that need them."""

import os
from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"


def _directory(variable: str, default: Path) -> Path | None:
    path = Path(os.environ[variable]) if os.environ.get(variable) else default
    return path if path.is_dir() else None


RTDS = _directory("BENCH_RTDS_DIR", _SHARED / "rtds")
DUIS = _directory("BENCH_DUIS_DIR", _SHARED / "duis" / "requests")

needs_rtds = pytest.mark.skipif(RTDS is None, reason="no Reference Test Data Set (set BENCH_RTDS_DIR)")
needs_duis = pytest.mark.skipif(DUIS is None, reason="no DUIS requests (set BENCH_DUIS_DIR)")


def messages() -> list[Path]:
    """Every message file, in a stable order; empty if the data set is absent."""
    if RTDS is None:
        return []
    return sorted(path for path in (RTDS / "messages").rglob("*") if path.is_file())


def read(path: Path) -> bytes:
    """The octets of one hex message file."""
    return bytes.fromhex("".join(path.read_text("ascii").split()))


def pair(path: Path) -> Path | None:
    """The response file of a command file, the command file of a response file; None if there is none."""
    name = path.name
    if "_PRECOMMAND" in name:
        other = name.replace("_PRECOMMAND", "_COMMAND")
    elif "_COMMAND" in name:
        other = name.replace("_COMMAND", "_RESPONSE")
    else:
        other = name.replace("_RESPONSE", "_COMMAND")
    partner = path.with_name(other)
    return partner if other != name and partner.is_file() else None
