"""Defects of the hub as trust centre: who gets onto the network, for how long, and what the DCC hears of it."""

from bench.gbcs import Eui64
from bench.han.errors import HanError
from rigs.virtual.cosem import SUCCESS
from rigs.virtual.defects import defect
from rigs.virtual.hub import Hub
from rigs.virtual.hub_log import HubLog, Listed
from rigs.virtual.trust_centre import Answer, TrustCentre


@defect(
    "hub-lets-anybody-join",
    device="HubLog",
    breaks="R-HAN-001",
    story="The install code is not bound to the device it was entered for: while joining is open, any holder gets in.",
)
def lets_anybody_join(log: HubLog) -> None:
    """Whoever asks is admitted, by the code that was entered last."""
    code = b""

    def admits(eui) -> bool:
        log.entries.setdefault(eui, Listed(code))
        return True

    register = log.register

    def overheard(asked) -> int:
        nonlocal code
        code = asked[2].value
        return register(asked)

    log.register = overheard  # type: ignore[method-assign]
    log.admits = admits  # type: ignore[method-assign]


@defect(
    "hub-answers-association-while-closed",
    device="TrustCentre",
    breaks="R-HAN-008",
    story="The beacon says closed, but who asks all the same and is listed is let in: the bit is only shown, not used.",
)
def answers_association_while_closed(centre: TrustCentre) -> None:
    """Only the log is looked at."""

    def answer(eui) -> Answer:
        return Answer(centre._short_of(eui), 0) if centre._log.admits(eui) else Answer(0xFFFF, 2)

    centre.answer = answer  # type: ignore[method-assign]


@defect(
    "hub-leaves-joining-open",
    device="HubLog",
    breaks="R-HAN-008",
    story="The timer that closes joining is started in ticks of the wrong unit: the network stays open for hours.",
)
def leaves_joining_open(log: HubLog) -> None:
    """Once open, always open."""
    log.is_open = lambda: log.closes_at is not None  # type: ignore[method-assign]


@defect(
    "hub-closes-joining-early",
    device="HubLog",
    breaks="R-HAN-005",
    story="The joining time is cut to the 60 seconds of the stack's own limit, whatever was asked for.",
)
def closes_joining_early(log: HubLog) -> None:
    """A minute at most."""
    from datetime import timedelta

    is_open = log.is_open

    def a_minute() -> bool:
        return is_open() and log._chf.world.now < log.opened_at + timedelta(seconds=60)  # type: ignore[operator]

    log.is_open = a_minute  # type: ignore[method-assign]


@defect(
    "hub-opens-for-a-refused-device",
    device="HubLog",
    breaks="R-HAN-017",
    story="A device for which there is no room is answered with success, and dropped.",
)
def opens_for_a_refused_device(log: HubLog) -> None:
    """A full log is not told."""
    register = log.register
    log.register = lambda asked: SUCCESS if log.is_full() else register(asked)  # type: ignore[method-assign]


@defect(
    "hub-has-room-for-eight",
    device="HubLog",
    breaks="R-HAN-016",
    story="The neighbour table of the radio stack was left at its default size of eight.",
)
def has_room_for_eight(log: HubLog) -> None:
    """Eight entries."""
    log.is_full = lambda: len(log.entries) >= 8  # type: ignore[method-assign]


@defect(
    "hub-takes-second-install-code",
    device="HubLog",
    breaks="R-HAN-004",
    story="Adding a device again sets up a new key for it: the one in use is gone, and the device falls silent.",
)
def takes_second_install_code(log: HubLog) -> None:
    """The entry is made anew."""

    def again(eui, install_code) -> int:
        log.entries[eui] = Listed(install_code)
        return SUCCESS

    log.register_again = again  # type: ignore[method-assign]


@defect(
    "hub-hash-before-join",
    device="HubLog",
    breaks="R-HAN-003",
    story="A device that has not joined yet is reported with the hash of a key of zeros: the DCC takes it for joined.",
)
def hash_before_join(log: HubLog) -> None:
    """Sixteen octets always."""
    key_hash = log.key_hash
    log.key_hash = lambda key: key_hash(bytes(16) if key is None else key)  # type: ignore[method-assign]


