"""Defects that show when there is more than one PPMID, those of its firmware, and of cells by type of device."""

from dataclasses import replace

from bench.gbcs import Eui64
from bench.gbcs.trust_anchors import Role, TrustAnchorCell
from rigs.virtual.defects import defect
from rigs.virtual.device_log import FULL, PPMID_TYPE, SUCCESS
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme
from rigs.virtual.hub import Hub, HubFunction
from rigs.virtual.ppmid import Ppmid
from rigs.virtual.ppmid_firmware import PpmidFirmware


@defect(
    "hub-tunnels-to-the-first-devices",
    device="Hub",
    breaks="R-HUB-010",
    story="Tunnels are set up when the hub starts, from its log of devices: one that joins later has none until the "
    "next start, and what is for it is dropped.",
)
def tunnels_to_the_first(hub: Hub) -> None:
    """After the meter at the start, no device gets a tunnel."""
    connect, asked = hub.connect, []

    def connected(eui: Eui64, short: int, number: int | None = None) -> None:
        if not asked or eui in asked:
            asked.append(eui)
            connect(eui, short, number)

    hub.connect = connected  # type: ignore[method-assign]


@defect(
    "esme-room-for-one-ppmid",
    device="Esme",
    breaks="R-HAN-054",
    story="The meter's log has five places for switches and one for a PPMID: a second is told that the log is full.",
)
def room_for_one_ppmid(esme: Esme) -> None:
    """A second PPMID does not fit."""
    log, judge = esme.device_log, esme.device_log.judge

    def judged(message_code: int, asked: dict) -> int:
        code, other = judge(message_code, asked), Eui64.of(asked["other_device"])
        others = [eui for eui, entry in log.entries.items() if entry.type_code == PPMID_TYPE and eui != other]
        return FULL if code == SUCCESS and others and asked["other_device_type_code"] == PPMID_TYPE else code

    log.judge = judged  # type: ignore[method-assign]


@defect(
    "gsme-keeps-one-certificate",
    device="Gsme",
    breaks="R-HAN-044",
    story="There is one place for the certificate of a PPMID: that of a second one takes it, and the first is not "
    "understood any more.",
)
def keeps_one_certificate(gsme: Gsme) -> None:
    """The latest certificate serves for all."""
    log, partner_key = gsme.device_log, gsme.device_log.partner_key

    def only_the_last(eui: Eui64):
        certified = [one for one, entry in log.entries.items() if entry.certificate]
        return partner_key(certified[-1]) if eui in certified else None

    log.partner_key = only_the_last  # type: ignore[method-assign]


@defect(
    "ppmid-waits-for-activation",
    device="PpmidFirmware",
    breaks="R-FWU-021",
    story="The PPMID keeps a new image until it is told to activate it, as meters do: nobody ever does.",
)
def waits_for_activation(firmware: PpmidFirmware) -> None:
    """The image is kept, and not started."""
    firmware.start = lambda image: None  # type: ignore[method-assign]


@defect(
    "ppmid-silent-about-firmware",
    device="PpmidFirmware",
    breaks="R-FWU-021",
    story="A failed activation is not told, only a good one: whoever waits for the outcome waits for ever.",
)
def silent_about_failure(firmware: PpmidFirmware) -> None:
    """Only success is told."""
    report = firmware.report
    firmware.report = lambda code: None if code else report(code)  # type: ignore[method-assign]


@defect(
    "ppmid-forgets-joins-with-new-firmware",
    device="PpmidFirmware",
    breaks="R-FWU-013",
    story="The new firmware lays out the log of devices in another way, and begins with an empty one.",
)
def forgets_joins(firmware: PpmidFirmware) -> None:
    """The log is empty after a start."""
    start = firmware.start

    def started(image) -> None:
        start(image)
        firmware._ppmid.device_log.entries.clear()

    firmware.start = started  # type: ignore[method-assign]


@defect(
    "ppmid-believes-any-answer",
    device="Ppmid",
    breaks="R-HAN-063",
    story="The PPMID looks at the addresses of an answer and not at its MAC: anybody on the network can tell the "
    "customer that a top up has been accepted.",
)
def believes_any_answer(ppmid: Ppmid) -> None:
    """Every answer is authentic."""
    ppmid.is_authentic = lambda message, key: True  # type: ignore[method-assign]


@defect(
    "gsme-ppmid-source-remote",
    device="Gsme",
    breaks="R-UTR-019a",
    story="The answer to a top up always names the remote party as its source, also where a PPMID has sent it.",
)
def source_remote(gsme: Gsme) -> None:
    """The source is 0."""
    top_up = gsme.prepayment.top_up_remotely

    def topped_up(component):
        answer = top_up(component)
        return [(command, payload[:5] + b"\x00" + payload[6:]) for command, payload in answer]

    gsme.prepayment.top_up_remotely = topped_up  # type: ignore[method-assign]


@defect(
    "hub-hides-wan-provider",
    device="HubFunction",
    breaks="R-CRD-003",
    story="The WAN provider's credentials are kept by the modem, and CS02a does not look there.",
)
def hides_wan_provider(function: HubFunction) -> None:
    """The WAN provider is said to have no cell."""
    cells_of = function.credentials.cells_of
    function.credentials.cells_of = (  # type: ignore[method-assign]
        lambda role: [] if role is Role.WAN_PROVIDER else cells_of(role)
    )


@defect(
    "esme-hides-top-up-cell",
    device="Esme",
    breaks="R-CRD-002",
    story="CS02a lists one cell for each key usage: the key agreement key for top ups is left out beside the other.",
)
def hides_top_up_cell(esme: Esme) -> None:
    """Only cells for management are listed."""
    cells_of = esme.credentials.cells_of
    esme.credentials.cells_of = lambda role: [cell for cell in cells_of(role) if not cell.cell_usage]  # type: ignore[method-assign]


@defect(
    "gsme-has-a-network-operator",
    device="Gsme",
    breaks="R-CRD-004",
    story="The gas meter was built from the electricity meter's firmware and still has the network operator's cells, "
    "with the supplier's keys in them.",
)
def gas_network_operator(gsme: Gsme) -> None:
    """Cells of a role that a gas meter has not."""
    cells_of = gsme.credentials.cells_of

    def cells(role: Role) -> list[TrustAnchorCell]:
        if role is not Role.NETWORK_OPERATOR:
            return cells_of(role)
        held = {replace(one, role=role): gsme.anchors.cells[one] for one in cells_of(Role.SUPPLIER)[:2]}
        gsme.anchors.cells |= held
        return list(held)

    gsme.credentials.cells_of = cells  # type: ignore[method-assign]
