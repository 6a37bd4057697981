"""Over which of the frame's sides a page goes on.

Along the frame's edge the mat runs; where it turns lighter at a sharp step and darker again at another, something light
lies across the edge. An arm does so too, but is not lighter than the mat and of its tint.
"""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image

FrameSide = Literal["top", "right", "bottom", "left"]

INSET, DEPTH = 2, 4
"""The strip along the edge that is looked at, in pixels of a search picture: from, and how deep."""

STEP_PX = 3
STEP = 12.0
"""In OpenCV's 8-bit L: less is light and shadow, which also change slowly."""

PRINT_PX = 15
"""What is printed on a page is narrower, or has paper between."""

LEAST = 0.08
"""The part of the frame's side that must be lighter."""

SKIN = 14.0
"""How much redder and yellower than the mat (a + b) what lies there may be, to be paper."""

Profile = NDArray[np.float32]
"""`(n, 3) float32` L, a, b along the edge, or `(n,)` of one of them."""


def cut_sides(small: Image) -> tuple[FrameSide, ...]:
    """The sides of the frame over which a page goes on; `small` is a search picture."""
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB)
    strips: dict[FrameSide, Profile] = {
        "top": lab[INSET : INSET + DEPTH].mean(axis=0),
        "right": lab[:, -INSET - DEPTH : -INSET].mean(axis=1),
        "bottom": lab[-INSET - DEPTH : -INSET].mean(axis=0),
        "left": lab[:, INSET : INSET + DEPTH].mean(axis=1),
    }
    return tuple(side for side, profile in strips.items() if _paper_across(profile))


def _paper_across(profile: Profile) -> bool:
    """Whether a long enough part between two steps, or between a step and the frame's corner, is paper on the mat."""
    light = _without_print(profile[:, 0])
    rise = light[2 * STEP_PX :] - light[: -2 * STEP_PX]
    ups, downs = _peaks(rise), _peaks(-rise)
    least = LEAST * len(light)
    runs = [(up, min((down for down in downs if down > up), default=len(light))) for up in ups]
    runs += [(0, down) for down in downs if not any(up < down for up in ups)]
    return any(end - start >= least and _is_paper(profile, start, end) for start, end in runs)


def _without_print(light: Profile) -> Profile:
    """Dark marks shorter than `PRINT_PX` filled with what is round them."""
    row = np.ascontiguousarray(light, dtype=np.float32)[None]
    closed = cv2.morphologyEx(row, cv2.MORPH_CLOSE, np.ones((1, PRINT_PX), np.uint8), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(closed[0], dtype=np.float32)


def _peaks(rise: Profile) -> list[int]:
    """Where a step up is steepest, in places of the profile."""
    peaks = []
    above = rise > STEP
    place = 0
    while place < len(rise):
        if above[place]:
            end = place
            while end < len(rise) and above[end]:
                end += 1
            peaks.append(place + int(np.argmax(rise[place:end])) + STEP_PX)
            place = end
        place += 1
    return peaks


def _is_paper(profile: Profile, start: int, end: int) -> bool:
    inside = np.median(profile[start + STEP_PX : max(start + STEP_PX + 1, end - STEP_PX)], axis=0)
    outside = np.concatenate((profile[: max(0, start - STEP_PX)], profile[end + STEP_PX :]))
    if len(outside) < 2 * STEP_PX:
        return False
    mat = np.median(outside, axis=0)
    lighter = float(inside[0] - mat[0]) > STEP
    return lighter and float(inside[1] + inside[2] - mat[1] - mat[2]) < SKIN
