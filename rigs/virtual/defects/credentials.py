"""Defects of changing credentials: what is left over, what is checked too little, what is told wrongly."""

from dataclasses import replace

from bench.gbcs.trust_anchors import KeyUsage, Role
from rigs.virtual.account import Mode
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.load_switch import Cause, SupplyState
from rigs.virtual.trust_anchors import Credential


@defect(
    "esme-takes-any-chain",
    device="Esme",
    breaks="R-CRD-034",
    story="A replacement certificate is stored without building its chain to the root: an attacker's own SMKI will do.",
)
def takes_any_chain(esme: Esme) -> None:
    """Chains are not checked."""
    esme.credentials.check_chain = lambda certificate, path, at: (0, Credential.of(certificate))  # type: ignore[method-assign]


@defect(
    "esme-all-or-nothing-reported",
    device="Esme",
    breaks="R-CRD-050",
    story="The outcome lists only the first cell; the others are replaced, but nobody is told.",
)
def outcome_of_first_cell(esme: Esme) -> None:
    """One result for three cells."""
    credentials, apply = esme.credentials, esme.credentials.apply

    def shortened(request):
        outcome = apply(request)
        return replace(outcome, results=outcome.results[:1])

    credentials.apply = shortened  # type: ignore[method-assign]


@defect(
    "esme-forgets-top-up-cell",
    device="Esme",
    breaks="R-CRD-059",
    story="The prepayment key of the losing supplier stays in its cell: its tokens go on working.",
)
def forgets_top_up_cell(esme: Esme) -> None:
    """The top-up cell is reported as replaced and kept."""
    install = esme.credentials.install
    held = {cell: one for cell, one in esme.anchors.cells.items() if cell.role is Role.SUPPLIER and cell.cell_usage}
    key = esme.anchors.key

    def key_of(role, usage, cell_usage=0):
        kept = [one.public_key for cell, one in held.items() if role is Role.SUPPLIER and cell_usage]
        return kept[0] if kept else key(role, usage, cell_usage)

    esme.anchors.key = key_of  # type: ignore[method-assign]
    esme.credentials.install = install  # type: ignore[method-assign]
    losing = esme.anchors.subject(Role.SUPPLIER)
    tokens = esme.prepayment.tokens
    authentic = tokens.is_authentic

    def by_the_old_key(token, counter):
        subject = esme.anchors.subject
        esme.anchors.subject = lambda role: losing  # type: ignore[method-assign]
        try:
            return authentic(token, counter)
        finally:
            esme.anchors.subject = subject  # type: ignore[method-assign]

    tokens.is_authentic = by_the_old_key  # type: ignore[method-assign]


@defect(
    "esme-keeps-token-counters",
    device="Esme",
    breaks="R-CRD-041",
    story="The counters of the losing supplier's tokens stay: the gaining supplier's first tokens look old and are "
    "refused.",
)
def keeps_token_counters(esme: Esme) -> None:
    """Whatever is not above every counter seen is a duplicate, also after a change."""
    tokens = esme.prepayment.tokens
    tokens.owner_changed = lambda: None  # type: ignore[method-assign]
    tokens.is_duplicate = lambda counter: bool(tokens.cache) and counter <= max(tokens.cache)  # type: ignore[method-assign]


@defect(
    "esme-losing-suppliers-settings-activate",
    device="Esme",
    breaks="R-CRD-056",
    story="What the losing supplier had left waiting is activated after the change, and told to the gaining supplier.",
)
def losing_suppliers_settings_activate(esme: Esme) -> None:
    """Waiting items survive the change."""
    esme.activations.forget = lambda originator: None  # type: ignore[method-assign]


