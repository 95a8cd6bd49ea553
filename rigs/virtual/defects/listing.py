"""Defects of what is listed and reported: the hub's log, a device's answers to joins, the gas meter and its proxy."""

from bench.gbcs import Eui64
from rigs.virtual.cosem import CosemServer
from rigs.virtual.defects import defect
from rigs.virtual.device_log import SUCCESS, DeviceLog
from rigs.virtual.hub import HubFunction
from rigs.virtual.hub_log import HubLog
from rigs.virtual.sleepy import SleepyEnd

CCS01 = "CCS01"
WRITE_FAILURE = 5


@defect(
    "hub-takes-addition-in-any-order",
    device="HubFunction",
    breaks="R-HAN-002",
    story="The three items of CCS01 are looked up by object: joining opens before anybody is listed, or for no time.",
)
def takes_any_order(chf: HubFunction) -> None:
    """The items of CCS01 are sorted first."""
    cosem: CosemServer = chf.cosem
    is_well_formed = cosem.is_well_formed

    def any_order(use_case, request) -> bool:
        return use_case.name.startswith(CCS01) or is_well_formed(use_case, request)

    cosem.is_well_formed = any_order  # type: ignore[method-assign]


@defect(
    "hub-does-not-list-returned-device",
    device="HubLog",
    breaks="R-HAN-007",
    story="A device that comes back by its old key is let in, but the log is only filled by key establishment.",
)
def does_not_list_returned(log: HubLog) -> None:
    """An old key changes nothing in the log."""
    key_agreed = log.key_agreed

    def new_alone(eui: Eui64, link_key: bytes) -> None:
        if log.historic.get(eui) != link_key:
            key_agreed(eui, link_key)

    log.key_agreed = new_alone  # type: ignore[method-assign]


@defect(
    "hub-reports-log-without-hashes",
    device="HubLog",
    breaks="R-HAN-010",
    story="The alert names the devices and leaves the hashes of their keys out: the DCC cannot tell who has joined.",
)
def reports_without_hashes(log: HubLog) -> None:
    """No hash in CS14."""
    report, key_hash = log.report, log.key_hash

    def without() -> None:
        log.key_hash = lambda link_key: b""  # type: ignore[method-assign]
        try:
            report()
        finally:
            log.key_hash = key_hash  # type: ignore[method-assign]

    log.report = without  # type: ignore[method-assign]


@defect(
    "hub-reports-a-key-for-all",
    device="HubLog",
    breaks="R-HAN-010",
    story="The hashes in CS14 are written one row too far: that of a device which has joined also stands at others.",
)
def reports_key_for_all(log: HubLog) -> None:
    """Who has no key is given the hash of another."""
    report, key_hash = log.report, log.key_hash

    def shifted() -> None:
        some = next((one.link_key for one in reversed(log.entries.values()) if one.link_key is not None), None)
        log.key_hash = lambda link_key: key_hash(link_key or some)  # type: ignore[method-assign]
        try:
            report()
        finally:
            log.key_hash = key_hash  # type: ignore[method-assign]

    log.report = shifted  # type: ignore[method-assign]


@defect(
    "device-answers-failed-joins-alike",
    device="DeviceLog",
    breaks="R-HAN-045",
    story="Every join that fails is answered with code 5, a failure to write, whatever was wrong with it.",
)
def answers_alike(log: DeviceLog) -> None:
    """One code for all."""
    judge = log.judge
    log.judge = lambda code, asked: judge(code, asked) and WRITE_FAILURE  # type: ignore[method-assign]


@defect(
    "device-answers-full-log-with-success",
    device="DeviceLog",
    breaks="R-HAN-045",
    story="A join for which there is no room is answered with success, and not entered.",
)
def answers_full_with_success(log: DeviceLog) -> None:
    """Full is no failure."""
    judge, enter = log.judge, log.enter
    log.judge = lambda code, asked: SUCCESS if judge(code, asked) == 4 else judge(code, asked)  # type: ignore[method-assign]

    def enter_if_room(eui: Eui64, asked) -> None:
        if eui in log.entries or len(log.entries) < log.capacity:
            enter(eui, asked)

    log.enter = enter_if_room  # type: ignore[method-assign]


@defect(
    "gsme-pushes-to-unjoined-proxy",
    device="SleepyEnd",
    breaks="R-HAN-055",
    story="The gas meter tells the mirror its readings from the moment it is on the network, joined with it or not.",
)
def pushes_to_unjoined(end: SleepyEnd) -> None:
    """The log is not looked at."""
    end.may_push = lambda: True  # type: ignore[method-assign]
