"""The sides of a rough outline moved to where a small net sees the page's own edge.

Along each side a strip of the picture is cut out, as if the side were straight up and down: to its left is the desk, to
its right the page. Beside the picture's colours stands how they compare with the empty desk. The net (`strips.onnx`)
says for `PLACES` along the strip how likely the page's side is at each step across it. Added up along straight lines
that tells the border of a page from the edge of what is printed on it, and goes on under a hand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.interface import Image
from booth.documents.net import ask
from booth.documents.quad import Points, following
from booth.documents.refine import meet

SHIFTS, SEEKING_STEPS = (-28, -14, 14, 28), 2.0
"""A side that is seen nowhere near is sought so many larger steps away, too."""

LEAST_OUTSIDE, SEEN_OUTSIDE = 3, 0.5
"""Steps from a side from which on another is sought outside it, and how likely that must be."""

SAMPLES, PLACES = 48, 12
"""Along a strip: rows of it, and what the net answers for."""

REACH = 16
"""Steps to either side of the rough one."""

STEPS_PER_PICTURE = 960
"""A step is this part of the picture's long side: 0.46 mm on a desk 440 mm wide."""

ACROSS = 2 * REACH + 1
NEAR = (0.4, 0.8, 1.0, 0.8, 0.4)
"""How much a chance counts for a line that passes 2, 1, 0 steps beside it."""

FIRST_LOOK, NEARER_LOOK = "strips.onnx", "strips_nearer.onnx"
"""The second look's net is twice as wide, takes three times as long, and was trained on heaps of sheets as a video
shows them (`rigs/outline_net/from_nearer.py`): of a white sheet's edge on another one hardly anything is left."""