@defect(
    "esme-waiting-certificates-survive-the-change",
    device="Esme",
    breaks="R-CRD-056",
    story="A future-dated renewal of the losing supplier is kept with its dates and puts that supplier back in charge.",
)
def waiting_certificates_survive_the_change(esme: Esme) -> None:
    """Waiting replacements survive the change."""
    esme.credentials.cancel_pending_of_losing_supplier = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-forgets-everything-waiting",
    device="Esme",
    breaks="R-FUT-007",
    story="After a change of supplier the meter takes no future-dated settings any more until it is restarted.",
)
def forgets_everything_waiting(esme: Esme) -> None:
    """Nothing waits after a change."""
    changed = esme.supplier_changed

    def stop(losing):
        changed(losing)
        esme.activations.fall_due = lambda key, waiting: None  # type: ignore[method-assign]

    esme.supplier_changed = stop  # type: ignore[method-assign]


@defect(
    "esme-balance-reset-on-change",
    device="Esme",
    breaks="R-CRD-057",
    story="The change of supplier sets the balance to zero: the household's credit is gone.",
)
def balance_reset_on_change(esme: Esme) -> None:
    """The account is reset with the credentials."""
    changed = esme.supplier_changed

    def and_reset(losing):
        changed(losing)
        esme.account.reset()

    esme.supplier_changed = and_reset  # type: ignore[method-assign]


@defect(
    "esme-credit-mode-on-change",
    device="Esme",
    breaks="R-CRD-057",
    story="A meter that changes supplier falls back to credit mode.",
)
def credit_mode_on_change(esme: Esme) -> None:
    """The payment mode is reset with the credentials."""
    changed = esme.supplier_changed

    def and_credit(losing):
        changed(losing)
        esme.account.change_mode(Mode.CREDIT)

    esme.supplier_changed = and_credit  # type: ignore[method-assign]


@defect(
    "esme-switch-closes-on-change",
    device="Esme",
    breaks="R-CRD-057",
    story="The change of supplier closes a load switch that the losing supplier had opened.",
)
def switch_closes_on_change(esme: Esme) -> None:
    """The switch is enabled with the credentials."""
    changed = esme.supplier_changed

    def and_enable(losing):
        changed(losing)
        esme.switch.move(SupplyState.ENABLED, Cause.NONE)

    esme.supplier_changed = and_enable  # type: ignore[method-assign]


@defect(
    "esme-alerts-the-losing-supplier",
    device="Esme",
    breaks="R-CRD-060",
    story="The recipient of alerts is looked up once at start: after a change the losing supplier still gets them.",
)
def alerts_the_losing_supplier(esme: Esme) -> None:
    """Alerts go to the supplier of the beginning."""
    losing, send = esme.anchors.subject(Role.SUPPLIER), esme.send_alert

    def to_the_old(counter, party, message_code, payload, critical=True):
        if party == esme.anchors.subject(Role.SUPPLIER):
            party, critical = losing, True
        send(counter, party, message_code, payload, critical)

    esme.send_alert = to_the_old  # type: ignore[method-assign]


@defect(
    "esme-ignores-floor",
    device="Esme",
    breaks="R-CRD-042",
    story="The floor in the command is reported as applied, but the losing supplier's counter stays in force.",
)
def ignores_floor(esme: Esme) -> None:
    """Floors change nothing."""
    credentials, set_floors = esme.credentials, esme.credentials.set_floors

    def only_reported(request, replaced):
        counters = dict(esme.anchors.counters)
        changes = set_floors(request, replaced)
        esme.anchors.counters.clear()
        esme.anchors.counters.update(counters)
        return changes

    credentials.set_floors = only_reported  # type: ignore[method-assign]


@defect(
    "esme-floors-not-reported",
    device="Esme",
    breaks="R-CRD-043",
    story="The sequence number changes that were applied are missing from the response.",
)
def floors_not_reported(esme: Esme) -> None:
    """No changes in the outcome."""
    set_floors = esme.credentials.set_floors

    def silently(request, replaced):
        set_floors(request, replaced)
        return []

    esme.credentials.set_floors = silently  # type: ignore[method-assign]


