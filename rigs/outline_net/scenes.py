"""Training scenes: any desk, any paper, stacks of sheets, other things, strong perspective."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.desk_pages import Paper
from booth.devices.camera.interface import Image
from booth.documents.quad import Points
from rigs.outline_net.clutter import crowd
from rigs.outline_net.papers import random_paper
from rigs.scenes.laying import VIEW_WIDTH_MM, Camera, Lie, corners, lay
from rigs.scenes.light import Lens, person_shadow, photograph, shade, shine
from rigs.scenes.mats import MatKind, Picture, draw_mat, grain
from rigs.scenes.things import hold, on_a_side, put_over_a_side, strew

DRAWN_PX = (960, 720)
"""Width and height: those of the picture in which the booth seeks sides."""


@dataclass(frozen=True, slots=True)
class TrainingScene:
    """`empty` is the desk under its light of before; `pages` lie whole in the frame, `cut` go on outside it."""

    picture: Image
    empty: Image
    pages: tuple[Points, ...]
    cut: tuple[Points, ...]


CROWDED = 0.75
"""How often things of any kind lie all about, as on an office desk that a telephone's camera sees from further off."""


HEAPS, LIGHTEST = 0.5, 215
"""How often the page lies on a heap of sheets of its own white, which is so light at least."""

CLOSE, LARGEST_MM = 0.25, 320.0
"""How often the camera is so close that even a card may fill the view, as far as a paper of this length does."""

SPREAD_OUT_MM = 210.0
"""A lower paper's stack is spread out less."""


def training_scene(seed: int) -> TrainingScene:
    """The scene of this seed; corners clockwise as seen."""
    chance = np.random.default_rng((seed, 77))
    width, height = DRAWN_PX
    camera = _camera(chance)
    crowded, close = chance.random() < CROWDED, chance.random() < CLOSE
    heap = chance.random() < HEAPS
    # From further off more of the desk is seen, and everything is smaller.
    near = float(chance.uniform(1.0, 3.5)) if close else float(chance.uniform(0.45, 1.0)) if crowded else 1.0
    if heap:
        near = float(chance.uniform(0.7, 1.6))
    ground = _any_light(width, height, chance) if heap and chance.random() < 0.6 else _ground(width, height, chance)
    lamps = _lamps(width, height, chance, coloured=crowded)
    bare = ground * (lamps * np.float32(chance.uniform(0.85, 1.15)))
    px_per_mm = width / VIEW_WIDTH_MM / 1.2 * min(near, 1.6)
    pages: list[Points] = []
    cut: list[Points] = []
    shadow_mm, shadow = chance.uniform(-0.9, 0.9, 2), float(np.exp(chance.uniform(np.log(0.02), np.log(0.5))))
    if heap:
        shadow_mm, shadow = chance.uniform(-0.7, 0.7, 2), float(np.exp(chance.uniform(np.log(0.015), np.log(0.3))))
    if chance.random() < 0.93:
        pages, cut = _pages(ground, camera, chance, shadow_mm, shadow, near, heap)
    around = pages[0] if pages else np.array([(-9, -9), (-8, -9), (-8, -8), (-9, -8)], dtype=np.float64)
    if chance.random() < 0.55:
        strew(ground, around, px_per_mm, chance, int(chance.integers(1, 6)))
    if pages and chance.random() < 0.42:
        hold(ground, around, px_per_mm, chance)
    if pages and chance.random() < 0.3:
        _across(ground, around, chance)
    if pages and chance.random() < 0.25:
        put_over_a_side(ground, around, px_per_mm, chance)
    if crowded:
        crowd(ground, around, px_per_mm, chance)
    light = lamps * person_shadow(width, height, chance)[:, :, None] if chance.random() < 0.35 else lamps
    lit = ground * light
    if chance.random() < 0.4:
        at = around.mean(axis=0) + chance.normal(0, 90, 2) if chance.random() < 0.7 else on_a_side(around, chance)
        lit += shine(width, height, at, chance)[:, :, None]
    lens = Lens.by_chance(chance)
    tint = tuple(float(v) for v in chance.uniform(0.85, 1.12, 3))
    lens = Lens(
        float(chance.uniform(0.85, 1.25)) if heap and chance.random() < 0.7 else float(chance.uniform(0.45, 1.15)),
        (tint[0], tint[1], tint[2]),
        # Now and then the camera is out of focus: what lies there must be seen for that to be said.
        float(np.exp(chance.uniform(np.log(3), np.log(12))))
        if chance.random() < 0.2
        else float(chance.uniform(0.6, 4)),
        float(chance.uniform(0.3, 5.0)),
        int(chance.integers(55, 96)),
    )
    empty = photograph(bare.astype(np.float32), lens, chance)
    return TrainingScene(photograph(lit.astype(np.float32), lens, chance), empty, tuple(pages), tuple(cut))


