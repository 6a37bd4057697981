"""Outlines made of the picture's own straight lines.

Four straight lines make a page's outline when each is a *step* between two colours along the whole side and no longer
than that. A line printed on the page is no step (the same paper on both sides), which keeps tables and boxes from being
taken for the page; texture makes steps whose direction changes, which cancel out.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.lines import Line, find_lines
from booth.documents.quad import Points, is_convex
from booth.documents.surroundings import on_the_mat

MIN_SIDE = 0.07
"""A page's shortest side, as a part of the picture's long side; an ID card is 0.12 of a 440 mm wide view."""

MARGIN_PX = 2.0
"""Corners nearer to the frame's edge mean that the page goes on outside: it is not guessed."""

STEP_REACH_PX = 3
STEP_FULL = np.array([24.0, 9.0, 9.0], dtype=np.float32)
"""The difference in L, a, b (OpenCV's 8-bit Lab) at which a step counts fully."""

BEYOND_PX = 8
"""How far past each corner a side's line is watched: a page's side ends there."""

MAX_SIDES_APART_DEG = 35.0
MIN_CORNER_DEG = 50.0
PROMISING = 100
"""Quadrilaterals looked at closely."""

SIDE_PARTS = 6
ENCLOSING_SHARE = 0.85
"""An outline that encloses the best one wins when its score is at least this share: the photo on a card is no page."""

LEAST_SCORE = 0.35
MOST = 4
"""Pages told at once."""

_Floats = NDArray[np.float64]


def line_outlines(small: Image) -> list[tuple[Points, float]]:
    """The outlines most like pages, none over another, each with its score, 0 to 1; `small` is a search picture."""
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.uint8, copy=False)
    lines = find_lines([np.ascontiguousarray(lab[:, :, 0]), _tint(lab)])
    if len(lines) < 4:
        return []
    steps = _Steps.along(lines, lab)
    height, width = lab.shape[:2]
    sides, corners = _candidates(steps, width, height)
    if not len(sides):
        return []
    promising = np.argsort(-_strengths(steps, sides, corners, 1).min(axis=0), kind="stable")[:PROMISING]
    promising = promising[on_the_mat(lab, corners[promising])]
    if not len(promising):
        return []
    return _chosen(steps, sides[promising], corners[promising], width * height)


def _chosen(
    steps: "_Steps", sides: NDArray[np.intp], corners: NDArray[np.float64], area: float
) -> list[tuple[Points, float]]:
    scores = _scores(steps, sides, corners)
    rank = scores * (1 + 0.06 * np.log(np.maximum(_areas(corners) / area, 1e-3)))
    order = np.argsort(-rank, kind="stable")
    order = order[scores[order] >= LEAST_SCORE]
    return [(corners[place], float(min(1, scores[place]))) for place in _distinct(corners, scores, order)[:MOST]]


