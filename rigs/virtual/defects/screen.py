"""Defects of what a meter shows and guards at its keys: PIN, customer's number, supplier's message, debt to clear."""

from datetime import timedelta

from rigs.virtual.defects import defect
from rigs.virtual.device_log import TYPE_2, Entry
from rigs.virtual.esme import Esme
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.gsme import Gsme
from rigs.virtual.han_server import RESTRICTION, HanServer
from rigs.virtual.meter_screen import ENABLE_SUPPLY
from rigs.virtual.zcl_objects import SUCCESS


@defect(
    "esme-pin-lost-in-outage",
    device="Esme",
    breaks="R-PRV-014",
    story="The PIN is kept in volatile memory: pull the main fuse, and everything is shown.",
)
def pin_lost_in_outage(esme: Esme) -> None:
    """No PIN after a start."""
    esme.on_boot.append(esme.screen.disable_pin)


@defect(
    "esme-pin-of-any-length",
    device="Esme",
    breaks="R-PRV-014",
    story="The dialogue takes as many digits as are keyed in before the key that confirms.",
)
def pin_of_any_length(esme: Esme) -> None:
    """Any digits will do."""
    esme.screen.is_pin = str.isdigit  # type: ignore[method-assign]


@defect(
    "gsme-pin-guards-no-valve",
    device="Gsme",
    breaks="R-PRV-014",
    story="The PIN was thought of as something for the display: the dialogue that opens the valve does not ask for it.",
)
def pin_guards_no_valve(gsme: Gsme) -> None:
    """The supply is turned on by anybody."""
    guards = gsme.screen.guards
    gsme.screen.guards = lambda what: what != ENABLE_SUPPLY and guards(what)  # type: ignore[method-assign]


@defect(
    "gsme-pin-locked-after-three",
    device="Gsme",
    breaks="R-PRV-014",
    story="After three wrong entries the PIN is blocked until the supplier switches it off, as on a bank card.",
)
def pin_locked_after_three(gsme: Gsme) -> None:
    """The right PIN comes too late."""
    is_right, wrong = gsme.screen.is_right, []

    def counted(entered: str) -> bool:
        if entered and not is_right(entered):
            wrong.append(entered)
        return len(wrong) < 3 and is_right(entered)

    gsme.screen.is_right = counted  # type: ignore[method-assign]


@defect(
    "esme-pin-overwritten",
    device="Esme",
    breaks="R-PRV-008",
    story="The menu in which the PIN is set can be reached while there is one, and asks for the new digits only.",
)
def pin_overwritten(esme: Esme) -> None:
    """A new PIN without the old one."""
    set_pin, screen = esme.screen.set_pin, esme.screen
    screen.set_pin = lambda digits, entered="": set_pin(digits, screen.pin)  # type: ignore[method-assign]


@defect(
    "esme-pin-hides-from-displays",
    device="HanServer",
    breaks="R-PRV-008",
    story="One flag says whether personal data may be shown, and the HAN asks it, too: with a PIN set the in-home "
    "display goes blank.",
)
def pin_hides_from_displays(server: HanServer) -> None:
    """Devices of type 2 read nothing."""
    admitted = server.admitted

    def admitted_without_pin(eui) -> Entry | None:
        entry = admitted(eui)
        return None if entry is not None and entry.type_code == TYPE_2 and server._esme.screen.pin else entry

    server.admitted = admitted_without_pin  # type: ignore[method-assign]


@defect(
    "gsme-pin-stops-emergency-credit",
    device="Gsme",
    breaks="R-PRV-008",
    story="The menu of the prepayment functions is guarded as a whole: who has forgotten the PIN sits in the cold.",
)
def pin_stops_emergency_credit(gsme: Gsme) -> None:
    """No emergency credit while a PIN is set."""
    activate = gsme.account.activate_emergency
    gsme.account.activate_emergency = lambda: not gsme.screen.pin and activate()


@defect(
    "esme-restriction-clears-pin",
    device="Esme",
    breaks="R-PRV-009",
    story="A change of tenancy was taken for a new household altogether: the restriction switches the PIN off as well.",
)
def restriction_clears_pin(esme: Esme) -> None:
    """ECS12 does what ECS14 is for."""
    esme.cosem.objects.written[RESTRICTION] = lambda value: esme.screen.disable_pin()


@defect(
    "gsme-pin-not-switched-off",
    device="Gsme",
    breaks="R-PRV-007",
    story="GCS11 is answered with success, and the PIN is gone after the next restart only.",
)
def pin_not_switched_off(gsme: Gsme) -> None:
    """The command does nothing."""
    gsme.screen.new_password = lambda component: SUCCESS  # type: ignore[method-assign]


