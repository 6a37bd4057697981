"""What a booth that has served others knows of a scene's desk."""

from booth.documents.find import find_pages, trusted
from booth.documents.mat import MatReference
from booth.documents.plane import DeskPlane, PlaneWatch
from rigs.scenes.desk import BoothScene, served_before
from rigs.scenes.laying import VIEW_WIDTH_MM

VISITS = 8
"""A booth that has served fewer may not know the plane yet; most need two."""


def known_desk(scene: BoothScene) -> tuple[MatReference, DeskPlane | None]:
    """The empty desk, and its plane as it is learnt from what the finder finds of pages of up to `VISITS` before."""
    mat, watch = MatReference(scene.empty), PlaneWatch(VIEW_WIDTH_MM)
    height, width = scene.image.shape[:2]
    for visit in range(VISITS):
        if watch.plane is not None:
            break
        for page in filter(trusted, find_pages(served_before(scene.seed, visit, width, height), mat).pages):
            watch.see(page, width, height)
    return mat, watch.plane
