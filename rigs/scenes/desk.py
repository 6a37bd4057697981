"""Booth scenes: a document on a mat under a camera, with everything that goes wrong at a desk, and the true corners."""

from dataclasses import dataclass

import numpy as np

from booth.devices.camera.desk_pages import Paper
from booth.devices.camera.interface import Image
from booth.documents.quad import Points
from rigs.scenes.laying import VIEW_WIDTH_MM, Camera, Lie, corners, lay
from rigs.scenes.light import Field, Lens, person_shadow, photograph, shade, shine
from rigs.scenes.mats import MatKind, Picture, draw_mat
from rigs.scenes.sheets import SHEETS, sheet
from rigs.scenes.things import hold, strew

MARGIN = 0.015
"""Every true corner is so far inside the frame, as a part of its width."""

MATS = tuple(MatKind)
FORM, CARD = (
    next(place for place, record in enumerate(SHEETS) if record.page_id == name)
    for name in ("application_form", "id_card")
)


@dataclass(frozen=True, slots=True)
class LaidPage:
    kind: str
    corners: Points
    """Upper left, upper right, lower right, lower left of the page itself, in pixels."""
    size_mm: tuple[float, float]


@dataclass(frozen=True, slots=True)
class BoothScene:
    """`empty` is the same desk before anybody came, under its light of then; `troubles` names what is in the
    picture."""

    seed: int
    mat: MatKind
    image: Image
    empty: Image
    pages: tuple[LaidPage, ...]
    troubles: frozenset[str]


def booth_scene(seed: int, width_px: int = 1280, height_px: int = 960) -> BoothScene:
    """The scene of this seed. Mats and kinds take turns, so that any 28 seeds in a row have every pair once."""
    chance = np.random.default_rng(seed)
    mat, kind = MATS[seed % len(MATS)], seed // len(MATS) % len(SHEETS)
    camera, ground, lens, lamps = _desk(mat, width_px, height_px, chance)
    empty = photograph(ground * (lamps * np.float32(chance.uniform(0.9, 1.1)))[:, :, None], lens, chance)
    troubles: set[str] = set()
    pages = _lay_pages(ground, kind, camera, chance, troubles)
    px_per_mm = width_px / VIEW_WIDTH_MM
    first = pages[0].corners
    if chance.random() < 0.5:
        strew(ground, first if len(pages) == 1 else _hull(pages), px_per_mm, chance, int(chance.integers(1, 4)))
        troubles.add("clutter")
    if chance.random() < 0.3:
        hold(ground, first, px_per_mm, chance)
        troubles.add("hand")
    lit = _lit(ground, lamps, first, chance, troubles)
    return BoothScene(seed, mat, photograph(lit, lens, chance), empty, tuple(pages), frozenset(troubles))


def served_before(seed: int, visit: int, width_px: int = 1280, height_px: int = 960) -> Image:
    """What the same camera saw of the same desk in a visit before: an A4 form and an ID card beside it, nothing over
    them."""
    chance = np.random.default_rng(seed)
    camera, ground, lens, lamps = _desk(MATS[seed % len(MATS)], width_px, height_px, chance)
    chance = np.random.default_rng((seed, 1, visit))
    for which, (x_mm, y_mm) in ((FORM, (-55.0, 0.0)), (CARD, (115.0, 40.0))):
        away = chance.uniform(-12, 12, 2)
        lie = Lie(x_mm + float(away[0]), y_mm + float(away[1]) / 4, float(chance.uniform(-6, 6)))
        lay(ground, sheet(which), lie, camera, chance.uniform(-0.7, 0.7, 2), float(chance.uniform(0.12, 0.45)))
    return photograph(ground * lamps[:, :, None], lens, chance)


def _desk(
    mat: MatKind, width_px: int, height_px: int, chance: np.random.Generator
) -> tuple[Camera, Picture, Lens, Field]:
    tilt, pan = (float(value) for value in chance.uniform((-9, -6), (9, 6)))
    camera = Camera(width_px, height_px, tilt, pan, float(chance.uniform(1.0, 1.4)))
    ground = draw_mat(mat, width_px, height_px, chance)
    return camera, ground, Lens.by_chance(chance), shade(width_px, height_px, chance)


