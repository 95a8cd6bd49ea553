"""Which GBCS use case a service request becomes, by variant and device type, and what its payload is.

One entry per use case: a later variant is one more entry. Payloads were read off the Reference Test Data Set.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from bench.dcc import credentials
from bench.dcc.bodies import ImportMPANs
from bench.dcc.payload import (
    Context,
    Device,
    Payload,
    act,
    dlms_request,
    gbz,
    get,
    get_between,
    issued,
    log_period,
    protected,
    put,
    read_attributes,
    to_client,
    to_server,
    zcl,
    zcl_string,
)
from bench.gbcs import dlms
from bench.gbcs.dlms import Data, zigbee_utc


class Author(Enum):
    """Whose identifier and counter the message carries."""

    USER = "user"  #: the user if the device knows it, else the access control broker with the user behind it
    BROKER = "broker"  #: always the access control broker, with the user behind it
    BROKER_ALONE = "broker alone"  #: the access control broker on its own behalf
    COS_PARTY = "CoS party"


@dataclass(frozen=True, slots=True)
class UseCase:
    """How one service request variant becomes a message for some device types."""

    name: str  #: GBCS use case
    message_code: int
    variants: tuple[str, ...]
    devices: frozenset[Device]
    payload: Payload
    applies: Callable[[Any], bool] = lambda body: True  #: picks by what the body says
    author: Author = Author.USER


ESME, GSME, CHF, GPF, PPMID, HCALCS = (
    frozenset({device}) for device in (Device.ESME, Device.GSME, Device.CHF, Device.GPF, Device.PPMID, Device.HCALCS)
)
GAS = GSME | GPF
EVERY = frozenset(Device)

_SUPPLY_SCRIPTS = "9:0-0:10.0.106.255:1"
_CLOCK = "8:0-0:1.0.0.255"
_HUB_LOG = "104:0-0:30.3.0.255"


def _validity_start(context: Context) -> bytes:
    return dlms.date_time(context.body.current)


def _validity_end(context: Context) -> bytes:
    return dlms.date_time(context.body.current + timedelta(seconds=context.body.tolerance))


def _adjusting_time(context: Context) -> Data:
    times = (dlms.date_time("never"), _validity_start(context), _validity_end(context))
    return dlms.structure(map(dlms.octets, times))


_SET_CLOCK = dlms_request(
    put(f"{_CLOCK}:9", dlms.enum(5)),
    act(f"{_CLOCK}:5", _adjusting_time),
    act(f"{_CLOCK}:4", dlms.i8(0)),
    get(f"{_CLOCK}:2"),
    get(f"{_CLOCK}:4"),
)


def _supply_script(script: int) -> Payload:
    return dlms_request(act(_SUPPLY_SCRIPTS, dlms.u16(script)))


def _read_log(name: str) -> Payload:
    return dlms_request(get_between(f"7:{name}:2"))


def _log(word: str) -> Callable[[Any], bool]:
    return lambda body: bool(body.log == word)


def _period_start(context: Context) -> int:
    return zigbee_utc(log_period(context).start)


def _period_end(context: Context) -> int:
    return zigbee_utc(log_period(context).end)


def _half_hours(context: Context) -> int:
    """Samples from start to end, both included."""
    period = log_period(context)
    return (period.end - period.start) // timedelta(minutes=30) + 1


def _gas_event_log(log: int) -> Payload:
    fields = zcl("BHIIBH", log, 0, _period_start, _period_end, 0, 0)
    return gbz(to_server(0x0709, 0x00, fields))


def _display_message(context: Context) -> bytes:
    return zcl("IBIH", issued, 0, 0, 0xFFFF)(context) + zcl_string(context.body.message)


def _supplier_name(context: Context) -> bytes:
    body = context.body
    fields = zcl("IIBIII", 0, issued, 0, 0, 0, 0x1800)(context)
    return fields + zcl_string(body.supplier_name) + zcl_string(body.telephone_number)


def _site_id(context: Context) -> bytes:
    return zcl("III", issued, 0, 0)(context) + zcl_string(context.body.mprn or "")


def _mpans(context: Context) -> bytes:
    """MPAN digits; of a twin element meter those of both elements in a row (unverified)."""
    mpans: ImportMPANs = context.body.mpans
    return (mpans.primary + (mpans.secondary or "")).encode("ascii")


def _restriction(context: Context) -> int:
    return zigbee_utc(context.body.restriction)


def _join(context: Context) -> Data:
    code = context.body.whitelist.install_code
    return dlms.structure((dlms.octets(context.body.device), dlms.enum(1), dlms.octets(code), dlms.enum(0)))


USE_CASES: tuple[UseCase, ...] = (
    UseCase("ECS10", 0x0021, ("3.1",), ESME, dlms_request(
        put("1:0-2:96.13.1.255:2", lambda c: dlms.octets(c.body.message.encode("ascii"))))),
    UseCase("GCS07", 0x0071, ("3.1",), GSME, gbz(to_client(0x0703, 0x00, _display_message))),
    UseCase("ECS12", 0x0022, ("3.2",), ESME, dlms_request(
        put("1:0-0:94.44.3.2:2", lambda c: dlms.octets(dlms.date_time(c.body.restriction))))),
    UseCase("GCS09", 0x0072, ("3.2",), GPF, gbz(
        to_client(0x0708, 0x00, zcl("IIBII", 0, issued, 0, _restriction, 0x0200)))),
    UseCase("ECS15a", 0x0024, ("3.3",), ESME, dlms_request(act("7:0-0:99.98.0.255:1", dlms.i8(0))), _log("ESME")),
    UseCase("ECS15c", 0x00C1, ("3.3",), ESME, dlms_request(act("7:0-17:99.98.2.255:1", dlms.i8(0))), _log("ALCS")),
    UseCase("CS11", 0x0015, ("3.3",), GSME, gbz(to_server(0x0709, 0x01, b"\x03")), lambda b: b.log is None),
    UseCase("ECS14", 0x0023, ("3.5",), ESME, dlms_request(put("1:0-0:94.44.3.1:2", dlms.octets(b"")))),
    UseCase("GCS11", 0x0073, ("3.5",), GSME, gbz(to_client(0x0708, 0x02, zcl("IIHBB", issued, 0, 0, 2, 0)))),
    UseCase("ECS16", 0x0025, ("3.4",), ESME, dlms_request(
        put("9000:0-0:96.13.0.255:2", lambda c: dlms.octets(c.body.telephone_number.encode("ascii"))),
        put("9000:0-0:96.13.1.255:2", lambda c: dlms.octets(c.body.supplier_name.encode("ascii"))))),
    UseCase("GCS44", 0x0088, ("3.4",), GSME, gbz(to_client(0x0708, 0x01, _supplier_name))),
    UseCase("ECS17b", 0x0027, ("4.1.1",), ESME, dlms_request(
        protected("30:0-0:43.2.8.255:1", "1:0-0:94.44.34.10:2"))),
    UseCase("GCS13a", 0x0074, ("4.1.1",), GAS, gbz(read_attributes(0x0702, 0x0302, 0x0301, 0x0300, 0x0000))),
    UseCase("ECS22b", 0x0037, ("4.8.1",), ESME, dlms_request(
        protected("30:0-0:43.2.7.255:1", "7:0-0:99.1.0.255:2", period=log_period))),
    UseCase("GCS17", 0x0078, ("4.8.1",), GAS, gbz(
        to_server(0x0702, 0x08, zcl("HIBH", 0, _period_start, 0, _half_hours)))),
    UseCase("ECS70", 0x0062, ("6.11", "8.1.1"), ESME, _SET_CLOCK),
    UseCase("GCS28", 0x007F, ("6.11", "8.1.1"), GSME, credentials.gas_clock),
    UseCase("ECS35a", 0x0048, ("6.13",), ESME, _read_log("0-0:99.98.0.255"), _log("Event")),
    UseCase("ECS35b", 0x0049, ("6.13",), ESME, _read_log("0-0:99.98.1.255"), _log("Security")),
    UseCase("ECS35e", 0x00B9, ("6.13",), ESME, _read_log("0-0:99.98.4.255"), _log("PowerEvent")),
    UseCase("ECS35f", 0x00BA, ("6.13",), ESME, _read_log("0-17:99.98.2.255"), _log("ALCSEvent")),
    UseCase("ECS35g", 0x00FD, ("6.13",), ESME, _read_log("0-17:99.98.2.255"), _log("AuxiliaryControllerEvent")),
    UseCase("ECS35c", 0x0093, ("6.13",), CHF, _read_log("0-0:99.98.0.255"), _log("Event"), Author.BROKER),
    UseCase("ECS35d", 0x0094, ("6.13",), CHF, _read_log("0-0:99.98.1.255"), _log("Security"), Author.BROKER),
    UseCase("CS10a", 0x0014, ("6.13",), GAS, _gas_event_log(0x13), _log("Event")),
    UseCase("CS10b", 0x00A1, ("6.13",), GAS, _gas_event_log(0x04), _log("Security")),
    UseCase("CS02b", 0x0102, ("6.15.1",), EVERY, credentials.update_by_known_party, lambda b: b.role == "Supplier"),
    UseCase("CS02b", 0x0103, ("6.15.1",), EVERY, credentials.update_by_known_party,
            lambda b: b.role == "NetworkOperator"),
    UseCase("CS02g", 0x0126, ("6.15.1",), ESME, credentials.update_by_known_party,
            lambda b: b.role == "LoadController"),
    UseCase("CS02c", 0x000A, ("6.17",), EVERY, credentials.credential_type),
    UseCase("ECS39a", 0x004C, ("6.20.1",), ESME, dlms_request(
        put("1:0-0:94.44.34.11:2", lambda c: dlms.octets(_mpans(c)))), lambda b: b.mpans is not None),
    UseCase("GCS41", 0x0087, ("6.20.1",), GSME, gbz(to_client(0x0708, 0x03, _site_id)), lambda b: b.mprn is not None),
    UseCase("ECS39b", 0x004D, ("6.20.2",), ESME, dlms_request(
        put("1:1-0:0.0.2.255:2", lambda c: dlms.octets(c.body.mpan.encode("ascii"))))),
    UseCase("CS02b", 0x0107, ("6.23",), ESME | GSME, credentials.update_by_cos_party, author=Author.COS_PARTY),
    UseCase("CS02f", 0x011B, ("6.24.1",), EVERY, credentials.provide_credentials,
            lambda b: "LoadController" in b.roles, Author.BROKER_ALONE),
    UseCase("CS02a", 0x0008, ("6.24.1",), EVERY, credentials.provide_credentials,
            lambda b: "LoadController" not in b.roles, Author.BROKER_ALONE),
    UseCase("CS02e", 0x000C, ("6.24.2",), EVERY, credentials.credential_type),
    UseCase("ECS42", 0x004F, ("7.1",), ESME, _supply_script(51)),
    UseCase("ECS43", 0x0050, ("7.2",), ESME, _supply_script(52)),
    UseCase("GCS32", 0x0081, ("7.2",), GSME, gbz(
        to_server(0x0702, 0x0B, zcl("IIIIBB", 0, issued, 0, 0, 0, 1)))),
    UseCase("ECS44", 0x0051, ("7.3",), ESME, _supply_script(54)),
    UseCase("ECS45", 0x0052, ("7.4",), ESME, dlms_request(get("70:0-0:96.3.10.255:3"))),
    UseCase("GCS33", 0x0082, ("7.4",), GSME, gbz(read_attributes(0x0702, 0x0205, 0x0014))),
    UseCase("CCS07", 0x00FE, ("8.9",), CHF, dlms_request(
        act(f"{_HUB_LOG}:4", dlms.null()), act("104:0-0:30.3.1.255:4", dlms.null())),
        lambda b: b.security_details, Author.BROKER),
    UseCase("CCS06", 0x010F, ("8.9",), CHF, dlms_request(get(f"{_HUB_LOG}:4")),
            lambda b: not b.security_details, Author.BROKER),
    UseCase("CS07", 0x0013, ("8.9",), EVERY - CHF, credentials.nothing),
    UseCase("CCS01", 0x0001, ("8.11",), CHF, dlms_request(
        act(f"{_HUB_LOG}:1", _join),
        put(f"{_HUB_LOG}:3", lambda c: dlms.u16(c.body.whitelist.join_time)),
        put(f"{_HUB_LOG}:2", dlms.boolean(True))), lambda b: b.request_type == "Add", Author.BROKER),
    UseCase("CCS02", 0x0002, ("8.11",), CHF, dlms_request(
        act(f"{_HUB_LOG}:2", lambda c: dlms.octets(c.body.device))),
        lambda b: b.request_type == "Remove", Author.BROKER),
    UseCase("ECS52", 0x0059, ("11.2",), ESME | CHF, dlms_request(get("1:0-0:0.2.1.255:2"))),
    UseCase("GCS38", 0x0084, ("11.2",), GSME, gbz(read_attributes(0x0702, 0x0206))),
    UseCase("CS08", 0x0129, ("11.2",), PPMID | HCALCS, credentials.nothing, author=Author.BROKER),
    UseCase("CS06", 0x0012, ("11.3",), EVERY, credentials.activate_firmware),
)  # fmt: skip
