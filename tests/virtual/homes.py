"""A virtual home in this process, without instruments: time is stepped, the DCC's posts and frames are collected."""

import contextlib
from dataclasses import dataclass, field
from datetime import timedelta

from bench.dcc import Device, ServiceRequest
from bench.dcc.bodies import TopUpDevice
from bench.dcc.transform import transform
from bench.gbcs import Cra, Message
from bench.gbcs.crypto import add_mac, shared_secret, sign
from bench.gbcs.dlms import AccessResponse
from bench.gbcs.utrn import ValueClass, build
from rigs.virtual.addresses import ESME_EUI
from rigs.virtual.dcc import Poster
from rigs.virtual.home import START, Home, Site
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
    counter: int = 1000

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

    def ask(self, body, user=None, counter=None, seconds=10):
        """Send what a request becomes to the meter; return what the meter sends."""
        who = self.smki.identities
        user = user or who.supplier
        self.counter = counter or self.counter + 1
        request = ServiceRequest.of(user, ESME_EUI, self.counter, body)
        role = "NetworkOperator" if user == who.network_operator else "Supplier"
        (message, *_) = transform(
            request, device=Device.ESME, acb=who.acb, acb_counter=self.counter, cos_party=who.cos_party,
            cos_counter=self.counter, at=self.world.now, user_role=role,
        )  # fmt: skip
        if message.signature is None or message.originator == who.cos_party:
            message = sign(message, self.smki.party(message.originator).private_keys["ds"])
        broker = self.smki.party(who.acb).private_keys["ka"]
        key = self.smki.device(ESME_EUI).certificates["ka"].public_key()
        before = len(self.upward)
        self.home.esme.receive(bytes(add_mac(message, shared_secret(broker, key))))
        self.run(seconds)
        return [message for _, message in self.upward[before:]]

    def top_up(self, pounds, utrn_counter, supplier=None, local=False):
        """Enter a token by command, or at the meter; returns whether the meter took it."""
        supplier = supplier or self.smki.identities.supplier
        key = self.smki.party(supplier).private_keys["pp-ka"]
        secret = shared_secret(key, self.smki.device(ESME_EUI).certificates["ka"].public_key())
        utrn = build(secret, supplier, ESME_EUI, utrn_counter, pounds, ValueClass.POUNDS)
        if local:
            return self.home.esme.prepayment.top_up_locally(utrn)
        answers = self.ask(TopUpDevice(utrn=utrn), supplier, utrn_counter << 32)
        (response,) = [one for one in answers if one.cra is Cra.RESPONSE]
        return AccessResponse.parse(response.payload).results == [(3, 0)]

    @property
    def alerts(self):
        """Codes of the alerts so far."""
        return [int.from_bytes(one.payload[9:11]) for _, one in self.upward if one.cra is Cra.ALERT]


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
