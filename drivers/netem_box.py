"""The far end of the `netem` driver, for the Linux bridge in a hub's WAN path: `python -m drivers.netem_box eth1 eth2`.

Needs the right to change queueing disciplines (CAP_NET_ADMIN), and iproute2's `tc`.
"""

import argparse
import re
import socketserver
import subprocess
from collections.abc import Callable, Sequence

LONGEST = 4096
WORDS = re.compile(r"[a-z0-9%. ]*")

Run = Callable[[Sequence[str]], str]


def run_tc(words: Sequence[str]) -> str:
    """Run `tc`; return what it complains of, "" if nothing."""
    try:
        done = subprocess.run(["tc", *words], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"


def answer(line: str, interfaces: Sequence[str], run: Run = run_tc) -> str:
    """Return the reply to a line."""
    command, _, words = line.strip().partition(" ")
    if command == "NETEM?":
        return f"NETEM {' '.join(interfaces)}"
    if command != "SET" or not WORDS.fullmatch(words):
        return "ERR lines are NETEM? and SET with words of tc-netem"
    for interface in interfaces:
        problem = run(["qdisc", "replace", "dev", interface, "root", "netem", *words.split()])
        if problem:
            return f"ERR {interface}: {' '.join(problem.split())}"
    return "OK"


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m drivers.netem_box", description=__doc__)
    parser.add_argument("interfaces", nargs="+", help="of the bridge: towards the hub, and towards the DCC")
    parser.add_argument("--port", type=int, default=5025)
    arguments = parser.parse_args()

    class Connection(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while line := self.rfile.readline(LONGEST):
                reply = answer(line.decode("ascii", "replace"), arguments.interfaces)
                self.wfile.write(f"{reply}\n".encode())

    with socketserver.ThreadingTCPServer(("", arguments.port), Connection) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
