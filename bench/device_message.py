"""A GBCS message from a device as tests see it: checked, decrypted, in values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from bench.answered import DLMS_FORM, of_the_device
from bench.billing import (
    BillingEntry,
    BillingMoney,
    PrepaymentRegisters,
    billing_entries,
    billing_money,
    prepayment_registers,
)
from bench.errors import Inconclusive
from bench.gbcs import Eui64, GbcsError, Keystore, Message
from bench.gbcs.axdr import CompactArray, Data, decode_all
from bench.gbcs.check import Protection, check, encryption_counter, encryption_recipient, encryption_secret
from bench.gbcs.credentials import (
    CredentialsDetails,
    RoleDetails,
    UpdateCredentialsAlert,
    UpdateCredentialsResponse,
    UpdateOutcome,
)
from bench.gbcs.crypto import decrypt
from bench.gbcs.dlms import AccessResponse, DataNotification, parse_protected_response
from bench.gbcs.times import from_zigbee_utc, parse_date_time
from bench.gbcs.trust_anchors import Role
from bench.observation import Observation

T = TypeVar("T")


@dataclass(frozen=True)
class LogEntry:
    """One entry of an event log."""

    time: datetime
    code: int
    other: Any = None

    def __str__(self) -> str:
        return f"{self.code:04X} at {self.time:%Y-%m-%d %H:%M:%S}"


@dataclass
class DeviceMessage:
    """One response or alert: envelope, protection as verified, and where it stands on the timeline."""

    message: Message
    protection: Protection
    seen: Observation
    _keystore: Keystore

    @classmethod
    def of(cls, seen: Observation, keystore: Keystore, acb: Eui64) -> "DeviceMessage":
        """Read the message an observation carries. Raises Inconclusive when it is none."""
        try:
            message = Message.parse(bytes.fromhex(seen.data["gbcs"]))
        except (GbcsError, KeyError) as problem:
            raise Inconclusive(f"timeline {seen.number} carries no readable GBCS message ({problem})") from None
        return cls(message, check(message, keystore, acb), seen, keystore)

    @property
    def protected_well(self) -> bool:
        """Whether nothing that could be verified failed, and something was there to verify."""
        both = {self.protection.mac, self.protection.signature}
        return "invalid" not in both and both != {"absent"}

    @cached_property
    @of_the_device(DLMS_FORM)
    def access(self) -> AccessResponse:
        """The DLMS access response."""
        return AccessResponse.parse(self.message.payload)

    @property
    def results(self) -> list[int]:
        """The result code of each item (0 success)."""
        return [code for _, code in self.access.results]

    @of_the_device(DLMS_FORM)
    def items(self, read: Callable[[Sequence[Data]], T]) -> T:
        """Return what a reader makes of the items that were read in clear; one it cannot read is the device's fault."""
        return read(self.access.data)

    @of_the_device(DLMS_FORM)
    def protected(self, read: Callable[[Data], T], item: int = 0) -> T:
        """Return what a reader makes of the decrypted value of a protected item."""
        return read(self.values(item))

    @of_the_device(DLMS_FORM)
    def value(self, item: int = 0) -> Any:
        """Return the value of an item that was read in clear."""
        return self.access.data[item].value

    @of_the_device(DLMS_FORM)
    def values(self, item: int = 0) -> Data:
        """Return the decrypted value of a protected item: a structure, one member for each attribute."""
        return self._decrypted(parse_protected_response(self.access.data[item])[1])

    def _decrypted(self, ciphered: bytes) -> Data:
        secret = encryption_secret(self.message, self._keystore)
        if secret is None:
            raise Inconclusive("the key agreement key needed to decrypt the message is not in the key store")
        message = self.message
        plain = decrypt(
            ciphered, secret, message.originator, encryption_counter(message), encryption_recipient(message)
        )
        return decode_all(plain)

    @of_the_device(DLMS_FORM)
    def log(self) -> list[LogEntry]:
        """Return the entries of a log that was read (ECS35a, ECS35b, ECS35e)."""
        value = self.access.data[0].value
        rows = value.rows if isinstance(value, CompactArray) else []
        return [
            LogEntry(from_zigbee_utc(row[0].value), row[1].value, row[2].value if len(row.value) > 2 else None)
            for row in rows
        ]

    @of_the_device(DLMS_FORM)
    def rows(self, item: int = 0) -> list[list[Any]]:
        """Return the rows of a compact array that was read in clear, each as the values of its members."""
        return [[member.value for member in row.value] for row in self.access.data[item].value.rows]

    @of_the_device(DLMS_FORM)
    def texts(self, items: slice) -> list[str]:
        """Return items that are octet strings of text."""
        return [item.value.decode() for item in self.access.data[items]]

    @of_the_device(DLMS_FORM)
    def profile(self) -> list[tuple[datetime, int]]:
        """Return the half hours of a profile that was read: end of each (UTC) and Wh."""
        value = self.values()[0].value
        rows = value.rows if isinstance(value, CompactArray) else []
        return [(from_zigbee_utc(row[0].value), row[1].value) for row in rows]

    @of_the_device(DLMS_FORM)
    def prepayment(self) -> PrepaymentRegisters:
        """Return the prepayment registers of ECS19."""
        return prepayment_registers(self.values()[0].value)

    @of_the_device(DLMS_FORM)
    def import_register(self) -> int:
        """Return the active import register (Wh) of ECS17b."""
        return int(self.values()[0][0].value)

    @of_the_device(DLMS_FORM)
    def registers(self) -> list[int]:
        """Return registers by time (ECS17d), or those and the counters by block (ECS17e), Wh."""
        return [one.value for one in self.values()[0][0].value]

    @of_the_device(DLMS_FORM)
    def billing_log(self) -> list[BillingEntry]:
        """Return the entries of the billing data log with their registers (ECS20b, ECS20c)."""
        return billing_entries(self.values()[0])

    @of_the_device(DLMS_FORM)
    def billing_money(self) -> list[BillingMoney]:
        """Return the entries of the billing data log with their prepayment registers (ECS20c)."""
        return billing_money(self.values()[1])

    @of_the_device(DLMS_FORM)
    def billing_alert(self) -> list[BillingEntry]:
        """Return the entries of the billing data log in an alert 8F0A (ECS68)."""
        ciphered = DataNotification.parse(self.message.payload).data.value[3].value
        return billing_entries(self._decrypted(ciphered)[0])

    @of_the_device(DLMS_FORM)
    def credentials(self) -> dict[Role, RoleDetails]:
        """Return what CS02a said of each role."""
        return {details.role: details for details in CredentialsDetails.parse(self.message.payload).roles}

    @of_the_device(DLMS_FORM)
    def replacement(self) -> UpdateOutcome | None:
        """Return the outcome in a CS02b response, None when it only accepts."""
        return UpdateCredentialsResponse.parse(self.message.payload).outcome

    @of_the_device(DLMS_FORM)
    def replacement_alert(self) -> UpdateCredentialsAlert:
        """Return the outcome alert of a future-dated CS02b."""
        return UpdateCredentialsAlert.parse(self.message.payload)

    @of_the_device(DLMS_FORM)
    def alert_times(self) -> list[datetime]:
        """Return the date-times in a DLMS alert: its own, then those the use case adds."""
        members = DataNotification.parse(self.message.payload).data.value[1:]
        times = [
            parse_date_time(member.value)
            for member in members
            if isinstance(member.value, bytes) and len(member.value) == 12
        ]
        return [time for time in times if isinstance(time, datetime)]