@defect(
    "esme-number-shown-for-ever",
    device="Esme",
    breaks="R-PRV-010",
    story="The customer identification number stays on its page until another one comes: months later somebody else "
    "can prove to be the customer.",
)
def number_shown_for_ever(esme: Esme) -> None:
    """It is never taken away."""
    esme.screen.number_shown_for = lambda: timedelta(days=36500)  # type: ignore[method-assign]


@defect(
    "gsme-number-in-the-log",
    device="Gsme",
    breaks="R-PRV-010",
    story="For its own support the maker writes what a command brought into the other information of its log entry.",
)
def number_in_the_log(gsme: Gsme) -> None:
    """The entry of the command holds the number."""
    take = gsme.screen.take_number

    def take_and_log(digits: str) -> None:
        take(digits)
        gsme.logs.add(gsme.logs.event, 0x8154, digits.encode())

    gsme.screen.take_number = take_and_log  # type: ignore[method-assign]


@defect(
    "esme-message-acknowledged-when-fetched",
    device="Esme",
    breaks="R-PRV-011",
    story="A display that has fetched the message counts as a customer who has read it.",
)
def message_acknowledged_when_fetched(esme: Esme) -> None:
    """81A6 as soon as a display asks."""
    screen, published = esme.screen, esme.screen.published_message

    def published_and_acknowledged():
        found = published()
        if found is not None:
            screen.acknowledged(found["messageId"])
        return found

    screen.published_message = published_and_acknowledged  # type: ignore[method-assign]


@defect(
    "esme-message-cut",
    device="Esme",
    breaks="R-PRV-011",
    story="The buffer of the display has room for 80 characters; messages may have 116.",
)
def message_cut(esme: Esme) -> None:
    """The end is missing."""
    message = esme.screen.message
    esme.screen.message = lambda: message()[:80]  # type: ignore[method-assign]


@defect(
    "gsme-message-kept",
    device="Gsme",
    breaks="R-PRV-011",
    story="A message lasts for ever (duration FFFF), so the gas meter shows the first one until it has been cancelled.",
)
def message_kept(gsme: Gsme) -> None:
    """The first message stays."""
    show = gsme.screen.show_message
    gsme.screen.show_message = lambda component: SUCCESS if gsme.screen.words else show(component)  # type: ignore[method-assign]


@defect(
    "esme-tenancy-ends-access",
    device="HanServer",
    breaks="R-PRV-013",
    story="With a restriction date set the meter serves no device of type 2 any more: the new tenant's own display "
    "stays dark until the supplier joins it again.",
)
def tenancy_ends_access(server: HanServer) -> None:
    """Displays are refused after a change of tenancy."""
    admitted = server.admitted

    def admitted_before(eui) -> Entry | None:
        entry = admitted(eui)
        restricted = server._esme.cosem.objects.read(RESTRICTION)
        dark = restricted is not None and restricted.value
        return None if dark and entry is not None and entry.type_code == TYPE_2 else entry

    server.admitted = admitted_before  # type: ignore[method-assign]


@defect(
    "any-encrypts-for-the-broker",
    device="GbcsDevice",
    breaks="R-PRV-012",
    story="What goes to the broker is encrypted for the broker: the certificate that came with the command is only "
    "looked at to name the reader.",
)
def encrypts_for_the_broker(device: GbcsDevice) -> None:
    """The broker's key instead of the reader's."""
    device.certified_key = lambda certificate, reader: device.agreement_public_key(  # type: ignore[method-assign]
        device.exchange.command.originator
    )


@defect(
    "esme-debt-to-clear-without-share",
    device="Esme",
    breaks="R-CRE-007",
    story="The display adds up what is owed and forgets that the payment debt takes its share of the top up first: who "
    "pays what is shown is still in the dark.",
)
def debt_to_clear_without_share(esme: Esme) -> None:
    """Half of the top up is gone before the debt is paid."""
    account, shown = esme.account, esme.account.debt_to_clear

    def shown_without_share() -> int:
        share, account.payment_share = account.payment_share, 0
        try:
            return shown()
        finally:
            account.payment_share = share

    account.debt_to_clear = shown_without_share  # type: ignore[method-assign]


@defect(
    "gsme-debt-to-clear-of-the-balance",
    device="Gsme",
    breaks="R-CRE-007",
    story="The debt to clear is the negative balance with another sign; emergency credit and what has gathered in the "
    "accumulated debt register are on other pages.",
)
def debt_to_clear_of_the_balance(gsme: Gsme) -> None:
    """Emergency credit and accumulated debt are left out."""
    gsme.account.debt_to_clear = lambda: max(0, -gsme.account.balance)