def _hull(pages: list[LaidPage]) -> Points:
    """An upright rectangle round all pages."""
    every = np.concatenate([page.corners for page in pages])
    (left, top), (right, bottom) = every.min(axis=0), every.max(axis=0)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _lit(ground: Picture, lamps: Field, page: Points, chance: np.random.Generator, troubles: set[str]) -> Picture:
    height, width = ground.shape[:2]
    light = lamps
    if chance.random() < 0.4:
        light = light * person_shadow(width, height, chance)
        troubles.add("shadow")
    lit: Picture = ground * light[:, :, None]
    if chance.random() < 0.25:
        at = page.mean(axis=0) + chance.normal(0, 0.12 * width, 2)
        lit += shine(width, height, at, chance)[:, :, None]
        troubles.add("glare")
    return lit


def _lay_pages(
    ground: Picture, kind: int, camera: Camera, chance: np.random.Generator, troubles: set[str]
) -> list[LaidPage]:
    """The document, now and then with a card or another small paper beside it, now and then on other sheets."""
    shadow_mm, shadow = chance.uniform(-0.7, 0.7, 2), float(chance.uniform(0.12, 0.45))
    first = _lie(sheet(kind), camera, chance, [], troubles)
    assert first is not None, "no pose keeps the paper inside the frame"
    lies = [(kind, first)]
    if chance.random() < 0.2:
        other = int(chance.choice((0, 3, 4, 6)))
        beside = _lie(sheet(other), camera, chance, [corners(sheet(kind), first, camera)], set())
        if beside is not None:
            lies.append((other, beside))
            troubles.add("two")
    pages = []
    for which, lie in lies:
        paper = sheet(which)
        lay(ground, paper, lie, camera, shadow_mm, shadow)
        record = SHEETS[which]
        pages.append(LaidPage(record.page_id, corners(paper, lie, camera), (paper.width_mm, paper.height_mm)))
    return pages


def _lie(
    paper: Paper, camera: Camera, chance: np.random.Generator, taken: list[Points], troubles: set[str]
) -> Lie | None:
    """A pose wholly inside the frame and clear of what is taken; None when there is no room."""
    curl = (
        float(chance.uniform(0.5, 4.0)) if min(paper.width_mm, paper.height_mm) > 70 and chance.random() < 0.4 else 0.0
    )
    fold = (
        float(chance.uniform(0.04, 0.14))
        if min(paper.width_mm, paper.height_mm) > 70 and chance.random() < 0.12
        else 0.0
    )
    for _ in range(400 if not taken else 60):
        turn = float(
            chance.choice((0, 90, 180, 270))
            + (chance.uniform(-25, 25) if chance.random() < 0.8 else chance.uniform(-45, 45))
        )
        at = chance.uniform((-190, -140), (190, 140))
        lie = Lie(float(at[0]), float(at[1]), turn, curl, float(chance.uniform(0, 180)), fold, int(chance.integers(4)))
        seen = corners(paper, lie, camera)
        low = MARGIN * camera.width_px
        inside = seen.min() >= low and bool(np.all(seen <= (camera.width_px - low, camera.height_px - low)))
        if inside and all(_apart(seen, other, 0.012 * camera.width_px) for other in taken):
            troubles.update({"curl"} if curl else set(), {"fold"} if fold else set())
            return lie
    return None


def _apart(one: Points, other: Points, least_px: float) -> bool:
    """Whether a straight line with so much room keeps them apart."""
    for outline in (one, other):
        for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
            normal = np.array((end[1] - start[1], start[0] - end[0])) / np.linalg.norm(end - start)
            first, second = one @ normal, other @ normal
            if first.min() - second.max() > least_px or second.min() - first.max() > least_px:
                return True
    return False