def _lamps(width: int, height: int, chance: np.random.Generator, coloured: bool) -> Picture:
    lamps = shade(width, height, chance)[:, :, None]
    if not coloured:
        return lamps
    # A window on one side, a lamp on the other: not of the same white.
    part = np.clip(shade(width, height, chance) * 2 - 1, 0, 1)[:, :, None]
    tints = 1 + chance.normal(0, 0.07, (2, 3)).astype(np.float32)
    lit: Picture = lamps * (tints[0] * part + tints[1] * (1 - part))
    return lit.astype(np.float32)


def _camera(chance: np.random.Generator) -> Camera:
    if chance.random() < 0.5:
        tilt, pan = chance.uniform(-10, 10, 2)
        return Camera(*DRAWN_PX, float(tilt), float(pan), float(chance.uniform(0.9, 1.5)))
    tilt, pan = chance.uniform(-42, 42), chance.uniform(-20, 20)
    return Camera(*DRAWN_PX, float(tilt), float(pan), float(chance.uniform(0.8, 2.2)))


def _ground(width: int, height: int, chance: np.random.Generator) -> Picture:
    pick = chance.random()
    if pick < 0.45:
        return draw_mat(tuple(MatKind)[int(chance.integers(4))], width, height, chance)
    ground = _any(width, height, chance)
    for _ in range(int(chance.integers(0, 3))):  # The table's end, another table, a floor.
        angle, offset = chance.uniform(0, 2 * np.pi), chance.uniform(0.25, 0.6) * width
        x = np.arange(width)[None, :] - width / 2
        y = np.arange(height)[:, None] - height / 2
        beyond = np.clip(x * np.cos(angle) + y * np.sin(angle) - offset, 0, 1).astype(np.float32)[:, :, None]
        ground = ground * (1 - beyond) + _any(width, height, chance) * beyond
    return ground.astype(np.float32)


def _any(width: int, height: int, chance: np.random.Generator) -> Picture:
    pick = chance.random()
    if pick < 0.3:
        colour = chance.uniform(185, 250) * np.ones(3) + chance.uniform(-14, 8, 3)
    elif pick < 0.6:
        colour = np.full(3, chance.uniform(20, 250)) + chance.uniform(-25, 25, 3)
    else:
        colour = chance.uniform(10, 245, 3)
    texture = float(chance.uniform(0, 3)) * grain(width, height, (2, 2), chance)
    for _ in range(int(chance.integers(0, 4))):
        cells = np.exp(chance.uniform(np.log(2), np.log(250), 2))
        texture = texture + float(chance.uniform(0, 11)) * grain(
            width, height, (float(cells[0]), float(cells[1])), chance
        )
    picture = (colour.astype(np.float32) + texture[:, :, None] * chance.uniform(0.4, 1.2, 3).astype(np.float32)).astype(
        np.float32
    )
    if chance.random() < 0.12:
        step = int(chance.integers(30, 200))
        for at in range(int(chance.integers(step)), width, step):
            cv2.line(picture, (at, 0), (at, height), tuple(float(v) for v in colour * 0.7), 2)
            cv2.line(picture, (0, at), (width, at), tuple(float(v) for v in colour * 0.7), 2)
    return picture