@defect(
    "esme-unknown-role-spoils-details",
    device="Esme",
    breaks="R-CRD-012",
    story="A role the meter does not hold is left out of the details instead of being told with status 25.",
)
def unknown_role_left_out(esme: Esme) -> None:
    """Absent roles are not listed."""
    from bench.gbcs.credentials import CredentialsDetails

    details = esme.credentials.details

    def known_only(payload, *rest):
        found = CredentialsDetails.parse(details(payload, *rest))
        return bytes(replace(found, roles=[one for one in found.roles if one.cells]))

    esme.credentials.details = known_only  # type: ignore[method-assign]


@defect(
    "esme-change-not-logged",
    device="Esme",
    breaks="R-CRD-052",
    story="A change of credentials leaves no entry in the security log.",
)
def change_not_logged(esme: Esme) -> None:
    """No 8F70."""
    logs, add = esme.logs, esme.logs.add

    def without(log, code, *rest, **more):
        if code != 0x8F70:
            add(log, code, *rest, **more)

    logs.add = without  # type: ignore[method-assign]


@defect(
    "esme-outcome-to-the-new-supplier",
    device="Esme",
    breaks="R-FUT-012",
    story="The outcome alert of a future-dated change goes to the supplier that has just been installed, not to the "
    "CoS party that sent the command.",
)
def outcome_to_the_new_supplier(esme: Esme) -> None:
    """The alert goes to the supplier."""
    send = esme.send_alert

    def to_supplier(counter, party, message_code, payload, critical=True):
        if message_code == 0x00CB:
            party = esme.anchors.subject(Role.SUPPLIER)
        send(counter, party, message_code, payload, critical)

    esme.send_alert = to_supplier  # type: ignore[method-assign]


@defect(
    "esme-change-at-once",
    device="Esme",
    breaks="R-FUT-005",
    story="A future-dated change of supplier is executed on receipt.",
)
def change_at_once(esme: Esme) -> None:
    """The execution time is not looked at."""
    from bench.gbcs.credentials import UpdateCredentialsResponse

    credentials = esme.credentials

    def now(command, request):
        credentials.apply(request)

    credentials.schedule = now  # type: ignore[method-assign]
    replace_now = credentials.replace

    def with_outcome(exchange):
        answer = replace_now(exchange)
        if answer is None or UpdateCredentialsResponse.parse(answer).outcome is not None:
            return answer
        from bench.gbcs.credentials import UpdateCredentials

        request = UpdateCredentials.parse(exchange.command.payload)
        return bytes(UpdateCredentialsResponse(credentials.apply(request)))

    credentials.replace = with_outcome  # type: ignore[method-assign]


@defect(
    "esme-change-cancellation-ignored",
    device="Esme",
    breaks="R-FUT-004",
    story="A cancelled change of supplier happens all the same.",
)
def change_cancellation_ignored(esme: Esme) -> None:
    """'Never' does not withdraw."""
    from datetime import datetime

    credentials, schedule = esme.credentials, esme.credentials.schedule

    def only_new(command, request):
        if isinstance(request.execution_time, datetime):
            schedule(command, request)

    credentials.schedule = only_new  # type: ignore[method-assign]


@defect(
    "esme-key-of-first-supplier",
    device="Esme",
    breaks="R-CRD-060",
    story="The shared secret with the supplier is computed once: after a change the meter encrypts and MACs for a key "
    "nobody has.",
)
def key_of_first_supplier(esme: Esme) -> None:
    """Answers are protected with the losing supplier's key."""
    first = esme.anchors.key(Role.SUPPLIER, KeyUsage.KEY_AGREEMENT)
    agreement = esme.agreement_public_key

    def cached(party):
        found = agreement(party)
        current = esme.anchors.key(Role.SUPPLIER, KeyUsage.KEY_AGREEMENT)
        same = found is not None and current is not None and found.public_numbers() == current.public_numbers()
        return first if same else found

    esme.agreement_public_key = cached  # type: ignore[method-assign]
