"""Keys, identifiers and moments the DUIS tests share."""

from datetime import UTC, datetime
from functools import cache

from bench.gbcs.eui import Eui64
from bench.pki import Party, TestSmki

NOW = datetime(2026, 11, 20, 10, 30, 40, 120000, tzinfo=UTC)
SUPPLIER = Eui64.of("90-B3-D5-1F-30-01-00-00")
ACB = Eui64.of("90-B3-D5-1F-30-00-00-02")
COS_PARTY = Eui64.of("90-B3-D5-1F-30-00-00-04")
ESME = Eui64.of("00-DB-12-34-56-78-90-A0")
GSME = Eui64.of("00-DB-12-34-56-78-90-A1")


@cache
def smki() -> TestSmki:
    """One SMKI for all tests."""
    return TestSmki.generate("dcc tests", datetime(2026, 1, 1, tzinfo=UTC))


def supplier() -> Party:
    """The supplier of the SMKI."""
    return smki().party(SUPPLIER)