def _pages(
    ground: Picture,
    camera: Camera,
    chance: np.random.Generator,
    shadow_mm: NDArray[np.float64],
    shadow: float,
    near: float,
    heap: bool,
) -> tuple[list[Points], list[Points]]:
    """The whole ones and those that go on outside the frame."""
    paper = _paper(near, chance)
    while heap and (min(paper.width_mm, paper.height_mm) < 95 * near or np.median(paper.image) < LIGHTEST):
        paper = _paper(near, chance)
    lie = _lie(paper, camera, chance, inside=True)
    cut = []
    for _ in range(int(chance.choice((0, 0, 1))) if lie is not None and chance.random() < 0.9 else 1):
        other = _paper(near, chance)
        aside = _lie(other, camera, chance, inside=False)
        if aside is not None:
            lay(ground, other, aside, camera, shadow_mm, shadow)
            cut.append(corners(other, aside, camera))
    if lie is None or (cut and chance.random() < 0.3):
        return [], cut
    pages = []
    main = corners(paper, lie, camera)
    if chance.random() < 0.25:
        other = _paper(near, chance)
        for _ in range(20):
            aside = _lie(other, camera, chance, inside=True)
            if aside is not None and _clear(corners(other, aside, camera), main):
                lay(ground, other, aside, camera, shadow_mm, shadow)
                pages.append(corners(other, aside, camera))
                break
    if heap:
        _heap(ground, paper, lie, camera, chance, shadow_mm, shadow)
    elif chance.random() < (0.6 if near < 1 else 0.4):
        _stack(ground, paper, lie, camera, chance, shadow_mm, shadow)
    lay(ground, paper, lie, camera, shadow_mm, shadow)
    return [main, *pages], cut


def _paper(near: float, chance: np.random.Generator) -> Paper:
    paper = random_paper(chance)
    near = min(near, max(1.0, LARGEST_MM / max(paper.width_mm, paper.height_mm)))
    return replace(paper, width_mm=paper.width_mm * near, height_mm=paper.height_mm * near)


def _stack(
    ground: Picture,
    paper: Paper,
    lie: Lie,
    camera: Camera,
    chance: np.random.Generator,
    shadow_mm: NDArray[np.float64],
    shadow: float,
) -> None:
    """Other sheets under the page, shifted and turned a little: nearly the same white."""
    for _ in range(int(chance.integers(1, 5))):
        under = random_paper(chance)
        white = np.median(paper.image.reshape(-1, 3)[::7], axis=0) + chance.normal(0, 2)
        image = (
            under.image
            if chance.random() < 0.2
            else np.full_like(paper.image, 0) + np.clip(white, 0, 255).astype(np.uint8)
        )
        sheet = Paper(image, np.full(image.shape[:2], 255, np.uint8), paper.width_mm, paper.height_mm)
        spread = float(chance.uniform(2, 18))
        lay(ground, sheet, _beneath(paper, lie, spread, 4, chance), camera, shadow_mm, shadow)


def _beneath(paper: Paper, lie: Lie, spread_mm: float, turns_deg: float, chance: np.random.Generator) -> Lie:
    """Somewhere under a page that lies so, shifted and turned a little."""
    shift = chance.normal(0, spread_mm, 2) * min(1.0, paper.height_mm / SPREAD_OUT_MM)
    turn_deg = lie.turn_deg + float(chance.normal(0, turns_deg))
    return Lie(lie.x_mm + float(shift[0]), lie.y_mm + float(shift[1]), turn_deg)


def _any_light(width: int, height: int, chance: np.random.Generator) -> Picture:
    """A desk on which white paper is hardly lighter."""
    ground = _any(width, height, chance)
    while ground.mean() <= 150:
        ground = _any(width, height, chance)
    return ground


