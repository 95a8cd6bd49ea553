"""Defects of prepayment: tokens, balance, emergency credit, disablement."""

from dataclasses import replace

from bench.gbcs.axdr import Data
from rigs.virtual.account import DISABLED_FOR_CREDIT, EMERGENCY_ACTIVATED, EMERGENCY_AVAILABLE, LOW_CREDIT, Mode
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.load_switch import Cause, SupplyState


@defect(
    "esme-token-counts-twice",
    device="Esme",
    breaks="R-UTR-016",
    story="The counter of a token is remembered for each way it may come, so that a token counts once by command and "
    "once more at the keypad - and, since the cache of the commands is lost, twice by command.",
)
def token_counts_twice(esme: Esme) -> None:
    """Counters are not remembered."""
    tokens = esme.prepayment.tokens

    def accept(counter, amount):
        tokens.failures = 0
        tokens._credit(amount)

    tokens.accept = accept  # type: ignore[method-assign]


@defect(
    "esme-duplicate-token-not-logged",
    device="Esme",
    breaks="R-UTR-011",
    story="A duplicate token is refused without the entry 8F51 in the security log.",
)
def duplicate_token_not_logged(esme: Esme) -> None:
    """No event for a duplicate."""
    tokens, reject = esme.prepayment.tokens, esme.prepayment.tokens.reject
    tokens.reject = lambda event, local: reject(None if event == 0x8F51 else event, local)  # type: ignore[method-assign]


@defect(
    "esme-token-mac-not-checked",
    device="Esme",
    breaks="R-UTR-006",
    story="Only the check digit of a token is verified: anybody who knows the algorithm can make tokens.",
)
def token_mac_not_checked(esme: Esme) -> None:
    """Every token is authentic."""
    esme.prepayment.tokens.is_authentic = lambda token, counter: True  # type: ignore[method-assign]


@defect(
    "esme-false-token-wrong-event",
    device="Esme",
    breaks="R-UTR-013",
    story="A token that is not authentic is logged as a duplicate.",
)
def false_token_wrong_event(esme: Esme) -> None:
    """8F51 instead of 8F63."""
    tokens, reject = esme.prepayment.tokens, esme.prepayment.tokens.reject
    tokens.reject = lambda event, local: reject(0x8F51 if event == 0x8F63 else event, local)  # type: ignore[method-assign]


@defect(
    "esme-credits-up-to-the-limit",
    device="Esme",
    breaks="R-UTR-014",
    story="A top up above the maximum credit is not refused but cut to the maximum.",
)
def credits_up_to_the_limit(esme: Esme) -> None:
    """Too much is cut, not refused."""
    tokens = esme.prepayment.tokens
    accept = tokens.accept
    tokens.beyond_limits = lambda amount: None  # type: ignore[method-assign]
    tokens.accept = lambda counter, amount: accept(counter, min(amount, tokens._limits().credit))  # type: ignore[method-assign]


@defect(
    "esme-token-in-pence",
    device="Esme",
    breaks="R-UTR-004",
    story="The value class of a token is ignored: pounds are credited as pence.",
)
def token_in_pence(esme: Esme) -> None:
    """Pounds are pence."""
    tokens, readable = esme.prepayment.tokens, esme.prepayment.tokens.readable

    def in_pence(utrn):
        token = readable(utrn)
        return replace(token, value_class=0) if token is not None else None

    authentic = tokens.is_authentic
    tokens.readable = in_pence  # type: ignore[method-assign]
    tokens.is_authentic = lambda token, counter: authentic(replace(token, value_class=1), counter)  # type: ignore[method-assign]


@defect(
    "esme-token-in-credit-mode",
    device="Esme",
    breaks="R-PPM-006",
    story="A meter in credit mode takes tokens and hides the money in a balance nobody looks at.",
)
def token_in_credit_mode(esme: Esme) -> None:
    """The mode is not looked at."""
    prepayment = esme.prepayment
    enter = prepayment.top_up_remotely

    def in_any_mode(token: Data) -> int:
        mode, prepayment.account.mode = prepayment.account.mode, Mode.PREPAYMENT
        result = enter(token)
        prepayment.account.mode = mode
        return result

    prepayment.top_up_remotely = in_any_mode  # type: ignore[method-assign]


