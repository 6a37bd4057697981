"""Which of the codes in a picture are told: each showing once, and never a phone that an earlier visit left. Pure."""

import hashlib
import secrets

CLEAR_LOOKS = 3
"""So many looks in a row without any code, and what was shown has been taken away. One may only be a shaking hand."""


class Gate:
    """Keeps no code, only what recognises the last one: a digest under a key that never leaves this object."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._last: bytes | None = None
        self._left_behind = False
        self._clear_looks = 0

    def look(self, codes: list[str]) -> str | None:
        """The code to tell, of all that one picture shows. With two different ones nobody knows which is meant."""
        if not codes:
            self._clear_looks += 1
            if self._clear_looks >= CLEAR_LOOKS:
                self._last, self._left_behind = None, False
            return None
        self._clear_looks = 0
        if self._left_behind or len(set(codes)) > 1:
            return None
        digest = hashlib.blake2b(codes[0].encode(), key=self._key, digest_size=16).digest()
        if digest == self._last:
            return None
        self._last = digest
        return codes[0]

    def wipe(self) -> None:
        """The visit is over. A phone that still lies there is its owner's, and shows a fresh code each minute."""
        self._left_behind = self._left_behind or self._last is not None
        self._last = None
        self._clear_looks = 0