def _heap(
    ground: Picture,
    paper: Paper,
    lie: Lie,
    camera: Camera,
    chance: np.random.Generator,
    shadow_mm: NDArray[np.float64],
    shadow: float,
) -> None:
    """Sheets of the same paper under the page, some printed."""
    white = np.median(paper.image.reshape(-1, 3)[::7], axis=0)
    turns, spread = float(chance.uniform(1, 9)), float(chance.uniform(3, 16))
    for _ in range(int(chance.integers(1, 6))):
        image = np.empty_like(paper.image)
        image[:] = np.clip(white + chance.normal(0, 1.5), 0, 255).astype(np.uint8)
        if chance.random() < 0.35:
            printed = cv2.resize(random_paper(chance).image, image.shape[1::-1], interpolation=cv2.INTER_AREA)
            if np.median(printed) > 200:
                own = np.maximum(np.median(printed.reshape(-1, 3), axis=0), 1)
                image = np.clip(printed.astype(np.float32) * (white / own), 0, 255).astype(np.uint8)
        sheet = Paper(image, np.full(image.shape[:2], 255, np.uint8), paper.width_mm, paper.height_mm)
        lay(ground, sheet, _beneath(paper, lie, spread, turns, chance), camera, shadow_mm, shadow)


def _clear(one: Points, other: Points) -> bool:
    common, _ = cv2.intersectConvexConvex(one.astype(np.float32), other.astype(np.float32))
    return float(common) <= 0


def _lie(paper: Paper, camera: Camera, chance: np.random.Generator, inside: bool) -> Lie | None:
    for _ in range(60):
        turn = (
            float(chance.uniform(0, 360))
            if chance.random() < 0.3
            else float(chance.choice((0, 90, 180, 270)) + chance.normal(0, 12))
        )
        at = chance.uniform((-200, -150), (200, 150)) * (1.0 if inside else 1.25)
        curl = float(chance.uniform(0, 4)) if chance.random() < 0.35 else 0.0
        fold = float(chance.uniform(0.03, 0.12)) if chance.random() < 0.08 else 0.0
        lie = Lie(float(at[0]), float(at[1]), turn, curl, float(chance.uniform(0, 180)), fold, int(chance.integers(4)))
        seen = corners(paper, lie, camera)
        within = bool(np.all((seen >= 4) & (seen <= (camera.width_px - 5, camera.height_px - 5)), axis=1).all())
        largest = float(np.abs(np.diff(seen, axis=0)).max())
        if within == inside and largest < 3 * camera.width_px and (inside or _much_of_it(seen, camera)):
            return lie
    return None


def _much_of_it(seen: Points, camera: Camera) -> bool:
    """Whether a good part of it is in the frame and a good part outside."""
    frame = np.array([(0, 0), (camera.width_px, 0), (camera.width_px, camera.height_px), (0, camera.height_px)])
    common, _ = cv2.intersectConvexConvex(seen.astype(np.float32), frame.astype(np.float32))
    area = cv2.contourArea(seen.astype(np.float32))
    return bool(0.08 * area < common < 0.97 * area and common > 0.01 * camera.width_px * camera.height_px)


def _across(ground: Picture, page: Points, chance: np.random.Generator) -> None:
    """Pens and cables over the page."""
    for _ in range(int(chance.integers(1, 4))):
        weights = chance.dirichlet(np.ones(4))
        centre = weights @ page
        size = float(np.linalg.norm(page[2] - page[0]))
        angle, length = chance.uniform(0, np.pi), size * chance.uniform(0.06, 0.9) / 2
        reach = np.array([np.cos(angle), np.sin(angle)]) * length
        thick = max(1, round(size * float(chance.uniform(0.008, 0.05))))
        colour = chance.uniform(10, 250, 3)
        one, other = np.rint(centre - reach).astype(int), np.rint(centre + reach).astype(int)
        cover = np.zeros(ground.shape[:2], np.uint8)
        cv2.line(cover, tuple(map(int, one)), tuple(map(int, other)), 255, thick, cv2.LINE_AA)
        shift = np.array([(1, 0, thick / 2), (0, 1, thick / 2)], dtype=np.float32)
        cast = cv2.GaussianBlur(cv2.warpAffine(cover, shift, DRAWN_PX), (0, 0), thick / 2 + 1)
        ground *= (1 - 0.4 / 255 * cast.astype(np.float32))[:, :, None]
        ground += (colour.astype(np.float32) - ground) * (cover.astype(np.float32) / 255)[:, :, None]
