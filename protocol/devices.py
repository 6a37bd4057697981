"""A booth's devices and how they fare."""

from enum import StrEnum

from protocol.errors import ErrorCode
from protocol.fields import Message


class DeviceKind(StrEnum):
    ID_CARD_READER = "id_card_reader"
    SOCIAL_SECURITY_CARD_READER = "social_security_card_reader"
    DOCUMENT_CAMERA = "document_camera"
    CODE_SCANNER = "code_scanner"
    FACE_COMPARER = "face_comparer"
    """A program, not a device; in the booth because what it sees never leaves it."""


class DeviceState(StrEnum):
    ABSENT = "absent"
    READY = "ready"
    BUSY = "busy"
    FAULTED = "faulted"


class DeviceStatus(Message, frozen=True):
    kind: DeviceKind
    state: DeviceState
    code: ErrorCode | None = None
