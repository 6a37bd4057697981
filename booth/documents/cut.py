"""Over which of the frame's sides a page goes on."""

from typing import Literal

import numpy as np

from booth.documents.maps import LIKELY, Map, Maps

FrameSide = Literal["top", "right", "bottom", "left"]

INSET = 2
"""Cells from the frame's edge that are looked at."""

LEAST = 0.08
"""The part of the frame's side that must show it."""


def cut_sides(maps: Maps) -> tuple[FrameSide, ...]:
    """The sides of the frame over which a page goes on."""
    strips: dict[FrameSide, Map] = {
        "top": maps.cut[:INSET].max(axis=0),
        "right": maps.cut[:, -INSET:].max(axis=1),
        "bottom": maps.cut[-INSET:].max(axis=0),
        "left": maps.cut[:, :INSET].max(axis=1),
    }
    return tuple(side for side, strip in strips.items() if float(np.mean(strip > LIKELY)) >= LEAST)
