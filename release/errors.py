"""What is wrong with a release."""


class ReleaseError(ValueError):
    """The release cannot be made; the message says what to do."""
