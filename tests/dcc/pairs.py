"""Service requests beside the GBCS messages they became, from the public samples and the reference data."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.catalogue import use_case
from bench.dcc import Device, RequestId, ServiceRequest
from bench.dcc import bodies as b
from bench.gbcs.credentials import UpdateCredentials
from bench.gbcs.dlms import AccessRequest
from bench.gbcs.message import Message
from tests.dcc.parties import ACB, SUPPLIER
from tests.rtds import DUIS, messages, read

#: last octet of a device's EUI-64 in the reference data -> its type
DEVICES = dict(zip(range(0xA0, 0xA7), ("ESME", "GSME", "CHF", "GPF", "PPMID", "HCALCS", "SAPC"), strict=True))


#: pairs that cannot be equal, and why: the sample request was made for another message than the one published
UNEQUAL = {
    "ECS25a_6.22_SUCCESS": "the request names event 81B7, the message events 81C4 and 81C5",
    "ECS25b_6.22_SUCCESS": "the request names event 8003 of a polyphase meter, the message does not",
    "GCS15c_4.4.3_SUCCESS": "the request reads December 2014 to November 2015, the message the year 2015",
    "GCS61_4.17_SUCCESS": "the request reads ten days, the message two years",
}
#: pairs that are equal once something is exchanged that the sample has in another edition; see `adjusted`
ADJUSTED = {
    "CS02b": "newer certificates in the request",
    "CS02g": "newer certificates in the request",
    "ECS21b_4.14_URP": "newer certificate of the user in the request",
    "CS03C": "the certificate of the other device is not in the request but in the DCC's inventory",
    "CS08_11.2": "the sample names the access control broker as user, the message a supplier behind it",
    "GCS09_3.2": "another restriction date in the request",
}


@dataclass(frozen=True, slots=True)
class Pair:
    stem: str
    request: ServiceRequest
    message: Message
    whole: bytes  #: the message file

    @property
    def device(self) -> Device:
        return Device(DEVICES[self.request.request_id.target[7]])

    @property
    def options(self) -> dict[str, Any]:
        """What `transform` has to be told that the request does not say."""
        name = self.stem.split("_")[0]
        meter = {kind for kind in use_case(name).meter if not kind.startswith("!")}
        return {
            "use_case": name,
            "meter": meter | ({"twin"} if "_TWIN_" in self.stem else set()),
            "user_role": "NetworkOperator" if self.request.request_id.originator[5] == 2 else "Supplier",
            "other": Device.GSME if name == "CS03CNonCritical" else None,
            "other_certificate": self.message.payload[20:] if name.startswith("CS03C") else None,
            "cin": "1234",
            "facts": hub_log(self.message) if name == "CCS03" else None,
        }

    @property
    def core(self) -> bytes:
        """Grouping header and payload."""
        return self.message.grouping_header + self.message.payload


def hub_log(message: Message) -> dict[str, Any]:
    """Extended PAN id and devices of a CCS03 command, which only the DCC knows."""
    pan, devices = AccessRequest.parse(message.payload).data[0].value
    return {"hub_log": (pan.value, [tuple(part.value for part in device.value) for device in devices.value])}


def message_files() -> dict[str, Path]:
    return {path.name: path for path in messages()}


def commands(stem: str) -> list[bytes]:
    """The command and pre-command files of a use case and variant, pre-command first."""
    files = message_files()
    names = [f"{stem}_{kind}_GBCS.HEX" for kind in ("PRECOMMAND", "COMMAND")]
    return [read(files[name]) for name in names if name in files]


def pairs() -> list[Pair]:
    """Every sample request whose message is there, with the certificates of the message in the request."""
    found = []
    for path in sorted(DUIS.glob("*.XML")) if DUIS is not None else []:
        stem = path.name.removesuffix("_REQUEST_DUIS.XML")
        whole = commands(stem)
        if whole:
            message = Message.parse(whole[0])
            found.append(
                Pair(stem, adjusted(stem, ServiceRequest.parse(path.read_bytes()), message), message, whole[0])
            )
    return found


def adjusted(stem: str, request: ServiceRequest, message: Message) -> ServiceRequest:
    """The request with what the samples are known to have in another edition than the messages."""
    body = request.body
    if isinstance(body, b.ReadPrepaymentDailyReadLog) and body.key_agreement_certificate is not None:
        return replace(request, body=replace(body, key_agreement_certificate=message.supplementary_certificate))
    if isinstance(body, b.UpdateSecurityCredentialsCoS):
        party, path = certificates(message)
        return replace(request, body=replace(body, certificates=party, path=path))
    if isinstance(body, b.UpdateSecurityCredentialsKRP):
        party, path = certificates(message)
        return replace(request, body=replace(body, certificates=b.PartyCertificates(party=party), path=path))
    if stem.startswith("CS08_11.2") and request.request_id.originator == ACB:
        # the sample names the access control broker, the message a supplier behind it
        return replace(request, request_id=RequestId(SUPPLIER, request.request_id.target, request.request_id.counter))
    if stem.startswith("GCS09_3.2") and isinstance(body, b.RestrictAccessForChangeOfTenancy):
        from bench.gbcs.dlms import from_zigbee_utc

        seconds = int.from_bytes(message.payload[-8:-4], "little")
        return replace(request, body=replace(body, restriction=from_zigbee_utc(seconds)))
    return request


def certificates(message: Message) -> tuple[b.ReplacementCertificates, b.CertificationPath]:
    """Certificates of a CS02b or CS02g command as a request carries them."""
    update = UpdateCredentials.parse(message.payload)
    ders = [one.certificate for one in update.replacements]
    party = b.ReplacementCertificates(
        digital_signing=ders[0],
        key_agreement=ders[1] if len(ders) > 1 else None,
        key_agreement_top_up=ders[2] if len(ders) > 2 else None,
    )
    return party, b.CertificationPath(certificates=tuple(update.path))
