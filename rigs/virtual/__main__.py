"""The virtual rig: `python -m rigs.virtual`. Prints one JSON line when ready, ends when its standard input does."""

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

from rigs.virtual.defects import find
from rigs.virtual.home import CHANNEL, CHF_EUI, ESME_EUI, GPF_EUI, MPAN, START, Home, Site
from rigs.virtual.instruments.ac_source import AcSource
from rigs.virtual.instruments.attenuator import StepAttenuator
from rigs.virtual.instruments.clock_port import ClockPort
from rigs.virtual.instruments.dcc_http import DccServer
from rigs.virtual.instruments.lines import LineServer
from rigs.virtual.instruments.local_port import LocalPort
from rigs.virtual.instruments.sniffer import NrfSniffer
from rigs.virtual.world import World


class VirtualRig:
    """World, home and instruments of one process."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site = site
        self.home: Home
        self.sniffer = NrfSniffer(CHANNEL, lambda point: self.world.receive(point))  # noqa: PLW0108 - the world comes later
        self._noise = random.Random(seed)
        self.local: LocalPort | None = None
        self.world = World(seed, START, self._furnish)
        self.local = LocalPort(self.world, ESME_EUI, lambda: self.home.hub)
        self.home.hub.to_local = self.local.came_back
        source = AcSource(lambda: self.home.feed, lambda: self._noise.gauss(0, 0.05))
        attenuator = StepAttenuator(lambda: self.home.attenuation)
        self.announcement = {
            "clock": LineServer(ClockPort(self.world).answer).port,
            "mains": LineServer(self._locked(source.scpi.execute)).port,
            "attenuator": LineServer(self._locked(attenuator.answer), "\r\n").port,
            "sniffer": self.sniffer.path,
            "local": self.local.port,
            "dcc": DccServer(self._post).port,
            "esme": str(ESME_EUI),
            "chf": str(CHF_EUI),
            "gpf": str(GPF_EUI),
            "mpan": MPAN,
        }

    def _furnish(self, world: World) -> None:
        self.home = Home(world, self.site, lambda psdu, dbm: self.sniffer.hear(world, psdu, dbm))
        if self.local is not None:
            self.home.hub.to_local = self.local.came_back

    def _locked(self, answer):
        def locked(line: str) -> str | None:
            with self.world.lock:
                reply: str | None = answer(line)
                return reply

        return locked

    def _post(self, service: str, document: bytes) -> bytes:
        with self.world.lock:
            return self.home.dcc.post(service, document)


def main() -> int:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m rigs.virtual", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--defect", action="append", default=[])
    parser.add_argument("--receive", required=True, help="URL at which the DCC's users receive")
    arguments = parser.parse_args()
    try:
        defects = [find(reference) for reference in arguments.defect]
    except LookupError as problem:
        print(json.dumps({"error": str(problem.args[0])}), flush=True)
        return 2
    site = Site.of(arguments.seed, defects, arguments.receive)
    with tempfile.TemporaryDirectory(prefix="smets-bench-keys-") as folder:
        rig = VirtualRig(site, arguments.seed)
        print(json.dumps(rig.announcement | site.write(Path(folder))), flush=True)
        sys.stdin.buffer.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
