"""Steps that prepayment test cases begin with. Money is 1/1000 p."""

from bench.dcc.bodies import ReadInstantaneousPrepayValues, UpdateMeterBalance, UpdatePaymentMode
from bench.dcc.bodies.prepayment import MeterBalanceChange, PrepaymentMode
from bench.expecting import precondition

POUND = 100_000
CREDIT, PREPAYMENT = 1, 2


def to_prepayment(dcc, dut, supplier, *, balance, threshold=0, at=None, suspended_in_emergency=False):
    """Give the meter a balance and put it into prepayment mode."""
    add_to_balance(dcc, dut, supplier, balance)
    mode = PrepaymentMode(
        suspend_debt_disabled=False,
        suspend_debt_emergency=suspended_in_emergency,
        disablement_threshold=threshold,
    )
    response = dcc.ask(UpdatePaymentMode(execute_at=at, prepayment=mode), dut, as_user=supplier)
    precondition(not any(response.results), "the meter takes payment mode prepayment")


def add_to_balance(dcc, dut, supplier, amount):
    """Add to the meter balance (1.5)."""
    body = UpdateMeterBalance(prepayment=MeterBalanceChange(adjust=amount))
    response = dcc.ask(body, dut, as_user=supplier)
    precondition(not any(response.results), "the meter takes a change of its balance")


def registers(dcc, dut, supplier):
    """Read the prepayment registers (4.3)."""
    return dcc.ask(ReadInstantaneousPrepayValues(), dut, as_user=supplier).prepayment()
