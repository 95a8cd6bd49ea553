"""The channel of the sub-GHz band: scans on request, changes to a quieter channel, their log, alerts and limits."""

from dataclasses import replace

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ReadCHFSubGHzChannelLog, ReadLogPeriod, ReadSupplyStatus, RequestCHFSubGHzChannelScan
from bench.gbcs.sub_ghz import SubGhzSettings, channel_mask
from bench.hub_alert import hub_alert
from bench.testcase import testcase

CHANGED, SCANNING, ASSESSED, NOT_CHANGED = 0x8F26, 0x8F27, 0x8F28, 0x8F2B
USE_CASES = {CHANGED: "DBCH07", ASSESSED: "DBCH08"}
REQUIREMENTS = ["SFA-6-SUBGHZ"]
NOISE_DBM = -35
OTHERS = ((29, 30), (31, 4))  #: channels to go to
NO_CHANNEL = {page: page << 27 for page in (28, 29, 30, 31)}


def allowing(*channels, **others):
    """Settings in which just these channels may be used."""
    masks = dict(NO_CHANNEL)
    for page, number in channels:
        masks[page] |= channel_mask(page, number)
    return replace(SubGhzSettings(*masks.values()), **others)


def scan(hub, dcc, timeline, user, expect):
    """Ask for a scan (6.29) and wait for its outcome; returns the codes that were told, in order."""
    sent = dcc.send(RequestCHFSubGHzChannelScan(), hub, as_user=user)
    expect("result of the request", sent.response().results).equals([0], rule="R-SUB-006")
    told = hub_alert(hub, CHANGED, SCANNING, ASSESSED, NOT_CHANGED)
    timeline.expect(hub_alert(hub, ASSESSED), within=minutes(5), after=sent.posted, rule="R-SUB-006")
    seen = timeline.find(told, after=sent.posted)
    codes = [int(one.data["alert_code"], 16) for one in seen]
    for one, code in zip(seen, codes, strict=True):
        if code in USE_CASES:
            how = one.data["use_case"], one.data["mac"]
            expect(f"use case and MAC of {code:04X}", how).equals((USE_CASES[code], "valid"), rule="R-SUB-006")
    return codes


@testcase(
    "RAD-211",
    "A scan on request: the channel is left where it is noisy and an allowed one is quieter by enough, and told",
    rules=["R-SUB-006", "R-SUB-002", "R-SUB-001", "R-HUB-025"],
    requirements=REQUIREMENTS,
    use_cases=["DBCH05", "DBCH07", "DBCH08", "DBCH01", "DBCH02", "DBCH04"],
    devices=["CHF", "GSME"],
)
@pytest.mark.parametrize(
    "how", ["noisy", "quiet", "never noisy enough", "never quieter by enough", "no other channel allowed"]
)
def test_scan(how, hub, gsme, dcc, clock, noise, sub_ghz, timeline, suppliers, gas_suppliers, expect):
    user, began = suppliers.losing, clock.now()
    here = sub_ghz.channel(user)
    settings = {
        "never noisy enough": allowing(here, OTHERS[0], noise_threshold=1),
        "never quieter by enough": allowing(here, OTHERS[0], quieter_by=250),
        "no other channel allowed": allowing(here),
    }.get(how, allowing(here, OTHERS[0]))
    sub_ghz.configure(settings, user)
    if how != "quiet":
        noise.on(here[1], NOISE_DBM, here[0])

    codes = scan(hub, dcc, timeline, user, expect)

    moved = how == "noisy"
    expect("alerts, in order", codes).equals([SCANNING, *[CHANGED] * moved, ASSESSED])
    channel = OTHERS[0] if moved else here
    for seen in timeline.find(hub_alert(hub, CHANGED), after=began):
        named = int(str(sub_ghz.told(seen)["channel_mask"]), 2)
        expect("channel in the alert 8F26", named).equals(channel_mask(*channel), rule="R-SUB-006")
    expect("operating channel", sub_ghz.channel(user)).equals(channel, rule="R-SUB-006" if moved else "R-SUB-002")
    period = ReadLogPeriod(start=began.replace(microsecond=0), end=clock.now() + seconds(1))
    log = dcc.ask(ReadCHFSubGHzChannelLog(period=period), hub, as_user=user).log()
    entries = [(one.code, int.from_bytes(one.other[:4])) for one in log]
    expect("entries of the channel log", entries).equals(
        [(CHANGED, channel_mask(*channel))] if moved else [], rule="R-SUB-001"
    )
    noise.off()
    sent = dcc.send(ReadSupplyStatus(), gsme, as_user=gas_suppliers.losing)
    sent.response(within=minutes(31), rule="R-HUB-025")


@testcase(
    "RAD-212",
    "The channel is changed as often in a week as is set, and then no more, which is told",
    rules=["R-SUB-008", "R-SUB-006"],
    requirements=REQUIREMENTS,
    use_cases=["DBCH05", "DBCH07", "DBCH04", "DBCH01"],
    devices=["CHF"],
)
@pytest.mark.parametrize("most", [1, 2])
def test_changes_in_a_week(most, hub, dcc, noise, sub_ghz, timeline, suppliers, expect):
    user = suppliers.losing
    first = sub_ghz.channel(user)
    sub_ghz.configure(allowing(first, OTHERS[0], changes_per_week=most), user)
    noise.on(first[1], NOISE_DBM, first[0])
    scan(hub, dcc, timeline, user, expect)
    second = sub_ghz.channel(user)
    expect("channel after the first scan", second).equals(OTHERS[0])

    noise.on(second[1], NOISE_DBM, second[0])
    codes = scan(hub, dcc, timeline, user, expect)

    kept = most == 1
    expect("alerts of the second scan", codes).equals([SCANNING, NOT_CHANGED if kept else CHANGED, ASSESSED])
    expect("channel after it", sub_ghz.channel(user)).equals(second if kept else first)
