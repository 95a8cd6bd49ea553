"""Key establishment on the virtual home's air: test certificates, and both sides of the six messages (cluster 0800)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from bench.gbcs import Eui64
from bench.han.cbke import (
    BAD_KEY_CONFIRM,
    BAD_MESSAGE,
    CONFIRM_KEY,
    CONFIRM_TIME,
    EPHEMERAL_DATA,
    EPHEMERAL_TIME,
    INITIATE,
    INVALID_CERTIFICATE,
    SUITE_2,
    TERMINATE,
    UNKNOWN_ISSUER,
    UNSUPPORTED_SUITE,
    Derived,
    Identity,
    shared_secret,
)
from bench.han.errors import HanError
from bench.han.zcl import ZclFrame
from bench.pki import derive_private_key
from rigs.virtual.rules import rule

SUITE_BIT = 2  #: of suite 2, in Initiate
ISSUER = b"TESTSECA"
WAIT = 0xFF
CURVE = SUITE_2.curve


@cache
def issued_identity(seed: int, eui: Eui64) -> Identity:
    """Return certificate and key of a device under a test authority: made from the seed, good for nothing else."""
    authority, requester, secret = (
        derive_private_key(seed, f"CBKE test {label}").private_numbers().private_value
        for label in ("authority", f"requester {eui}", f"contribution {eui}")
    )
    point = CURVE.scale(requester, CURVE.base)
    certificate, contribution = SUITE_2.issue(authority, point, secret, eui, ISSUER, eui)
    key = SUITE_2.private_key(certificate, requester, contribution)
    return Identity(certificate, key, CURVE.scale(authority, CURVE.base))


@dataclass
class Agreement:
    """One run of key establishment, from one side."""

    ephemeral: int
    point: bytes
    certificate: bytes = b""
    derived: Derived | None = None


class KeyEstablishment:
    """One device's side of key establishment. `identity` is asked for when it is needed: it takes a moment to make."""

    def __init__(
        self,
        eui: Eui64,
        identity: Callable[[], Identity],
        random: Callable[[], int],
        send: Callable[[int, ZclFrame], None],
    ) -> None:
        self.eui, self._identity, self._random, self._send = eui, identity, random, send
        self._open: dict[int, Agreement] = {}
        self._sequence = 0
        self.agreed: Callable[[int, bytes], None] = lambda partner, link_key: None
        self.failed: Callable[[int, int], None] = lambda partner, status: None
        self.euis: Callable[[int], bytes] = lambda partner: b""

    def initiate(self, partner: int) -> None:
        """Begin as initiator."""
        self._open[partner] = self._begin()
        self._tell(partner, INITIATE, self._initiate())

    @rule("R-HAN-031")
    def accepts(self, suites: int) -> bool:
        """Whether suite 2 is among the suites a partner offers."""
        return bool(suites & SUITE_BIT)

    def receive(self, asdu: bytes, partner: int) -> None:
        """Take a frame of the cluster."""
        frame = ZclFrame.parse(asdu)
        self._sequence = frame.sequence
        try:
            self._step(frame, partner)
        except HanError:
            self._terminate(partner, BAD_MESSAGE, from_server=not frame.from_server)

    def _step(self, frame: ZclFrame, partner: int) -> None:
        answers = not frame.from_server
        if frame.command == TERMINATE:
            self._open.pop(partner, None)
            self.failed(partner, frame.payload[0] if frame.payload else BAD_MESSAGE)
            return
        if frame.command == INITIATE:
            refusal = self._examine(frame.payload, partner)
            if refusal is not None:
                self._terminate(partner, refusal, from_server=answers)
                return
            if not answers and partner not in self._open:
                raise HanError("CBKE", None, "an answer to nothing")
            agreement = self._begin() if answers else self._open[partner]
            agreement.certificate = frame.payload[4:]
            self._open[partner] = agreement
            self._tell(partner, *((INITIATE, self._initiate(), True) if answers else (EPHEMERAL_DATA, agreement.point)))
            return
        agreement = self._open.get(partner) or Agreement(0, b"")
        if frame.command == EPHEMERAL_DATA and agreement.certificate:
            self._derive(agreement, partner, frame.payload, initiator=not answers)
            assert agreement.derived is not None
            message = agreement.point if answers else agreement.derived.confirm_initiator
            self._tell(partner, EPHEMERAL_DATA if answers else CONFIRM_KEY, message, answers)
        elif frame.command == CONFIRM_KEY and agreement.derived is not None:
            self._finish(agreement, partner, frame.payload, answers=answers)
        else:
            self._terminate(partner, BAD_MESSAGE, from_server=answers)

    def _examine(self, payload: bytes, partner: int) -> int | None:
        """Return why an Initiate is refused, None if it is good."""
        if not self.accepts(int.from_bytes(payload[:2], "little")):
            return UNSUPPORTED_SUITE
        certificate = payload[4:]
        if len(certificate) != SUITE_2.certificate:
            return BAD_MESSAGE
        return self.judge(certificate, self.euis(partner))

    @rule("R-HAN-031")
    def judge(self, certificate: bytes, sender: bytes) -> int | None:
        """Return what is wrong with a certificate: another issuer's, or another device's."""
        if SUITE_2.issuer(certificate) != ISSUER:
            return UNKNOWN_ISSUER
        return None if SUITE_2.subject(certificate) == sender else INVALID_CERTIFICATE

    def _finish(self, agreement: Agreement, partner: int, confirmation: bytes, *, answers: bool) -> None:
        derived = agreement.derived
        assert derived is not None
        expected = derived.confirm_initiator if answers else derived.confirm_responder
        if not self.confirms(expected, confirmation):
            self._terminate(partner, BAD_KEY_CONFIRM, from_server=answers)
            return
        if answers:
            self._tell(partner, CONFIRM_KEY, derived.confirm_responder, True)
        del self._open[partner]
        self.agreed(partner, derived.link_key)

    @rule("R-HAN-030")
    def confirms(self, expected: bytes, confirmation: bytes) -> bool:
        """Whether a partner has proved that it has the same key."""
        return expected == confirmation

    def _begin(self) -> Agreement:
        ephemeral = self._random() % (CURVE.order - 1) + 1
        return Agreement(ephemeral, CURVE.compress(CURVE.scale(ephemeral, CURVE.base)))

    def _initiate(self) -> bytes:
        head = SUITE_BIT.to_bytes(2, "little") + bytes((EPHEMERAL_TIME, CONFIRM_TIME))
        return head + self._identity().certificate

    def _derive(self, agreement: Agreement, partner: int, point: bytes, *, initiator: bool) -> None:
        mine, theirs = agreement.point, agreement.certificate
        secret = shared_secret(self._identity(), agreement.ephemeral, theirs, point, mine)
        they = self.euis(partner)
        if initiator:
            agreement.derived = Derived.of(secret, self.eui, they, (agreement.point, point))
        else:
            agreement.derived = Derived.of(secret, they, self.eui, (point, agreement.point))

    def _terminate(self, partner: int, status: int, *, from_server: bool) -> None:
        self._open.pop(partner, None)
        self._tell(partner, TERMINATE, bytes((status, WAIT)) + SUITE_BIT.to_bytes(2, "little"), from_server)
        self.failed(partner, status)

    def _tell(self, partner: int, command: int, payload: bytes, from_server: bool = False) -> None:
        if not from_server:
            self._sequence = (self._sequence + 1) & 0xFF
        self._send(partner, ZclFrame.cluster(command, self._sequence, payload, from_server=from_server))
