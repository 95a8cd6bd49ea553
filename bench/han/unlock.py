"""Finding the key that opens a secured frame."""

from dataclasses import dataclass

from bench.han.aps import ApsFrame
from bench.han.aux_header import AuxHeader, KeyId
from bench.han.directory import Directory
from bench.han.keyring import Keyring, LinkKey
from bench.han.mac import Address
from bench.han.nwk import NwkFrame
from bench.han.octets import eui_text
from bench.han.security import aps_key, unseal


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A plaintext, whose nonce it was, and where the key came from."""

    plaintext: bytes
    originator: bytes
    origin: str


class Unlock:
    """Tries the keys of a keyring. Each method returns None for an unsecured frame and a reason when no key fits."""

    def __init__(self, keyring: Keyring, directory: Directory) -> None:
        self._keyring = keyring
        self._directory = directory
        self._latest: dict[tuple[bytes, bytes | None], LinkKey] = {}

    def latest(self, eui: bytes, dst: bytes | None) -> LinkKey | None:
        """Return the link key that fitted last between an originator and a destination."""
        return self._latest.get((eui, dst))

    def fitted(self, eui: bytes, dst: bytes | None, link: LinkKey) -> None:
        """Note that a link key has opened a frame."""
        self._keyring.fitted(link)
        if len(self._latest) > 1024:
            self._latest.clear()
        self._latest[eui, dst] = link

    def nwk(
        self, nwk: NwkFrame, pan: int | None, transmitter: Address, channel: int | None = None
    ) -> Unlocked | str | None:
        """Open the NWK layer; the MAC source stands in when the aux header does not name the transmitter."""
        aux = nwk.security
        if aux is None:
            return None
        eui = aux.source or self._directory.eui(pan, transmitter, channel)
        if eui is None:
            return f"NWK: EUI of the transmitter unknown (counter {aux.counter})"
        return self._network(nwk, aux, eui, pan)

    def aps(self, aps: ApsFrame, src: bytes | None, dst: bytes | None, pan: int | None) -> Unlocked | str | None:
        """Open the APS layer of a frame between two devices; either may be unknown."""
        aux = aps.security
        if aux is None:
            return None
        originator = aux.source or src
        # An unknown originator is looked for among the devices with keys: the MIC tells.
        candidates = {originator} if originator is not None else self._keyring.partners(dst)
        if aux.key_id is KeyId.NETWORK:
            if originator is None:
                return f"APS: EUI of the originator unknown (counter {aux.counter})"
            return self._network(aps, aux, originator, pan)
        for eui in sorted(candidates):
            found = self._link(aps, aux, eui, dst)
            if found is not None:
                return found
        who = " and ".join("an unknown device" if eui is None else eui_text(eui) for eui in (originator, dst))
        what = {KeyId.DATA: "link key", KeyId.KEY_TRANSPORT: "key-transport key"}.get(aux.key_id, "key-load key")
        tried = any(self._keyring.for_link(eui, dst) for eui in candidates)
        return f"APS: {'no fitting' if tried else 'no'} {what} for {who} (counter {aux.counter})"

    def _link(self, aps: ApsFrame, aux: AuxHeader, eui: bytes, dst: bytes | None) -> Unlocked | None:
        """Try the key that fitted last, those for the pair, then, as an address may be out of date, all of `eui`."""
        header, payload = aps.header, aps.payload
        latest = self._latest.get((eui, dst))
        if latest is not None:
            plaintext = unseal(aps_key(latest.key, aux.key_id), eui, aux, header, payload)
            if plaintext is not None:
                self._keyring.fitted(latest)
                return Unlocked(plaintext, eui, latest.origin or "keyring")
        tried = self._keyring.for_link(eui, dst)
        for keys in (tried, self._keyring.for_link(eui, None) if dst is not None else ()):
            for link in keys:
                if keys is not tried and link in tried:
                    continue
                plaintext = unseal(aps_key(link.key, aux.key_id), eui, aux, header, payload)
                if plaintext is not None:
                    self.fitted(eui, dst, link)
                    return Unlocked(plaintext, eui, link.origin or "keyring")
        return None

    def _network(self, frame: NwkFrame | ApsFrame, aux: AuxHeader, eui: bytes, pan: int | None) -> Unlocked | str:
        keys = self._keyring.for_network(pan, aux.key_sequence)
        header = frame.header
        for network in keys:
            plaintext = unseal(network.key, eui, aux, header, frame.payload)
            if plaintext is not None:
                self._keyring.fitted(network)
                return Unlocked(plaintext, eui, network.origin or "keyring")
        layer = "NWK" if isinstance(frame, NwkFrame) else "APS"
        fitting = "no fitting" if any(k.sequence in (aux.key_sequence, None) for k in keys) else "no"
        return (
            f"{layer}: {fitting} network key for sequence {aux.key_sequence} "
            f"(transmitter {eui_text(eui)}, counter {aux.counter})"
        )
