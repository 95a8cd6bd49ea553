"""Defects of what the meters make of PPMID, IHD and CAD, and of the PPMID itself."""

from dataclasses import replace

from bench.gbcs import Message
from bench.gbcs.gbz import GbzComponent
from bench.gbcs.trust_anchors import Role, TrustAnchorCell
from rigs.virtual.defects import defect
from rigs.virtual.device_log import Entry
from rigs.virtual.display import Display
from rigs.virtual.gsme import Gsme
from rigs.virtual.han_server import HanServer
from rigs.virtual.hub import Hub
from rigs.virtual.load_switch import Cause, SupplyState
from rigs.virtual.ppmid import GAS, GAS_TOP_UP, Ppmid
from rigs.virtual.valve import ValveState


@defect(
    "esme-ppmid-turns-disabled-supply-on",
    device="HanServer",
    breaks="R-SUP-006",
    story="The button at the meter looks at the state of the supply, the command from the PPMID calls the contactor's "
    "driver directly: a supply that was disabled comes on.",
)
def turns_disabled_on(server: HanServer) -> None:
    """Any state will do."""
    turn_on = server.turn_on

    def turned_on(status: int) -> bool:
        if status == 2 and not turn_on(status):
            server._esme.switch.move(SupplyState.ENABLED, Cause.NONE)
        return status == 2

    server.turn_on = turned_on  # type: ignore[method-assign]


@defect(
    "esme-ppmid-may-turn-off",
    device="HanServer",
    breaks="R-HAN-062",
    story="Whatever status a PPMID proposes is taken over, as the same function serves the supplier's commands: a "
    "PPMID can take the supply off.",
)
def may_turn_off(server: HanServer) -> None:
    """Off and armed are taken, too."""
    turn_on = server.turn_on

    def turned(status: int) -> bool:
        if status in (0, 1):
            server._esme.switch.move((SupplyState.DISABLED, SupplyState.ARMED)[status], Cause.SUPPLIER)
            return True
        return turn_on(status)

    server.turn_on = turned  # type: ignore[method-assign]


@defect(
    "esme-ppmid-leaves-no-trace",
    device="HanServer",
    breaks="R-HAN-062",
    story="The event log is written where GBCS commands are executed; what a PPMID sends does not pass there.",
)
def leaves_no_trace(server: HanServer) -> None:
    """Nothing is logged."""
    server.log = lambda code, done: None  # type: ignore[method-assign]


@defect(
    "esme-ppmid-logged-as-remote",
    device="HanServer",
    breaks="R-HAN-062",
    story="Top ups from the PPMID are logged with the message code of the remote top up.",
)
def logged_as_remote(server: HanServer) -> None:
    """CS01a for PECS01."""
    log = server.log
    server.log = lambda code, done: log({0x0116: 0x0007}.get(code, code), done)  # type: ignore[method-assign]


@defect(
    "esme-ppmid-top-up-of-its-own",
    device="HanServer",
    breaks="R-UTR-016",
    story="Tokens from the PPMID have a cache of counters of their own: what was keyed in at the meter, or came over "
    "the WAN, is credited once more there.",
)
def top_up_of_its_own(server: HanServer) -> None:
    """The PPMID's cache does not know the others' counters."""
    tokens, top_up, own = server._esme.prepayment.tokens, server.top_up, []

    def topped_up(frame):
        shared, is_duplicate = tokens.cache, tokens.is_duplicate
        tokens.is_duplicate = lambda counter: counter in own
        accept = tokens.accept
        tokens.accept = lambda counter, amount: (own.append(counter), accept(counter, amount))[1]
        try:
            return top_up(frame)
        finally:
            tokens.is_duplicate, tokens.accept = is_duplicate, accept
            tokens.cache = sorted({*tokens.cache, *shared})

    server.top_up = topped_up  # type: ignore[method-assign]


@defect(
    "esme-ppmid-emergency-at-any-time",
    device="HanServer",
    breaks="R-EMC-002",
    story="The PPMID is trusted to offer emergency credit only when there is some: the meter does not look.",
)
def emergency_at_any_time(server: HanServer) -> None:
    """Emergency credit is active when asked for."""
    server.activate_emergency = lambda: True  # type: ignore[method-assign]


@defect(
    "esme-ppmid-tokens-not-checked",
    device="HanServer",
    breaks="R-UTR-023",
    story="The PPMID's own check of a token is thought to be enough: the meter credits what the token says.",
)
def tokens_not_checked(server: HanServer) -> None:
    """Every token is authentic."""
    tokens, top_up = server._esme.prepayment.tokens, server.top_up

    def topped_up(frame):
        is_authentic = tokens.is_authentic
        tokens.is_authentic = lambda token, counter: True
        try:
            return top_up(frame)
        finally:
            tokens.is_authentic = is_authentic

    server.top_up = topped_up  # type: ignore[method-assign]


