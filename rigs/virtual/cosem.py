"""COSEM access on a virtual device: the items of a request in order, to a stop at the first that fails."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.gbcs import GbcsError
from bench.gbcs.axdr import Data, null, structure
from bench.gbcs.crypto import encrypt
from bench.gbcs.dlms import (
    ACTION,
    DATA_PROTECTION,
    GET,
    GET_WITH_SELECTION,
    SET,
    AccessRequest,
    AccessResponse,
    ProtectedObject,
    ProtectionParameters,
    Spec,
    encode,
    parse_date_time,
    parse_protected_request,
    protected_response,
)
from rigs.virtual.cosem_objects import Attribute, CosemObjects, instants, target
from rigs.virtual.rules import rule
from rigs.virtual.use_cases import Asked, UseCase, fits

if TYPE_CHECKING:
    from rigs.virtual.gbcs_device import Exchange, GbcsDevice

SUCCESS, HARDWARE_FAULT, OBJECT_UNDEFINED, TYPE_UNMATCHED, OTHER_REASON = 0, 1, 4, 12, 250

Result = tuple[Data, int]


@dataclass(frozen=True)
class Access:
    """One item of a request, with the exchange it is part of."""

    exchange: "Exchange"
    spec: Spec
    data: Data

    @property
    def key(self) -> Attribute:
        """Class, logical name and index of the item."""
        return self.spec.class_id, self.spec.obis, self.spec.index


class CosemServer:
    """Executes access requests on the objects of a device."""

    def __init__(self, device: "GbcsDevice", objects: CosemObjects) -> None:
        self._device, self.objects = device, objects
        self._services: dict[int, Callable[[Access], Result]] = {
            GET: lambda access: self.get(access),  # noqa: PLW0108 - a defect may replace it
            SET: self.set,
            ACTION: self.act,
            GET_WITH_SELECTION: lambda access: self.select(access),  # noqa: PLW0108
        }

    @rule("R-SEC-001", "R-SEC-002", "R-LOG-009")
    def is_well_formed(self, use_case: UseCase, request: AccessRequest) -> bool:
        """Whether the items are those of the use case, in its order."""
        asked = [
            Asked(_verb(spec), target((spec.class_id, spec.obis, spec.index)), data)
            for spec, data in zip(request.specs, request.data, strict=True)
        ]
        return any(fits(asked, entry.command) for entry in use_case.entries)

    @rule("R-FUT-002")
    def has_one_time(self, request: AccessRequest) -> bool:
        """Whether the items of a request that are activation times all name the same one."""
        times = self.objects.activation_times
        written = zip(request.specs, request.data, strict=True)
        found = [data.value for spec, data in written if (spec.class_id, spec.obis, spec.index) in times]
        return all(one == found[0] for one in found)

    @rule("R-CMD-012", "R-RSP-012", "R-RSP-013", "R-RSP-013a")
    def access(self, exchange: "Exchange", request: AccessRequest) -> tuple[AccessResponse, bool]:
        """Execute the items in order; after the first that fails, the rest is reported as not executed.

        Returns the answer, and whether everything was executed.
        """
        data: list[Data] = []
        results: list[tuple[int, int]] = []
        failed = False
        for spec, parameter in zip(request.specs, request.data, strict=True):
            value, code = (null(), OTHER_REASON) if failed else self._one(Access(exchange, spec, parameter))
            failed = failed or code != SUCCESS
            data.append(value)
            results.append((GET if spec.choice == GET_WITH_SELECTION else spec.choice, code))
        return AccessResponse(request.invoke_id, data, results), not failed

    def _one(self, access: Access) -> Result:
        if access.key in self.objects.faults:
            return null(), self.objects.faults[access.key]
        try:
            return self._services[access.spec.choice](access)
        except (GbcsError, TypeError, ValueError):
            return null(), HARDWARE_FAULT

    @rule("R-ENC-002")
    def get(self, access: Access) -> Result:
        """Read an attribute in clear."""
        value = self.objects.read(access.key)
        return (null(), OBJECT_UNDEFINED) if value is None else (value, SUCCESS)

    def set(self, access: Access) -> Result:
        """Write an attribute."""
        if self.objects.write(access.key, access.data):
            return null(), SUCCESS
        return null(), self.objects.refusals.get(access.key, TYPE_UNMATCHED)

    def act(self, access: Access) -> Result:
        """Execute a method."""
        if access.spec.class_id == DATA_PROTECTION:
            return self.read_protected(access)
        method = self.objects.methods.get(access.key)
        result = SUCCESS if method is None else method(access.data)
        return (null(), result) if isinstance(result, int) else (result, SUCCESS)

    def select(self, access: Access) -> Result:
        """Read the rows of a buffer in a range, both ends included."""
        value = self.objects.select(access.key, *instants(access.spec.selector))
        return (null(), OBJECT_UNDEFINED) if value is None else (value, SUCCESS)

    @rule("R-ENC-001", "R-ENC-005", "R-ENC-005a", "R-ENC-007")
    def read_protected(self, access: Access) -> Result:
        """Return attributes encrypted for the party that is to read them."""
        device, exchange = self._device, access.exchange
        wanted, _ = parse_protected_request(access.data)
        secret = exchange.encryption_secret()
        if secret is None:
            return null(), OTHER_REASON
        plain = encode(structure([self._attribute(item) for item in wanted]))
        ciphered = encrypt(plain, secret, device.eui, exchange.encryption_counter(), exchange.reader)
        # the parameters name the parties and the counter of the message, also where another party reads (RTDS ECS21b)
        parameters = ProtectionParameters(device.eui, exchange.command.originator, exchange.command.counter)
        return protected_response(ciphered, parameters), SUCCESS

    def _attribute(self, item: ProtectedObject) -> Data:
        key = item.class_id, item.obis, item.attribute
        if item.between is None:
            value = self.objects.read(key)
        else:
            start, end = (_instant(limit, self._device.clock()) for limit in item.between)
            value = self.objects.select(key, start, end)
        if value is None:
            raise GbcsError(f"no attribute {target(key)}")
        return value


def _verb(spec: Spec) -> str:
    if spec.choice == ACTION and spec.class_id == DATA_PROTECTION:
        return "protected"
    return {GET: "get", SET: "set", ACTION: "action", GET_WITH_SELECTION: "select"}[spec.choice]


def _instant(limit: bytes, now: datetime) -> datetime:
    parsed = parse_date_time(limit)
    if isinstance(parsed, datetime):
        return parsed
    return datetime.max.replace(tzinfo=UTC) if parsed == "never" else datetime.min.replace(tzinfo=UTC)