Strips = NDArray[np.uint8]
"""`(n, SAMPLES, ACROSS, 6)`: for each side, from its start to its end, from outside to inside; B, G, R, and each
against the empty desk (`mat.UNKNOWN` where that is not known)."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ground:
    """Where sides are sought: a picture, how it compares with the empty desk (that may be smaller), and the net that is
    asked."""

    picture: Image
    against: Image
    net: str = FIRST_LOOK

    def step_px(self, steps: float) -> float:
        return float(steps * max(self.picture.shape[:2]) / STEPS_PER_PICTURE)


@dataclass(frozen=True, slots=True)
class SideLines:
    """Lines, each from a start to an end, `(n, 2)`; `inward` are unit vectors across them, towards the page."""

    starts: Points
    ends: Points
    inward: Points

    @classmethod
    def of(cls, corners: Points) -> Self:
        """Of an outline, corners clockwise as seen."""
        ends = following(corners)
        along = ends - corners
        along /= np.maximum(np.hypot(along[:, :1], along[:, 1:]), 1e-6)
        return cls(corners, ends, np.column_stack((-along[:, 1], along[:, 0])))

    def chosen(self, numbers: Sequence[int]) -> Self:
        """These of them, in this order; one may be chosen more than once."""
        places = list(numbers)
        return replace(self, starts=self.starts[places], ends=self.ends[places], inward=self.inward[places])

    def shifted(self, inward_px: Floats) -> Self:
        """Each side moved inward by so much, `(n,)`."""
        away = self.inward * inward_px[:, None]
        return replace(self, starts=self.starts + away, ends=self.ends + away)


@dataclass(frozen=True, slots=True)
class Lines:
    """For each side `(n,)`: where its line begins and ends, in steps from the rough one; `seen` and `rival` as in
    `Moved`."""

    low: Floats
    high: Floats
    seen: Floats
    rival: Floats


@dataclass(frozen=True, slots=True)
class Moved:
    """`corners` `(4, 2)`; for each side `(4,)`: `seen`, how likely its places show the page's side on the line, 0 to
    1, on average, and `rival`, the same of the best other line."""

    corners: Points
    seen: Floats
    rival: Floats


def joined(sides: Iterable[SideLines]) -> SideLines:
    """All of them, one after the other."""
    starts, ends, inward = zip(*((each.starts, each.ends, each.inward) for each in sides), strict=True)
    return SideLines(np.concatenate(starts), np.concatenate(ends), np.concatenate(inward))


def cut_strips(ground: Ground, sides: SideLines, step_px: float) -> Strips:
    """The strips along the sides, in pixels of the picture; `step_px` is a step in pixels of it."""
    along = (np.arange(SAMPLES) + 0.5) / SAMPLES
    places = sides.starts[:, None] + (sides.ends - sides.starts)[:, None] * along[None, :, None]
    steps = np.arange(-REACH, REACH + 1) * step_px
    grid = places[:, :, None] + sides.inward[:, None, None] * steps[None, None, :, None]
    flat = grid.reshape(-1, ACROSS, 2).astype(np.float32)
    smaller = ground.against.shape[1] / ground.picture.shape[1]
    seen = [
        cv2.remap(picture, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for picture, at in ((ground.picture, flat), (ground.against, (flat + 0.5) * np.float32(smaller) - 0.5))
    ]
    return cv2.merge(seen).reshape(-1, SAMPLES, ACROSS, 6).astype(np.uint8, copy=False)


def move(ground: Ground, corners: Points, steps: float = 1.0) -> Moved:
    """The outline with each side on the likeliest line of its strip; with more `steps` at once it looks further and
    less closely."""
    (moved,) = move_all(ground, [corners], steps)
    return moved


def move_all(ground: Ground, outlines: Sequence[Points], steps: float = 1.0) -> list[Moved]:
    """Each of them; all at once takes less time than one after the other."""
    if not outlines:
        return []
    sides, lines = _seek(ground, joined(map(SideLines.of, outlines)), steps)
    found = meet(sides.starts.reshape(-1, 4, 2), sides.ends.reshape(-1, 4, 2), np.stack(outlines))
    return list(map(Moved, found, lines.seen.reshape(-1, 4), lines.rival.reshape(-1, 4)))


def seen_at(ground: Ground, sides: SideLines, steps: float = 1.0) -> Floats:
    """How likely each is a page's side just where it is, `(n,)`, 0 to 1; with more `steps` at once more is seen of what
    is round it."""
    strips = cut_strips(ground, sides, ground.step_px(steps))
    seen: Floats = _near(_answer(ground.net, strips))[:, :, REACH].mean(axis=1).astype(np.float64)
    return seen


def seek_side(ground: Ground, corners: Points, side: int) -> tuple[Points, float]:
    """The outline with this one side where it is likeliest far inside or outside of where it is, and how likely."""
    places = SideLines.of(corners).chosen([side] * len(SHIFTS))
    step_px = ground.step_px(SEEKING_STEPS)
    found, lines = _seek(ground, places.shifted(np.array(SHIFTS) * step_px), SEEKING_STEPS)
    best = int(np.argmax(lines.seen))
    return _with(corners, side, found.starts[best], found.ends[best]), float(lines.seen[best])


def seek_about(
    ground: Ground, corners: Points, shifts: Sequence[float], turns_deg: Sequence[Sequence[float]]
) -> list[Floats]:
    """For each side, `(n, 5)`, the likeliest line at each of the places to which it is moved inward, by so many steps
    of `SEEKING_STEPS`, and turned there round its middle as its own `turns_deg` say (clockwise): how likely the line
    is, where it starts and where it ends."""
    sides, step_px = SideLines.of(corners), ground.step_px(SEEKING_STEPS)
    moved = [sides.shifted(np.full(4, shift * step_px)) for shift in shifts]
    turned = [_turned(each, side, degrees) for side in range(4) for degrees in turns_deg[side] for each in moved]
    found, lines = _seek(ground, joined(turned), SEEKING_STEPS)
    told = np.column_stack((lines.seen, found.starts, found.ends))
    return np.split(told, np.cumsum([len(turns) * len(shifts) for turns in turns_deg])[:-1])


def _turned(sides: SideLines, side: int, degrees: float) -> SideLines:
    """One of them, turned round its middle."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array(((cos, sin), (-sin, cos)))
    start, end = sides.starts[[side]], sides.ends[[side]]
    half = (end - start) / 2 @ turn
    return SideLines((start + end) / 2 - half, (start + end) / 2 + half, sides.inward[[side]] @ turn)


