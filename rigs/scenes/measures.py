"""How well an outline was found, and the usual recipe to compare with."""

import cv2
import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.quad import Points, Quad, homography, is_convex, order_corners, project

RECIPE_PX = 500
"""The height at which the usual recipe looks: that of the tutorials that it comes from."""


def jaccard(found: Points, true: Points, size: tuple[float, float]) -> float:
    """The SmartDoc competition's measure: both outlines warped to the page itself, the common area over the joint one.

    `true` has the page's own order, upper left first and clockwise; `size` is the page's width and height.
    """
    width, height = size
    page = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64)
    warped = project(homography(true, page), found)
    if not is_convex(warped):
        return 0.0
    common = float(cv2.intersectConvexConvex(warped.astype(np.float32), page.astype(np.float32))[0])
    area = float(cv2.contourArea(warped.astype(np.float32)))
    return common / (area + width * height - common)


def usual_recipe(image: Image) -> Quad | None:
    """Canny, the five largest contours, `approxPolyDP`: what most scanners in the wild do."""
    factor = RECIPE_PX / image.shape[0]
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (5, 5), 0)
    contours, _ = cv2.findContours(cv2.Canny(grey, 75, 200), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:5]:
        corners = cv2.approxPolyDP(contour, 0.02 * cv2.arcLength(contour, True), True)
        if len(corners) == 4 and is_convex(corners.reshape(4, 2).astype(np.float64)):
            return order_corners(corners.reshape(4, 2).astype(np.float64)).scaled(1 / factor)
    return None


def use_one_core() -> None:
    """OpenCV's own threads would make every milliseconds' figure one of this machine's cores, not of the work."""
    cv2.setNumThreads(1)
