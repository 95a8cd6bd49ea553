"""The sub-GHz band: channel, settings and duty cycle of the hub, and what becomes of messages for its gas meter."""

from dataclasses import astuple, replace
from datetime import timedelta

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import ReadSupplyStatus
from bench.dcc_point import response_to
from bench.expecting import precondition
from bench.gbcs.sub_ghz import SubGhzSettings
from bench.han.mac_commands import parse_command
from bench.han_point import frame
from bench.hub_alert import hub_alert
from bench.local_point import answer_to
from bench.testcase import testcase

LIMITED, NOT_LIMITED, CRITICAL, NOT_CRITICAL = 0x8F20, 0x8F21, 0x8F22, 0x8F23
DISCARDED, CONFIGURED, NO_ROOM = 0x8F2C, 0x8F2A, 0x8F2D
GAS_METER_LOST = 0x8F29
AT_CAPACITY = 1  #: status of an association response: PAN at capacity
REQUIREMENTS = ["SFA-6-SUBGHZ"]
HUNDREDTH_OF_A_PERCENT = timedelta(milliseconds=360)  #: of an hour
LOW = SubGhzSettings(normal_limited=3, limited_critical=8)  #: reached with few commands
#: every setting other than the hub's own, masks with two channels each
OTHER = SubGhzSettings(0xE0000060, 0xE8000006, 0xF0000006, 0xF8000006, 130, 220, 5, 7, 7, 12, 6000, 98, 100, 4000, 3100)
#: how far what a sniffer heard may be from what the hub counts: the alert tells its time to the second
LESS, MORE = timedelta(milliseconds=80), timedelta(milliseconds=200)
WINDOW = minutes(65)  #: of the hub's duty cycle: a rolling hour in buckets of five minutes
SUSPEND = 'cluster == sub_ghz and cmd == suspend_zcl_messages and dst_eui == "{}"'


def send_reads(dcc, gsme, supplier, count):
    """Send reads that wait at the hub until the gas meter wakes."""
    return [dcc.send(ReadSupplyStatus(), gsme, as_user=supplier) for _ in range(count)]


def until_limited(dcc, hub, gsme, sub_ghz, timeline, supplier, user):
    """Load the band until the hub says that it is limited; returns that alert."""
    sub_ghz.configure(LOW, user)
    sent = send_reads(dcc, gsme, supplier, 32)
    return timeline.expect(hub_alert(hub, LIMITED), within=minutes(35), after=sent[0].posted, rule="R-SUB-003")


@testcase(
    "RAD-201",
    "A dual-band hub serves the gas meter on a channel of the sub-GHz pages, and the other devices at 2.4 GHz",
    rules=["R-HUB-025", "R-SUB-001", "R-GSM-001"],
    requirements=REQUIREMENTS,
    use_cases=["DBCH01", "GCS33"],
    devices=["CHF", "GSME"],
)
def test_band(gsme, dut, dcc, han, sub_ghz, timeline, suppliers, gas_suppliers, expect):
    sent = dcc.send(ReadSupplyStatus(), gsme, as_user=gas_suppliers.losing)
    expect("whether the gas meter answers", len(sent.response(within=minutes(31)).message.payload) > 0).equals(True)
    dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)

    page, number = sub_ghz.channel(suppliers.losing)
    on_air = {(seen.data["page"], seen.data["channel"]) for seen in sub_ghz.frames(sent.posted)}
    expect("page and channel on which its frames were heard", on_air).equals({(page, number)})
    of_gas = timeline.find(frame(src="GSME"), after=sent.posted)
    expect("its frames at 2.4 GHz", sum("page" not in seen.data for seen in of_gas)).equals(0)
    of_electricity = timeline.find(frame(src="ESME"), after=sent.posted)
    expect("frames of the electricity meter below 1 GHz", sum("page" in seen.data for seen in of_electricity)).equals(0)


@testcase(
    "RAD-202",
    "Each of the sub-GHz settings is what was set last, and a change is told with all of them",
    rules=["R-SUB-002", "R-SUB-001", "R-SUB-006"],
    requirements=REQUIREMENTS,
    use_cases=["DBCH03", "DBCH04", "DBCH09"],
    devices=["CHF"],
)
def test_settings(hub, sub_ghz, timeline, suppliers, expect):
    before = sub_ghz.settings(suppliers.losing)
    precondition(all(one != other for one, other in zip(astuple(before), astuple(OTHER), strict=True)), "all differ")

    answer = sub_ghz.configure(OTHER, suppliers.losing)

    expect("result of setting them", answer.results).equals([0])
    expect("settings that are read then", sub_ghz.settings(suppliers.losing)).equals(OTHER)
    seen = timeline.expect(hub_alert(hub, CONFIGURED), within="1 min", rule="R-SUB-006")
    expect("settings in the alert", sub_ghz.settings_in(seen)).equals(OTHER, rule="R-SUB-006")
    expect("use case of the alert", seen.data["use_case"]).equals("DBCH09", rule="R-SUB-006")


