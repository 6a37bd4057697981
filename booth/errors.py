"""The booth's own errors."""

from protocol.errors import ErrorCode


class DeviceError(Exception):
    """A device did not do what was asked; trying again may help. The text never holds what a card said."""

    def __init__(self, code: ErrorCode, what: str) -> None:
        super().__init__(f"{code}: {what}")
        self.code = code


class ConfigError(Exception):
    """The configuration can't be used. The program prints the text as one line and ends with exit code 2."""


class CenterLost(Exception):
    """The center can't be reached, or went away; trying again soon helps."""


class CenterRefused(Exception):
    """The center answered, and said no. Trying again helps only after a person changed something."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(str(code))
        self.code = code
