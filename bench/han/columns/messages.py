"""GBCS messages out of the tunnel, decoded as `bench decode` does."""

from typing import Any

from bench.gbcs.errors import GbcsError
from bench.gbcs.gbt import Assembly
from bench.han.query_values import Row


def decoded(messages: dict[int, bytes]) -> dict[int, Row]:
    """Return messages decoded, by row; blocks of long messages are put together at the last."""
    from bench.gbcs.decode import decode
    from bench.gbcs.message import Message

    assembly = Assembly()
    found: dict[int, Row] = {}
    for row, octets in messages.items():
        try:
            whole = assembly.feed(octets)
            if whole is not None:
                shown: dict[str, Any] = decode(Message.parse(whole))
                found[row] = shown
        except GbcsError as fault:
            found[row] = {"error": str(fault)}
    return found
