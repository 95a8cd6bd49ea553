"""The virtual meter against the device rules: outage boundaries, acceptance checks, credentials cell by cell."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bench.gbcs import Cra, Message
from bench.gbcs.credentials import CredentialsDetails, ProvideCredentials, Replacement, UpdateCredentials
from bench.gbcs.credentials import UpdateCredentialsResponse as Response
from bench.gbcs.dlms import (
    ACTION,
    GET,
    SET,
    AccessRequest,
    AccessResponse,
    Data,
    DataNotification,
    Spec,
    date_time,
    enum,
    i8,
    long_invoke_id,
    octets,
    structure,
)
from bench.gbcs.times import parse_date_time
from bench.gbcs.trust_anchors import KeyUsage, Role, TrustAnchorCell
from rigs.virtual.addresses import ESME_EUI
from rigs.virtual.esme_objects import SUPPLY_SCRIPTS, SUPPLY_STATE
from rigs.virtual.load_switch import Cause, SupplyState
from rigs.virtual.trust_anchors import SUPPLIER_CELLS
from tests.virtual.homes import make

DISABLE = Spec(ACTION, *SUPPLY_SCRIPTS)
NULL = Data(0)


@pytest.fixture
def bench():
    return make()


def access(specs, values, counter):
    return bytes(AccessRequest(long_invoke_id(counter), specs, values))


def disable(bench, counter, party=None, **changes):
    payload = access([DISABLE], [Data(0x12, 0x34)], counter)
    supplier = party or bench.smki.identities.supplier
    return replace(bench.command(0x0050, payload, supplier, counter, signed=True), **changes)


def deliver(bench, message, seconds=10):
    before = len(bench.upward)
    bench.home.esme.receive(bytes(message))
    bench.run(seconds)
    return [message for _, message in bench.upward[before:]]


def alert_codes(messages):
    return [int.from_bytes(one.payload[9:11]) for one in messages if one.cra is Cra.ALERT]


@pytest.mark.parametrize(
    ("seconds", "code"), [(20, 0x8F35), (179, 0x8F35), (180, 0x8F36), (181, 0x8F36), (90000, 0x8F36)]
)
def test_three_minutes_are_a_long_outage(bench, seconds, code):
    bench.home.feed.set_closed(False)
    began = bench.world.now
    bench.run(seconds)
    bench.home.feed.set_closed(True)
    ended = bench.world.now
    bench.run(60)
    alerts = [message for _, message in bench.upward if message.cra is Cra.ALERT]
    assert alert_codes(alerts) == [code]
    assert alerts[0].target == bench.smki.identities.network_operator
    assert alerts[0].message_code == 0x0067 and alerts[0].mac is None and len(alerts[0].signature) == 64
    members = DataNotification.parse(alerts[0].payload).data.value
    times = [parse_date_time(member.value) for member in members[2:]]
    assert times == [began.replace(microsecond=0), ended.replace(microsecond=0)]
    assert [entry.code for entry in bench.home.esme.logs.power] == [0x8F57, code]


@pytest.mark.parametrize(("volts", "milliseconds"), [(0, 20), (0, 300), (184, 60000), (120, 5000)])
def test_short_dips_and_brown_outs_are_ridden_through(bench, volts, milliseconds):
    bench.home.feed.set_voltage(volts)
    bench.run(milliseconds / 1000)
    bench.home.feed.set_voltage(230)
    bench.run(30)
    assert bench.home.esme.powered() and bench.upward == [] and not bench.home.esme.logs.power


@pytest.mark.parametrize("state", list(SupplyState))
def test_load_switch_keeps_its_state(bench, state):
    bench.home.esme.switch.move(state, Cause.SUPPLIER)
    bench.home.feed.set_closed(False)
    bench.run(30)
    bench.home.feed.set_closed(True)
    bench.run(30)
    assert bench.home.esme.switch.state is state


def test_energy_is_neither_lost_nor_counted_while_off(bench):
    start = bench.home.esme.integrate()
    bench.run(1800)
    bench.home.feed.set_closed(False)
    bench.run(1800)
    bench.home.feed.set_closed(True)
    bench.run(1800)
    assert bench.home.esme.integrate() - start == pytest.approx(720, abs=0.01)


def test_alert_counter_survives_an_outage_and_rises(bench):
    for _ in range(3):
        bench.home.feed.set_closed(False)
        bench.run(10)
        bench.home.feed.set_closed(True)
        bench.run(30)
    counters = [message.counter for _, message in bench.upward if message.cra is Cra.ALERT]
    assert counters == sorted(set(counters)) and len(counters) == 3


def test_good_critical_command_is_executed_and_answered_signed(bench):
    (response,) = deliver(bench, disable(bench, 10))
    assert bench.home.esme.switch.state is SupplyState.DISABLED
    assert (response.cra, response.counter, response.message_code) == (Cra.RESPONSE, 10, 0x0050)
    assert response.originator == ESME_EUI and response.target == bench.smki.identities.supplier
    assert len(response.signature) == 64 and response.mac is None
    assert AccessResponse.parse(response.payload).results == [(3, 0)]


BROKEN = {
    "wrong MAC": (lambda good: replace(good, mac=bytes(12)), {0x8F3D}),
    "wrong signature": (lambda good: replace(good, signature=bytes(64)), {0x8F3D}),
    "changed payload": (lambda good: replace(good, payload=good.payload[:-1] + b"\x33"), {0x8F3D}),
    "other target": (lambda good: replace(good, target=type(good.target).of(1)), set()),
    "unknown code": (lambda good: replace(good, message_code=0x0FFF), set()),
    "unsigned": (lambda good: replace(good, signature=b""), {0x8F1E}),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_command_changes_nothing(bench, what):
    spoil, codes = BROKEN[what]
    messages = deliver(bench, spoil(disable(bench, 10)))
    assert [message.cra for message in messages] == [Cra.ALERT] * len(codes)
    assert set(alert_codes(messages)) == codes
    assert all(message.target == bench.smki.identities.supplier for message in messages)
    assert bench.home.esme.switch.state is SupplyState.ENABLED
    assert bench.home.esme.anchors.counters.get(Role.SUPPLIER, 0) == 0
    assert [one.cra for one in deliver(bench, disable(bench, 1))] == [Cra.RESPONSE]


def test_wrong_role_and_strangers_are_refused(bench):
    who = bench.smki.identities
    assert alert_codes(deliver(bench, disable(bench, 5, who.network_operator))) == [0x8F30]
    assert alert_codes(deliver(bench, disable(bench, 5, who.gaining_supplier))) == [0x8F3E]
    assert [entry.code for entry in bench.home.esme.logs.security] == [0x8F3E]


def test_replay_and_lower_counters_are_refused(bench):
    good = disable(bench, 10)
    assert [one.cra for one in deliver(bench, good)] == [Cra.RESPONSE]
    for again in (good, disable(bench, 10), disable(bench, 9)):
        assert [one.cra for one in deliver(bench, again)] == [Cra.ALERT]
    assert bench.home.esme.anchors.counters[Role.SUPPLIER] == 10


def test_reads_may_be_repeated(bench):
    read = bench.command(
        0x0052, access([Spec(GET, *SUPPLY_STATE)], [NULL], 3), bench.smki.identities.supplier, 3, signed=False
    )
    for _ in range(2):
        (response,) = deliver(bench, read)
        assert response.signature == b"" and len(response.mac) == 12


CLOCK = bytes((0, 0, 1, 0, 0, 255))
SET_CLOCK = [Spec(SET, 8, CLOCK, 9), Spec(ACTION, 8, CLOCK, 5), Spec(ACTION, 8, CLOCK, 4)]
READ_CLOCK = [Spec(GET, 8, CLOCK, 2), Spec(GET, 8, CLOCK, 4)]


def set_clock(bench, counter, specs=(*SET_CLOCK, *READ_CLOCK)):
    now = octets(date_time(bench.world.now))
    values = {SET: enum(5), ACTION: structure([now, now, now]), GET: NULL}
    data = [values[spec.choice] for spec in specs]
    data = [
        i8(0) if spec.index == 4 and spec.choice == ACTION else each for spec, each in zip(specs, data, strict=True)
    ]
    payload = access(list(specs), data, counter)
    return deliver(bench, bench.command(0x0062, payload, bench.smki.identities.supplier, counter, signed=True))


def test_after_the_first_failing_item_nothing_is_executed(bench):
    bench.home.esme.cosem.objects.faults[8, CLOCK, 5] = 250
    (response,) = set_clock(bench, 4)
    assert [code for _, code in AccessResponse.parse(response.payload).results] == [0, 250, 250, 250, 250]
    (entry,) = bench.home.esme.logs.event
    assert (entry.code, entry.other) == (0x8155, b"\x00\x62")


@pytest.mark.parametrize(
    "specs",
    [
        (*SET_CLOCK[::-1], *READ_CLOCK),
        (*SET_CLOCK, *READ_CLOCK, DISABLE),
        (DISABLE, *SET_CLOCK, *READ_CLOCK),
        tuple(SET_CLOCK),
    ],
    ids=["other order", "one too many", "another first", "too few"],
)
def test_a_command_whose_items_are_not_those_of_its_code_is_refused(bench, specs):
    sent = set_clock(bench, 4, specs)
    assert alert_codes(sent) == [0x8F1E] and len(sent) == 1
    assert bench.home.esme.switch.state is SupplyState.ENABLED and not bench.home.esme.logs.event


def replacements(bench, party, spoilt=()):
    usages = ("ds", "ka", "pp-ka")
    held = bench.smki.party(party).certificates
    return [
        Replacement(b"\x30\x00" if usage in spoilt else held[usage].public_bytes(Encoding.DER), cell)
        for usage, cell in zip(usages, SUPPLIER_CELLS, strict=True)
    ]


def change(bench, counter, spoilt=(), mode=7, code=0x0107):
    who = bench.smki.identities
    request = UpdateCredentials(
        mode,
        counter,
        TrustAnchorCell(Role.TRANSITIONAL_COS, KeyUsage.DIGITAL_SIGNATURE),
        replacements=replacements(bench, who.gaining_supplier, spoilt),
        path=[bench.smki.issuing.certificate.public_bytes(Encoding.DER)],
    )
    return bench.command(code, bytes(request), who.cos_party, counter, signed=True)


def test_cells_are_replaced_one_by_one(bench):
    (response,) = deliver(bench, change(bench, 7, spoilt=("ka",)))
    outcome = Response.parse(response.payload).outcome
    assert [result.status for result in outcome.results] == [0, 5, 0]
    kept = outcome.results[1]
    assert kept.replacing_key_id == kept.existing_key_id
    cells = bench.home.esme.anchors.cells
    who = bench.smki.identities
    assert [cells[cell].subject for cell in SUPPLIER_CELLS] == [
        who.gaining_supplier,
        who.supplier,
        who.gaining_supplier,
    ]


def test_mode_must_fit_the_message_code(bench):
    assert alert_codes(deliver(bench, change(bench, 7, mode=2))) == [0x8F1E]


def test_a_role_without_cells_is_reported_alone(bench):
    who = bench.smki.identities
    authorising = TrustAnchorCell(Role.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)
    asked = bytes(ProvideCredentials(authorising, [Role.SUPPLIER, Role.WAN_PROVIDER, Role.NETWORK_OPERATOR]))
    (response,) = deliver(bench, bench.command(0x0008, asked, who.supplier, 3, signed=False))
    details = CredentialsDetails.parse(response.payload).roles
    assert [(one.role, one.status, len(one.cells)) for one in details] == [
        (Role.SUPPLIER, 0, 3),
        (Role.WAN_PROVIDER, 25, 0),
        (Role.NETWORK_OPERATOR, 0, 2),
    ]


def test_profile_is_stamped_at_the_end_of_each_half_hour(bench):
    bench.run(3600)
    now = bench.world.now
    rows = bench.home.esme.profile(now - timedelta(days=1), now)
    assert len(rows) == 48
    assert all(at.minute in (0, 30) and at.second == 0 for at, _ in rows)
    assert {later - earlier for (earlier, _), (later, _) in pairwise(rows)} == {timedelta(minutes=30)}


def test_garbage_through_the_tunnel_is_a_format_failure(bench):
    bench.home.esme.receive(b"\xdd\x00garbage")
    bench.run(10)
    assert alert_codes([message for _, message in bench.upward]) == [0x8F1E]
    assert Message.parse(bytes(bench.upward[0][1])) == bench.upward[0][1]
