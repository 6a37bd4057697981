"""One look after another at the desk: what lies there, whether it moved, what is on it, and whether the camera sees.

Used by the one documents thread alone. Between two searches the outline is only followed. While something moves the
search is a quick one; what it is not sure of is searched for thoroughly as soon as it lies still. What a look costs is
measured by `bench documents`.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.core.capture import Sight
from booth.devices.camera.interface import Image
from booth.documents.find import Found, find_pages, settle, trusted
from booth.documents.mat import MatWatch
from booth.documents.plane import PlaneWatch
from booth.documents.quad import Quad, corners_of
from booth.documents.shrink import shrink
from booth.documents.signature import PageSignature, sign_page
from booth.documents.sizes import VIEW_WIDTH_MM, PageSize
from booth.documents.track import Tracker
from protocol.errors import ErrorCode

PREVIEW_PX, SIGNATURE_PX = 960, 1920
"""The long sides of the pictures that are searched and that a page is told by."""

SEARCH_AGAIN_S, DOUBT_AGAIN_S = 0.5, 2.0
"""An outline that is followed is searched for afresh so often: a follower sees nothing new come in; and what a thorough
search was not sure of, which takes a few hundred milliseconds."""

THUMB_PX = 160
MOVED_LEVELS = 14
"""Grey levels by which a pixel of the thumbnail must differ from the look before to have moved; an estimate."""

MOVED_SHARE = 0.0015
"""The part of the thumbnail that may differ: a fingertip 8 mm wide is 0.002 of the desk."""

BLACK_LEVEL = 14.0
"""99 of 100 pixels darker than this: a lens cap, a dead lamp. Out of 255; sensors' black with noise is 2 to 8."""

BRIGHT_LEVEL = 250.0
BRIGHT_SHARE = 0.6
"""A desk of which so much is at `BRIGHT_LEVEL` shows nothing any more; a white page on a white mat stays below."""


