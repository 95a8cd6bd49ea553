"""A device's own log of devices as test cases join, unjoin and read it: past the DCC, also wrongly."""

from dataclasses import replace

from bench.gbcs import Cra, Eui64, Message, decode_der
from bench.local_point import answer_to

CS03C = 0x00AF
METHOD_A, METHOD_A_RESPONDER, METHOD_B, METHOD_C = range(4)
GSME, ESME, GPF, HCALCS, PPMID, TYPE_2 = 0, 1, 3, 4, 5, 6
SUCCESS, WRONG_CODE, WRONG_METHOD, INCOMPATIBLE, FULL, NO_CERTIFICATE = 0, 1, 2, 3, 4, 11
NOT_IN_LOG = 1


class OwnLog:
    """Sends CS03, CS04 and CS07 to a meter past the DCC, and reads its answers."""

    def __init__(self, local, timeline, device, supplier, patience="30 s"):
        self._local, self._timeline, self._patience = local, timeline, patience
        self._device, self._supplier = device, supplier

    def _ask(self, use_case, asked, words):
        good = self._local.example(use_case, self._device, as_user=self._supplier)
        return self._send(good, good.message_code, asked, words)

    def _send(self, good, code, asked, words):
        payload = decode_der.octets(asked, code, Cra.COMMAND) if asked else good.payload
        signature = None if good.signature else b""
        changed = replace(good, message_code=code, payload=payload, signature=signature, mac=None)
        command = self._local.protect(changed, self._device)
        delivered = self._local.deliver(command, words)
        seen = self._timeline.expect(answer_to(command), within=self._patience, after=delivered)
        return decode_der.payload(Message.parse(seen.raw))

    def join(self, use_case, eui, kind=HCALCS, method=METHOD_A, **more):
        """Join a device; return the response code."""
        words = f"{use_case} with method {method} for {eui}"
        return self._ask(use_case, _entry(eui, kind, method) | more, words)["response_code"]

    def join_by_certificate(self, eui, kind=PPMID, unjoin="CS04ACCritical", **certificate):
        """Join a device by method C; return the response code. The command has the protection of an unjoin."""
        good = self._local.example(unjoin, self._device, as_user=self._supplier)
        words = f"CS03C for {eui}, " + ("with its certificate" if certificate else "without certificate")
        return self._send(good, CS03C, _entry(eui, kind, METHOD_C) | certificate, words)["response_code"]

    def unjoin(self, use_case, eui):
        """Unjoin a device; return the response code."""
        return self._ask(use_case, {"other_device": str(eui)}, f"{use_case} for {eui}")["response_code"]

    def entries(self):
        """The devices in the log: EUI-64 -> type."""
        answer = self._ask("CS07", {}, "CS07")
        return {Eui64.of(one["device"]): one["device_type_code"] for one in answer.get("device_log", [])}


def _entry(eui, kind, method):
    return {"other_device": str(eui), "other_device_type_code": kind, "method_code": method}
