"""What tests of firmware share: an image on a meter, its activation, the version that runs, what is logged."""

from bench.clock import hours, seconds
from bench.dcc.bodies import ActivateFirmware, ReadEventOrSecurityLog, ReadFirmwareVersion, ReadLogPeriod
from bench.dcc_point import device_alert
from testcases.gas_steps import event_log

RECEIVED, REJECTED, CHANGED = 0x8F72, 0x8F1C, 0x8F43
ACTIVATED, NOT_ACTIVATED = 0x8F66, 0x8F67
SUCCESS, NO_IMAGE, WRONG_HASH = 0, 1, 2
VERSION = "0702:0206"
DOWNLOAD = hours(3)  #: an image over the HAN; a gas meter is awake for some of it only
REQUIREMENTS = ["IM.02"]


def version_in_use(dcc, gas, device, supplier):
    """The version a meter says it runs, hexadecimal."""
    response = dcc.ask(ReadFirmwareVersion(), device, as_user=supplier, rule="R-FWU-018")
    if device.type == "ESME":
        return response.items(lambda data: data[0].value.hex())
    return gas.read(response).attributes[VERSION].hex()


def activate(dcc, firmware, device, supplier, image_hash, **when):
    body = ActivateFirmware(firmware_hash=image_hash, **when)
    return firmware.outcome(dcc.ask(body, device, as_user=supplier))


def load(firmware, timeline, device, supplier):
    """Bring the rig's newer image onto a meter; returns it."""
    image = firmware.signed(firmware.image(device), supplier)
    posted = firmware.distribute(image, device, as_user=supplier)
    timeline.expect(device_alert(device, RECEIVED, to=supplier), within=DOWNLOAD, after=posted, rule="R-FWU-006")
    return image


def _codes(dcc, gas, device, supplier, began, ended, which):
    if device.type == "GSME":
        return event_log(gas, device, supplier, began, ended, which)
    period = ReadLogPeriod(start=began.replace(microsecond=0), end=ended + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log=which), device, as_user=supplier).log()
    return [entry.code for entry in log]


def security_codes(dcc, gas, device, supplier, began, ended):
    return _codes(dcc, gas, device, supplier, began, ended, "Security")


def event_codes(dcc, gas, device, supplier, began, ended):
    return _codes(dcc, gas, device, supplier, began, ended - seconds(2), "Event")
