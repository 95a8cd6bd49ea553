"""Defects of a meter's own log of devices (CS03, CS04, CS07)."""

from bench.gbcs import Eui64
from rigs.virtual.defects import defect
from rigs.virtual.device_log import FULL, NO_CERTIFICATE, SUCCESS, WRONG_CODE, WRONG_METHOD, DeviceLog


def _instead(log: DeviceLog, wrong: int, right: int = SUCCESS) -> None:
    """Answer with one code where another belongs."""
    judge = log.judge

    def otherwise(message_code, asked) -> int:
        code = judge(message_code, asked)
        return right if code == wrong else code

    log.judge = otherwise  # type: ignore[method-assign]


@defect(
    "meter-joins-in-any-role",
    device="DeviceLog",
    breaks="R-HAN-046",
    story="The method in the command is not compared with its message code: the meter is joined as responder, too.",
)
def joins_in_any_role(log: DeviceLog) -> None:
    """Code 1 is never given."""
    _instead(log, WRONG_CODE)


@defect(
    "meter-takes-needless-certificate",
    device="DeviceLog",
    breaks="R-HAN-041",
    story="Whether a certificate belongs into a join is not looked at: one too many is stored and fills the memory.",
)
def takes_needless_certificate(log: DeviceLog) -> None:
    """A certificate is taken with every method."""
    judge = log.judge

    def tolerant(message_code, asked) -> int:
        code = judge(message_code, asked)
        return SUCCESS if code == NO_CERTIFICATE and "certificate" in asked else code

    log.judge = tolerant  # type: ignore[method-assign]


@defect(
    "gsme-joins-ppmid-without-certificate",
    device="DeviceLog",
    breaks="R-HAN-044",
    story="A PPMID is joined without its certificate: it is in the log, and none of its messages can be verified.",
)
def joins_ppmid_without_certificate(log: DeviceLog) -> None:
    """A missing certificate is no failure."""
    judge = log.judge

    def tolerant(message_code, asked) -> int:
        code = judge(message_code, asked)
        return SUCCESS if code == NO_CERTIFICATE and "certificate" not in asked else code

    log.judge = tolerant  # type: ignore[method-assign]


@defect(
    "gsme-joins-ppmid-by-method-b",
    device="DeviceLog",
    breaks="R-HAN-043",
    story="Method B enters whatever it is given: a PPMID is in the log without a key to talk to it.",
)
def joins_ppmid_by_method_b(log: DeviceLog) -> None:
    """Code 2 is never given."""
    _instead(log, WRONG_METHOD)


@defect(
    "meter-log-without-end",
    device="DeviceLog",
    breaks="R-HAN-054",
    story="The table has sixteen rows, and the seventeenth device is written over the first without a word.",
)
def log_without_end(log: DeviceLog) -> None:
    """The oldest gives way."""
    enter = log.enter

    def over_the_oldest(eui, asked) -> None:
        while len(log.entries) >= log.capacity and eui not in log.entries:
            del log.entries[next(iter(log.entries))]
        enter(eui, asked)

    _instead(log, FULL)
    log.enter = over_the_oldest  # type: ignore[method-assign]


@defect(
    "meter-log-of-four",
    device="DeviceLog",
    breaks="R-HAN-054",
    story="There is room for four devices: the fifth load controller of a house cannot be joined.",
)
def log_of_four(log: DeviceLog) -> None:
    """Four entries."""
    log.capacity = 4


@defect(
    "meter-changes-type-of-joined",
    device="DeviceLog",
    breaks="R-HAN-047",
    story="A device that joins again as another type is accepted, and the log has the new type.",
)
def changes_type_of_joined(log: DeviceLog) -> None:
    """Types are not compared."""
    from rigs.virtual.device_log import INCOMPATIBLE

    _instead(log, INCOMPATIBLE)


@defect(
    "meter-joins-without-log-entry",
    device="DeviceLog",
    breaks="R-HAN-048",
    story="Joins are security events that nobody finds: only those that fail are written to the log.",
)
def joins_without_log_entry(log: DeviceLog) -> None:
    """A join that succeeds is not logged."""

    def join(exchange, asked):
        code = log.judge(exchange.command.message_code, asked)
        if code == SUCCESS:
            log.enter(Eui64.of(asked["other_device"]), asked)
        return {"response_code": code}

    log.join = join  # type: ignore[method-assign]


@defect(
    "meter-unjoins-what-is-not-there",
    device="DeviceLog",
    breaks="R-HAN-049",
    story="Unjoining is a delete that never fails: a wrongly typed identifier is reported as unjoined.",
)
def unjoins_what_is_not_there(log: DeviceLog) -> None:
    """Always success."""
    unjoin = log.unjoin
    log.unjoin = lambda exchange, asked: unjoin(exchange, asked) | {"response_code": SUCCESS}  # type: ignore[method-assign]


@defect(
    "meter-keeps-unjoined",
    device="DeviceLog",
    breaks="R-HAN-049",
    story="Unjoining is answered with success and done at the next start of the meter.",
)
def keeps_unjoined(log: DeviceLog) -> None:
    """The entry stays."""
    unjoin = log.unjoin

    def later(exchange, asked):
        before = dict(log.entries)
        answer = unjoin(exchange, asked)
        log.entries.update(before)
        return answer

    log.unjoin = later  # type: ignore[method-assign]


@defect(
    "meter-shows-every-device-as-ppmid",
    device="DeviceLog",
    breaks="R-HAN-051",
    story="The type in the log that is read out is a constant: the engineer sees five displays in a house with one.",
)
def shows_every_device_as_ppmid(log: DeviceLog) -> None:
    """Type 5 for all."""
    read = log.read

    def constant(exchange, asked):
        answer = read(exchange, asked)
        return answer | {"device_log": [entry | {"device_type_code": 5} for entry in answer.get("device_log", [])]}

    log.read = constant  # type: ignore[method-assign]