@defect(
    "esme-cad-is-a-ppmid",
    device="HanServer",
    breaks="R-HAN-060",
    story="Every device with a link key of the meter may do what a PPMID may: the type in the log is for display only.",
)
def cad_is_a_ppmid(server: HanServer) -> None:
    """The type does not matter."""
    server.may_act = lambda entry: True  # type: ignore[method-assign]


@defect(
    "esme-serves-the-unjoined",
    device="HanServer",
    breaks="R-HAN-050",
    story="An unjoin takes a device out of the log and leaves its link key: it is served as before.",
)
def serves_the_unjoined(server: HanServer) -> None:
    """Who was in the log once stays admitted."""
    admitted = server.admitted
    known = dict(server._esme.device_log.entries)

    def still_admitted(eui) -> Entry | None:
        return admitted(eui) or known.get(eui)

    server.admitted = still_admitted  # type: ignore[method-assign]


@defect(
    "esme-han-price-of-the-start",
    device="HanServer",
    breaks="R-TAR-005",
    story="The price for the displays is read when the meter starts, and not again when a tariff comes into force.",
)
def price_of_the_start(server: HanServer) -> None:
    """The displays see the old price."""
    price = server.price()
    server.price = lambda: price  # type: ignore[method-assign]


@defect(
    "esme-han-name-of-the-first-supplier",
    device="HanServer",
    breaks="R-CRD-055",
    story="The name for the displays is taken once, from the first supplier that sets one: the losing supplier's name "
    "stays on every display.",
)
def name_of_the_first_supplier(server: HanServer) -> None:
    """The first name stays."""
    name, first = server.supplier_name, []

    def supplier_name() -> bytes:
        if not first and name():
            first.append(name())
        return first[0] if first else b""

    server.supplier_name = supplier_name  # type: ignore[method-assign]


@defect(
    "esme-shows-the-former-tenant",
    device="HanServer",
    breaks="R-PRV-002",
    story="The restriction date is kept for the meter's own display; what devices at home ask is answered in full.",
)
def shows_the_former_tenant(server: HanServer) -> None:
    """Nothing is hidden."""
    server.shown_from = lambda start: start  # type: ignore[method-assign]


@defect(
    "esme-restriction-only-grows",
    device="HanServer",
    breaks="R-PRV-005",
    story="Of two restriction dates the later is kept, whatever the supplier sets: a mistake cannot be taken back.",
)
def restriction_only_grows(server: HanServer) -> None:
    """The latest date ever shown is kept."""
    from datetime import UTC, datetime

    shown_from, latest = server.shown_from, [datetime(2000, 1, 1, tzinfo=UTC)]
    ever = datetime(2000, 1, 1, tzinfo=UTC)

    def shown(start):
        latest[0] = max(latest[0], shown_from(ever))
        return max(start, latest[0])

    server.shown_from = shown  # type: ignore[method-assign]


@defect(
    "gsme-ppmid-counter-of-the-message",
    device="Gsme",
    breaks="R-UTR-019b",
    story="The gas meter takes the counter of a token from the message that brought it, a PPMID's as well.",
)
def counter_of_the_message(gsme: Gsme) -> None:
    """The upper half of the message's counter is the token's."""
    prepayment = gsme.prepayment
    top_up, counter_of = prepayment.top_up_remotely, prepayment.tokens.counter_of

    def topped_up(component: GbzComponent):
        exchange = gsme.exchange
        assert exchange is not None
        if exchange.command.message_code == GAS_TOP_UP:
            prepayment.tokens.counter_of = lambda token, _: counter_of(token, exchange.command.counter)
        try:
            return top_up(component)
        finally:
            prepayment.tokens.counter_of = counter_of

    prepayment.top_up_remotely = topped_up  # type: ignore[method-assign]


@defect(
    "gsme-ppmid-by-address-alone",
    device="Gsme",
    breaks="R-HAN-063",
    story="A message from a PPMID is taken for authentic if its address is in the log: the MAC was left for later.",
)
def by_address_alone(gsme: Gsme) -> None:
    """What a PPMID sends needs no MAC."""
    check = gsme.check_protection

    def check_protection(message: Message):
        return None if gsme.role_of(message) is Role.OTHER else check(message)

    gsme.check_protection = check_protection  # type: ignore[method-assign]


