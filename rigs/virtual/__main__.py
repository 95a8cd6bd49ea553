"""The virtual rig: `python -m rigs.virtual`. Prints one JSON line when ready, ends when its standard input does."""

import argparse
import contextlib
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import TextIO

from rigs.virtual.addresses import (
    CAD_EUI,
    CHF_EUI,
    ESME_EUI,
    GPF_EUI,
    GSME_EUI,
    HAND_HELD_EUI,
    HCALCS_EUI,
    IHD_EUI,
    MPAN,
    MPRN,
    NEWCOMER_EUI,
    PPMID_EUI,
    SECOND_PPMID_EUI,
)
from rigs.virtual.defects import DefectError, find, shipped
from rigs.virtual.home import CHANNEL, PHASES, START, Home, Site
from rigs.virtual.instruments.ac_source import AcSource
from rigs.virtual.instruments.attenuator import StepAttenuator
from rigs.virtual.instruments.clock_port import ClockPort
from rigs.virtual.instruments.dcc_http import DccServer
from rigs.virtual.instruments.hands import Hands
from rigs.virtual.instruments.lines import LineServer
from rigs.virtual.instruments.local_port import LocalPort
from rigs.virtual.instruments.netem import NetemBridge
from rigs.virtual.instruments.outlet import Outlets, OutletServer
from rigs.virtual.instruments.signal_generator import SignalGenerator
from rigs.virtual.instruments.sniffer import NrfSniffer
from rigs.virtual.instruments.street import StreetGenerator
from rigs.virtual.instruments.ti_sniffer import TiSniffer
from rigs.virtual.instruments.zep_transmitter import ZepTransmitter
from rigs.virtual.inter_pan import Option
from rigs.virtual.world import World

TI_CLOSER_DB = 4.0
SUB_GHZ_SNIFFER = "sub_ghz_sniffer"  #: as rig files call it


