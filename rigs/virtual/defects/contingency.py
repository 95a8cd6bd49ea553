"""Defects of contingency, of replacement modes by type of device, and of what a replacement tells."""

from dataclasses import replace

from bench.gbcs.trust_anchors import Mode
from rigs.virtual.credentials import CONTINGENCY_KEY, OTHER, TRUST_ANCHOR_NOT_FOUND
from rigs.virtual.defects import defect
from rigs.virtual.gbcs_device import FORMAT_FAILURE, NOT_OPENED, GbcsDevice, Refusal
from rigs.virtual.use_cases import CREDENTIALS_BY_ACB, CREDENTIALS_BY_CONTINGENCY, CREDENTIALS_BY_RECOVERY

ONLY_SIGNED = (CREDENTIALS_BY_RECOVERY, CREDENTIALS_BY_CONTINGENCY)
NO_SUCH_STATUS = 1


def _instead(device: GbcsDevice, wrong: int, right: int) -> None:
    """Tell one status where another belongs."""
    credentials, examine = device.credentials, device.credentials.examine_certificate

    def otherwise(request, replacement):
        status, new = examine(request, replacement)
        return (right if status == wrong else status), new

    credentials.examine_certificate = otherwise  # type: ignore[method-assign]


@defect(
    "any-closed-contingency-is-other-failure",
    device="GbcsDevice",
    breaks="R-CRD-024",
    story="A contingency key that does not fit is reported as some failure: nobody learns that the key was wrong.",
)
def closed_is_other_failure(device: GbcsDevice) -> None:
    """Status 127 for 22."""
    _instead(device, CONTINGENCY_KEY, OTHER)


@defect(
    "any-closed-contingency-takes-counter",
    device="GbcsDevice",
    breaks="R-CRD-024",
    story="The counter of contingency is taken over before the key is tried: any stranger uses it up for ever.",
)
def closed_takes_counter(device: GbcsDevice) -> None:
    """The counter is consumed whether the key opens or not."""
    examine = device.examine

    def examined(message):
        refusal = examine(message)
        if refusal is NOT_OPENED:
            device.consume_counter(message)
        return refusal

    device.examine = examined  # type: ignore[method-assign]


@defect(
    "any-closed-contingency-not-answered",
    device="GbcsDevice",
    breaks="R-CRD-024",
    story="A contingency command that does not open is dropped like a forgery: the party waits and knows nothing.",
)
def closed_not_answered(device: GbcsDevice) -> None:
    """It is refused as ill-formed."""
    examine = device.examine

    def examined(message):
        refusal = examine(message)
        return Refusal(FORMAT_FAILURE) if refusal is NOT_OPENED else refusal

    device.examine = examined  # type: ignore[method-assign]


@defect(
    "small-devices-without-contingency",
    device="GbcsDevice",
    breaks="R-CRD-025",
    story="Contingency was built for meters alone: hub, PPMID and HCALCS refuse it, and would be lost with their root.",
)
def without_contingency(device: GbcsDevice) -> None:
    """The mode is none of theirs."""
    is_for, small = device.credentials.is_for_this_type, device.kind in ("CHF", "PPMID", "HCALCS")
    device.credentials.is_for_this_type = (  # type: ignore[method-assign]
        lambda request: not (small and request.mode == Mode.ANY_BY_CONTINGENCY) and is_for(request)
    )


@defect(
    "hub-keeps-its-wan-provider",
    device="HubFunction",
    breaks="R-CRD-025",
    story="The mode by which the WAN provider renews its certificate was looked up among those of meters.",
)
def keeps_wan_provider(device: GbcsDevice) -> None:
    """WAN provider by WAN provider is refused."""
    is_for = device.credentials.is_for_this_type
    device.credentials.is_for_this_type = (  # type: ignore[method-assign]
        lambda request: request.mode != Mode.WAN_PROVIDER_BY_WAN_PROVIDER and is_for(request)
    )


def _protection(device: GbcsDevice, judge) -> None:
    """Let `judge(message, check)` say what becomes of a message's protection."""
    check = device.check_protection
    device.check_protection = lambda message: judge(message, check)  # type: ignore[method-assign]


