"""The one error of this package."""


class HanError(ValueError):
    """Octets that are not what they should be: "NWK at 9: source EUI needs 8 octets, 3 left".

    `layer` names the protocol layer, `offset` is counted from the start of that layer (None when no offset applies).
    """

    def __init__(self, layer: str, offset: int | None, reason: str) -> None:
        self.layer = layer
        self.offset = offset
        self.reason = reason
        super().__init__(f"{layer}: {reason}" if offset is None else f"{layer} at {offset}: {reason}")

    def in_frame(self, number: int) -> str:
        """Return the message with the frame number in front: "frame 12, NWK at 9: ..."."""
        return f"frame {number}, {self}"