@defect(
    "esme-top-up-blocks-the-supplier",
    device="Esme",
    breaks="R-CTR-012",
    story="Top ups share the execution counter of the supplier: after the first one, whose counter is huge, the "
    "supplier can no longer command the meter.",
)
def top_up_blocks_the_supplier(esme: Esme) -> None:
    """Top ups have an execution counter."""
    esme.has_execution_counter = lambda message: esme.use_cases[message.message_code].replay_protected  # type: ignore[method-assign]


@defect(
    "esme-top-up-closes-the-switch",
    device="Esme",
    breaks="R-CRE-006",
    story="When credit returns the load switch closes by itself, with whatever the household has left on the hob.",
)
def top_up_closes_the_switch(esme: Esme) -> None:
    """Credit enables instead of arming."""
    switch = esme.switch

    def close():
        if switch.state is SupplyState.DISABLED and switch.cause is Cause.CREDIT:
            switch.move(SupplyState.ENABLED, Cause.NONE)

    switch.credit_returned = close  # type: ignore[method-assign]


@defect(
    "esme-top-up-arms-any-supply",
    device="Esme",
    breaks="R-SUP-007",
    story="A top up arms every supply that is off, also one the supplier has disabled for safety.",
)
def top_up_arms_any_supply(esme: Esme) -> None:
    """The reason of a disablement is forgotten."""
    switch = esme.switch

    def arm():
        if switch.state is SupplyState.DISABLED:
            switch.arm_now(Cause.CREDIT)

    switch.credit_returned = arm  # type: ignore[method-assign]


@defect(
    "esme-silent-about-arming",
    device="Esme",
    breaks="R-SUP-008",
    story="The supply is armed, but no alert 8F32 is sent.",
)
def silent_about_arming(esme: Esme) -> None:
    """No 8F32."""
    esme.switch.arm_now = lambda cause: esme.switch.move(SupplyState.ARMED, cause)  # type: ignore[method-assign]


@defect(
    "esme-enables-without-credit",
    device="Esme",
    breaks="R-SUP-004",
    story="The supplier's command to enable is executed although there is no credit; a minute later the supply is off "
    "again.",
)
def enables_without_credit(esme: Esme) -> None:
    """Enabling does not look at the account."""
    switch = esme.switch

    def enable():
        switch.move(SupplyState.ENABLED, Cause.NONE)
        return True

    switch.enable = enable  # type: ignore[method-assign]


@defect(
    "esme-never-disables",
    device="Esme",
    breaks="R-DIS-001",
    story="At the disablement threshold nothing happens: the balance goes on into the red.",
)
def never_disables(esme: Esme) -> None:
    """The threshold is not looked at."""
    esme.prepayment.account.check_disablement = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-disables-without-a-word",
    device="Esme",
    breaks="R-DIS-001",
    story="The supply is disabled for lack of credit, but the supplier is not told (no 8F0F).",
)
def disables_without_a_word(esme: Esme) -> None:
    """No 8F0F."""
    event = esme.event
    esme.event = lambda code: None if code == DISABLED_FOR_CREDIT else event(code)  # type: ignore[method-assign]


@defect(
    "esme-waits-for-first-tick",
    device="Esme",
    breaks="R-PPM-005",
    story="After the change to prepayment the threshold is first looked at when something is consumed: a meter "
    "without credit stays on.",
)
def waits_for_first_tick(esme: Esme) -> None:
    """The change of mode does not look at the thresholds."""
    account = esme.prepayment.account
    change, look = account.change_mode, account.look
    account.on_hold = False  # type: ignore[attr-defined]

    def change_quietly(mode):
        account.on_hold = True  # type: ignore[attr-defined]
        change(mode)

    account.look = lambda: None if account.on_hold else look()  # type: ignore[method-assign,attr-defined]
    account.change_mode = change_quietly  # type: ignore[method-assign]


@defect(
    "esme-disables-in-credit-mode",
    device="Esme",
    breaks="R-PPM-004",
    story="After a return to credit mode the prepayment threshold is still watched, and the supply goes off.",
)
def disables_in_credit_mode(esme: Esme) -> None:
    """The account stays in prepayment."""
    account, change = esme.prepayment.account, esme.prepayment.account.change_mode
    account.change_mode = lambda mode: change(Mode.PREPAYMENT)  # type: ignore[method-assign]


