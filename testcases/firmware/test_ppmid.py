"""Firmware of a PPMID: an image comes through the DCC, is taken into use by the PPMID itself, and told with CS09."""

from dataclasses import replace

from bench.clock import minutes
from bench.dcc.bodies import ReadDeviceLog, ReadFirmwareVersion
from bench.gbcs import Cra, Message, decode_der
from bench.testcase import testcase

DOWNLOAD = minutes(60)  #: an image over the HAN
DONE, FAILED = 0, 1
CS09 = 'gbcs.use_case == "CS09" and src == ppmid'


def version(dcc, ppmid, supplier):
    """The version the PPMID says it runs, hexadecimal (CS08)."""
    answer = decode_der.payload(dcc.ask(ReadFirmwareVersion(), ppmid, as_user=supplier).message)
    return answer["firmware_version"].lower()


def told(han, posted):
    """What the PPMID told the broker of an image: message, and its payload."""
    message = Message.parse(han.transfer(han.expect(CS09, within=DOWNLOAD, after=posted)))
    return message, decode_der.payload(message)


@testcase(
    "FWU-101",
    "A PPMID takes a newer image into use by itself and tells the broker, signed; its joins stay",
    rules=["R-FWU-021", "R-FWU-018", "R-FWU-013"],
    requirements=["IM.02", "HA.12"],
    use_cases=["CS05c", "CS09", "CS08", "CS07"],
    devices=["PPMID"],
)
def test_newer_image(home, ppmid, dcc, han, firmware, suppliers, expect):
    log = dcc.ask(ReadDeviceLog(), ppmid, as_user=suppliers.losing).message.payload
    image = firmware.image(ppmid)
    newer = f"{image.version:08x}"
    before = version(dcc, ppmid, suppliers.losing)
    expect("version before", before).satisfies("another", lambda now: now != newer)

    message, alert = told(han, firmware.distribute(image, ppmid, as_user=suppliers.losing))

    shown = alert["alert_code"], alert["response_code"], alert["firmware_version"].lower()
    expect("code, outcome and version in CS09", shown).equals(("8F8B", DONE, newer))
    expect("that it is an alert to the broker", (message.cra, message.target)).equals((Cra.ALERT, home.acb.eui))
    expect("octets of its signature", len(message.signature)).equals(64)
    expect("version after", version(dcc, ppmid, suppliers.losing)).equals(newer)
    after = dcc.ask(ReadDeviceLog(), ppmid, as_user=suppliers.losing).message.payload
    expect("its own log of devices", after).equals(log, rule="R-FWU-013")


@testcase(
    "FWU-102",
    "A PPMID that gets an image of another type of device runs on, and tells the broker that it has not activated it",
    rules=["R-FWU-021", "R-FWU-014"],
    requirements=["IM.02"],
    use_cases=["CS05c", "CS09", "CS08"],
    devices=["PPMID"],
)
def test_unfit_image(ppmid, dcc, han, firmware, suppliers, expect):
    image = firmware.image(ppmid)
    before = version(dcc, ppmid, suppliers.losing)
    unfit = replace(image, image_type=image.image_type ^ 1)

    _, alert = told(han, firmware.distribute(unfit, ppmid, as_user=suppliers.losing))

    expect("outcome and version in CS09", (alert["response_code"], alert["firmware_version"].lower())).equals(
        (FAILED, before)
    )
    expect("version after", version(dcc, ppmid, suppliers.losing)).equals(before)
