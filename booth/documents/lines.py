"""The straight edges of a small picture: line segments, joined into the lines that they lie on."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

MIN_SEGMENT_PX = 9.0
"""Shorter segments are letters and texture (at 640 px across)."""

DETECTOR_SCALE = 0.8
"""The detector shrinks and smooths the picture by this: half the time; the sides are made exact later anyway."""

MAX_LINES = 30
"""Lines kept, longest support first. The quadrilaterals tried grow with the fourth power."""

JOIN_DEG = 2.5
JOIN_PX = 1.6


@dataclass(frozen=True, slots=True)
class Line:
    """All points with `normal · p = offset`. `normal` is a unit vector; `support_px` is the length of its segments."""

    normal: tuple[float, float]
    offset: float
    support_px: float


def find_lines(channels: list[NDArray[np.uint8]]) -> list[Line]:
    """The strongest lines over all channels, each `(height, width) uint8`."""
    found = [segments for channel in channels if (segments := _segments(channel)).size]
    if not found:
        return []
    segments = np.concatenate(found)
    return _join(segments[np.argsort(-_lengths(segments), kind="stable")])


def _segments(channel: NDArray[np.uint8]) -> NDArray[np.float64]:
    """`(n, 4) float64` x0, y0, x1, y1 of the segments that are long enough."""
    detector = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE, scale=DETECTOR_SCALE)
    found = detector.detect(channel)[0]
    if found is None:
        return np.empty((0, 4))
    segments = np.asarray(found, dtype=np.float64).reshape(-1, 4)
    kept: NDArray[np.float64] = segments[_lengths(segments) >= MIN_SEGMENT_PX]
    return kept


def _lengths(segments: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    return lengths


def _join(segments: NDArray[np.float64]) -> list[Line]:
    """Join segments that lie on one line, the longest first; a page's side is often broken by a finger or a shine."""
    lengths = _lengths(segments)
    directions = np.column_stack((segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])) / lengths[:, None]
    free = np.ones(len(segments), dtype=bool)
    lines: list[Line] = []
    for longest in range(len(segments)):
        if not free[longest]:
            continue
        normal = np.array((-directions[longest, 1], directions[longest, 0]))
        offset = float(normal @ segments[longest, :2])
        away = np.maximum(np.abs(segments[:, :2] @ normal - offset), np.abs(segments[:, 2:] @ normal - offset))
        aligned = np.abs(directions @ normal) < np.sin(np.radians(JOIN_DEG))
        members = free & aligned & (away < JOIN_PX)
        free &= ~members
        lines.append(_fit(segments[members], lengths[members]))
    lines.sort(key=lambda line: -line.support_px)
    return lines[:MAX_LINES]


def _fit(segments: NDArray[np.float64], lengths: NDArray[np.float64]) -> Line:
    """The line nearest to the segments' ends, longer segments weighing more."""
    ends = segments.reshape(-1, 2)
    weights = np.repeat(lengths, 2)
    total = float(weights.sum())
    centre = weights @ ends / total
    x, y = (ends - centre).T
    # The principal axis in closed form: this runs for every line, and a general solver is ten times as slow.
    angle = 0.5 * float(np.arctan2(2 * np.sum(weights * x * y), np.sum(weights * (x * x - y * y))))
    normal = (-float(np.sin(angle)), float(np.cos(angle)))
    return Line(normal, normal[0] * float(centre[0]) + normal[1] * float(centre[1]), float(lengths.sum()))