@defect(
    "hub-does-not-report-joins",
    device="HubLog",
    breaks="R-HAN-009",
    story="The log is reported when the DCC changes it, but not when a key is agreed: nobody learns of the device.",
)
def does_not_report_joins(log: HubLog) -> None:
    """The key is entered in silence."""

    def entered(eui, link_key) -> None:
        if eui in log.entries:
            log.entries[eui] = Listed(link_key=link_key)

    log.key_agreed = entered  # type: ignore[method-assign]


@defect(
    "hub-does-not-remember-removed",
    device="HubLog",
    breaks="R-HAN-011",
    story="Firmware of before the historic log: a device that is removed and added again needs a new install code.",
)
def does_not_remember_removed(log: HubLog) -> None:
    """There is no historic log."""
    log.remember = lambda eui, listed: None  # type: ignore[method-assign]


@defect(
    "hub-remembers-devices-without-key",
    device="HubLog",
    breaks="R-HAN-011",
    story="Each device that was removed goes into the historic log, with a key of zeros where it never had one.",
)
def remembers_devices_without_key(log: HubLog) -> None:
    """Zeros are a key."""
    remember = log.remember
    log.remember = lambda eui, listed: remember(eui, Listed(link_key=listed.link_key or bytes(16)))  # type: ignore[method-assign]


@defect(
    "hub-removing-always-succeeds",
    device="HubLog",
    breaks="R-HAN-012",
    story="Removing is done by a loop over the table that reports success when it has reached its end.",
)
def removing_always_succeeds(log: HubLog) -> None:
    """No error for a device that is not there."""
    unregister = log.unregister

    def removed(asked) -> int:
        unregister(asked)
        return SUCCESS

    log.unregister = removed  # type: ignore[method-assign]


@defect(
    "hub-forgets-key-at-association",
    device="TrustCentre",
    breaks="R-HAN-004",
    story="A device that associates gets a clean slate: whoever claims the meter's identifier puts it off the air.",
)
def forgets_key_at_association(centre: TrustCentre) -> None:
    """The link key in use is deleted."""
    prepare = centre.prepare

    def clean(eui, key) -> None:
        centre._node.credentials.link_keys.pop(eui, None)
        prepare(eui, key)

    centre.prepare = clean  # type: ignore[method-assign]


@defect(
    "hub-keeps-key-of-removed",
    device="TrustCentre",
    breaks="R-HAN-013",
    story="A removed device vanishes from the log alone: nobody tells it to leave, and its key stays good.",
)
def keeps_key_of_removed(centre: TrustCentre) -> None:
    """Nothing happens on air."""
    centre.evict = lambda eui: None  # type: ignore[method-assign]


@defect(
    "hub-install-code-from-the-start",
    device="HubLog",
    breaks="R-HAN-006",
    story="The halves of the joining time are not told apart: a device that was here before joins afresh at once.",
)
def install_code_from_the_start(log: HubLog) -> None:
    """The install code serves during the whole time."""
    log.takes_install_code = lambda eui: True  # type: ignore[method-assign]


@defect(
    "hub-refuses-old-key",
    device="HubLog",
    breaks="R-HAN-006",
    story="The old key is kept and never offered: a device that comes back finds the door shut for half of the time.",
)
def refuses_old_key(log: HubLog) -> None:
    """There is no old key."""
    log.old_key = lambda eui: None  # type: ignore[method-assign]


@defect(
    "hub-forgets-when-devices-were-heard",
    device="HubLog",
    breaks="R-HAN-014",
    story="The times of the last communication are those of the hub's own start.",
)
def forgets_when_heard(log: HubLog) -> None:
    """Everything was heard at the beginning."""
    from dataclasses import replace

    heard, began = log.heard, log._chf.world.now

    def at_start(eui):
        one = heard(eui)
        return None if one is None else replace(one, time=began)

    log.heard = at_start


@defect(
    "hub-shows-keys-for-hashes",
    device="HubLog",
    breaks="R-HAN-015",
    story="The log that is read out, and every report of it, holds the link keys themselves where their hashes belong.",
)
def shows_keys_for_hashes(log: HubLog) -> None:
    """Nothing is hashed."""
    log.key_hash = lambda key: key or b""  # type: ignore[method-assign]