def _tint(lab: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How far each pixel's tint is from the picture's usual one, fourfold: paper and mat differ little in 8-bit Lab."""
    chroma = lab[:, :, 1:]
    usual = np.median(chroma[::4, ::4], axis=(0, 1)).astype(np.uint8)
    away = cv2.absdiff(chroma, np.broadcast_to(usual, chroma.shape))
    return cv2.convertScaleAbs(cv2.max(away[:, :, 0], away[:, :, 1]), alpha=4.0).astype(np.uint8)


def _overlap(one: _Floats, other: _Floats) -> bool:
    common, _ = cv2.intersectConvexConvex(one.astype(np.float32), other.astype(np.float32))
    return float(common) > 0.05 * float(min(_areas(one[None])[0], _areas(other[None])[0]))


@dataclass(frozen=True, slots=True)
class _Steps:
    """The lines, and along each the running sum of its colour steps.

    `sums` is `(lines, 2 * zero + 2, 3) float32`: entry `t + zero` holds the sum of all steps before place `t`, pixels
    from the line's foot point. A step is the colour on the normal's side minus the other, -1 to 1 in each of L, a, b.
    """

    normals: NDArray[np.float64]
    offsets: NDArray[np.float64]
    sums: NDArray[np.float32]
    zero: int

    @classmethod
    def along(cls, lines: list[Line], lab: NDArray[np.uint8]) -> "_Steps":
        normals = np.array([line.normal for line in lines])
        offsets = np.array([line.offset for line in lines])
        height, width = lab.shape[:2]
        zero = int(np.hypot(width, height)) + 1
        smooth = cv2.blur(lab, (5, 5)).astype(np.float32)
        places = np.arange(-zero, zero + 1)
        directions = np.column_stack((-normals[:, 1], normals[:, 0]))
        points = (normals * offsets[:, None])[:, None, :] + directions[:, None, :] * places[None, :, None]
        sides, inside = [], np.ones(points.shape[:2], dtype=bool)
        for sign in (1, -1):
            beside = np.rint(points + sign * STEP_REACH_PX * normals[:, None, :]).astype(np.intp)
            x, y = beside[..., 0], beside[..., 1]
            inside &= (x >= 0) & (x < width) & (y >= 0) & (y < height)
            sides.append(smooth[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)])
        steps = np.clip((sides[0] - sides[1]) / STEP_FULL, -1, 1) * inside[..., None]
        sums = np.concatenate((np.zeros_like(steps[:, :1]), np.cumsum(steps, axis=1)), axis=1)
        return cls(normals, offsets, sums, zero)

    def mean(self, line: NDArray[np.intp], start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float32]:
        """The mean step of each line between two places, `(n, 3)`."""
        last = self.sums.shape[1] - 1
        low = np.clip(np.rint(np.minimum(start, end)).astype(np.intp) + self.zero, 0, last)
        high = np.clip(np.rint(np.maximum(start, end)).astype(np.intp) + self.zero, 0, last)
        count = np.maximum(1, high - low)[:, None].astype(np.float32)
        means: NDArray[np.float32] = (self.sums[line, high] - self.sums[line, low]) / count
        return means


def _distinct(corners: NDArray[np.float64], scores: _Floats, order: NDArray[np.intp]) -> list[int]:
    """The best ones that do not lie over each other; of one round another see `ENCLOSING_SHARE`."""
    chosen: list[int] = []
    for place in order:
        for at, other in enumerate(chosen):
            if _encloses(corners[place], corners[other]) and scores[place] >= ENCLOSING_SHARE * scores[other]:
                chosen[at] = int(place)
                break
            if _overlap(corners[place], corners[other]):
                break
        else:
            chosen.append(int(place))
    return chosen


def _candidates(steps: _Steps, width: int, height: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Every convex quadrilateral inside the frame: `(n, 4)` lines in order round it, `(n, 4, 2)` corners.

    Corner 0 is where sides 0 and 1 meet, corner 1 sides 1 and 2, and so on.
    """
    normals, offsets = steps.normals, steps.offsets
    crossing = np.cross(np.pad(normals, ((0, 0), (0, 1)))[:, None], np.pad(normals, ((0, 0), (0, 1)))[None])[..., 2]
    safe = np.where(np.abs(crossing) < 1e-6, 1e-6, crossing)
    x = (offsets[:, None] * normals[None, :, 1] - offsets[None, :] * normals[:, None, 1]) / safe
    y = (normals[:, None, 0] * offsets[None, :] - normals[None, :, 0] * offsets[:, None]) / safe
    inside = (x >= MARGIN_PX) & (x <= width - 1 - MARGIN_PX) & (y >= MARGIN_PX) & (y <= height - 1 - MARGIN_PX)
    meets = inside & (np.abs(crossing) > np.sin(np.radians(MIN_CORNER_DEG)))
    opposite = np.abs(crossing) < np.sin(np.radians(MAX_SIDES_APART_DEG))
    first, second = np.nonzero(np.triu(opposite, 1))
    # Pairs of opposite sides against pairs of opposite sides, all four corners present.
    both = meets[first] & meets[second]
    crosses = both[:, first] & both[:, second]
    one, other = np.nonzero(np.triu(crosses, 1))
    sides = np.column_stack((first[one], first[other], second[one], second[other]))
    after = np.roll(sides, -1, axis=1)
    corners = np.stack((x[sides, after], y[sides, after]), axis=-1)
    long_enough = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2).min(axis=1) > MIN_SIDE * max(
        width, height
    )
    good = long_enough & _convex(corners)
    return sides[good], corners[good]


