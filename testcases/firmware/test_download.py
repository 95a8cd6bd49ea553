"""Images on their way over the HAN: the OTA cluster, frame by frame, and what the hub tells of an image's delivery."""

from dataclasses import replace

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import ActivateFirmware, ReadEventOrSecurityLog, ReadLogPeriod
from bench.dcc_point import device_alert
from bench.expecting import precondition
from bench.gbcs import Cra, decode_der
from bench.hub_alert import hub_alert
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.firmware.test_ppmid import version
from testcases.joining.steps import try_to_join

RECEIVED, REJECTED, NOT_VERIFIED = 0x8F72, 0x8F1C, 0x8F1B
DELIVERED, NOT_DELIVERED = 0x8F8A, 0x8F89
DISCARDED, WRONG_HARDWARE, TRANSFER_FAILED = 1, 2, 3  #: in CCS08
SUCCESS, NO_IMAGE = 0, 1
BY_COMMAND = "never"  #: time of an upgrade that is left to a command
DOWNLOAD = hours(3)


def seen_on_air(han, timeline, what, device, after):
    """The fields of the OTA commands of one kind between hub and device, in order; retries are left out."""
    either = f'(src_eui == "{device.eui}" or dst_eui == "{device.eui}")'
    found = timeline.find(han.query(f"cluster == ota and cmd == {what} and {either}"), after=after)
    return [han.frame_of(one).zcl_fields for one in found if not one.data["repeat"]]


def offsets(frames):
    """The places in the file of blocks, each once."""
    return list(dict.fromkeys(frame["fileOffset"] for frame in frames))


def told(hub, dcc, timeline, posted):
    """The hub's alert on an image (CCS08): message with its protection, and payload."""
    seen = timeline.expect(hub_alert(hub, DELIVERED, NOT_DELIVERED), within=DOWNLOAD, after=posted, rule="R-FWU-020")
    alert = dcc.read(seen)
    return alert, decode_der.payload(alert.message)


