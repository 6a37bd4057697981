"""How sure an outline is, from what was seen on the way to it."""

import math
from dataclasses import astuple, dataclass
from typing import Self

import cv2
import numpy as np

from booth.documents.maps import Maps
from booth.documents.quad import Points
from booth.documents.refine import Sides
from booth.documents.snap import Snapped

WEIGHTS = (3.17, 2.57, 1.42, -1.37, -2.75, -0.61, 3.67, -3.32, -4.69)
"""Of the evidence, in its order, and of 1: fitted to 253 outlines of 172 drawn scenes
(`rigs/outline_net/calibrate.py`)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Each 0 to 1, and the more the better but for `moved`."""

    score: float
    """How like a page's the steps along its sides are in the search picture."""
    edge: float
    """How strong an edge the sides have in the middle picture, on average, and"""
    weakest_edge: float
    unity: float
    """Which part of all change of colour along the least uniform side has one direction."""
    moved: float
    """How far the middle picture moved the corners, as a part of the shortest side, fivefold."""
    found: float
    """Which part of its places shows an edge at full size, on the side where fewest do."""
    inside: float
    """How much of the outline the net takes for a page, and"""
    outside: float
    """how much of a ring round it."""

    @classmethod
    def of(cls, score: float, start: Points, snapped: Snapped, sides: Sides, shares: tuple[float, float]) -> Self:
        """`start` is the outline in the picture in which it was `snapped`, `shares` the net's (`page_shares`)."""
        shortest = float(np.linalg.norm(start - np.roll(start, -1, axis=0), axis=1).min())
        moved = float(np.linalg.norm(snapped.corners - start, axis=1).max()) / max(shortest, 1e-6)
        return cls(
            score,
            float(snapped.strength.mean()),
            float(snapped.strength.min()),
            float(snapped.unity.min()),
            min(1.0, 5 * moved),
            float(sides.found.min()),
            *shares,
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
    cover = np.zeros(maps.pages.shape, np.uint8)
    on_map = (corners + 0.5) / maps.cell_px - 0.5
    cv2.fillConvexPoly(cover, np.rint(on_map * 16).astype(np.int32), 1, cv2.LINE_8, 4)
    wide, near = (cv2.dilate(cover, np.ones((size, size), np.uint8)) for size in (7, 3))
    ring = wide != near
    inside = float(maps.pages[cover != 0].mean()) if cover.any() else 0.0
    return inside, float(maps.pages[ring].mean()) if ring.any() else 0.0
