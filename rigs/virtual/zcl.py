"""GBZ commands on a virtual device: the components in order, each answered, to a stop at the first that fails."""

from typing import TYPE_CHECKING

from bench.catalogue import Part
from bench.gbcs.crypto import encrypt
from bench.gbcs.gbz import ENCRYPTED, LAST, Gbz, GbzComponent
from rigs.virtual.rules import rule
from rigs.virtual.use_cases import Asked, UseCase, fits
from rigs.virtual.zcl_objects import FAILURE, NOT_FOUND, SUCCESS, Answer, ZclObjects

if TYPE_CHECKING:
    from rigs.virtual.exchange import Exchange
    from rigs.virtual.gbcs_device import GbcsDevice

READ_ATTRIBUTES, READ_ATTRIBUTES_RESPONSE, DEFAULT_RESPONSE = 0x00, 0x01, 0x0B
CLUSTER_COMMAND, FROM_SERVER, DISABLE_DEFAULT_RESPONSE = 0x01, 0x08, 0x10
NOT_EXECUTED = 0xFF  #: command a default response names for a component that was not executed


class ZclServer:
    """Executes GBZ payloads on the attributes and stores of a device."""

    def __init__(self, device: "GbcsDevice", objects: ZclObjects) -> None:
        self._device, self.objects = device, objects
        for use_case in device.supported.values():
            for entry in use_case.entries:
                for item in entry.command:
                    if item.verb == "read":
                        for attribute in item.attributes:
                            objects.declare(int(item.target, 16), int(attribute, 16))

    @rule("R-SEC-001", "R-SEC-002")
    def is_well_formed(self, use_case: UseCase, request: Gbz) -> bool:
        """Whether the components are those of the use case, in its order, and none is encrypted."""
        if any(component.encrypted for component in request.components):
            return False
        asked = [Asked(_verb(one), _target(one)) for one in request.components]
        return any(fits(asked, entry.command) for entry in use_case.entries)

    @rule("R-RSP-013", "R-RSP-013b", "R-RSP-014", "R-RSP-015")
    def execute(self, exchange: "Exchange", request: Gbz) -> tuple[Gbz, bool]:
        """Execute the components in order; after the first that fails, the rest is reported as not executed.

        Returns the answer, and whether everything was executed.
        """
        answers: list[GbzComponent] = []
        failed = False
        for component in request.components:
            if failed:
                answers.append(_default(component, FAILURE, NOT_EXECUTED))
                continue
            made, failed = self._one(exchange, component)
            answers += made
        return self._finished(exchange, request, answers), not failed

    def _one(self, exchange: "Exchange", component: GbzComponent) -> tuple[list[GbzComponent], bool]:
        if component.profile_wide:
            answer, failed = self.read_attributes(component)
            return [_answer(exchange, component, READ_ATTRIBUTES_RESPONSE, answer, general=True)], failed
        result: Answer = self.objects.execute(component)
        if isinstance(result, int):
            return [_default(component, result)], result not in (SUCCESS, NOT_FOUND)
        return [_answer(exchange, component, command, payload) for command, payload in result], False

    def read_attributes(self, component: GbzComponent) -> tuple[bytes, bool]:
        """Return the records of the attributes asked for, and whether one could not be read."""
        records, failed = [], False
        for at in range(0, len(component.payload), 2):
            octets = component.payload[at : at + 2]
            status, value = self.objects.read((component.cluster, int.from_bytes(octets, "little")))
            failed = failed or status != SUCCESS
            records.append(octets + bytes((status,)) + (b"" if value is None else bytes((value[0],)) + value[1]))
        return b"".join(records), failed

    @rule("R-ENC-001", "R-ENC-003", "R-ENC-004", "R-ENC-005", "R-CMD-013")
    def _finished(self, exchange: "Exchange", request: Gbz, answers: list[GbzComponent]) -> Gbz:
        """Encrypt what is to be encrypted, counting, and mark the last component."""
        finished, count = [], 0
        for number, one in enumerate(answers, 1):
            last = LAST if number == len(answers) else 0
            octets, control = one.payload, last
            if one.control & ENCRYPTED:
                secret = exchange.encryption_secret()
                control |= ENCRYPTED
                octets = b"" if secret is None else encrypt(
                    octets, secret, self._device.eui, exchange.encryption_counter(), exchange.reader
                )  # fmt: skip
            finished.append(
                GbzComponent(control, one.cluster, one.frame_control, one.tsn, one.command, octets, frame_counter=count)
                if control & ENCRYPTED
                else GbzComponent(control, one.cluster, one.frame_control, one.tsn, one.command, octets)
            )
            count += bool(control & ENCRYPTED)
        return Gbz(request.profile, finished)


def _verb(component: GbzComponent) -> str:
    if component.profile_wide:
        return "read" if component.command == READ_ATTRIBUTES else "general"
    return "to_server" if component.to_server else "to_client"


def _target(component: GbzComponent) -> str:
    cluster = f"{component.cluster:04X}"
    return cluster if component.profile_wide else f"{cluster}:{component.command:02X}"


def _part(exchange: "Exchange", cluster: int, command: int) -> Part:
    name = f"{cluster:04X}:{command:02X}"
    parts = (part for entry in exchange.use_case.entries for part in entry.response)
    return next((part for part in parts if part.object == name), Part(name, ""))


def _answer(
    exchange: "Exchange", component: GbzComponent, command: int, payload: bytes, general: bool = False
) -> GbzComponent:
    part = _part(exchange, component.cluster, command)
    frame_control = 0 if general else CLUSTER_COMMAND
    frame_control |= FROM_SERVER * component.to_server | DISABLE_DEFAULT_RESPONSE * part.disable_default_response
    control = ENCRYPTED if part.encrypted else 0
    return GbzComponent(control, component.cluster, frame_control, component.tsn, command, payload)


def _default(component: GbzComponent, status: int, command: int | None = None) -> GbzComponent:
    named = component.command if command is None else command
    frame_control = FROM_SERVER if component.to_server else 0
    return GbzComponent(0, component.cluster, frame_control, component.tsn, DEFAULT_RESPONSE, bytes((named, status)))
