"""The center's own errors."""

from protocol.errors import ErrorCode


class DeskError(Exception):
    """The caller asked for what can't be done now: a clerk's or a booth's request, refused with a code."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(str(code))
        self.code = code


class StoreError(Exception):
    """What is on the disk is not what was written there, or can't be read with this key."""


class ConfigError(Exception):
    """The configuration can't be used. The program prints the text as one line and ends with exit code 2."""
