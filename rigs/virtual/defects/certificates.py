"""Defects of judging replacement certificates: role, usage, dates, chain, cell; and of renewals by the party itself."""

from dataclasses import replace

from bench.gbcs.credentials import UpdateCredentials, UpdateCredentialsAlert, UpdateCredentialsResponse
from bench.gbcs.trust_anchors import KeyUsage
from bench.pki import describe, load_certificate
from rigs.virtual.credentials import BAD_CERTIFICATE, SUCCESS
from rigs.virtual.defects import defect
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.gsme import Gsme
from rigs.virtual.trust_anchors import Credential

OUTCOME_ALERT = 0x00CB


def _taken_although(device: GbcsDevice, harmless) -> None:
    """Take a bad certificate whose only fault is a harmless one; the chain is still checked."""
    credentials, examine = device.credentials, device.credentials.examine_certificate

    def examined(request, replacement):
        status, new = examine(request, replacement)
        certificate = load_certificate(replacement.certificate)
        if status != BAD_CERTIFICATE or not harmless(describe(certificate), replacement.cell):
            return status, new
        return credentials.check_chain(certificate, [load_certificate(der) for der in request.path], None)

    credentials.examine_certificate = examined  # type: ignore[method-assign]


def _usage(profile) -> KeyUsage:
    return profile.key_usage


@defect(
    "any-role-of-certificate-not-checked",
    device="GbcsDevice",
    breaks="R-CRD-036",
    story="The unit code in the certificate is not compared with the cell: a network operator's certificate is put "
    "into the supplier's cell.",
)
def role_not_checked(device: GbcsDevice) -> None:
    """A wrong role is no fault."""
    _taken_although(device, lambda profile, cell: _usage(profile) is cell.key_usage)


@defect(
    "any-usage-of-certificate-not-checked",
    device="GbcsDevice",
    breaks="R-CRD-035",
    story="The key usage in the certificate is not compared with the cell: a key for agreement is to verify "
    "signatures from then on.",
)
def usage_not_checked(device: GbcsDevice) -> None:
    """A wrong usage is no fault."""
    _taken_although(device, lambda profile, cell: profile.role is not None and int(profile.role) == int(cell.role))


@defect(
    "any-dates-not-checked",
    device="GbcsDevice",
    breaks="R-CRD-033",
    story="Validity periods are never looked at: a certificate that has expired, or begins tomorrow, is installed.",
)
def dates_not_checked(device: GbcsDevice) -> None:
    """Chains are checked without an instant."""
    credentials, check = device.credentials, device.credentials.check_chain
    credentials.check_chain = lambda certificate, path, at: check(certificate, path, None)  # type: ignore[method-assign]


@defect(
    "any-dates-of-authority-not-checked",
    device="GbcsDevice",
    breaks="R-CRD-033",
    story="Only the party's own certificate is checked for its dates; the authority that issued it may have expired.",
)
def dates_of_authority_not_checked(device: GbcsDevice) -> None:
    """The dates of the leaf alone."""
    credentials, check = device.credentials, device.credentials.check_chain

    def leaf_only(certificate, path, at):
        profile = describe(certificate)
        outside = at is not None and not profile.not_before <= at <= profile.not_after
        return check(certificate, path, at if outside else None)

    credentials.check_chain = leaf_only  # type: ignore[method-assign]


@defect(
    "any-judges-dates-by-doubtful-clock",
    device="GbcsDevice",
    breaks="R-CRD-033",
    story="A meter whose clock is unreliable judges certificates by it all the same.",
)
def judges_by_doubtful_clock(device: GbcsDevice) -> None:
    """The status of the clock is not looked at."""
    device.credentials.may_judge_dates = lambda request: True  # type: ignore[method-assign]


