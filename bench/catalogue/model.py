"""Types of the catalogue. The files under ``use_cases`` are the facts; README.md says what their keys mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEVICES = ("ESME", "GSME", "CHF", "GPF", "PPMID", "HCALCS", "SAPC")
ROLES = (
    "Supplier",
    "NetworkOperator",
    "ACB",
    "LoadController",
    "TCoS",
    "Recovery",
    "WANProvider",
    "Contingency",
    "PPMID",
)
SENDERS = ("user", "ACB for user", "ACB", "CoS party")
METERS = ("polyphase", "twin")  #: kinds of meter a request does not tell

#: what an item may say besides its verb, by verb
VERBS: dict[str, tuple[str, ...]] = {
    "get": (),
    "set": ("type", "value", "from", "build", "values"),
    "action": ("type", "value", "from", "build", "values"),
    "select": ("period",),
    "protected": ("objects", "period"),
    "read": ("attributes",),
    "to_server": ("fields", "from_date_time", "repeat"),
    "to_client": ("fields", "from_date_time", "repeat"),
    "der": (),
    "each": (),
}
#: what every item may say
COMMON = ("meaning", "unit", "answer", "when")

Field = int | str | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a command: a DLMS access, a ZCL command, a DER payload, or a builder of several of these."""

    verb: str  #: a key of VERBS
    target: str  #: COSEM object, cluster and command, or the name of a builder
    type: str = ""  #: A-XDR type of a value
    value: Any = None  #: a constant
    source: str = ""  #: ``from``: where in the request body the value is
    build: str = ""  #: name of a builder of the value
    values: Mapping[str, Any] = field(default_factory=dict)  #: DUIS word -> value
    objects: tuple[str, ...] = ()  #: COSEM objects read under encryption
    period: bool = False  #: only what falls into the log period of the request
    attributes: tuple[str, ...] = ()  #: ZCL attributes
    fields: Mapping[str, Field] = field(default_factory=dict)  #: ZCL fields that are not zero or empty
    from_date_time: str = ""  #: source of the From Date Time of a GBZ component
    repeat: int = 1  #: how often a ZCL command is sent, counting ``@number`` from 0
    when: tuple[str, ...] = ()  #: conditions on the request body
    meaning: str = ""
    unit: str = ""
    answer: str = ""  #: what comes back: an A-XDR type signature


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a response."""

    object: str  #: COSEM object or cluster and command
    type: str  #: A-XDR type signature, or the name of the ZCL command
    encrypted: bool = False
    disable_default_response: bool = False  #: that bit of the ZCL frame control


@dataclass(frozen=True, slots=True)
class UseCase:
    """One GBCS use case, for one message code and way of use."""

    name: str  #: name in the reference data: the GBCS use case and what tells it from its siblings
    use_case: str  #: the GBCS use case
    code: int  #: message code
    title: str
    payload: str  #: "DLMS", "GBZ" or "ASN1"
    devices: tuple[str, ...]
    services: tuple[str, ...]  #: service reference variants; empty where no service request leads here
    critical: bool  #: the command is signed
    roles: tuple[str, ...]  #: who may send the command
    sender: str  #: whose identifier the command carries, one of SENDERS
    replay: bool | None  #: protection against replay; None: not known
    future_dated: bool  #: the device may keep the command until a time
    other_recipient: bool  #: the response may go to another party than the sender
    response_date_time: bool  #: the response's header carries a date-time
    response_signed: bool | None  #: None: no response
    encrypted: bool  #: the response holds encrypted data
    alerts: tuple[int, ...]  #: alert codes it leads to, or that it is
    alert_message_codes: tuple[int, ...]
    when: tuple[str, ...]  #: conditions on the request body
    meter: tuple[str, ...]  #: kinds of meter it is for; ``!kind``: not for those
    superseded_by: str  #: use case that took its place for the same request in a later GBCS version
    command: tuple[Item, ...]
    response: tuple[Part, ...]
    notes: str