class VirtualRig:
    """World, home and instruments of one process."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site = site
        self.home: Home
        self.sniffer = NrfSniffer(CHANNEL, lambda point: self.world.receive(point))  # noqa: PLW0108 - the world comes later
        self.ti_sniffer = TiSniffer(lambda point: self.world.receive(point))  # noqa: PLW0108
        self.sub_ghz_sniffer = TiSniffer(lambda point: self.world.receive(point), point=SUB_GHZ_SNIFFER)  # noqa: PLW0108
        self._noise = random.Random(seed)
        self.local: LocalPort | None = None
        self.world = World(seed, START, self._furnish)
        self.local = LocalPort(self.world, ESME_EUI, lambda: self.home.hub)
        self.home.hub.to_local = self.local.came_back
        source = AcSource(lambda: self.home.feeds, lambda: self._noise.gauss(0, 0.05), PHASES[site.variant])
        attenuator = StepAttenuator(lambda: self.home.attenuation)
        gas_attenuator = StepAttenuator(lambda: self.home.gas_attenuation)
        wan_attenuator = StepAttenuator(lambda: self.home.wan.antenna, lambda: self.home.wan.changed())  # noqa: PLW0108
        netem = NetemBridge(lambda: self.home.wan)
        outlets = Outlets(lambda: (self.home.meter_feed, self.home.hub_feed), self.world.lock)
        self.announcement = {
            "clock": LineServer(ClockPort(self.world).answer).port,
            "mains": LineServer(self._locked(source.scpi.execute)).port,
            "attenuator": LineServer(self._locked(attenuator.answer), "\r\n").port,
            "gas_attenuator": LineServer(self._locked(gas_attenuator.answer), "\r\n").port,
            "outlets": OutletServer(outlets).port,
            "wan_attenuator": LineServer(self._locked(wan_attenuator.answer), "\r\n").port,
            "wan": LineServer(self._locked(netem.answer)).port,
            "street": LineServer(self._locked(StreetGenerator(lambda: self.home.street).answer)).port,
            "sniffer": self.sniffer.path,
            "ti_sniffer": self.ti_sniffer.path,
            "sub_ghz_sniffer": self.sub_ghz_sniffer.path,
            "noise": LineServer(self._locked(SignalGenerator(lambda: self.home.noise).scpi.execute)).port,
            "local": self.local.port,
            "dcc": DccServer(self._post).port,
            "esme": str(ESME_EUI),
            "gsme": str(GSME_EUI),
            "ihd": str(IHD_EUI),
            "cad": str(CAD_EUI),
            "ppmid": str(PPMID_EUI),
            "hcalcs": str(HCALCS_EUI),
            "newcomer": str(NEWCOMER_EUI),
            "second_ppmid": str(SECOND_PPMID_EUI),
            "hand_held": str(HAND_HELD_EUI),
            "menu_pin": site.menu_pin,
            "transmitter": ZepTransmitter(self.world, lambda: self.home.medium).port,
            "hands": LineServer(self._locked(Hands(lambda: self.home).answer)).port,
            "chf": str(CHF_EUI),
            "gpf": str(GPF_EUI),
            "mpan": MPAN,
            "mprn": MPRN,
        }

    def _furnish(self, world: World) -> None:
        self.home = Home(
            world,
            self.site,
            lambda psdu, dbm: self._on_air(world, psdu, dbm),
            lambda psdu, dbm: self.sub_ghz_sniffer.hear(world, psdu, dbm, self.home.band_below),
        )
        if self.local is not None:
            self.home.hub.to_local = self.local.came_back

    def _on_air(self, world: World, psdu: bytes, dbm: float) -> None:
        self.sniffer.hear(world, psdu, dbm)
        self.ti_sniffer.hear(world, psdu, dbm + TI_CLOSER_DB, self.home.medium)

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
    parser.add_argument(
        "--list-defects", action="store_true", help="print shipped defects (or those given), JSON lines"
    )
    parser.add_argument("--variant", choices=PHASES, default="single", help="kind of electricity meter")
    parser.add_argument("--gas-below", action="store_true", help="put the gas meter on the sub-GHz network")
    parser.add_argument(
        "--inter-pan",
        choices=list(Option),
        default=Option.POWER_ON,
        help="what opens the hub's door for hand-held terminals",
    )
    parser.add_argument("--sleepy-ppmid", action="store_true", help="have a PPMID that sleeps and polls")
    parser.add_argument("--receive", help="URL at which the DCC's users receive")
    parser.add_argument("--write-keys", type=Path, metavar="DIR", help="write the test keys of this seed and end")
    arguments = parser.parse_args()
    if arguments.write_keys:
        print(json.dumps(Site.of(arguments.seed, [], "").write(arguments.write_keys)))
        return 0
    if arguments.list_defects:
        return list_defects(arguments.defect)
    if not arguments.receive:
        parser.error("--receive is needed")
    with contextlib.redirect_stdout(sys.stderr):  # the announcement is alone on standard output
        return serve(arguments, sys.__stdout__)


def list_defects(references: list[str]) -> int:
    """Print defects, one JSON line each: those referred to, or all that are shipped; one that is not found says why."""
    try:
        for one in [find(reference) for reference in references] or shipped():
            print(json.dumps(one.as_dict(), ensure_ascii=False))
    except LookupError as problem:
        print(json.dumps({"error": str(problem.args[0])}))
        return 2
    return 0


def serve(arguments: argparse.Namespace, out: TextIO | None) -> int:
    """Build the rig, announce it, and wait for the end."""

    def announce(what: dict[str, object]) -> None:
        print(json.dumps(what), file=out, flush=True)

    try:
        defects = [find(reference) for reference in arguments.defect]
        site = Site.of(arguments.seed, defects, arguments.receive, arguments.variant)
        site.gas_below, site.inter_pan = arguments.gas_below, Option(arguments.inter_pan)
        site.sleepy_ppmid = arguments.sleepy_ppmid
        rig = VirtualRig(site, arguments.seed)
    except (LookupError, DefectError) as problem:
        announce({"error": str(problem.args[0])})
        return 2
    with tempfile.TemporaryDirectory(prefix="smets-bench-keys-") as folder:
        announce(rig.announcement | site.write(Path(folder)))
        sys.stdin.buffer.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