@testcase(
    "RAD-203",
    "Nobody but the broker reads or sets anything of the sub-GHz network",
    rules=["R-SUB-001", "R-SEC-005"],
    requirements=[*REQUIREMENTS, "SP.33", "SFA-12-MGMTAUTHZ"],
    use_cases=["DBCH01", "DBCH02", "DBCH03", "DBCH04", "DBCH05"],
    devices=["CHF"],
)
@pytest.mark.parametrize("use_case", ["DBCH01", "DBCH02", "DBCH03", "DBCH04", "DBCH05"])
def test_rights(use_case, home, hub, local, sub_ghz, timeline, suppliers, expect):
    allowed = local.example(use_case, hub, as_user=home.acb)
    local.deliver(allowed, f"{use_case} of the broker")
    timeline.expect(answer_to(allowed), within="1 min")
    sub_ghz.configure(OTHER, suppliers.losing)

    stranger = local.example(use_case, hub, as_user=home.cos_party)
    with timeline.never(answer_to(stranger), during=minutes(1)):
        local.deliver(stranger, f"{use_case} of the CoS party")
    expect("settings after it", sub_ghz.settings(suppliers.losing)).equals(OTHER)


@testcase(
    "RAD-204",
    "Time on air against the rate of commands: the hub is limited when what it has sent in an hour is at the threshold",
    rules=["R-SUB-003", "R-SUB-002"],
    requirements=REQUIREMENTS,
    use_cases=["DBCH04", "DBCH06"],
    devices=["CHF", "GSME"],
)
def test_duty_cycle(hub, gsme, dcc, clock, sub_ghz, timeline, suppliers, gas_suppliers, expect):
    sub_ghz.configure(LOW, suppliers.losing)
    limit = LOW.normal_limited * HUNDREDTH_OF_A_PERCENT
    curve = sub_ghz.duty_curve()
    for rate in (2, 10, 32):
        began = clock.now()
        sent = send_reads(dcc, gsme, gas_suppliers.losing, rate)
        clock.sleep(WINDOW + minutes(5))
        limited = timeline.find(hub_alert(hub, LIMITED), after=sent[0].posted)
        curve.plain(rate, sub_ghz.time_on_air(began) / HUNDREDTH_OF_A_PERCENT)
        if limited:
            break
        expect(f"time on air with {rate} commands", sub_ghz.time_on_air(began)).lies_between(timedelta(), limit)
    curve.limits(limited=LOW.normal_limited)

    expect("alerts that it is limited", len(limited)).equals(1)
    at = dcc.read(limited[0]).alert_times()[0]
    spent = sub_ghz.time_on_air(at - WINDOW, at + seconds(1))
    expect("time on air in the hour before the alert, as the sniffer heard it", spent).lies_between(
        limit - LESS, limit + MORE
    )