class Looker:
    """`look` at each picture, in order. Its memory is one thumbnail, one outline, and the desk: empty, and its plane.

    `view_width_mm` is how wide the camera's view of it is, by ruler.
    """

    def __init__(self, view_width_mm: float = VIEW_WIDTH_MM) -> None:
        self._mat = MatWatch()
        self._plane = PlaneWatch(view_width_mm)
        self._thumb: NDArray[np.uint8] | None = None
        self._tracker: Tracker | None = None
        self._found = Found()
        self._searched_s = float("-inf")
        self._thorough = False
        """Whether what lies still was searched for thoroughly."""

    def look(self, image: Image, at_s: float) -> Sight | ErrorCode:
        """What is seen in the picture taken at `at_s`, or why nothing can be seen."""
        fine = shrink(image, SIGNATURE_PX)
        preview = shrink(fine, PREVIEW_PX)
        moved, trouble = self._watch(preview)
        if trouble is not None:
            self.forget()
            return trouble
        best = self._outline(fine, preview, moved, at_s)
        signature = None if best is None or moved else self._sign(fine, best, preview)
        return _sight(preview, best, self._found, moved, signature, self._tracker)

    def settle(self, image: Image, outline: Quad) -> Quad:
        """The outline of a page that was seen, exact in this picture."""
        return settle(image, outline, self._mat.reference, self._plane.plane)

    def find(self, image: Image) -> Found:
        """What lies there in a picture by itself."""
        return find_pages(image, self._mat.reference, self._plane.plane)

    def measure(self, outline: Quad, width_px: int, height_px: int) -> PageSize:
        """See `PlaneWatch.measure`."""
        return self._plane.measure(outline, width_px, height_px)

    def rest(self, image: Image) -> None:
        """Learn from a picture taken while nobody is served what the empty desk looks like."""
        preview = shrink(shrink(image, SIGNATURE_PX), PREVIEW_PX)
        found = self.find(preview)
        self._mat.see(preview, found.pages, clear=not found.pages and not found.cut)

    def forget(self) -> None:
        """Begin anew; the desk is nobody's and is kept."""
        self._thumb, self._tracker, self._found, self._thorough = None, None, Found(), False
        self._searched_s = float("-inf")

    def _watch(self, preview: Image) -> tuple[bool, ErrorCode | None]:
        height = max(1, round(preview.shape[0] * THUMB_PX / preview.shape[1]))
        thumb = cv2.resize(preview[:, :, 1], (THUMB_PX, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
        before, self._thumb = self._thumb, thumb
        if float(np.percentile(thumb, 99)) < BLACK_LEVEL:
            return True, ErrorCode.CAMERA_DARK
        if float(np.mean(preview[::4, ::4].min(axis=2) >= BRIGHT_LEVEL)) > BRIGHT_SHARE:
            return True, ErrorCode.CAMERA_BRIGHT
        if before is None or before.shape != thumb.shape:
            return True, None
        # The exposure may drift as a whole without anything moving.
        apart = thumb.astype(np.int16) - before
        apart -= np.int16(np.median(apart))
        moved = float(np.mean(np.abs(apart) > MOVED_LEVELS))
        return moved > MOVED_SHARE, None

    def _outline(self, fine: Image, preview: Image, moved: bool, at_s: float) -> Quad | None:
        """The surest page's outline as measured in this preview; `fine` is the same picture."""
        self._thorough = self._thorough and not moved
        best = self._found.best
        sure = _trusted(best)
        settled = self._thorough or sure
        again_s = SEARCH_AGAIN_S if sure or best is None else DOUBT_AGAIN_S
        if settled and not moved and at_s - self._searched_s < again_s:
            if self._tracker is None:
                return None
            if self._tracker.follow(preview) is not None:
                return self._tracker.exact
        self._thorough = self._thorough or not (moved or settled)
        self._found = self._search(fine, preview)
        self._searched_s = at_s
        if not moved:
            self._learn_the_plane(preview)
        best = self._found.best
        if best is None:
            self._tracker = None
        elif self._tracker is None or _far(best, self._tracker.exact, preview):
            self._tracker = Tracker(best)
        else:
            self._tracker.follow(preview)
        return best

    def _search(self, fine: Image, preview: Image) -> Found:
        """What lies there, in pixels of the preview; once it lies still it may be looked at from nearer."""
        quick = not self._thorough
        found = find_pages(preview if quick else fine, self._mat.reference, self._plane.plane, quick=quick)
        return found if quick else found.scaled(preview.shape[1] / fine.shape[1])

    def _learn_the_plane(self, preview: Image) -> None:
        height, width = preview.shape[:2]
        for page in filter(trusted, self._found.pages):
            self._plane.see(page, width, height)

    def _sign(self, fine: Image, outline: Quad, preview: Image) -> PageSignature:
        return sign_page(fine, outline.scaled(fine.shape[1] / preview.shape[1]))


def _trusted(page: Quad | None) -> bool:
    return page is not None and trusted(page)


def _far(one: Quad, other: Quad, preview: Image) -> bool:
    apart = float(np.abs(one.points - other.points).max())
    return apart > 0.01 * float(max(preview.shape[:2]))


def _sight(
    preview: Image,
    best: Quad | None,
    found: Found,
    moved: bool,
    signature: PageSignature | None,
    tracker: Tracker | None,
) -> Sight:
    height, width = preview.shape[:2]
    shown = [] if best is None else [tracker.shown if tracker is not None else best]
    shown += [page for page in found.pages[1:]]
    return Sight(
        aspect=width / height,
        outlines=tuple(corners_of(each, width, height) for each in shown[:8]),
        exact=None if best is None else corners_of(best, width, height),
        trusted=best is not None and _trusted(found.best),
        moved=moved,
        cut=bool(found.cut) and best is None,
        signature=signature,
    )