def seek_outside(ground: Ground, corners: Points) -> list[Points]:
    """For each side beside which another is likely a little further outside, the outline with that one."""
    shift = np.full(4, -(REACH + LEAST_OUTSIDE) * ground.step_px(1.0))
    found, lines = _seek(ground, SideLines.of(corners).shifted(shift), 1.0)
    likely = np.flatnonzero(lines.seen >= SEEN_OUTSIDE)
    return [_with(corners, int(side), found.starts[side], found.ends[side]) for side in likely]


def _seek(ground: Ground, sides: SideLines, steps: float) -> tuple[SideLines, Lines]:
    """The sides on the likeliest lines of their strips, and those lines."""
    step_px = ground.step_px(steps)
    lines = find_lines(_answer(ground.net, cut_strips(ground, sides, step_px)))
    starts = sides.starts + sides.inward * lines.low[:, None] * step_px
    return SideLines(starts, sides.ends + sides.inward * lines.high[:, None] * step_px, sides.inward), lines


def _with(corners: Points, side: int, start: Points, end: Points) -> Points:
    """The outline with one side on another line."""
    starts, ends = corners.copy(), following(corners)
    starts[side], ends[side] = start, end
    return meet(starts, ends, corners)


def _answer(net: str, strips: Strips) -> NDArray[np.float32]:
    """`(n, PLACES, ACROSS)`: how likely the page's side is there; what is left to 1 says that it is nowhere."""
    logits = ask(net, strips).reshape(-1, ACROSS + 1, PLACES)
    logits -= logits.max(axis=1, keepdims=True)
    chances = np.exp(logits)
    chances /= chances.sum(axis=1, keepdims=True)
    return np.ascontiguousarray(chances[:, :ACROSS].transpose(0, 2, 1))


_PLACE = (np.arange(PLACES) + 0.5) / PLACES
_LOW, _HIGH = (each.ravel() for each in np.meshgrid(np.arange(ACROSS), np.arange(ACROSS), indexing="ij"))
_AT = np.rint(_LOW[:, None] * (1 - _PLACE) + _HIGH[:, None] * _PLACE).astype(np.intp)
"""Every straight line through a strip, `(lines, PLACES)`: the steps at which it passes."""
_PASSES = (np.arange(PLACES) * ACROSS + _AT).T
"""The same, `(PLACES, lines)`, as places of a strip's chances in a row."""


def find_lines(chances: NDArray[np.float32]) -> Lines:
    """The likeliest straight lines; `chances` is `(n, PLACES, ACROSS)`, how likely the side passes there."""
    totals = np.take(_near(chances).reshape(len(chances), -1), _PASSES, axis=1).mean(axis=1).astype(np.float64)
    best = np.argmax(totals, axis=1)
    sides = np.arange(len(chances))
    low, high = _exact(chances, best)
    # A line that leans against the best one shares much of it; one beside it, such as a printed frame, is another.
    low_away, high_away = _LOW - _LOW[best][:, None], _HIGH - _HIGH[best][:, None]
    apart = np.maximum(np.minimum(low_away, high_away), np.minimum(-low_away, -high_away)) > len(NEAR) / 2
    rival = np.where(apart, totals, 0).max(axis=1)
    return Lines(low, high, totals[sides, best], rival)


def _near(chances: NDArray[np.float32]) -> NDArray[np.float32]:
    """How likely the side passes at each step or beside it."""
    kernel = np.array([NEAR], dtype=np.float32)
    near = cv2.filter2D(chances.reshape(-1, ACROSS), -1, kernel, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(near, dtype=np.float32).reshape(chances.shape)


def _exact(chances: NDArray[np.float32], best: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """The line through the chances' centres near the best one, least squares."""
    passes = _LOW[best][:, None] * (1 - _PLACE) + _HIGH[best][:, None] * _PLACE
    steps = np.arange(ACROSS)
    weight = chances * (np.abs(steps - passes[..., None]) <= len(NEAR) / 2)
    mass = weight.sum(axis=2) + 1e-6
    centre = (weight * steps).sum(axis=2) / mass
    total = mass.sum(axis=1)
    middle, level = (mass * _PLACE).sum(axis=1) / total, (mass * centre).sum(axis=1) / total
    run = _PLACE - middle[:, None]
    slope = (mass * run * (centre - level[:, None])).sum(axis=1) / np.maximum((mass * run * run).sum(axis=1), 1e-6)
    return level - slope * middle - REACH, level + slope * (1 - middle) - REACH