@testcase(
    "FWU-201",
    "A meter learns from the hub that there is an image and fetches it, octet for octet, by itself",
    rules=["R-FWU-004"],
    requirements=["IM.02"],
    use_cases=["CS05a", "CS05b"],
    devices=["ESME", "GSME", "CHF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_fetched(kind, home, han, firmware, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    image = firmware.signed(firmware.image(device), supplier)

    posted = firmware.distribute(image, device, as_user=supplier)
    timeline.expect(device_alert(device, RECEIVED, REJECTED, to=supplier), within=DOWNLOAD, after=posted)

    notified = seen_on_air(han, timeline, "image_notify", device, posted)
    offered = seen_on_air(han, timeline, "query_next_image_rsp", device, posted)
    asked = seen_on_air(han, timeline, "image_block_req", device, posted)
    given = [one["image"] for one in seen_on_air(han, timeline, "image_block_rsp", device, posted)]
    expect("notifications, of a meter that sleeps none", bool(notified)).equals(kind == "ESME")
    file = image.manufacturer, image.image_type, image.version, len(bytes(image))
    names = "manufacturer", "imageType", "fileVersion", "imageSize"
    expect("file offered", {tuple(one[name] for name in names) for one in offered}).equals({file})
    blocks = {one["fileOffset"]: bytes.fromhex(one["data"]) for one in given}
    wanted = [sum(map(len, list(blocks.values())[:number])) for number in range(len(blocks))]
    expect("places in the file that were asked for, in order", offsets(asked)).equals(wanted)
    expect("places in the file that were given", offsets(given)).equals(wanted)
    expect("octets given", b"".join(blocks.values())).equals(bytes(image))
    messages = timeline.find(han.query(f'gbcs.target == "{device.eui}"'), after=posted)
    expect("messages through its tunnel", len(messages)).equals(0)
    ended = han.expect(f'cluster == ota and cmd == upgrade_end_req and src_eui == "{device.eui}"', within="10 s")
    expect("how the meter says that it ended", han.frame_of(ended).zcl_fields["status"]).equals(SUCCESS)
    end = han.expect(f'cluster == ota and cmd == upgrade_end_rsp and dst_eui == "{device.eui}"', within="10 s")
    expect("time of the upgrade", han.frame_of(end).zcl_fields["upgradeTime"]).equals(BY_COMMAND)


@testcase(
    "FWU-202",
    "After an outage of the hub a gas meter goes on with its download where it was",
    rules=["R-FWU-019", "R-FWU-004"],
    requirements=["IM.02", "CSC-DP094-OTALOSS"],
    use_cases=["CS05b"],
    devices=["GSME", "CHF"],
)
def test_resumed(gsme, hub, han, firmware, mains, timeline, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    image = firmware.signed(firmware.image(gsme), supplier)
    posted = firmware.distribute(image, gsme, as_user=supplier)
    han.expect(f'cluster == ota and cmd == image_block_rsp and dst_eui == "{gsme.eui}"', within="31 min", after=posted)
    clock.sleep(minutes(1))
    before = offsets(seen_on_air(han, timeline, "image_block_req", gsme, posted))
    precondition(0 < before[-1] < len(bytes(image)) - 100, "one wake is not enough for the image")

    outage = mains.of(hub).interrupt("40 min")

    alert = device_alert(gsme, RECEIVED, REJECTED, to=supplier)
    seen = timeline.expect(alert, within=DOWNLOAD, after=posted, rule="R-FWU-019")
    expect("code of the alert", int(seen.data["alert_code"], 16)).equals(RECEIVED)
    expect("hash in the alert", firmware.told_hash(seen)).equals(image.hash.hex())
    asked = offsets(seen_on_air(han, timeline, "image_block_req", gsme, posted))[len(before) :]
    expect(f"place in the file after the outage of {outage.duration}", asked[0]).lies_between(
        before[-1], before[-1] + before[1]
    )
    expect("places asked for after it, in order", asked).equals(sorted(set(asked)))


@testcase(
    "FWU-203",
    "The hub tells the broker, signed, that a PPMID has fetched its image, and which version it is",
    rules=["R-FWU-020", "R-FWU-004"],
    requirements=["IM.02", "HA.12"],
    use_cases=["CS05c", "CCS08"],
    devices=["CHF", "PPMID"],
)
def test_delivered(home, hub, ppmid, dcc, han, firmware, timeline, suppliers, clock, expect):
    image = firmware.image(ppmid)
    posted = firmware.distribute(image, ppmid, as_user=suppliers.losing)

    alert, shown = told(hub, dcc, timeline, posted)

    expect("code, device, version and result", [shown[name] for name in ("alert_code", "response_code")]).equals(
        ["8F8A", SUCCESS]
    )
    expect("device in the alert", shown["device"]).equals(str(ppmid.eui))
    expect("version in the alert", shown["firmware_version"].lower()).equals(f"{image.version:08x}")
    expect("signature of the alert", alert.protection.signature).equals("valid")
    expect("that it is an alert to the broker", (alert.message.cra, alert.message.target)).equals(
        (Cra.ALERT, home.acb.eui)
    )
    given = seen_on_air(han, timeline, "image_block_rsp", ppmid, posted)
    octets = b"".join(bytes.fromhex(one["image"]["data"]) for one in given)
    expect("octets that were given before", octets).equals(bytes(image), rule="R-FWU-004")
    clock.sleep(minutes(30))
    expect("alerts on this image", len(timeline.find(hub_alert(hub, DELIVERED, NOT_DELIVERED), after=posted))).equals(1)


@testcase(
    "FWU-204",
    "The hub gives no image to a PPMID that it does not know or whose hardware does not fit, and tells the broker why",
    rules=["R-FWU-022", "R-FWU-020"],
    requirements=["IM.02", "HA.12"],
    use_cases=["CS05c", "CCS08", "CS08"],
    devices=["CHF", "PPMID"],
)
@pytest.mark.parametrize("why", ["not in its log", "hardware too old", "hardware too new"])
def test_not_given(why, hub, ppmid, second_ppmid, dcc, han, firmware, timeline, suppliers, clock, expect):
    image = firmware.image(ppmid)
    before = version(dcc, ppmid, suppliers.losing)
    low, high = image.hardware
    hardware = {"hardware too old": (high + 1, high + 2), "hardware too new": (low - 1, low - 1)}.get(why, (low, high))
    device = second_ppmid.device if why == "not in its log" else ppmid
    posted = firmware.distribute(replace(image, hardware=hardware), device, as_user=suppliers.losing)

    _, shown = told(hub, dcc, timeline, posted)

    code = DISCARDED if why == "not in its log" else WRONG_HARDWARE
    expect("code and result", (shown["alert_code"], shown["response_code"])).equals(("8F89", code))
    expect("device and version", (shown["device"], shown["firmware_version"].lower())).equals(
        (str(device.eui), f"{image.version:08x}")
    )
    clock.sleep(minutes(5))
    given = seen_on_air(han, timeline, "image_block_rsp", device, posted)
    expect("blocks given", len(given)).equals(0)
    expect("version of the PPMID on the network", version(dcc, ppmid, suppliers.losing)).equals(before)


@testcase(
    "FWU-205",
    "The hub tells the broker that the transfer failed when a PPMID of its log does not fetch its image",
    rules=["R-FWU-020"],
    requirements=["IM.02"],
    use_cases=["CS05c", "CCS08"],
    devices=["CHF", "PPMID"],
)
def test_not_fetched(hub, ppmid, second_ppmid, dcc, firmware, timeline, suppliers, clock, expect):
    dcc.ask(second_ppmid.addition(), hub, as_user=suppliers.losing)
    precondition(try_to_join(second_ppmid, clock), "the second PPMID joins the network")
    clock.sleep(seconds(10))
    second_ppmid.reset()
    image = firmware.image(ppmid)
    posted = firmware.distribute(image, second_ppmid.device, as_user=suppliers.losing)

    _, shown = told(hub, dcc, timeline, posted)

    expect("code and result", (shown["alert_code"], shown["response_code"])).equals(("8F89", TRANSFER_FAILED))
    expect("device in the alert", shown["device"]).equals(str(second_ppmid.eui))


@testcase(
    "FWU-206",
    "An image of an older version is taken or refused as the maker decided: what the meter tells of it is what it does",
    rules=["R-FWU-017"],
    requirements=["IM.02", "IM.02.5"],
    use_cases=["CS06"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_older(kind, home, dcc, firmware, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    older = firmware.signed(replace(firmware.image(device), version=1), supplier)

    posted = firmware.distribute(older, device, as_user=supplier)
    seen = timeline.expect(device_alert(device, RECEIVED, REJECTED, to=supplier), within=DOWNLOAD, after=posted)

    taken = int(seen.data["alert_code"], 16) == RECEIVED
    words = "taken" if taken else "refused"
    code, now = firmware.outcome(dcc.ask(ActivateFirmware(firmware_hash=older.hash), device, as_user=supplier))
    expect(f"whether it can be activated, having been told as {words}", code).equals(SUCCESS if taken else NO_IMAGE)
    expect("whether it runs now", now == f"{older.version:08x}").equals(taken)


@testcase(
    "FWU-207",
    "At power on a meter looks whether its firmware is as it was installed, and tells it if not",
    rules=["R-FWU-016"],
    requirements=["IM.02.5"],
    use_cases=["ECS35b"],
)
@pytest.mark.parametrize("firmware_is", ["spoiled", "as installed"])
def test_verified_at_power_on(firmware_is, dut, dcc, at_the_esme, mains, clock, timeline, suppliers, expect):
    spoiled, began = firmware_is == "spoiled", clock.now()
    if spoiled:
        at_the_esme.spoil_firmware()

    outage = mains.interrupt("30 s")

    clock.sleep(minutes(2))
    told = timeline.find(device_alert(dut, NOT_VERIFIED, to=suppliers.losing), after=outage.ended)
    expect("alerts 8F1B", len(told)).equals(int(spoiled))
    period = ReadLogPeriod(start=began.replace(microsecond=0), end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Security"), dut, as_user=suppliers.losing).log()
    expect("entries 8F1B in the security log", [one.code for one in log].count(NOT_VERIFIED)).equals(int(spoiled))
