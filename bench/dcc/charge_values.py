"""Builders of the prices and charges of an electricity meter, and of what is charged to which credit (GBCS 7.2.9)."""

from collections.abc import Callable, Iterable

from bench.dcc.errors import DuisError
from bench.dcc.payload import Context, find
from bench.gbcs import dlms
from bench.gbcs.axdr import Data

_TOU_REGISTERS, _BLOCK_REGISTERS, _BLOCKS, _SECONDARY_REGISTERS = 48, 8, 4, 4


def _charge(commodity: tuple[int, bytes, int], scales: tuple[int, int], prices: Iterable[tuple[bytes, int]]) -> Data:
    """Unit charge of a charge object: scales, what is charged for, prices by index."""
    class_id, obis, attribute = commodity
    return dlms.structure(
        (
            dlms.structure(map(dlms.i8, scales)),
            dlms.structure((dlms.u16(class_id), dlms.octets(obis), dlms.i8(attribute))),
            dlms.array(dlms.structure((dlms.octets(index), dlms.i16(price))) for index, price in prices),
        )
    )


_NOTHING = (0, bytes(6), 0)
_ACTIVE_IMPORT = (3, bytes.fromhex("0100010800FF"), 2)
_SECONDARY_IMPORT = (3, bytes.fromhex("0114010800FF"), 2)


def standing_charge(context: Context) -> Data:
    """Standing charge and its scale."""
    prices = context.body.prices.electricity
    return _charge(_NOTHING, (0, prices.standing_charge_scale), [(b"", prices.standing_charge)])


def price_matrix(context: Context) -> Data:
    """Prices of all time-of-use registers, then of blocks 1 to 4 of eight registers; 0 where none is given."""
    prices = context.body.prices.electricity
    tariff = prices.hybrid or prices.tou or prices.block
    tou = {each.index: each.value for each in getattr(tariff, "tou", ())}
    blocks = {
        (block.index, register.index): block.value
        for register in getattr(tariff, "blocks", ())
        for block in register.prices
    }
    if any(index > _TOU_REGISTERS for index in tou) or any(
        block > _BLOCKS or register > _BLOCK_REGISTERS for block, register in blocks
    ):
        raise DuisError("ElectricityPriceElements: index of a price that no register has")
    rows = [(bytes((index,)), tou.get(index, 0)) for index in range(1, _TOU_REGISTERS + 1)]
    rows += [
        (bytes((0x90 + 0x10 * block + register,)), blocks.get((block, register), 0))
        for block in range(1, _BLOCKS + 1)
        for register in range(1, _BLOCK_REGISTERS + 1)
    ]
    return _charge(_ACTIVE_IMPORT, (3, prices.price_scale), rows)


def secondary_price_matrix(context: Context) -> Data:
    """Prices of the four time-of-use registers of the secondary element."""
    prices = context.body.prices
    found = {each.index: each.value for each in prices.prices}
    rows = [(bytes((index,)), found.get(index, 0)) for index in range(1, _SECONDARY_REGISTERS + 1)]
    return _charge(_SECONDARY_IMPORT, (3, prices.price_scale), rows)


def debt_recovery(context: Context, path: str) -> Data:
    """Recovery rate of a time debt and its scale."""
    recovery = find(context, path)
    return _charge(_NOTHING, (0, recovery.scale), [(b"", recovery.rate)])


def account_mode(context: Context, mode: str) -> Data:
    """Payment mode and account status of an account."""
    return dlms.structure((dlms.enum(int(mode)), dlms.enum(1)))


#: credits and charges by the last two groups of their logical name
_BALANCE, _EMERGENCY = (10, 0), (10, 1)
_PRICES, _TIME_DEBT_1, _TIME_DEBT_2, _PAYMENT_DEBT, _STANDING, _SECONDARY = ((20, n) for n in range(6))
_ALWAYS, _NOT_WHEN_DISABLED = 0xE0, 0xC0


def _charges(rows: Iterable[tuple[tuple[int, int], tuple[int, int], int]]) -> Data:
    def name(groups: tuple[int, int]) -> Data:
        return dlms.octets(bytes((0, 0, 19, *groups, 255)))

    return dlms.array(
        dlms.structure((name(credit), name(charge), dlms.bits(bytes((mask,)), 3))) for credit, charge, mask in rows
    )


def credit_charges(context: Context) -> Data:
    """Charges taken from the balance in credit mode; of a twin element meter the secondary prices too."""
    charges = [_PRICES, _STANDING, *([_SECONDARY] if "twin" in context.meter else [])]
    return _charges((_BALANCE, charge, _ALWAYS) for charge in charges)


def prepayment_charges(context: Context) -> Data:
    """Charges taken from balance and emergency credit in prepayment mode.

    The reference data shows debt suspended when disabled and not in emergency; the other three cases are unverified.
    """
    mode = context.body.prepayment
    debts = _NOT_WHEN_DISABLED if mode.suspend_debt_disabled else _ALWAYS
    time_debts = () if mode.suspend_debt_emergency else (_TIME_DEBT_1, _TIME_DEBT_2)
    emergency = [(_EMERGENCY, debt, debts) for debt in time_debts]
    rows = [
        (_BALANCE, _PRICES, _ALWAYS),
        (_BALANCE, _STANDING, _ALWAYS),
        (_BALANCE, _TIME_DEBT_1, debts),
        (_BALANCE, _TIME_DEBT_2, debts),
        (_BALANCE, _PAYMENT_DEBT, _ALWAYS),
        (_EMERGENCY, _PAYMENT_DEBT, _ALWAYS),
        (_EMERGENCY, _PRICES, _ALWAYS),
        (_EMERGENCY, _STANDING, _ALWAYS),
        *emergency,
    ]
    if "twin" in context.meter:
        rows += [(_BALANCE, _SECONDARY, _ALWAYS), (_EMERGENCY, _SECONDARY, _ALWAYS)]
    return _charges(rows)


#: builder by the name the catalogue uses
CHARGES: dict[str, Callable[..., Data]] = {
    builder.__name__: builder
    for builder in (
        account_mode, credit_charges, debt_recovery, prepayment_charges, price_matrix, secondary_price_matrix,
        standing_charge,
    )
}  # fmt: skip
