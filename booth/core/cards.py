"""Which card lies where, which is being read, and which belongs to somebody who left. Pure."""

from protocol.devices import DeviceKind

READERS = (DeviceKind.ID_CARD_READER, DeviceKind.SOCIAL_SECURITY_CARD_READER)


class Cards:
    """The cards on the booth's readers, known by their insertions; never what they say."""

    def __init__(self) -> None:
        self._laid: dict[DeviceKind, int] = {}
        self._stale: dict[DeviceKind, int] = {}
        self._reading: dict[DeviceKind, int] = {}
        self._failed: dict[DeviceKind, int] = {}

    def lay(self, reader: DeviceKind, insertion: int) -> None:
        self._laid[reader] = insertion

    def lift(self, reader: DeviceKind, insertion: int) -> None:
        if self._laid.get(reader) == insertion:
            del self._laid[reader]

    def readable(self, reader: DeviceKind) -> int | None:
        """The insertion to read now: it lies there, is this visit's, is not being read and has not failed already."""
        insertion = self._laid.get(reader)
        if insertion is None or self.is_reading(reader):
            return None
        if insertion in (self._stale.get(reader), self._failed.get(reader)):
            return None
        return insertion

    def begin(self, reader: DeviceKind, insertion: int) -> None:
        self._reading[reader] = insertion

    def end(self, reader: DeviceKind, insertion: int) -> bool:
        """The reading of this insertion is over; False when it was not wanted any more."""
        if self._reading.get(reader) != insertion:
            return False
        del self._reading[reader]
        return True

    def fail(self, reader: DeviceKind, insertion: int) -> None:
        """Don't read this insertion again, until `forgive`: the resident must lay the card anew."""
        self._failed[reader] = insertion

    def forgive(self, reader: DeviceKind) -> None:
        self._failed.pop(reader, None)

    def is_reading(self, reader: DeviceKind) -> bool:
        return reader in self._reading

    @property
    def any_reading(self) -> bool:
        return bool(self._reading)

    def wipe(self) -> None:
        """The visit is over: a card that still lies there was left behind, and never speaks for the next."""
        self._stale = dict(self._laid)
        self._reading.clear()
        self._failed.clear()
