"""The communications hub's log of devices: CCS01, CCS02, CCS06, CCS07, CS14 and the historic log (GBCS 13.7, 18.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.gbcs import Eui64
from bench.gbcs.dlms import Data, array, bits, boolean, date_time, i8, octets, structure, u8
from bench.gbcs.trust_anchors import Role
from bench.han.security import aes_mmo
from rigs.virtual.cosem import SUCCESS
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.hub import HubFunction
from rigs.virtual.rules import rule

HARDWARE_FAULT = 1  #: how RTDS answers what cannot be done
DEVICE_LOG_CHANGED, CS14 = 0x8F12, 0x0018
REGISTER, UNREGISTER = attribute("104:0-0:30.3.0.255:1"), attribute("104:0-0:30.3.0.255:2")
JOINING, JOIN_TIMEOUT = attribute("104:0-0:30.3.0.255:2"), attribute("104:0-0:30.3.0.255:3")
ACTIVE = attribute("104:0-0:30.3.0.255:4")
BACKUP, HISTORIC_BACKUP = attribute("104:0-0:30.3.0.255:4"), attribute("104:0-0:30.3.1.255:4")
RESTORE = attribute("104:0-0:30.3.0.255:5")
MOST, MOST_HISTORIC = 16, 15
FLAGS = b"\xc8"  #: of an active device; like the figures at the end from the reference data, meaning not public
FIGURES = (1, 0, 100, 1, 1)
NEVER_HEARD = bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")  #: a date-time in which nothing is specified


@dataclass
class Listed:
    """A device of the log: its install code until it has joined, and the link key since then.

    `restored` is the hash of the key that it had with the hub before this one, until it has come back.
    """

    install_code: bytes = b""
    link_key: bytes | None = None
    restored: bytes = b""


@dataclass
class Heard:
    """When a device was heard last, and how well so far (dBm)."""

    time: datetime
    best: float
    last: float
    worst: float


class HubLog:
    """Who may be on the network. `evict` puts one out, `heard` says how one was heard."""

    def __init__(self, chf: HubFunction) -> None:
        self._chf = chf
        self.entries: dict[Eui64, Listed] = {}
        self.historic: dict[Eui64, bytes] = {}  #: link keys of devices that were removed, the oldest first
        self.gpf: Eui64 | None = None
        self.visitors: dict[Eui64, datetime] = {}  #: hand-held terminals of the log, and until when each may join
        self.old_network = b""  #: extended PAN id of the hub whose log this one was given
        self.opened_at: datetime | None = None
        self.closes_at: datetime | None = None
        self.evict: Callable[[Eui64], None] = lambda eui: None
        self.heard: Callable[[Eui64], Heard | None] = lambda eui: None
        self.objects = objects = chf.cosem.objects
        objects.methods[REGISTER] = lambda asked: self.register(asked)  # noqa: PLW0108 - a defect may replace it
        objects.methods[UNREGISTER] = lambda asked: self.unregister(asked)  # noqa: PLW0108
        objects.methods[BACKUP] = lambda _: self.backup()
        objects.methods[RESTORE] = lambda asked: self.restore(asked)  # noqa: PLW0108
        objects.methods[HISTORIC_BACKUP] = lambda _: self.historic_backup()
        objects.written[JOINING] = lambda wanted: self.open_joining(bool(wanted.value))
        objects.put(JOINING, lambda: boolean(self.is_open()))
        objects.put(ACTIVE, lambda: self.active())  # noqa: PLW0108

    @rule("R-HAN-002", "R-HAN-003")
    def register(self, asked: Data) -> int:
        """Add a device by its identifier and install code (first item of CCS01)."""
        eui = Eui64(asked[0].value)
        if eui in self.entries:
            return self.register_again(eui, asked[2].value)
        if self.is_full():
            return HARDWARE_FAULT
        self.entries[eui] = Listed(asked[2].value)
        self.report()
        return SUCCESS

    @rule("R-HAN-004", "R-RSP-017")
    def register_again(self, eui: Eui64, install_code: bytes) -> int:
        """A device that is listed keeps its link key; the install code is dropped unread."""
        return SUCCESS

    @rule("R-HAN-016", "R-HAN-017")
    def is_full(self) -> bool:
        """Whether there is no room for another device."""
        return len(self.entries) >= MOST

    @rule("R-HAN-002")
    def open_joining(self, wanted: bool) -> None:
        """Open the network for the time that was set, or close it (third item of CCS01)."""
        self.objects.put(JOINING, lambda: boolean(self.is_open()))
        timeout = self.objects.read(JOIN_TIMEOUT)
        now = self._chf.world.now
        self.opened_at = now if wanted else None
        self.closes_at = now + timedelta(seconds=timeout.value) if wanted and timeout is not None else None

    @rule("R-HAN-008")
    def is_open(self) -> bool:
        """Whether devices may join now: until the time is over, and then no more."""
        return self.closes_at is not None and self._chf.world.now < self.closes_at

    @rule("R-HAN-001")
    def admits(self, eui: Eui64) -> bool:
        """Whether a device may join: it is listed."""
        return eui in self.entries

    @rule("R-HAN-005", "R-HAN-006")
    def takes_install_code(self, eui: Eui64) -> bool:
        """Whether a device may join by install code: one that was here before only in the second half of the time."""
        if eui not in self.historic:
            return True
        if self.opened_at is None or self.closes_at is None:
            return False
        return self._chf.world.now >= self.opened_at + (self.closes_at - self.opened_at) / 2

    @rule("R-HAN-006")
    def old_key(self, eui: Eui64) -> bytes | None:
        """Return the key with which a device that was here before may come back."""
        return self.historic.get(eui)

    @rule("R-HAN-007", "R-HAN-009")
    def key_agreed(self, eui: Eui64, link_key: bytes) -> None:
        """A device uses a link key, new or from before: it is put into the log and reported."""
        listed = self.entries.get(eui)
        if listed is not None and listed.link_key != link_key:
            listed.link_key, listed.install_code, listed.restored = link_key, b"", b""
            self.report()

    @rule("R-HAN-018", "R-HAN-019")
    def restore(self, asked: Data) -> int:
        """Form the network of another hub, with its devices in place of those there are (CCS03)."""
        network, rows = asked.value
        wanted = {Eui64(row[0].value): row[1].value for row in rows.value}
        if not self.may_restore(len(rows.value)):
            return HARDWARE_FAULT
        for eui in [one for one in self.entries if one not in wanted]:
            self.evict(eui)
            self.visitors.pop(eui, None)
        self.entries = {eui: self.taken_over(eui, digest) for eui, digest in wanted.items()}
        self.old_network = network.value
        self.report()
        return SUCCESS

    @property
    def network(self) -> bytes:
        """Extended PAN id: the hub's own identifier, or that of the hub whose log it was given."""
        return self.old_network or bytes(self._chf.eui)

    @rule("R-HAN-019")
    def may_restore(self, devices: int) -> bool:
        """Whether a log of so many devices can be restored."""
        return 1 <= devices <= MOST

    @rule("R-HAN-018")
    def taken_over(self, eui: Eui64, digest: bytes) -> Listed:
        """Return the entry of a device by the hash of its key; one that is here with that key goes on as it is."""
        here = self.entries.get(eui)
        if here is not None and here.link_key is not None and self.key_hash(here.link_key) == digest:
            return here
        return Listed(restored=digest)

    @rule("R-HAN-009", "R-HAN-011", "R-HAN-012")
    def unregister(self, asked: Data) -> int:
        """Remove a device (CCS02)."""
        eui = Eui64(asked.value)
        listed = self.entries.pop(eui, None)
        if listed is None:
            return HARDWARE_FAULT
        if self.outlives_its_entry(eui):
            self.remember(eui, listed)
        self.visitors.pop(eui, None)
        self.evict(eui)
        self.report()
        return SUCCESS

    @rule("R-HAN-068")
    def outlives_its_entry(self, eui: Eui64) -> bool:
        """Whether a device that is removed is remembered: a hand-held terminal is not."""
        return eui not in self.visitors

    @rule("R-HAN-068", "R-HAN-004", "R-AIR-013")
    def receive_visitor(self, eui: Eui64, install_code: bytes, until: datetime) -> None:
        """List a hand-held terminal for as long as its visit lasts; it may join until an instant."""
        if eui not in self.entries and not self.is_full():
            self.entries[eui] = Listed(install_code)
            self.visitors[eui] = until
            self.report()

    @rule("R-AIR-013")
    def awaits(self, eui: Eui64) -> bool:
        """Whether a hand-held terminal may join now, although joining is closed for all others."""
        return eui in self.visitors and self._chf.world.now < self.visitors[eui]

    def offers_joining(self) -> bool:
        """Whether the beacon offers joining: to all, or to a hand-held terminal."""
        return self.is_open() or any(map(self.awaits, self.visitors))

    @rule("R-HAN-068")
    def end_visits(self) -> None:
        """Take hand-held terminals out of the log, and put them out."""
        gone, self.visitors = [*self.visitors], {}
        for eui in gone:
            self.entries.pop(eui, None)
            self.evict(eui)
            self.report()

    @rule("R-HAN-011")
    def remember(self, eui: Eui64, listed: Listed) -> None:
        """Keep the key of a removed device in the historic log; a gas proxy, or a device without a key, is not kept."""
        if listed.link_key is None or eui == self.gpf:
            return
        self.historic.pop(eui, None)
        self.historic[eui] = listed.link_key
        while len(self.historic) > MOST_HISTORIC:
            del self.historic[next(iter(self.historic))]

    @rule("R-HAN-003", "R-HAN-015")
    def key_hash(self, link_key: bytes | None) -> bytes:
        """Return the hash of a link key, no octets where there is no key yet."""
        return b"" if link_key is None else aes_mmo(link_key)

    @rule("R-HAN-009", "R-HAN-010", "R-ALT-002")
    def report(self) -> None:
        """Send CS14 to the broker, with a MAC; it is logged as a security event."""
        chf = self._chf
        chf.logs.add(chf.logs.security, DEVICE_LOG_CHANGED)
        party = chf.anchors.subject(Role.ACCESS_CONTROL_BROKER)
        if party is not None:
            counter = chf.next_own_counter()
            payload = chf.alert_payload(DEVICE_LOG_CHANGED, chf.clock(), [self.backup()], counter)
            chf.send_alert(counter, party, CS14, payload, critical=False)

    @rule("R-HAN-015")
    def backup(self) -> Data:
        """Return the log with the hash of each key (CCS07, CS14)."""
        return self._log({eui: one.restored or self.key_hash(one.link_key) for eui, one in self.entries.items()})

    @rule("R-HAN-015")
    def historic_backup(self) -> Data:
        """Return the historic log with the hash of each key (CCS07)."""
        return self._log({eui: self.key_hash(key) for eui, key in self.historic.items()})

    def _log(self, hashes: dict[Eui64, bytes]) -> Data:
        rows = [structure([octets(eui), octets(digest)]) for eui, digest in hashes.items()]
        return structure([octets(date_time(self._chf.clock())), octets(self.network), array(rows)])

    @rule("R-HAN-014")
    def active(self) -> Data:
        """Return when and how well each device was heard last (CCS06); the hub's own proxy is left out."""
        return array(self._quality(eui) for eui in self.entries if eui != self.gpf)

    def _quality(self, eui: Eui64) -> Data:
        heard = self.heard(eui)
        time = NEVER_HEARD if heard is None else date_time(heard.time)
        dbm = (0.0, 0.0, 0.0) if heard is None else (heard.best, heard.last, heard.worst)
        lqi = (0.0, 0.0) if heard is None else (heard.worst, heard.best)
        quality = [*(i8(round(one)) for one in dbm), u8(1), *(u8(link_quality(one)) for one in lqi)]
        return structure([octets(eui), bits(FLAGS), *quality, octets(time), *map(u8, FIGURES)])


def link_quality(dbm: float) -> int:
    """Return the link quality indication of a level."""
    return max(0, min(255, int((dbm + 100) * 4)))
