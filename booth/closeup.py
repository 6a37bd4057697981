"""Which part of the desk the live picture shows: the clerk looks closer on the camera itself, not on a video."""

import asyncio

import numpy as np

from booth.devices.camera.interface import Image
from protocol.desk import FULL_SPAN, Region


class Closeup:
    """Holds the region that the clerk wants; the whole frame to begin with and after every visit."""

    def __init__(self) -> None:
        self._region = Region()
        self._watched = self._giving_way = False
        self.moving = asyncio.Event()
        """Set while the picture is worth its room on the line: a clerk looks, and no new page is being made or on its
        way to them."""

    @property
    def region(self) -> Region:
        return self._region

    def show(self, region: Region) -> None:
        """Show this region from the next picture on."""
        self._region = region

    def watch(self, wanted: bool) -> None:
        """Whether a clerk looks."""
        self._watched = wanted
        self._settle()

    def give_way(self, giving: bool) -> None:
        """Whether a page is being made, or its light version is on its way: the clerk waits for that, and the picture
        of the desk that it lies on would take the machine's time and, on a narrow line, its place."""
        self._giving_way = giving
        self._settle()

    def _settle(self) -> None:
        if self._watched and not self._giving_way:
            self.moving.set()
        else:
            self.moving.clear()

    def reset(self) -> None:
        """A visit is over: the whole frame, and nothing hurries."""
        self._region = Region()
        self.give_way(False)

    def cut(self, image: Image) -> Image:
        """The region of a frame, `(height, width, 3) uint8 BGR`, at full sharpness and in the frame's proportions.

        A region that reaches over the frame's edge is moved inside.
        """
        region = self._region
        if region.span == FULL_SPAN:
            return image
        height, width = image.shape[:2]
        tall, wide = (max(2, side * region.span // FULL_SPAN) for side in (height, width))
        top = min(region.y * height // FULL_SPAN, height - tall)
        left = min(region.x * width // FULL_SPAN, width - wide)
        return np.ascontiguousarray(image[top : top + tall, left : left + wide])
