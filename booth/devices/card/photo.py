"""The photo on a card of the resident family: 1024 bytes of WLT, for which no open decoder is known.

Decoding is a plug-in point: a package that brings a decoder names it in the entry point group `bangban.photo_decoder`.
Without one a card's photo is dropped where it was read. A decoded photo is shown to the clerk who serves the affair and
kept nowhere: the booth forgets it with the visit, the center with the affair.
"""

import io
import logging
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol

GROUP = "bangban.photo_decoder"
WIDTH_PX, HEIGHT_PX = 102, 126

_log = logging.getLogger(__name__)


class PhotoDecoder(Protocol):
    """What a plug-in's entry point gives when it is called without arguments. Used in one thread."""

    @property
    def name(self) -> str:
        """Who made it and which version, for `bangban-booth devices`."""
        ...

    def decode(self, wlt: bytes) -> bytes:
        """A photo of 1024 bytes as (126, 102, 3) uint8 BGR, row by row; `ValueError` for what is none."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class CardPhoto:
    """A decoded photo: (126, 102, 3) uint8 BGR."""

    bgr: bytes

    def jpeg(self) -> bytes:
        """For the clerk's eye."""
        from PIL import Image  # here: a booth without a decoder does without it

        encoded = io.BytesIO()
        size = (WIDTH_PX, HEIGHT_PX)
        Image.frombytes("RGB", size, self.bgr, "raw", "BGR").save(encoded, "JPEG", quality=90)
        return encoded.getvalue()


class NoPhotoDecoder(Exception):
    """No plug-in brings a decoder, or it can't be loaded; the text says which."""


def find_decoder() -> PhotoDecoder:
    """The installed decoder, the first by name; raises `NoPhotoDecoder`."""
    found = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    if not found:
        raise NoPhotoDecoder("no decoder installed")
    try:
        decoder: PhotoDecoder = found[0].load()()
    except Exception as error:  # a plug-in may raise anything, and a booth without photos is still a booth
        raise NoPhotoDecoder(f"the decoder {found[0].name!r} can't be loaded ({type(error).__name__})") from error
    return decoder


def decoded(decoder: PhotoDecoder | None, wlt: bytes) -> CardPhoto | None:
    """The photo; None without a decoder, without a photo, and for one that can't be decoded."""
    if decoder is None or not wlt:
        return None
    try:
        bgr = decoder.decode(wlt)
    except Exception as error:  # foreign code: whatever it raises must not cost the card's text
        _log.warning("the photo was not decoded (%s)", type(error).__name__)
        return None
    if len(bgr) != WIDTH_PX * HEIGHT_PX * 3:
        _log.warning("the photo was not decoded (%d bytes)", len(bgr))
        return None
    return CardPhoto(bgr)
