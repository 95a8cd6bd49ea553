"""The one error of the GBCS floor."""


class GbcsError(ValueError):
    """Octets, keys or values that GBCS does not allow.

    `offset` is the octet position in the data given to the parser, or None where no position applies.
    The text reads ``at <offset>: <reason>``.
    """

    def __init__(self, reason: str, offset: int | None = None) -> None:
        self.reason = reason
        self.offset = offset
        super().__init__(reason if offset is None else f"at {offset}: {reason}")
