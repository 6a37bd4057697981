"""What else lies on and over pages, seen from any height: mugs, mice, markers, books, keyboards, screens, wires.

For training only; `rigs/scenes/things` has what lies about at a booth.
"""

import itertools
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.documents.quad import Points
from rigs.scenes.mats import Picture, grain
from rigs.scenes.things import ball, on_a_side, outside, over, turned

Cover = NDArray[np.uint8]
Thing = Callable[[Picture, Points, float, np.random.Generator], None]


def crowd(scene: Picture, page: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    """Things all over the desk, some of them over the page's sides, small ones in its middle too."""
    height, width = scene.shape[:2]
    outline = page.astype(np.float32)
    if chance.random() < 0.4:
        screen(scene, chance)
    for _ in range(int(chance.integers(1, 8))):
        thing = ASIDE[int(chance.integers(len(ASIDE)))]
        # It may reach over a side, as far as it will, but not lie in the page's middle.
        least_mm = float(chance.choice((-5, 20, 45, 70)))
        beside = chance.random() < 0.4
        for _ in range(30):
            anywhere = np.array([chance.uniform(0, width), chance.uniform(0, height)])
            at = anywhere
            if beside:
                at = outside(page, on_a_side(page, chance), float(chance.uniform(0, 100)) * px_per_mm)
            if cv2.pointPolygonTest(outline, (float(at[0]), float(at[1])), True) < -least_mm * px_per_mm:
                thing(scene, at, px_per_mm, chance)
                break
    for _ in range(int(chance.choice((0, 0, 1, 2, 3)))):
        weights = chance.dirichlet(np.ones(4) * float(chance.choice((0.3, 1))))
        marker(scene, weights @ page + chance.normal(0, 12, 2) * px_per_mm, px_per_mm, chance)
    for _ in range(int(chance.choice((0, 0, 1, 2)))):
        wire(scene, page, px_per_mm, chance)


def screen(scene: Picture, chance: np.random.Generator) -> None:
    """A screen, a case, a sleeve: something large and mostly dark that comes in over the frame's edge."""
    height, width = scene.shape[:2]
    angle = float(chance.uniform(0, 2 * np.pi))
    away = np.array([np.cos(angle), np.sin(angle)])
    at = np.array([width, height]) / 2 + away * np.array([width, height]) * float(chance.uniform(0.5, 0.75))
    half = width * chance.uniform(0.12, 0.4, 2)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half + chance.normal(0, 0.03 * width, (4, 2))
    outline = turned([(float(x), float(y)) for x, y in corners], at, 1.0, float(chance.uniform(0, 2 * np.pi)))
    cover = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(cover, outline, 255, cv2.LINE_AA)
    colour = chance.uniform(5, 70, 3) if chance.random() < 0.7 else chance.uniform(5, 250, 3)
    shade = 1 + 0.15 * grain(width, height, (120, 120), chance)
    over(scene, colour.astype(np.float32) * shade[:, :, None], cover, width / 800, float(chance.uniform(5, 40)), 0.35)


def mug(scene: Picture, at: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    """Seen from above and from the side: its rim an ellipse, its body below, a handle."""
    radius = float(chance.uniform(34, 48)) * px_per_mm
    flat = float(chance.uniform(0.55, 1.0))
    tall = radius * float(chance.uniform(0.2, 1.6))
    lean = chance.normal(0, 0.25)
    foot = at + np.array([lean * tall, tall])
    taper = float(chance.uniform(0.7, 1.0))
    cover = np.zeros(scene.shape[:2], np.uint8)
    handle = at + np.array([chance.choice((-1, 1)) * radius * 1.1, tall * 0.5])
    if chance.random() < 0.7:
        thick = max(1, round(9 * px_per_mm))
        _oval(cover, handle, radius * 0.42, radius * float(chance.uniform(0.4, 0.6)), thick)
    body = [(at[0] - radius, at[1]), (at[0] + radius, at[1]), (foot[0] + radius * taper, foot[1])]
    body.append((foot[0] - radius * taper, foot[1]))
    cv2.fillConvexPoly(cover, np.rint(body).astype(np.int32), 255, cv2.LINE_AA)
    _oval(cover, foot, radius * taper, radius * taper * flat)
    _oval(cover, at, radius, radius * flat)
    colour = np.full(3, chance.uniform(150, 250)) if chance.random() < 0.7 else chance.uniform(10, 250, 3)
    across = np.clip((np.arange(scene.shape[1]) - at[0]) / radius, -1.2, 1.2).astype(np.float32)
    shade = 1 - float(chance.uniform(0.05, 0.4)) * np.abs(across - float(chance.uniform(-0.6, 0.6)))
    look = np.broadcast_to(colour.astype(np.float32), scene.shape) * shade[None, :, None]
    if chance.random() < 0.5:
        _speckle(look, foot * 0.6 + at * 0.4, radius * 0.4, chance)
    inner = np.zeros(scene.shape[:2], np.uint8)
    _oval(inner, at, radius * 0.9, radius * 0.9 * flat)
    drink = chance.uniform(20, 130, 3) if chance.random() < 0.5 else colour * float(chance.uniform(0.5, 0.9))
    deep = np.clip(0.75 + 0.35 * (np.arange(scene.shape[0]) - at[1]) / radius, 0.4, 1.2).astype(np.float32)
    look = np.where(inner[:, :, None] > 127, drink.astype(np.float32) * deep[:, None, None], look)
    high_mm, shadow = float(chance.uniform(15, 60)), float(chance.uniform(0.1, 0.4))
    over(scene, look.astype(np.float32), cover, px_per_mm, high_mm, shadow)


def mouse(scene: Picture, at: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    """A dark or light egg with a seam and a reflection."""
    angle = float(chance.uniform(0, 180))
    long, short = float(chance.uniform(45, 62)) * px_per_mm, float(chance.uniform(26, 36)) * px_per_mm
    cover = np.zeros(scene.shape[:2], np.uint8)
    _oval(cover, at, long, short, angle_deg=angle)
    soft = cv2.GaussianBlur(cover, (0, 0), short / 2.5).astype(np.float32) / 255
    colour = np.full(3, chance.choice((20, 35, 60, 200, 235))) + chance.uniform(-10, 10, 3)
    look = colour.astype(np.float32) * (0.5 + 0.6 * soft)[:, :, None]
    glint = np.zeros(scene.shape[:2], np.uint8)
    _oval(glint, at + chance.normal(0, short / 3, 2), long / 5, short / 6, angle_deg=angle)
    look += (cv2.GaussianBlur(glint, (0, 0), short / 8).astype(np.float32) * float(chance.uniform(0, 0.7)))[:, :, None]
    over(scene, look.astype(np.float32), cover, px_per_mm, 12.0, float(chance.uniform(0.2, 0.5)))


def marker(scene: Picture, at: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    """A felt pen, a highlighter, a glue stick: a thick stick in pieces of several colours, lit as a cylinder."""
    angle = float(chance.uniform(0, 2 * np.pi))
    long, thick = float(chance.uniform(45, 80)), float(chance.uniform(5, 13))
    cuts = np.sort(chance.uniform(-long, long, int(chance.integers(1, 4))))
    ends = [-long, *map(float, cuts), long]
    cover, look = np.zeros(scene.shape[:2], np.uint8), np.zeros_like(scene)
    for start, end in itertools.pairwise(ends):
        wide = thick * float(chance.uniform(0.75, 1.0))
        piece = turned([(start, -wide), (end, -wide), (end, wide), (start, wide)], at, px_per_mm, angle)
        cv2.fillConvexPoly(cover, piece, 255, cv2.LINE_AA)
        colour = np.full(3, chance.uniform(10, 250)) if chance.random() < 0.6 else chance.uniform(10, 255, 3)
        cv2.fillConvexPoly(look, piece, tuple(map(float, colour)))
    if chance.random() < 0.6:
        _speckle(look, at, long * 0.4 * px_per_mm, chance)
    y, x = np.indices(scene.shape[:2], dtype=np.float32)
    across = ((y - at[1]) * np.cos(angle) - (x - at[0]) * np.sin(angle)) / (thick * px_per_mm)
    bright = float(chance.uniform(-0.6, 0.6))
    look = look * (1.1 - 0.45 * np.abs(across - bright))[:, :, None].clip(0.3, 1.2)
    over(scene, look.astype(np.float32), cover, px_per_mm, thick, float(chance.uniform(0.15, 0.5)))


def keyboard(scene: Picture, at: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    """A keyboard or a calculator: rows of keys on a plate."""
    angle = float(chance.uniform(0, 2 * np.pi))
    columns, rows, pitch = int(chance.integers(4, 16)), int(chance.integers(4, 6)), float(chance.uniform(12, 19))
    half = np.array([columns, rows]) * pitch / 2 + 6
    cover, look = np.zeros(scene.shape[:2], np.uint8), np.zeros_like(scene)
    plate = [(-half[0], -half[1]), (half[0], -half[1]), (half[0], half[1]), (-half[0], half[1])]
    cv2.fillConvexPoly(cover, turned([(float(x), float(y)) for x, y in plate], at, px_per_mm, angle), 255, cv2.LINE_AA)
    dark = float(chance.choice((20, 50, 120, 215)))
    look[:] = dark
    key = float(np.clip(dark + chance.uniform(-40, 40), 5, 250))
    for row in range(rows):
        for column in range(columns):
            x, y = (column - columns / 2) * pitch, (row - rows / 2) * pitch
            part = [(x + 1, y + 1), (x + pitch - 1, y + 1), (x + pitch - 1, y + pitch - 1), (x + 1, y + pitch - 1)]
            cv2.fillConvexPoly(look, turned(part, at, px_per_mm, angle), (key,) * 3, cv2.LINE_AA)
    over(scene, look, cover, px_per_mm, 14.0, 0.4)


def box(scene: Picture, at: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    """A book, a carton, a case: a lid and the two sides that are seen, each lit in its own way."""
    angle, half = float(chance.uniform(0, 2 * np.pi)), chance.uniform(15, 90, 2)
    corners = [(-half[0], -half[1]), (half[0], -half[1]), (half[0], half[1]), (-half[0], half[1])]
    lid = turned([(float(x), float(y)) for x, y in corners], at, px_per_mm, angle)
    up = np.rint(chance.normal(0, 22, 2) * px_per_mm).astype(np.int32)
    cover, look = np.zeros(scene.shape[:2], np.uint8), np.zeros_like(scene)
    colour = chance.uniform(10, 250, 3)
    for start in range(4):
        end = (start + 1) % 4
        side = np.array([lid[start], lid[end], lid[end] + up, lid[start] + up])
        cv2.fillConvexPoly(cover, cv2.convexHull(side), 255, cv2.LINE_AA)
        cv2.fillConvexPoly(look, cv2.convexHull(side), tuple(map(float, colour * float(chance.uniform(0.3, 0.8)))))
    cv2.fillConvexPoly(cover, lid + up, 255, cv2.LINE_AA)
    cv2.fillConvexPoly(look, lid + up, tuple(map(float, colour)))
    if chance.random() < 0.6:
        _speckle(look, at + up, float(half.min()) * px_per_mm * 0.7, chance)
    if chance.random() < 0.5:
        texture = 40 * grain(scene.shape[1], scene.shape[0], (30 * px_per_mm, 30 * px_per_mm), chance)
        look += texture[:, :, None] * chance.uniform(0.2, 1.0, 3).astype(np.float32)
    over(scene, look, cover, px_per_mm, float(chance.uniform(5, 30)), 0.4)


def blob(scene: Picture, at: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    """A purse, a cloth, a toy: a closed curve of any shape and colour."""
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = np.ones_like(turn)
    for wave in range(1, 5):
        radius += chance.normal(0, 0.25 / wave) * np.cos(wave * turn + chance.uniform(0, 2 * np.pi))
    size = np.exp(chance.uniform(np.log(8), np.log(60), 2)) * px_per_mm
    points = np.column_stack((np.cos(turn), np.sin(turn))) * np.maximum(radius, 0.2)[:, None] * size + at
    cover = np.zeros(scene.shape[:2], np.uint8)
    cv2.fillPoly(cover, [np.rint(points).astype(np.int32)], 255, cv2.LINE_AA)
    soft = cv2.GaussianBlur(cover, (0, 0), max(1.0, float(size.min()) / 3)).astype(np.float32) / 255
    texture = 0.12 * grain(scene.shape[1], scene.shape[0], (9 * px_per_mm, 9 * px_per_mm), chance)
    look = chance.uniform(10, 250, 3).astype(np.float32) * (0.6 + 0.5 * soft + texture)[:, :, None]
    over(scene, look.astype(np.float32), cover, px_per_mm, float(chance.uniform(3, 25)), 0.4)


def wire(scene: Picture, page: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    """A wire through the whole picture, by way of the page or past it, here and there off the desk."""
    height, width = scene.shape[:2]
    along = chance.uniform(0, 2 * np.pi)
    ends = np.array([width, height]) / 2 + width * np.array(
        [(np.cos(along), np.sin(along)), (-np.cos(along + chance.normal(0, 0.6)), -np.sin(along))]
    )
    ways = chance.dirichlet(np.ones(4), int(chance.integers(1, 4))) @ page + chance.normal(0, 30, 2) * px_per_mm
    order = np.argsort(ways @ (ends[1] - ends[0]))
    knots = np.vstack((ends[:1], ways[order], ends[1:]))
    at = np.linspace(0, len(knots) - 1, 160)
    smooth = np.column_stack([np.interp(at, np.arange(len(knots)), knots[:, axis]) for axis in (0, 1)])
    reach = np.hanning(41)
    padded = np.pad(smooth, ((20, 20), (0, 0)), mode="edge")
    curve = np.column_stack([np.convolve(padded[:, axis], reach / reach.sum(), "valid") for axis in (0, 1)])
    cover = np.zeros((height, width), np.uint8)
    thick = max(1, round(float(chance.uniform(2, 6)) * px_per_mm))
    cv2.polylines(cover, [np.rint(curve).astype(np.int32)], False, 255, thick, cv2.LINE_AA)
    if chance.random() < 0.4:
        _oval(cover, curve[int(chance.integers(30, 130))], thick * 2.5, thick * 1.5)
    colour = np.full(3, chance.choice((15, 30, 60, 200, 240))) + chance.uniform(-8, 8, 3)
    look = np.broadcast_to(colour.astype(np.float32), scene.shape).astype(np.float32)
    over(scene, look, cover, px_per_mm, float(chance.uniform(1, 25)), float(chance.uniform(0.1, 0.45)))


ASIDE: tuple[Thing, ...] = (mug, mug, mouse, ball, marker, keyboard, box, blob, blob)


def _oval(
    cover: Cover, at: Points, half_width: float, half_height: float, thick: int = cv2.FILLED, angle_deg: float = 0.0
) -> None:
    axes = max(1, round(half_width)), max(1, round(half_height))
    cv2.ellipse(cover, tuple(map(int, np.rint(at))), axes, angle_deg, 0, 360, 255, thick, cv2.LINE_AA)


def _speckle(look: Picture, at: Points, reach: float, chance: np.random.Generator) -> None:
    """Something printed on it."""
    left, top = (max(0, round(float(value - reach))) for value in at)
    part = look[top : top + max(2, round(reach)), left : left + max(2, round(2 * reach))]
    part[chance.random(part.shape[:2]) < 0.5] = chance.uniform(0, 255, 3)