def _convex(corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    along = np.roll(corners, -1, axis=1) - corners
    following = np.roll(along, -1, axis=1)
    turns = along[..., 0] * following[..., 1] - along[..., 1] * following[..., 0]
    convex: NDArray[np.bool_] = np.all(turns > 0, axis=1) | np.all(turns < 0, axis=1)
    return convex


def _areas(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = corners[..., 0], corners[..., 1]
    areas: NDArray[np.float64] = np.abs(np.sum(x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1), axis=1)) / 2
    return areas


def _places(steps: _Steps, line: NDArray[np.intp], corners: NDArray[np.float64], side: int) -> tuple[_Floats, _Floats]:
    """From where to where each side runs along its line."""
    normal = steps.normals[line]
    direction = np.column_stack((-normal[:, 1], normal[:, 0]))
    start = np.sum(corners[:, side - 1] * direction, axis=1)
    end = np.sum(corners[:, side] * direction, axis=1)
    return np.minimum(start, end), np.maximum(start, end)


def _strengths(steps: _Steps, sides: NDArray[np.intp], corners: NDArray[np.float64], parts: int) -> _Floats:
    """`(4, n)`: how strong a step each side is, 0 to 1.

    Each side is cut into parts; the weaker half of them counts. So one thing lying on a side does little harm, but a
    side that only begins as the page's edge and then runs on over the mat is weak.
    """
    strengths = []
    for side in range(4):
        low, high = _places(steps, sides[:, side], corners, side)
        cuts = [low + (high - low) * part / parts for part in range(parts + 1)]
        whole = steps.mean(sides[:, side], low, high)
        whole /= np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), 1e-3)
        each = [np.sum(whole * steps.mean(sides[:, side], start, end), axis=1) for start, end in pairwise(cuts)]
        weaker = np.sort(np.stack(each), axis=0)[: (parts + 1) // 2]
        strengths.append(weaker.mean(axis=0).clip(0, 1))
    return np.stack(strengths)


def _scores(steps: _Steps, sides: NDArray[np.intp], corners: NDArray[np.float64]) -> _Floats:
    """How much each quadrilateral is like a page: 0 to 1.

    The mean step over the sides, held down by the weakest side, by sides that run on past the corners, and by sides of
    which some are lighter inside and some darker.
    """
    centre = corners.mean(axis=1)
    beyond, lightness = [], []
    for side in range(4):
        line = sides[:, side]
        low, high = _places(steps, line, corners, side)
        step = steps.mean(line, low, high)
        # Steps are taken along the normal; turned, they read "inside minus outside".
        turn = np.where(np.sum(centre * steps.normals[line], axis=1) > steps.offsets[line], 1.0, -1.0)
        lightness.append(step[:, 0] * turn)
        past = steps.mean(line, low - BEYOND_PX, low - 3), steps.mean(line, high + 3, high + BEYOND_PX)
        same = [np.sum(step * each, axis=1) / np.maximum(np.sum(step * step, axis=1), 1e-3) for each in past]
        beyond += [np.clip(each, 0, 1) for each in same]
    strength = _strengths(steps, sides, corners, SIDE_PARTS)
    agreement = np.abs(np.sum(lightness, axis=0)) / np.maximum(np.sum(np.abs(lightness), axis=0), 1e-3)
    base = 0.5 * strength.mean(axis=0) + 0.5 * strength.min(axis=0)
    # One side may run on by accident, over something beside the page. When two do, the page goes on between them, and
    # the side that joins them is something printed on it: so it is for a page that is partly outside the frame.
    runs_on = np.sort(np.stack(beyond), axis=0)[-2]
    scores: _Floats = base * (1 - 0.6 * runs_on) * (0.8 + 0.2 * agreement)
    return scores


def _encloses(outer: NDArray[np.float64], inner: NDArray[np.float64]) -> bool:
    """Whether every corner of `inner` lies inside `outer`, or at most 3 px outside it."""
    outline = outer.astype(np.float32)
    assert is_convex(outer)
    return all(cv2.pointPolygonTest(outline, (float(x), float(y)), True) >= -3 for x, y in inner)