@defect(
    "esme-emergency-any-time",
    device="Esme",
    breaks="R-EMC-002",
    story="Emergency credit can be activated at any balance.",
)
def emergency_any_time(esme: Esme) -> None:
    """It is always available."""
    esme.prepayment.account.emergency_available = lambda: True  # type: ignore[method-assign]


@defect(
    "esme-second-activation-fails",
    device="Esme",
    breaks="R-RSP-016",
    story="Activating emergency credit that is already active is reported as a failure.",
)
def second_activation_fails(esme: Esme) -> None:
    """The change counts, not the state."""
    account, activate = esme.prepayment.account, esme.prepayment.account.activate_emergency
    account.activate_emergency = lambda: not account.emergency_active and activate()  # type: ignore[method-assign]


@defect(
    "esme-emergency-not-offered",
    device="Esme",
    breaks="R-EMC-001",
    story="Emergency credit becomes available, but nobody is told (no 8119).",
)
def emergency_not_offered(esme: Esme) -> None:
    """No 8119."""
    event = esme.event
    esme.event = lambda code: None if code == EMERGENCY_AVAILABLE else event(code)  # type: ignore[method-assign]


@defect(
    "esme-emergency-activated-in-silence",
    device="Esme",
    breaks="R-EMC-002",
    story="The activation of emergency credit is not told (no 81AB).",
)
def emergency_activated_in_silence(esme: Esme) -> None:
    """No 81AB."""
    event = esme.event
    esme.event = lambda code: None if code == EMERGENCY_ACTIVATED else event(code)  # type: ignore[method-assign]


@defect(
    "esme-emergency-not-repaid",
    device="Esme",
    breaks="R-CRE-001",
    story="A top up goes to the balance at once; the emergency credit used is never repaid.",
)
def emergency_not_repaid(esme: Esme) -> None:
    """Nothing is repaid."""
    esme.prepayment.account.repay_emergency = lambda amount: 0  # type: ignore[method-assign]


@defect(
    "esme-low-credit-again-and-again",
    device="Esme",
    breaks="R-DIS-005",
    story="The low credit alert is sent at every evaluation while credit is low.",
)
def low_credit_again_and_again(esme: Esme) -> None:
    """Low credit is told each time."""
    account = esme.prepayment.account

    def check():
        if account.available < account.settings.low_credit:
            esme.event(LOW_CREDIT)

    account.check_low_credit = check  # type: ignore[method-assign]


@defect(
    "esme-top-up-without-time",
    device="Esme",
    breaks="R-RSP-009",
    story="The response to a top up carries no date-time, so the receipt cannot be dated.",
)
def top_up_without_time(esme: Esme) -> None:
    """CS01a responses are not dated."""
    envelope = esme.envelope

    def undated(exchange, payload):
        message = envelope(exchange, payload)
        return replace(message, date_time=b"") if message.message_code == 0x0007 else message

    esme.envelope = undated  # type: ignore[method-assign]


@defect(
    "esme-top-up-fails-by-other-reason",
    device="Esme",
    breaks="R-UTR-019",
    story="An accepted top up is reported with result 1: the money is there, but the supplier refunds it.",
)
def top_up_reported_as_failed(esme: Esme) -> None:
    """Success is reported as failure."""
    enter = esme.prepayment.top_up_remotely

    def mistaken(token):
        enter(token)
        return 1

    esme.prepayment.top_up_remotely = mistaken  # type: ignore[method-assign]


@defect(
    "esme-plain-low-credit-alert-signed",
    device="Esme",
    breaks="R-ALT-001",
    story="Alerts 81xx are signed like critical ones, and with the key that is there for key agreement.",
)
def every_alert_signed(esme: Esme) -> None:
    """Non-critical alerts are signed, and with the key agreement key."""
    send = esme.send_alert

    def with_wrong_protection(counter, party, message_code, payload, critical=True):
        if critical:
            send(counter, party, message_code, payload)
            return
        key, esme.signing_key = esme.signing_key, esme.agreement_key
        send(counter, party, message_code, payload)
        esme.signing_key = key

    esme.send_alert = with_wrong_protection  # type: ignore[method-assign]
