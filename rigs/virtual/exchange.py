"""A command in execution: who asked, who is to read the answer, what the answer is encrypted and protected with."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.gbcs import Cra, Eui64, Message
from bench.gbcs.dlms import date_time
from rigs.virtual.rules import rule
from rigs.virtual.use_cases import CREDENTIALS_BY_ACB, UseCase

if TYPE_CHECKING:
    from rigs.virtual.gbcs_device import GbcsDevice


@dataclass
class Exchange:
    """One authentic command on a device, and what its answer needs."""

    device: "GbcsDevice"
    command: Message
    use_case: UseCase
    _counter: int | None = field(default=None, init=False)  #: of the encryption for a supplementary party

    @property
    def reader(self) -> Eui64:
        """The party that is to read the answer: the user behind the broker if there is one."""
        return self.command.supplementary_party or self.command.originator

    @rule("R-RSP-008")
    def encryption_counter(self) -> int:
        """Return the counter of the encryption key: the command's, or a fresh one where the reader is not known here.

        A reader behind the broker that the device knows needs none, nor does its command bring a certificate (RTDS
        GCS15d).
        """
        if self.command.supplementary_certificate is None:
            return self.command.counter
        if self._counter is None:
            self._counter = self.device.next_own_counter()
        return self._counter

    def encryption_secret(self) -> bytes | None:
        """Return the secret shared with the reader, None where no key of its is known."""
        if self.command.supplementary_certificate is None:
            key = self.device.agreement_public_key(self.reader)
        else:
            key = self.device.certified_key(self.command.supplementary_certificate, self.reader)
        return None if key is None else self.device.secret(key)

    @rule("R-RSP-001", "R-RSP-007", "R-RSP-009", "R-CTR-008")
    def answer(self, payload: bytes) -> Message:
        """Return the response: identities swapped, same code and counter, a date-time where the use case has one."""
        command, device = self.command, self.device
        dated = self.use_case.dated_response
        return Message(
            cra=Cra.RESPONSE,
            counter=command.counter,
            originator=device.eui,
            target=command.originator,
            message_code=command.message_code,
            payload=payload,
            date_time=date_time(device.clock(), device.clock_status()) if dated else b"",
            supplementary_party=command.supplementary_party,
            supplementary_counter=command.supplementary_counter,
            supplementary_originator_counter=self._counter,
        )

    @property
    @rule("R-RSP-002", "R-RSP-003", "R-RSP-004", "R-RSP-005")
    def signed(self) -> bool:
        """Whether the answer is signed rather than MACed: as the command was, and always for replaced credentials."""
        return bool(self.command.signature) or self.command.message_code == CREDENTIALS_BY_ACB