@testcase(
    "RAD-205",
    "A limited hub suspends its gas meter and names it; what is sent to the meter meanwhile is dropped and told",
    rules=["R-SUB-004", "R-SUB-005", "R-SUB-003", "R-ALT-002"],
    requirements=REQUIREMENTS,
    use_cases=["DBCH06", "DBCH10", "GCS33"],
    devices=["CHF", "GSME"],
)
def test_suspended(home, hub, gsme, dcc, clock, han, sub_ghz, timeline, suppliers, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    alert = until_limited(dcc, hub, gsme, sub_ghz, timeline, supplier, suppliers.losing)
    told = dcc.read(alert)
    expect("device in the alert", sub_ghz.told(alert)["device"]).equals(str(gsme.eui), rule="R-SUB-004")
    expect("use case, MAC and signature of the alert", _protection(alert)).equals(
        ("DBCH06", "valid", "absent"), rule="R-ALT-002"
    )
    expect("whom it is for", told.message.target).equals(home.acb.eui)
    asked = han.expect(SUSPEND.format(gsme.eui), within="10 s", rule="R-SUB-004")
    period = minutes(han.frame_of(asked).zcl_fields["period"])
    clock.sleep(minutes(1))

    lost = dcc.send(ReadSupplyStatus(), gsme, as_user=supplier)
    seen = timeline.expect(hub_alert(hub, DISCARDED), within="1 min", after=lost.posted, rule="R-SUB-005")
    named = sub_ghz.told(seen)["discarded"]
    expect("message that was dropped", (named["originator"], named["target"], named["kind"], named["counter"])).equals(
        (str(supplier.eui), str(gsme.eui), "command", lost.request.request_id.counter), rule="R-SUB-005"
    )
    expect("use case, MAC and signature of that alert", _protection(seen)).equals(
        ("DBCH10", "valid", "absent"), rule="R-ALT-002"
    )
    reports = han.query(f'src_eui == "{gsme.eui}" and cluster == metering')
    with timeline.never(reports, rule="R-SUB-004"):
        clock.sleep_until(asked.time + period - minutes(2))
    late = dcc.send(ReadSupplyStatus(), gsme, as_user=supplier)
    timeline.expect(hub_alert(hub, DISCARDED), within="1 min", after=late.posted, rule="R-SUB-004")
    dropped = timeline.find(hub_alert(hub, DISCARDED), after=alert)
    expect("alerts of two messages that were dropped", len(dropped)).equals(2, rule="R-SUB-005")

    timeline.expect(hub_alert(hub, NOT_LIMITED), within=WINDOW, after=alert, rule="R-SUB-003")
    clock.sleep(minutes(1))
    expect("alerts that it is critical", len(timeline.find(hub_alert(hub, CRITICAL)))).equals(0, rule="R-SUB-003")
    expect("answers to what was dropped", len(timeline.find(response_to(lost.request)))).equals(0, rule="R-SUB-005")
    again = dcc.send(ReadSupplyStatus(), gsme, as_user=supplier)
    again.response(within=minutes(32), rule="R-SUB-004")


@testcase(
    "RAD-206",
    "A critical duty cycle is told on entry, and again on leaving, before the end of the limited one",
    rules=["R-SUB-003", "R-SUB-002", "R-SUB-005"],
    requirements=REQUIREMENTS,
    use_cases=["DBCH04"],
    devices=["CHF", "GSME"],
)
def test_critical(hub, gsme, dcc, sub_ghz, timeline, suppliers, gas_suppliers, expect):
    sub_ghz.configure(replace(LOW, normal_limited=2, limited_critical=4), suppliers.losing)
    sent = send_reads(dcc, gsme, gas_suppliers.losing, 40)
    entered = timeline.expect(hub_alert(hub, CRITICAL), within=minutes(35), after=sent[0].posted)
    expect("signature of the alert", entered.data["signature"]).equals("valid")
    lost = dcc.send(ReadSupplyStatus(), gsme, as_user=gas_suppliers.losing)
    timeline.expect(hub_alert(hub, DISCARDED), within="1 min", after=lost.posted, rule="R-SUB-005")
    at = dcc.read(entered).alert_times()[0]
    spent = sub_ghz.time_on_air(at - WINDOW, at + seconds(1))
    limit = 4 * HUNDREDTH_OF_A_PERCENT
    expect("time on air in the hour before the alert", spent).lies_between(limit - LESS, limit + MORE)

    timeline.expect(hub_alert(hub, NOT_LIMITED), within=minutes(80), after=entered)

    alerts = hub_alert(hub, LIMITED, NOT_LIMITED, CRITICAL, NOT_CRITICAL)
    codes = [seen.data["alert_code"] for seen in timeline.find(alerts)]
    expect("alerts of the duty cycle, in order", codes).equals(["8F20", "8F22", "8F23", "8F21"])


@testcase(
    "RAD-207",
    "A device for which there is no room in the sub-GHz band is refused there, which is told, and joins at 2.4 GHz",
    rules=["R-SUB-007", "R-SUB-006"],
    requirements=REQUIREMENTS,
    use_cases=["CCS01", "DBCH11"],
    devices=["CHF", "PPMID"],
)
@pytest.mark.parametrize("listed", [True, False], ids=["listed", "not listed"])
def test_no_room(listed, hub, second_ppmid, newcomer, dcc, clock, han, sub_ghz, timeline, suppliers, expect):
    expected = second_ppmid if listed else newcomer  # the network is open in either case
    dcc.ask(expected.addition(), hub, as_user=suppliers.losing)
    began = clock.now()

    second_ppmid.press_join_below()
    clock.sleep(seconds(30))

    answers = timeline.find(han.query(f'cmd == association_response and dst == "{second_ppmid.eui}"'), after=began)
    below = [parse_command(han.frame_of(one).mac.payload).status for one in answers if "page" in one.data]
    precondition(0 not in below, "the band has no room left")
    alerts = timeline.find(hub_alert(hub, NO_ROOM), after=began)
    if listed:
        expect("answers to its request in the band", below).equals([AT_CAPACITY])
        expect("alerts that there is no room", len(alerts)).equals(1, rule="R-SUB-006")
        expect("device in the alert", sub_ghz.told(alerts[0])["device"]).equals(str(second_ppmid.eui), rule="R-SUB-006")
        expect("use case, MAC and signature of the alert", _protection(alerts[0])).equals(
            ("DBCH11", "valid", "absent"), rule="R-SUB-006"
        )
    else:
        expect("alerts that there is no room for a stranger", len(alerts)).equals(0, rule="R-SUB-006")
    expect("whether it is on the network then", second_ppmid.joined).equals(listed)


def _protection(seen):
    return seen.data["use_case"], seen.data["mac"], seen.data["signature"]


@testcase(
    "RAD-231",
    "A gas meter that is not heard in the band any more is told after some searches, once; one that is heard is not",
    rules=["R-SUB-006", "R-GSM-015"],
    requirements=REQUIREMENTS,
    devices=["CHF"],
)
def test_lost_gas_meter(hub, sub_ghz, gas_link, clock, timeline, expect):
    with timeline.never(hub_alert(hub, GAS_METER_LOST)):
        clock.sleep(hours(2))
    gas_link.black_out()
    lost = clock.now()
    seen = timeline.expect(hub_alert(hub, GAS_METER_LOST), within=hours(4), after=lost)
    expect("signature of the alert", seen.data["signature"]).equals("valid")
    clock.sleep(hours(1))
    expect("alerts", len(timeline.find(hub_alert(hub, GAS_METER_LOST), after=lost))).equals(1)
