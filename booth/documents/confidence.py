"""How sure an outline is, from what was seen on the way to it."""

import math
from dataclasses import astuple, dataclass
from typing import Self

import cv2
import numpy as np

from booth.documents.maps import CELL_PX, Maps, covered
from booth.documents.quad import Points
from booth.documents.strips import Moved

UNKNOWN_DESK = 1.45
"""Taken off the fitted weight where nobody knows the empty desk. Without it 427 of the bench's outlines reached 0.92
there, and 7 of them were wrong; with it one in 330, as on training scenes with sheets on sheets it is three in 196."""

WEIGHTS = (6.74, 7.65, -4.49, 0.63, 4.05, -6.28, 2.61, 0.07 + UNKNOWN_DESK, -12.6 - UNKNOWN_DESK)
"""Of the evidence, in its order, and of 1: fitted to 462 outlines of 200 booth scenes (seeds 600 to 799), which count
thrice, and 2,069 of booth and training scenes (seeds 10000 to 10239); see `rigs/outline_net/calibrate.py`."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Each 0 to 1, and the more the better but for `rival`, `moved` and `outside`."""

    seen: float
    """How likely the net takes the sides for a page's, on average, and"""
    least_seen: float
    rival: float
    """How likely another line is, on the side where one is most."""
    moved: float
    """How far the last round moved the corners, as a part of the shortest side, tenfold."""
    inside: float
    """How much of the outline the net takes for a page, and"""
    outside: float
    """how much of a ring round it."""
    shape: float
    """How nearly the outline has the shape of a known size (`rectify.shape_likeness`)."""
    known: float
    """1 when it is known what the empty desk looks like."""

    @classmethod
    def of(cls, moved: Moved, start: Points, shares: tuple[float, float], shape: float, known: bool) -> Self:
        """`start` is the outline before it was last `moved`, `shares` the net's (`page_shares`)."""
        shortest = float(np.linalg.norm(start - np.roll(start, -1, axis=0), axis=1).min())
        away = float(np.linalg.norm(moved.corners - start, axis=1).max()) / max(shortest, 1e-6)
        return cls(
            float(moved.seen.mean()),
            float(moved.seen.min()),
            float(moved.rival.max()),
            min(1.0, 10 * away),
            *shares,
            shape,
            float(known),
        )

    @property
    def features(self) -> tuple[float, ...]:
        return astuple(self)


def confidence(evidence: Evidence) -> float:
    """The chance that the outline is right."""
    total = sum(weight * feature for weight, feature in zip(WEIGHTS, (*evidence.features, 1.0), strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def page_shares(maps: Maps, corners: Points) -> tuple[float, float]:
    """How much of an outline, in pixels of the search picture, and of a ring round it, the net takes for a page."""
    cover = covered(maps.pages.shape, (corners + 0.5) / CELL_PX - 0.5)
    wide, near = (cv2.dilate(cover, np.ones((size, size), np.uint8)) for size in (7, 3))
    ring = wide != near
    inside = float(maps.pages[cover != 0].mean()) if cover.any() else 0.0
    return inside, float(maps.pages[ring].mean()) if ring.any() else 0.0
