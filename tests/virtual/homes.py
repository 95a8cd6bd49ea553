"""A virtual home in this process, without instruments: time is stepped, the DCC's posts and frames are collected."""

import contextlib
from dataclasses import dataclass, field
from datetime import timedelta

from bench.gbcs import Message
from bench.gbcs.crypto import add_mac, shared_secret, sign
from rigs.virtual.dcc import Poster
from rigs.virtual.home import ESME_EUI, START, Home, Site
from rigs.virtual.world import World


class Collector(Poster):
    """Keeps documents instead of posting them."""

    def __init__(self):
        self.documents = []

    def post(self, world, url, document):
        world.deliver("dcc")
        self.documents.append((world.now, document))


@dataclass
class Bench:
    """World, home and what came out of them."""

    world: World = None
    home: Home = None
    frames: list = field(default_factory=list)
    upward: list = field(default_factory=list)

    def run(self, seconds):
        until = self.world.now + timedelta(seconds=seconds)
        while self.world.now < until:
            self.world.step(until)

    @property
    def messages(self):
        """Messages of devices as the WAN saw them: (time, message)."""
        return self.upward

    @property
    def smki(self):
        return self.home.site.smki

    def command(self, code, payload, originator, counter, *, signed, supplier_key=None):
        """A complete command to the meter."""
        message = Message(1, counter, originator, ESME_EUI, code, payload, signature=b"")
        if signed:
            message = sign(message, supplier_key or self.smki.party(originator).private_keys["ds"])
        broker = self.smki.party(self.smki.identities.acb).private_keys["ka"]
        device = self.smki.device(ESME_EUI).certificates["ka"].public_key()
        return add_mac(message, shared_secret(broker, device))


def make(seed=1, defects=()):
    """Build a home and let it open its tunnel."""
    site = Site.of(seed, list(defects), "http://127.0.0.1:9/")
    site.poster = Collector()
    bench = Bench()

    def furnish(world):
        bench.home = Home(world, site, lambda psdu, dbm: bench.frames.append((world.now, psdu, dbm)))
        to_wan = bench.home.hub.to_wan

        def tap(transfer):
            with contextlib.suppress(ValueError):
                bench.upward.append((world.now, Message.parse(transfer)))
            to_wan(transfer)

        bench.home.hub.to_wan = tap

    bench.world = World(seed, START, furnish)
    bench.run(5)
    return bench
