"""Requests of which no public sample exists: they are transformed, and what they give correlates."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bench.dcc import CorrelationError, Device, ServiceRequest, correlate, transform
from bench.dcc import bodies as b
from bench.gbcs.eui import Eui64
from tests.dcc.parties import ACB, ESME, GSME, NOW, SUPPLIER

START = datetime(2030, 1, 1, tzinfo=UTC)
PERIOD = b.ReadLogPeriod(start=START, end=START + timedelta(days=1))

#: requests of which there is no sample, at least one for every variant without any
WITHOUT_SAMPLE: list[tuple[b.Body, Device, int]] = [
    (b.DisplayMessage(message="Hello"), Device.ESME, 0x0021),
    (b.ReadTariffPrimaryElement(), Device.ESME, 0x003A),
    (b.ReadTariffPrimaryElement(), Device.GSME, 0x009F),
    (b.ReadMaximumDemandImportRegisters(), Device.ESME, 0x002C),
    (b.UpdateSecurityCredentialsDevice(certificate=bytes.fromhex("3003020101")), Device.ESME, 0x000B),
    (b.ReadCHFSubGHzChannel(), Device.CHF, 0x010A),
    (b.EnableSupply(), Device.ESME, 0x004F),
    (b.ArmSupply(), Device.GSME, 0x0085),
    (b.ReadALCSData(), Device.ESME, 0x00BB),
    (b.ReadBoostButtonDetails(period=PERIOD), Device.ESME, 0x005E),
    (b.ReadAuxiliaryControllerConfigurationData(), Device.ESME, 0x011C),
    (b.RetrieveDailyConsumptionLog(period=PERIOD), Device.ESME, 0x0060),
    (b.RequestCustomerIdentificationNumber(), Device.ESME, 0x0058),
    (b.ActivateEmergencyCredit(), Device.GSME, 0x0070),
    (b.JoinServiceNonCritical(other=Eui64(ESME)), Device.PPMID, 0x00AB),
]


@pytest.mark.parametrize(
    ("body", "device", "code"), WITHOUT_SAMPLE, ids=[f"{type(row[0]).__name__}-{row[1]}" for row in WITHOUT_SAMPLE]
)
def test_requests_without_sample(body: b.Body, device: Device, code: int) -> None:
    request = ServiceRequest.of(SUPPLIER, ESME, 1000, body)
    (message,) = transform(request, device=device, acb=ACB, acb_counter=1300, at=NOW, cin="1234")
    assert message.message_code == code
    correlate(request, bytes(message))
    for octets in (bytes(replace(message, target=GSME)), bytes(replace(message, message_code=code ^ 1))):
        with pytest.raises(CorrelationError):
            correlate(request, octets)
