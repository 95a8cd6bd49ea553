"""Errors of the DUIS floor; each message is one line."""


class DuisError(ValueError):
    """A document, element or value that DUIS does not allow."""


class SignatureError(DuisError):
    """A document is not signed, not in the profile, or its signature does not verify."""


class CorrelationError(DuisError):
    """A pre-command does not mean what its service request asked for."""

    def __init__(self, field: str, requested: object, seen: object) -> None:
        super().__init__(f"{field}: requested {requested}, pre-command has {seen}")
        self.field, self.requested, self.seen = field, requested, seen
