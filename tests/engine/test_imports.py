"""What the command line costs before it does anything."""

import subprocess
import sys
from pathlib import Path

HEAVY = ("scapy", "pyvisa", "plotly", "numpy", "allure", "allure_commons", "pytest", "simpy", "zmq", "jinja2")


def test_the_command_line_imports_nothing_heavy() -> None:
    script = f"import sys, bench.cli; print([name for name in {HEAVY} if name in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
        cwd=Path(__file__).parents[2],
    )
    assert ran.stdout.strip() == "[]"