@defect(
    "any-broker-has-to-sign",
    device="GbcsDevice",
    breaks="R-CMD-006",
    story="Replacements of credentials are all to be signed: the broker, which signs none towards meters, is refused.",
)
def broker_has_to_sign(device: GbcsDevice) -> None:
    """No signature, no replacement."""
    _protection(
        device,
        lambda message, check: (
            Refusal(FORMAT_FAILURE)
            if message.message_code == CREDENTIALS_BY_ACB and not message.signature
            else check(message)
        ),
    )


@defect(
    "any-broker-needs-no-mac",
    device="GbcsDevice",
    breaks="R-CMD-006",
    story="Replacements are checked by their signature; where there is none, nothing is checked.",
)
def broker_needs_no_mac(device: GbcsDevice) -> None:
    """Whatever claims to be the broker's is the broker's."""
    _protection(device, lambda message, check: None if message.message_code == CREDENTIALS_BY_ACB else check(message))


@defect(
    "any-recovery-needs-the-broker",
    device="GbcsDevice",
    breaks="R-CMD-007",
    story="Every critical command needs the broker's MAC: recovery and contingency cannot act without the one party "
    "that they are there to replace.",
)
def recovery_needs_broker(device: GbcsDevice) -> None:
    """Without MAC they are refused."""
    _protection(
        device,
        lambda message, check: (
            Refusal(FORMAT_FAILURE) if message.message_code in ONLY_SIGNED and message.mac is None else check(message)
        ),
    )


@defect(
    "any-recovery-with-mac-taken",
    device="GbcsDevice",
    breaks="R-CMD-007",
    story="A MAC that should not be there is cut off without a look: commands of recovery pass in two forms.",
)
def recovery_with_mac_taken(device: GbcsDevice) -> None:
    """Recovery's command is judged by its signature alone."""

    def judge(message, check):
        bare = message.message_code in ONLY_SIGNED and message.signature
        return check(replace(message, mac=None) if bare else message)

    _protection(device, judge)


@defect(
    "any-status-of-its-own",
    device="GbcsDevice",
    breaks="R-CRD-038",
    story="A cell that is not there is reported by the number of the maker's own error table.",
)
def status_of_its_own(device: GbcsDevice) -> None:
    """Status 1 for 25."""
    _instead(device, TRUST_ANCHOR_NOT_FOUND, NO_SUCH_STATUS)


@defect(
    "any-empty-cell-shows-ones",
    device="GbcsDevice",
    breaks="R-CRD-051",
    story="A cell that was never written reads as the flash does when it is erased: all ones.",
)
def empty_cell_shows_ones(device: GbcsDevice) -> None:
    """Ones for zeros."""
    from bench.gbcs import Eui64

    formerly = device.credentials.formerly
    device.credentials.formerly = (  # type: ignore[method-assign]
        lambda old: (Eui64(b"\xff" * 8), b"\xff" * 8) if old is None else formerly(old)
    )


@defect(
    "any-key-identifier-cut",
    device="GbcsDevice",
    breaks="R-CRD-005",
    story="Seven octets of a key identifier are kept, and the eighth is read from what lies behind them.",
)
def key_identifier_cut(device: GbcsDevice) -> None:
    """The last octet is another."""
    details = device.credentials.cell_details
    device.credentials.cell_details = (  # type: ignore[method-assign]
        lambda cell, held: details(cell, replace(held, key_id=held.key_id[:7] + bytes([held.key_id[7] ^ 0x55])))
    )


@defect(
    "any-replacement-may-wait",
    device="GbcsDevice",
    breaks="R-FUT-001",
    story="A time is a time: recovery's command with one is accepted, and carried out long after it was needed.",
)
def replacement_may_wait(device: GbcsDevice) -> None:
    """Every mode may be future dated."""
    device.credentials.may_wait = lambda request: True  # type: ignore[method-assign]


@defect(
    "any-first-of-the-path-alone",
    device="GbcsDevice",
    breaks="R-CRD-030",
    story="There is room for one certificate of the path: what comes after it is not read, the right one least of all.",
)
def first_of_the_path_alone(device: GbcsDevice) -> None:
    """A path of one."""
    read = device.credentials.read

    def cut(payload):
        request = read(payload)
        return replace(request, path=request.path[:1])

    device.credentials.read = cut  # type: ignore[method-assign]