@defect(
    "any-waived-dates-are-checked",
    device="GbcsDevice",
    breaks="R-CRD-032",
    story="The field that waives the checks of dates is not read: replacements fail on meters whose clock is wrong.",
)
def waived_dates_checked(device: GbcsDevice) -> None:
    """Dates are checked always."""
    credentials, examine = device.credentials, device.credentials.examine_certificate
    credentials.examine_certificate = lambda request, replacement: examine(  # type: ignore[method-assign]
        replace(request, apply_time_checks=True), replacement
    )


@defect(
    "gas-device-takes-any-chain",
    device="GbzDevice",
    breaks="R-CRD-034",
    story="Gas meter and proxy do not verify the signature of the issuing authority: the names in the chain suffice.",
)
def gas_takes_any_chain(device: GbcsDevice) -> None:
    """Chains are not checked, dates are."""
    check = device.credentials.check_chain

    def names_only(certificate, path, at):
        profile = describe(certificate)
        if at is not None and not profile.not_before <= at <= profile.not_after:
            return check(certificate, path, at)
        return SUCCESS, Credential.of(certificate)

    device.credentials.check_chain = names_only  # type: ignore[method-assign]


@defect(
    "any-mode-reaches-every-cell",
    device="GbcsDevice",
    breaks="R-CRD-022",
    story="Whoever may replace something may replace everything: a supplier takes the network operator's cell.",
)
def mode_reaches_every_cell(device: GbcsDevice) -> None:
    """Every cell is a target."""
    device.credentials.reaches = lambda mode, role: True  # type: ignore[method-assign]


@defect(
    "any-mode-not-compared",
    device="GbcsDevice",
    breaks="R-CRD-021",
    story="The replacement mode is taken from the payload and not compared with the message code.",
)
def mode_not_compared(device: GbcsDevice) -> None:
    """Any mode will do."""
    device.credentials.is_of_its_code = lambda command, request: True  # type: ignore[method-assign]


@defect(
    "any-modes-counted-from-one",
    device="GbcsDevice",
    breaks="R-CRD-020",
    story="Replacement modes are counted from one, so that no message code fits the mode in its payload.",
)
def modes_counted_from_one(device: GbcsDevice) -> None:
    """Code 0100 plus mode less one."""
    device.credentials.is_of_its_code = lambda command, request: (  # type: ignore[method-assign]
        request.mode == command.message_code - 0x00FF
    )


@defect(
    "any-sequence-number-not-compared",
    device="GbcsDevice",
    breaks="R-CRD-031",
    story="The sequence number in a replacement is ignored; only the counter of the message counts.",
)
def sequence_number_not_compared(device: GbcsDevice) -> None:
    """Any sequence number will do."""
    device.credentials.repeats_counter = lambda command, request: True  # type: ignore[method-assign]


@defect(
    "any-renewal-resets-counter",
    device="GbcsDevice",
    breaks="R-CRD-044",
    story="New certificates set their party's counter to zero, floor or no floor: its old commands can be "
    "played again.",
)
def renewal_resets_counter(device: GbcsDevice) -> None:
    """The counter of the replaced party begins anew."""
    credentials, set_floors = device.credentials, device.credentials.set_floors

    def from_zero(request, replaced):
        changes = set_floors(request, replaced)
        if replaced and not changes:
            for replacement in request.replacements:
                device.anchors.counters[replacement.cell.role] = 0
        return changes

    credentials.set_floors = from_zero  # type: ignore[method-assign]


@defect(
    "any-own-floor-ignored",
    device="GbcsDevice",
    breaks="R-CRD-040",
    story="The floor of a party that renews itself is told as set, and not set.",
)
def own_floor_ignored(device: GbcsDevice) -> None:
    """Only floors for other roles are set."""
    credentials, set_floors = device.credentials, device.credentials.set_floors

    def others_only(request, replaced):
        kept = dict(device.anchors.counters)
        changes = set_floors(request, replaced)
        if request.new_party_floor is not None:
            device.anchors.counters.update(kept)
        return changes

    credentials.set_floors = others_only  # type: ignore[method-assign]


