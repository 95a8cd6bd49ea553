"""The one error of this package."""


class PkiError(ValueError):
    """A certificate, key or certification path is not what the profile asks for; one line, naming the field."""