@defect(
    "hub-knows-suite-1-alone",
    device="TrustCentre",
    breaks="R-HAN-031",
    story="The trust centre was built with the key establishment of older Smart Energy: it knows suite 1 alone.",
)
def knows_suite_1_alone(centre: TrustCentre) -> None:
    """Suite 2 is refused."""
    centre.keys.accepts = lambda suites: bool(suites & 1)  # type: ignore[method-assign]


@defect(
    "hub-without-key-establishment",
    device="TrustCentre",
    breaks="R-HAN-030",
    story="Key establishment is not there yet: the hub waits for devices that are content with their install code.",
)
def without_key_establishment(centre: TrustCentre) -> None:
    """Key establishment is not answered."""
    centre.keys.receive = lambda asdu, partner: None  # type: ignore[method-assign]


@defect(
    "hub-takes-old-counters",
    device="Hub",
    breaks="R-AIR-006",
    story="Frame counters of neighbours are kept in a table that is full: those that do not fit are not checked.",
)
def takes_old_counters(hub: Hub) -> None:
    """Every counter is new."""
    hub.node.is_fresh = lambda layer, sender, counter: True  # type: ignore[method-assign]


@defect(
    "hub-answers-in-clear",
    device="Hub",
    breaks="R-AIR-007",
    story="For joiners the hub accepts frames without network security, and it forgot to ask who is a joiner.",
)
def answers_in_clear(hub: Hub) -> None:
    """A frame in clear is a frame."""
    from bench.han.aps import ApsFrame

    node = hub.node

    def take(frame) -> None:
        try:
            node.from_nwk(frame.src, ApsFrame.parse(frame.payload))
        except HanError:
            return

    node.in_clear = take


@defect(
    "hub-needs-no-link-key",
    device="Hub",
    breaks="R-AIR-008",
    story="A test switch that lets every cluster do without link key was left on in the release.",
)
def needs_no_link_key(hub: Hub) -> None:
    """No cluster needs one."""
    hub.node.needs_no_link_key = lambda frame: True  # type: ignore[method-assign]


@defect(
    "hub-answers-from-pan-to-pan",
    device="Hub",
    breaks="R-AIR-009",
    story="The inter-PAN channel for hand-held terminals is never closed and leads to every cluster.",
)
def answers_from_pan_to_pan(hub: Hub) -> None:
    """An inter-PAN frame is passed up as if its sender were on the network."""
    from bench.han.aps import ApsFrame
    from bench.han.nwk import NwkFrame

    node = hub.node

    def take(frame) -> None:
        aps = ApsFrame.parse(NwkFrame.parse(frame.payload).payload)
        known = next((short for short, eui in node.partners.items() if eui == frame.src), None)
        if known is not None:
            node.receive(aps.cluster, aps.payload, known)

    node.from_inter_pan = take  # type: ignore[method-assign]


@defect(
    "hub-lets-devices-open-joining",
    device="TrustCentre",
    breaks="R-HAN-001",
    story="Mgmt_Permit_Joining of the stack was left at its default: any device on the network opens joining for all.",
)
def lets_devices_open_joining(centre: TrustCentre) -> None:
    """Permit joining is obeyed."""
    from datetime import timedelta

    def permit(seconds: int) -> None:
        log, now = centre._log, centre._world.now
        log.opened_at, log.closes_at = now, now + timedelta(seconds=seconds)

    centre.permit_joining = permit  # type: ignore[method-assign]


@defect(
    "hub-log-turns-identifiers-round",
    device="HubLog",
    breaks="R-HAN-015",
    story="ZigBee sends identifiers with the last octet first, and the log of devices shows them as they came.",
)
def log_turns_identifiers_round(log: HubLog) -> None:
    """The octets of each identifier are reversed in what is read."""
    log.backup = lambda: log._log(  # type: ignore[method-assign]
        {Eui64(bytes(eui)[::-1]): one.restored or log.key_hash(one.link_key) for eui, one in log.entries.items()}
    )
