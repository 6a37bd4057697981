"""Everything that the booth does with pictures, at one bench: looking, making pages, encoding. For one thread alone."""

import cv2
import numpy as np

from booth.core.capture import Corners, Sight
from booth.devices.camera.interface import Image
from booth.documents import page as pages
from booth.documents.find import find_page
from booth.documents.looking import Looker
from booth.documents.page import PageImage
from booth.documents.quad import Quad, outline_in
from booth.documents.sizes import VIEW_WIDTH_MM
from protocol.errors import ErrorCode


class PictureWorkshop:
    """`view_width_mm`: how wide the camera's view of the mat is."""

    def __init__(self, view_width_mm: float = VIEW_WIDTH_MM) -> None:
        self._looker = Looker(view_width_mm)

    def prepare(self) -> None:
        """Make a page of an invented picture: the nets are loaded, and every step has run once."""
        desk = np.full((960, 1280, 3), 90, np.uint8)
        cv2.rectangle(desk, (300, 200), (980, 680), (235, 235, 235), cv2.FILLED)
        for line in range(260, 640, 40):
            cv2.putText(desk, "bangban", (340, line), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (40, 40, 40), 2, cv2.LINE_AA)
        pages.make_page(desk, Quad(((300, 200), (980, 200), (980, 680), (300, 680))))
        find_page(desk)

    def look(self, image: Image, at_s: float) -> Sight | ErrorCode:
        """See `Looker.look`."""
        return self._looker.look(image, at_s)

    def rest(self, image: Image) -> None:
        """See `Looker.rest`."""
        self._looker.rest(image)

    def make_page(self, image: Image, near: Corners | None) -> PageImage:
        """The page whose outline was seen in a preview, found exactly in the full picture."""
        if near is not None:
            height, width = image.shape[:2]
            outline = self._looker.settle(image, outline_in(near, width, height))
        else:
            found = self._looker.find(image)
            if found.best is None:
                return pages.whole_frame(image, 0, found.guess)
            outline = found.best
        return pages.make_page(image, outline, measure=self._looker.measure)

    def remake_page(self, frame: bytes, corners: Corners) -> PageImage:
        """The page within these corners of a frame that was kept as JPEG; nothing is searched for."""
        image = pages.read_jpeg(frame)
        height, width = image.shape[:2]
        return pages.make_page(image, outline_in(corners, width, height), measure=self._looker.measure)

    def frame_jpeg(self, image: Image) -> bytes:
        """From any thread."""
        return pages.frame_jpeg(image)

    def preview_jpeg(self, image: Image, max_width_px: int) -> bytes:
        return pages.preview_jpeg(image, max_width_px)

    def forget(self) -> None:
        """Drop what is remembered of the desk."""
        self._looker.forget()