@defect(
    "any-all-or-nothing",
    device="GbcsDevice",
    breaks="R-CRD-037",
    story="One bad certificate spoils the command: the good ones beside it are not installed.",
)
def all_or_nothing(device: GbcsDevice) -> None:
    """Every certificate has the fate of the worst."""
    credentials, examine = device.credentials, device.credentials.examine_certificate

    def together(request, replacement):
        found = [examine(request, one) for one in request.replacements]
        bad = [status for status, new in found if new is None]
        return (bad[0], None) if bad else examine(request, replacement)

    credentials.examine_certificate = together  # type: ignore[method-assign]


@defect(
    "any-partial-failure-told-as-done",
    device="GbcsDevice",
    breaks="R-CRD-037b",
    story="A future-dated change of which one cell was good is alerted as done.",
)
def partial_failure_told_as_done(device: GbcsDevice) -> None:
    """8F66 whatever became of the cells."""
    send = device.send_alert

    def done(counter, party, message_code, payload, critical=True):
        if message_code == OUTCOME_ALERT:
            payload = bytes(replace(UpdateCredentialsAlert.parse(payload), alert_code=0x8F66))
        send(counter, party, message_code, payload, critical)

    device.send_alert = done  # type: ignore[method-assign]


@defect(
    "any-outcome-alert-without-cells",
    device="GbcsDevice",
    breaks="R-FUT-011",
    story="The outcome alert of a future-dated change says done, and not what became of each cell.",
)
def outcome_alert_without_cells(device: GbcsDevice) -> None:
    """No results in the alert."""
    send = device.send_alert

    def bare(counter, party, message_code, payload, critical=True):
        if message_code == OUTCOME_ALERT:
            alert = UpdateCredentialsAlert.parse(payload)
            payload = bytes(replace(alert, outcome=replace(alert.outcome, results=[])))
        send(counter, party, message_code, payload, critical)

    device.send_alert = bare  # type: ignore[method-assign]


@defect(
    "esme-renewal-withdraws-settings",
    device="Esme",
    breaks="R-CRD-056",
    story="New certificates of the same supplier count as a change of supplier: what it had left waiting is withdrawn.",
)
def renewal_withdraws_settings(esme) -> None:
    """Whatever waits goes with the old certificate."""
    install = esme.credentials.install

    def and_forget(cell, new):
        install(cell, new)
        esme.activations.forget(new.subject)

    esme.credentials.install = and_forget


@defect(
    "gsme-renewal-withdraws-commands",
    device="Gsme",
    breaks="R-CRD-056",
    story="New certificates of the same gas supplier withdraw what it had left waiting.",
)
def renewal_withdraws_commands(gsme: Gsme) -> None:
    """Whatever waits goes with the old certificate."""
    install = gsme.credentials.install

    def and_forget(cell, new):
        install(cell, new)
        gsme.activations.forget(new.subject)

    gsme.credentials.install = and_forget  # type: ignore[method-assign]


@defect(
    "any-future-renewal-at-once",
    device="GbcsDevice",
    breaks="R-FUT-005",
    story="A party's own replacement with a time is executed on receipt; the response tells the outcome.",
)
def future_renewal_at_once(device: GbcsDevice) -> None:
    """The time is not looked at where a party replaces itself."""
    credentials, schedule = device.credentials, device.credentials.schedule
    make = credentials.replace

    def now(command, request):
        if request.mode not in (2, 3):
            schedule(command, request)

    def replaced(exchange):
        answer = make(exchange)
        if answer is None or UpdateCredentialsResponse.parse(answer).outcome is not None:
            return answer
        request = UpdateCredentials.parse(exchange.command.payload)
        return answer if request.mode not in (2, 3) else bytes(UpdateCredentialsResponse(credentials.apply(request)))

    credentials.schedule = now  # type: ignore[method-assign]
    credentials.replace = replaced  # type: ignore[method-assign]
