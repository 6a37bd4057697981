"""The stable codes that programs read, and the errors that carry them.

A code is the key of a text in the message catalogue (`error.<code>`), so a page or a
command line can say it to a person. Codes never change their meaning and are never reused.
"""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Every refusal and failure that crosses a wire."""

    # The link
    PROTOCOL_VERSION = "protocol_version"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    OUT_OF_ORDER = "out_of_order"
    UNKNOWN_BOOTH = "unknown_booth"
    BAD_PROOF = "bad_proof"
    BAD_CODE = "bad_code"
    REPLACED = "replaced"
    BACKLOG_FULL = "backlog_full"

    # Devices of the booth
    READER_ABSENT = "reader_absent"
    CARD_ABSENT = "card_absent"
    CARD_REMOVED = "card_removed"
    CARD_DAMAGED = "card_damaged"
    CARD_UNSUPPORTED = "card_unsupported"
    PSAM_REQUIRED = "psam_required"
    CAMERA_ABSENT = "camera_absent"
    CAMERA_FROZEN = "camera_frozen"
    CAMERA_DARK = "camera_dark"
    CAMERA_BRIGHT = "camera_bright"
    CAMERA_UNFOCUSED = "camera_unfocused"
    PAGE_NOT_FOUND = "page_not_found"
    PAGE_BLURRED = "page_blurred"
    PAGE_GLARE = "page_glare"
    PAGE_CUT_OFF = "page_cut_off"
    PAGE_TOO_SMALL = "page_too_small"
    PAGE_TOO_DARK = "page_too_dark"
    PAGE_COVERED = "page_covered"
    PAGE_EMPTY = "page_empty"
    PAGE_IN_DOUBT = "page_in_doubt"
    """Something lies there whose outline is not certain."""
    PAGE_TAKEN = "page_taken"
    """What lies there was taken already."""
    FRAME_GONE = "frame_gone"
    """The booth has not kept what a page was made of."""
    DISK_FULL = "disk_full"
    DEVICE_BUSY = "device_busy"
    DEVICE_FAILED = "device_failed"
    TIMED_OUT = "timed_out"
    BOOTH_RESTARTED = "booth_restarted"
    BOOTH_OFFLINE = "booth_offline"
    WITHDRAWN = "withdrawn"

    # Affairs
    ITEM_UNKNOWN = "item_unknown"
    AFFAIR_UNKNOWN = "affair_unknown"
    ALREADY_TAKEN = "already_taken"
    BOOTH_OCCUPIED = "booth_occupied"
    CLERK_BUSY = "clerk_busy"
    NOT_YOURS = "not_yours"
    ILLEGAL_TRANSITION = "illegal_transition"
    STALE_REVISION = "stale_revision"
    FORM_INCOMPLETE = "form_incomplete"
    MATERIAL_MISSING = "material_missing"
    NOT_SIGNED = "not_signed"
    CODE_UNVERIFIABLE = "code_unverifiable"
    CODE_EXPIRED = "code_expired"
    """The code is too old, was used before, or is none."""
    CODE_UNANSWERED = "code_unanswered"
    COMPARER_ABSENT = "comparer_absent"
    PHOTO_ABSENT = "photo_absent"
    """No card with a photo was read in this visit."""
    FACE_NOT_FOUND = "face_not_found"
    CONSENT_DECLINED = "consent_declined"

    # Pages
    WRONG_OFFSET = "wrong_offset"
    WRONG_HASH = "wrong_hash"
    PAGE_UNKNOWN = "page_unknown"
    NOT_AN_IMAGE = "not_an_image"

    # Log-in
    NOT_LOGGED_IN = "not_logged_in"
    WRONG_PASSWORD = "wrong_password"
    TOO_MANY_ATTEMPTS = "too_many_attempts"

    INTERNAL = "internal"


class ProtocolError(Exception):
    """The peer sent what the protocol does not allow.

    The text names the rule that was broken, never the content, which may be personal.
    """

    def __init__(self, code: ErrorCode, rule: str) -> None:
        super().__init__(f"{code}: {rule}")
        self.code = code


class IllegalTransition(Exception):
    """The caller asked for an event that the state does not allow. Nothing changed."""

    code = ErrorCode.ILLEGAL_TRANSITION

    def __init__(self, machine: str, state: str, event: str) -> None:
        super().__init__(f"{machine}: {event!r} is not possible in state {state!r}")
        self.machine, self.state, self.event = machine, state, event
