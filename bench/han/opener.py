"""The keys that may open the frames of a network, or between two devices, ready to decrypt."""

from collections.abc import Callable, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from bench.han.keyring import LinkKey, NetworkKey


class Opener:
    """Tries keys in their order, the one that fitted last first. `origin` says where that one came from.

    `decrypt` takes nonce, ciphertext and associated data, and raises InvalidTag when no key fits, or only one of
    unknown kind: which kind it is, is the dissector's to find out.
    """

    __slots__ = ("_all", "_fitted", "_keys", "decrypt", "origin")

    def __init__(
        self,
        keys: Sequence[NetworkKey | LinkKey],
        latest: LinkKey | None = None,
        fitted: Callable[[Any], None] = lambda _key: None,
    ) -> None:
        """`latest` fitted last, before; `fitted` is told the key that fits from now on."""
        self._all = [(AESCCM(key.key, tag_length=4).decrypt, key) for key in keys]
        first = [] if latest is None else [(AESCCM(latest.key, tag_length=4).decrypt, latest)]
        self._keys = [*first, *(one for one in self._all if one[1] is not latest)]
        self._fitted = fitted
        self.origin = ""
        self.decrypt: Callable[[bytes, bytes, bytes], bytes] = self._first

    def _first(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        return self._open(nonce, data, aad, 0)

    def _open(self, nonce: bytes, data: bytes, aad: bytes, least: int) -> bytes:
        for at, (decrypt, key) in enumerate(self._keys):
            try:
                plain: bytes = decrypt(nonce, data, aad)
            except InvalidTag:
                continue
            if key.trial is not None:
                raise InvalidTag
            if at >= least:
                self._keys = [self._keys[at], *(one for one in self._all if one[1] is not key)]
                self._fitted(key)
                self.origin = key.origin or "keyring"
                self.decrypt = decrypt if len(self._keys) == 1 else self._again
            return plain
        raise InvalidTag

    def _again(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        return self._open(nonce, data, aad, 1)
