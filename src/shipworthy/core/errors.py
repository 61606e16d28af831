"""Errors that a user can act on: one sentence that says what is wrong, where, and what to do."""


class ShipworthyError(Exception):
    """Something went wrong that is not a defect of this program.

    The command line prints the message alone, without a traceback, and exits with `exit_code`.
    """

    exit_code = 1


class UsageError(ShipworthyError):
    """The command line or the config asks for something that cannot be done."""

    exit_code = 2


class ArtifactError(ShipworthyError):
    """An artifact is missing, half-written, damaged or of another kind."""
