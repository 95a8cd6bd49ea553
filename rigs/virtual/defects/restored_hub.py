"""Defects of a hub that is given the log of another (CCS03)."""

from rigs.virtual.cosem import SUCCESS
from rigs.virtual.defects import defect
from rigs.virtual.hub_log import HubLog, Listed
from rigs.virtual.trust_centre import TrustCentre


@defect(
    "hub-asks-for-install-codes-again",
    device="TrustCentre",
    breaks="R-HAN-018",
    story="The hashes in a restored log are kept to be shown: a device that returns is not known, and needs a visit.",
)
def asks_for_install_codes(centre: TrustCentre) -> None:
    """Nobody comes back."""
    centre.returning_key = lambda eui: None  # type: ignore[method-assign]


@defect(
    "hub-keeps-its-own-network",
    device="HubLog",
    breaks="R-HAN-018",
    story="The extended PAN id is that of the hub's own identifier, whatever it is told: devices look for the old one.",
)
def keeps_own_network(log: HubLog) -> None:
    """The network does not change."""
    restore = log.restore

    def restored(asked) -> int:
        result = restore(asked)
        log.old_network = b""
        return result

    log.restore = restored  # type: ignore[method-assign]


@defect(
    "hub-adds-restored-devices",
    device="HubLog",
    breaks="R-HAN-019",
    story="A log that is restored is added to the one there is.",
)
def adds_restored_devices(log: HubLog) -> None:
    """Nothing is taken out."""
    restore = log.restore

    def restored(asked) -> int:
        kept = dict(log.entries)
        result = restore(asked)
        log.entries = kept | log.entries
        return result

    log.restore = restored  # type: ignore[method-assign]


@defect(
    "hub-restores-a-log-of-nothing",
    device="HubLog",
    breaks="R-HAN-019",
    story="An empty list is a list: a home is put off the network by a message that failed to be filled in.",
)
def restores_nothing(log: HubLog) -> None:
    """Any number of devices will do."""
    log.may_restore = lambda devices: True  # type: ignore[method-assign]


@defect(
    "hub-restores-half-a-log",
    device="HubLog",
    breaks="R-HAN-019",
    story="The message buffer holds eight entries: a longer log is answered with success, and lost.",
)
def restores_half(log: HubLog) -> None:
    """More than eight devices are dropped with success."""
    restore = log.restore

    def restored(asked) -> int:
        return restore(asked) if len(asked.value[1].value) <= 8 else SUCCESS

    log.restore = restored  # type: ignore[method-assign]


@defect(
    "hub-forgets-keys-it-has",
    device="HubLog",
    breaks="R-HAN-018",
    story="Every device of a restored log starts anew, also those that are here with that very key.",
)
def forgets_keys(log: HubLog) -> None:
    """Hashes take the place of keys, and the network shows it."""
    log.taken_over = lambda eui, digest: Listed()  # type: ignore[method-assign]