@defect(
    "gsme-ppmid-opens-valve",
    device="Gsme",
    breaks="R-HAN-064",
    story="Credit from a PPMID is taken as the customer's consent: the valve opens with nobody at the meter.",
)
def opens_valve(gsme: Gsme) -> None:
    """A top up from a PPMID opens an armed valve."""
    prepayment, credited = gsme.prepayment, gsme.prepayment.credited_locally

    def credited_locally() -> None:
        credited()
        exchange = gsme.exchange
        if exchange is not None and exchange.command.message_code == GAS_TOP_UP:
            gsme.account.settle()
            if gsme.valve.state is ValveState.ARMED:
                gsme.valve.move(ValveState.ENABLED, Cause.NONE)

    prepayment.credited_locally = credited_locally  # type: ignore[method-assign]


@defect(
    "gsme-ppmid-credit-not-told",
    device="Gsme",
    breaks="R-UTR-020",
    story="Credit from a PPMID comes as a message, and so counts as remote: the supplier is not told of it.",
)
def credit_not_told(gsme: Gsme) -> None:
    """Only what is keyed in at the meter is local."""
    prepayment = gsme.prepayment
    top_up, credited = prepayment.top_up_remotely, prepayment.credited_locally

    def topped_up(component: GbzComponent):
        prepayment.credited_locally = lambda: None
        try:
            return top_up(component)
        finally:
            prepayment.credited_locally = credited

    prepayment.top_up_remotely = topped_up  # type: ignore[method-assign]


@defect(
    "hub-sends-home-messages-to-the-wan",
    device="Hub",
    breaks="R-HAN-063",
    story="The hub knows one way for what devices send, upwards: a PPMID's message for the gas meter ends at the DCC.",
)
def sends_home_messages_to_the_wan(hub: Hub) -> None:
    """Nothing is for the home."""
    hub.is_of_the_home = lambda target: False  # type: ignore[method-assign]


@defect(
    "ppmid-has-a-network-operator",
    device="Ppmid",
    breaks="R-CRD-006",
    story="The PPMID was built from the meter's firmware, and has its cells: the supplier's place is doubled as the "
    "network operator's.",
)
def has_a_network_operator(ppmid: Ppmid) -> None:
    """Cells of a role that this type has not."""
    cells_of = ppmid.credentials.cells_of

    def cells(role: Role) -> list[TrustAnchorCell]:
        if role is not Role.NETWORK_OPERATOR:
            return cells_of(role)
        held = {replace(cell, role=role): ppmid.anchors.cells[cell] for cell in cells_of(Role.SUPPLIER)}
        ppmid.anchors.cells |= held
        return list(held)

    ppmid.credentials.cells_of = cells  # type: ignore[method-assign]


@defect(
    "ppmid-takes-no-commands",
    device="Ppmid",
    breaks="R-HAN-061",
    story="The PPMID knows answers of the gas meter and nothing else that comes through the tunnel.",
)
def takes_no_commands(ppmid: Ppmid) -> None:
    """Commands are dropped."""
    receive = ppmid.receive
    ppmid.receive = (  # type: ignore[method-assign]
        lambda data: receive(data) if Message.parse(data).cra == 2 else None
    )


@defect(
    "ppmid-cannot-read-its-version",
    device="Ppmid",
    breaks="R-FWU-021",
    story="The version is in a part of the memory that is closed after the start: CS08 is answered with a failed read.",
)
def cannot_read_its_version(ppmid: Ppmid) -> None:
    """The answer says that reading failed."""
    read = ppmid.firmware.read_version
    ppmid.firmware.read_version = lambda: read() | {"response_code": 1}  # type: ignore[method-assign]


@defect(
    "ppmid-asks-the-meter-it-left",
    device="Ppmid",
    breaks="R-HAN-050",
    story="The PPMID keeps the meter it was joined with first, and goes on to ask it after it has been unjoined.",
)
def asks_the_meter_it_left(ppmid: Ppmid) -> None:
    """A meter of before is good enough; its key is kept too."""
    meter, log = ppmid.meter, ppmid.device_log
    known = {fuel: meter(fuel) for fuel in ("electricity", GAS)}
    keys = {eui: log.partner_key(eui) for eui in known.values() if eui is not None}
    ppmid.meter = lambda fuel: meter(fuel) or known[fuel]  # type: ignore[method-assign]
    partner_key = log.partner_key
    log.partner_key = lambda eui: partner_key(eui) or keys.get(eui)  # type: ignore[method-assign]


@defect(
    "display-shows-yesterday",
    device="Display",
    breaks="R-HAN-071",
    story="The display keeps what it was told last on its screen, with nothing to say that the meter is gone.",
)
def shows_yesterday(display: Display) -> None:
    """Nothing is forgotten."""
    display.forget = lambda: None  # type: ignore[method-assign]
