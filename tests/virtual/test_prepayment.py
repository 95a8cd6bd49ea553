"""Prepayment on the virtual meter, against figures worked out by hand."""

from datetime import timedelta

import pytest

from bench.catalogue import use_case
from bench.dcc.bodies import ActivateEmergencyCredit, DisableSupply, EnableSupply
from bench.dcc.examples import example
from bench.gbcs import Cra
from bench.gbcs.dlms import AccessResponse
from rigs.virtual.account import Mode
from rigs.virtual.load_switch import Cause, SupplyState
from tests.virtual.homes import make

PENNY = 1000


@pytest.fixture
def bench():
    made = make()
    made.home.esme.account.balance = 1000 * PENNY
    assert results(made.ask(example("1.6", use_case("ECS03"), given={"execute_at": None})))
    account = made.home.esme.account
    assert account.mode is Mode.PREPAYMENT
    account.settings.standing_charge = 0
    account.settings.low_credit = account.settings.emergency_threshold = -(10**9)
    account.settings.price = 20 * PENNY
    account.balance = 1000 * PENNY
    account.settle()
    return made


def results(answers):
    (response,) = [one for one in answers if one.cra is Cra.RESPONSE]
    return all(code == 0 for _, code in AccessResponse.parse(response.payload).results)


def hours(bench, count):
    bench.run(count * 3600)
    bench.home.esme.account.settle()


def test_consumption_is_taken_from_the_balance(bench):
    hours(bench, 10)  # 720 W for 10 h is 7.2 kWh, at 20 p
    assert bench.home.esme.account.balance == pytest.approx((1000 - 7.2 * 20) * PENNY, abs=100)


def test_the_supply_goes_off_at_the_threshold_and_is_armed_by_a_top_up(bench):
    esme = bench.home.esme
    hours(bench, 69)  # 10 pounds last 69.4 h
    assert esme.switch.state is SupplyState.ENABLED
    hours(bench, 1)
    assert (esme.switch.state, esme.switch.cause) == (SupplyState.DISABLED, Cause.CREDIT)
    assert bench.alerts == [0x8F0F] and abs(esme.account.balance) < 20
    assert bench.top_up(5, 100)
    assert esme.switch.state is SupplyState.ARMED and bench.alerts[-1] == 0x8F32
    assert esme.account.balance == pytest.approx(500 * PENNY, abs=20)
    assert esme.switch.enable_locally() and esme.switch.state is SupplyState.ENABLED


def test_a_supply_disabled_by_the_supplier_is_not_armed_by_a_top_up(bench):
    bench.ask(DisableSupply())
    assert bench.top_up(5, 100)
    assert bench.home.esme.switch.state is SupplyState.DISABLED


def test_a_token_counts_once_by_whatever_way(bench):
    account = bench.home.esme.account
    before = account.balance
    assert bench.top_up(5, 100) and not bench.top_up(5, 100) and not bench.top_up(5, 100, local=True)
    assert account.balance - before == pytest.approx(500 * PENNY, abs=1000)
    assert [entry.code for entry in bench.home.esme.logs.security].count(0x8F51) >= 1


def test_tokens_of_another_supplier_and_beyond_the_limits(bench):
    gaining = bench.smki.identities.gaining_supplier
    assert not bench.top_up(5, 100, supplier=gaining, local=True)
    bench.home.esme.account.settings.maximum_credit = 400 * PENNY
    assert not bench.top_up(5, 101)
    bench.home.esme.account.settings.maximum_credit = 1000 * PENNY
    bench.home.esme.account.settings.maximum_balance = 1200 * PENNY
    assert not bench.top_up(5, 101)
    codes = [entry.code for entry in bench.home.esme.logs.security]
    assert codes[-3:] == [0x8F63, 0x8F5B, 0x8F47]
    bench.home.esme.account.settings.maximum_balance = 2000 * PENNY
    assert bench.top_up(5, 101)  # a refused one has not been remembered


def test_emergency_credit(bench):
    esme, account = bench.home.esme, bench.home.esme.account
    account.settings.emergency_threshold, account.settings.emergency_limit = 500 * PENNY, 300 * PENNY
    assert not results(bench.ask(ActivateEmergencyCredit()))
    hours(bench, 36)
    assert bench.alerts == [0x8119]
    assert results(bench.ask(ActivateEmergencyCredit())) and results(bench.ask(ActivateEmergencyCredit()))
    hours(bench, 40)
    assert esme.switch.state is SupplyState.ENABLED and account.emergency_used > 0
    hours(bench, 20)
    assert esme.switch.state is SupplyState.DISABLED
    assert bench.alerts == [0x8119, 0x81AB, 0x81AA, 0x8F0F]
    assert account.emergency_left == 0
    assert bench.top_up(2, 100) and esme.switch.state is SupplyState.DISABLED
    assert bench.top_up(5, 101) and esme.switch.state is SupplyState.ARMED
    assert account.emergency_used == 0 and account.balance == pytest.approx(400 * PENNY, abs=30)


def test_payment_debt_takes_its_share_within_the_weekly_cap(bench):
    account = bench.home.esme.account
    account.payment_debt, account.payment_share, account.settings.rate_cap = 1000 * PENNY, 5000, 300 * PENNY
    assert bench.top_up(5, 100)
    assert account.payment_debt == 750 * PENNY
    assert bench.top_up(5, 101)
    assert account.payment_debt == 700 * PENNY  # the cap
    account.recoveries = [(at - timedelta(days=7), amount) for at, amount in account.recoveries]
    assert bench.top_up(4, 102)
    assert account.payment_debt == 500 * PENNY


def test_no_token_in_credit_mode(bench):
    bench.ask(example("1.6", use_case("ECS02")))
    assert bench.home.esme.account.mode is Mode.CREDIT
    assert not bench.top_up(5, 100)


def test_in_credit_mode_the_supply_is_never_taken_off(bench):
    bench.ask(example("1.6", use_case("ECS02")))
    bench.home.esme.account.balance = -1
    hours(bench, 2)
    assert bench.home.esme.switch.state is SupplyState.ENABLED and results(bench.ask(EnableSupply()))
