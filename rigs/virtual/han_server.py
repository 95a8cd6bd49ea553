"""The electricity meter towards the devices of its home, by ZCL: what they may read and do (device rules 4.4)."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bench.gbcs import Eui64
from bench.gbcs.axdr import Data
from bench.gbcs.dlms import parse_date_time
from bench.gbcs.gbz import GbzComponent
from bench.gbcs.times import from_zigbee_utc, zigbee_utc
from bench.han.errors import HanError
from bench.han.zcl import (
    DEFAULT_RESPONSE,
    READ,
    READ_RESPONSE,
    Attribute,
    ZclFrame,
    default_response,
    read_response,
)
from bench.han.zcl_types import Value
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.device_log import PPMID_TYPE, Entry
from rigs.virtual.display import DISPLAY_MESSAGE, GET_LAST_MESSAGE, MESSAGE_CONFIRMATION
from rigs.virtual.gbz_device import (
    I32,
    MANAGEMENT,
    MESSAGING,
    METERING,
    PREPAYMENT,
    PRICE,
    STRING,
    U32,
    U48,
    made,
    values,
)
from rigs.virtual.rules import rule
from rigs.virtual.zcl_objects import FAILURE, NOT_FOUND, SUCCESS

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme
    from rigs.virtual.zigbee import ZigbeeNode

NOT_AUTHORISED, UNSUPPORTED_COMMAND, UNSUPPORTED, READ_ONLY = 0x7E, 0x81, 0x86, 0x88
NO_AMOUNT = -1
SELECT_EMERGENCY, TOP_UP, TOP_UP_RESPONSE, LOCAL_CHANGE_SUPPLY = 0x00, 0x04, 0x03, 0x0C
GET_SAMPLES, SAMPLES, HALF_HOURS = 0x08, 0x07, 0
SUPPLY_ON = 0x02
TOP_UP_CODE, EMERGENCY_CODE, SUPPLY_CODE = 0x0116, 0x0117, 0x0118  #: of PECS01, PECS02, PECS03 in the event log
ACTIONED, NOT_ACTIONED = 0x8154, 0x8155
HALF_HOUR_S = 1800
SUPPLIER_NAME = attribute("9000:0-0:96.13.1.255:2")
RESTRICTION = attribute("1:0-0:94.44.3.2:2")


class HanServer:
    """Answers devices of the meter's log; what they ask is judged by their type."""

    def __init__(self, esme: "Esme", node: "ZigbeeNode") -> None:
        self._esme, self._node = esme, node
        self.attributes: dict[tuple[int, int], Callable[[], Value]] = {
            (METERING, 0x0000): lambda: Value(U48, int(esme.integrate())),
            (PREPAYMENT, 0x0001): lambda: Value(I32, self._settled().balance),
            (PREPAYMENT, 0x0002): lambda: Value(I32, self._settled().emergency_left),
            (PRICE, 0x0301): lambda: Value(U32, esme.account.settings.standing_charge),
            (PRICE, 0x0400): lambda: Value(U32, self.price()),
            (MANAGEMENT, 0x0101): lambda: Value(STRING, self.supplier_name()),
        }

    def _settled(self) -> Any:
        self._esme.account.settle()
        return self._esme.account

    def receive(self, cluster: int, asdu: bytes, partner: int) -> None:
        """Take an ASDU of a device on the HAN and answer it."""
        try:
            frame = ZclFrame.parse(asdu)
        except HanError:
            return
        if frame.from_server or (not frame.type and frame.command == DEFAULT_RESPONSE) or not self._esme.powered():
            return
        answer = self.answer(Eui64(self._node.partners[partner]), cluster, frame)
        self._esme.world.process(self._node.send(partner, cluster, bytes(answer)))

    def answer(self, eui: Eui64, cluster: int, frame: ZclFrame) -> ZclFrame:
        """Return the answer to a frame of a device."""
        entry = self.admitted(eui)
        if entry is None:
            return _status(frame, NOT_AUTHORISED)
        if not frame.type and frame.command == READ:
            return self._read(cluster, frame)
        if frame.type and (cluster, frame.command) == (METERING, GET_SAMPLES):
            return self._samples(frame)
        if frame.type and cluster == MESSAGING:
            return self._message(frame)
        if not self.may_act(entry):
            return _status(frame, NOT_AUTHORISED)
        return self.act(cluster, frame) if frame.type else _status(frame, READ_ONLY)

    @rule("R-HAN-050", "R-HAN-043", "R-PRV-013")
    def admitted(self, eui: Eui64) -> Entry | None:
        """Return the entry of a device in the meter's log: one without is told nothing."""
        return self._esme.device_log.entries.get(eui)

    @rule("R-HAN-060", "R-HAN-062")
    def may_act(self, entry: Entry) -> bool:
        """Whether a device may do more than read: a PPMID may, a device of type 2 may not."""
        return entry.type_code == PPMID_TYPE

    # ---- reads -----------------------------------------------------------------------------------------------------

    def _read(self, cluster: int, frame: ZclFrame) -> ZclFrame:
        found = []
        for at in range(0, len(frame.payload), 2):
            number = int.from_bytes(frame.payload[at : at + 2], "little")
            value = self.attributes.get((cluster, number))
            found.append(Attribute(number, UNSUPPORTED) if value is None else Attribute(number, SUCCESS, value()))
        return ZclFrame.general(READ_RESPONSE, frame.sequence, read_response(found), from_server=True)

    @rule("R-TAR-005", "R-TAR-009", "R-HAN-067")
    def price(self) -> int:
        """Return the price of a kWh now in force, 1/1000 p."""
        return self._settled().price_now()

    @rule("R-CRD-055")
    def supplier_name(self) -> bytes:
        """Return the supplier's name as the supplier has set it last (ECS16)."""
        return bytes(self._object(SUPPLIER_NAME))

    def _object(self, key: tuple[int, bytes, int]) -> bytes:
        held: Data | None = self._esme.cosem.objects.read(key)
        return b"" if held is None else bytes(held.value)

    def _samples(self, frame: ZclFrame) -> ZclFrame:
        asked = values(GbzComponent(0, METERING, 0x01, 0, GET_SAMPLES, frame.payload))
        start = self.shown_from(from_zigbee_utc(asked["earliest"]))
        rows = self._esme.profile(start, self._esme.clock())[: asked["nSamples"]]
        if asked["sampleId"] != HALF_HOURS or not rows:
            return _status(frame, NOT_FOUND)
        sent = {
            "sampleId": HALF_HOURS,
            "start": zigbee_utc(rows[0][0]),
            "sampleType": 0,
            "interval": HALF_HOUR_S,
            "n": len(rows),
            "samples": [{"sample": one} for _, one in rows],
        }
        return ZclFrame.cluster(SAMPLES, frame.sequence, made(METERING, False, SAMPLES, sent), from_server=True)

    def _message(self, frame: ZclFrame) -> ZclFrame:
        """Answer a device that asks for the supplier's message, or tells that it has been read."""
        screen = self._esme.screen
        if frame.command == MESSAGE_CONFIRMATION:
            screen.acknowledged(int.from_bytes(frame.payload[:4], "little"))
            return _status(frame, SUCCESS)
        if frame.command != GET_LAST_MESSAGE:
            return _status(frame, UNSUPPORTED_COMMAND)
        published = screen.published_message()
        if published is None:
            return _status(frame, NOT_FOUND)
        payload = made(MESSAGING, False, DISPLAY_MESSAGE, published)
        return ZclFrame.cluster(DISPLAY_MESSAGE, frame.sequence, payload, from_server=True)

    @rule("R-PRV-001", "R-PRV-002", "R-PRV-005", "R-HAN-067")
    def shown_from(self, start: datetime) -> datetime:
        """Return from when on a device of the home may see history, when it asks from an instant on (ECS12)."""
        octets = self._object(RESTRICTION)
        restricted = parse_date_time(octets) if octets else None
        return max(start, restricted) if isinstance(restricted, datetime) else start

    # ---- what a PPMID may do ---------------------------------------------------------------------------------------

    def act(self, cluster: int, frame: ZclFrame) -> ZclFrame:
        """Carry out a command of a PPMID and log it."""
        command = cluster, frame.command
        if command == (PREPAYMENT, TOP_UP):
            return self.top_up(frame)
        if command == (PREPAYMENT, SELECT_EMERGENCY):
            code, done = EMERGENCY_CODE, self.activate_emergency()
        elif command == (METERING, LOCAL_CHANGE_SUPPLY):
            code, done = SUPPLY_CODE, self.turn_on(frame.payload[0] if frame.payload else 0)
        else:
            return _status(frame, UNSUPPORTED_COMMAND)
        self.log(code, done)
        return _status(frame, SUCCESS if done else FAILURE)

    @rule("R-HAN-062", "R-UTR-016", "R-UTR-023")
    def top_up(self, frame: ZclFrame) -> ZclFrame:
        """Enter a token that was keyed in at a PPMID (PECS01); its counter is found from the token."""
        sent = values(GbzComponent(0, PREPAYMENT, 0x01, 0, TOP_UP, frame.payload))
        accepted = self._esme.prepayment.top_up_locally(sent["code"].decode("ascii", "replace"))
        self.log(TOP_UP_CODE, accepted)
        account = self._settled()
        answer = {
            "result": SUCCESS if accepted else FAILURE,
            "value": account.credits[-1][1] if accepted else NO_AMOUNT,
            "source": sent["origDevice"],
            "creditRemaining": account.balance if accepted else NO_AMOUNT,
        }
        payload = made(PREPAYMENT, False, TOP_UP_RESPONSE, answer)
        return ZclFrame.cluster(TOP_UP_RESPONSE, frame.sequence, payload, from_server=True)

    @rule("R-HAN-062", "R-EMC-002")
    def activate_emergency(self) -> bool:
        """Activate emergency credit for a PPMID (PECS02), while it is on offer; returns whether it is active."""
        return bool(self._esme.account.activate_emergency())

    @rule("R-HAN-062", "R-SUP-006")
    def turn_on(self, status: int) -> bool:
        """Turn the supply on for a PPMID (PECS03), from armed alone; it may propose nothing else. Tells whether."""
        return status == SUPPLY_ON and self._esme.switch.enable_locally()

    @rule("R-HAN-062")
    def log(self, code: int, done: bool) -> None:
        """Write what a PPMID did into the event log, with the message code of the use case."""
        outcome = ACTIONED if done else NOT_ACTIONED
        if self._esme.logging(outcome):
            self._esme.logs.add(self._esme.logs.event, outcome, code.to_bytes(2))


def _status(frame: ZclFrame, status: int) -> ZclFrame:
    payload = default_response(frame.command, status)
    return ZclFrame.general(DEFAULT_RESPONSE, frame.sequence, payload, from_server=True)
