"""What lies about on a desk beside and over a page: hands, pens, glasses, a telephone, cups, cables."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.documents.quad import Points
from rigs.scenes.mats import Picture, grain

SKINS = ((128, 158, 214), (150, 182, 232), (104, 134, 190), (84, 110, 160), (60, 84, 128))
"""BGR."""

FINGER_MM, PALM_MM = 16.0, 82.0


def hold(scene: Picture, page: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    """A hand from outside holds the page: one to four fingers over one of its sides, never over its middle."""
    side = int(chance.integers(4))
    start, end = page[side], page[(side + 1) % 4]
    at = start + (end - start) * float(chance.uniform(0.12, 0.88))
    inward = page.mean(axis=0) - (start + end) / 2
    inward /= np.linalg.norm(inward)
    along = (end - start) / np.linalg.norm(end - start)
    reach = float(chance.uniform(4, 26)) * px_per_mm
    fingers = int(chance.integers(1, 5))
    length, width = float(chance.uniform(60, 90)) * px_per_mm, FINGER_MM * float(chance.uniform(0.85, 1.15)) * px_per_mm
    lean = along * float(chance.uniform(-0.35, 0.35))
    cover = np.zeros(scene.shape[:2], np.uint8)
    knuckles = []
    for finger in range(fingers):
        shift = along * width * 1.08 * (finger - (fingers - 1) / 2)
        tip = at + shift + inward * (reach - width / 2 - abs(finger - 1.3) * 0.25 * width)
        knuckle = tip - (inward + lean * 0.6) * length + shift * 0.15
        knuckles.append(knuckle)
        _limb(cover, tip, knuckle, width, width * 1.15)
    palm = np.mean(knuckles, axis=0)
    wrist = palm - (inward + lean) * 400 * px_per_mm
    _limb(
        cover,
        palm - inward * 25 * px_per_mm,
        wrist,
        PALM_MM * px_per_mm * min(1.0, 0.5 + fingers * 0.14),
        60 * px_per_mm,
    )
    _paint_skin(scene, cover, px_per_mm, chance)


def _limb(cover: NDArray[np.uint8], start: Points, end: Points, start_px: float, end_px: float) -> None:
    direction = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
    normal = np.array((-direction[1], direction[0]))
    outline = (
        start + normal * start_px / 2,
        end + normal * end_px / 2,
        end - normal * end_px / 2,
        start - normal * start_px / 2,
    )
    cv2.fillConvexPoly(cover, np.rint(outline).astype(np.int32), 255, cv2.LINE_AA)
    cv2.circle(
        cover, (round(float(start[0])), round(float(start[1]))), round(start_px / 2), 255, cv2.FILLED, cv2.LINE_AA
    )


def _paint_skin(scene: Picture, cover: NDArray[np.uint8], px_per_mm: float, chance: np.random.Generator) -> None:
    """Rounded by shading from its rim inwards; it throws a soft shadow."""
    skin = np.array(SKINS[int(chance.integers(len(SKINS)))], dtype=np.float32) * float(chance.uniform(0.85, 1.08))
    soft = cv2.GaussianBlur(cover, (0, 0), 4.5 * px_per_mm).astype(np.float32) / 255
    shade = 0.5 + 0.55 * soft + 0.02 * grain(scene.shape[1], scene.shape[0], (3 * px_per_mm, 3 * px_per_mm), chance)
    over(scene, skin * shade[:, :, None], cover, px_per_mm, 6.0, 0.45)


def over(
    scene: Picture,
    colour: Picture,
    cover: NDArray[np.uint8],
    px_per_mm: float,
    high_mm: float,
    shadow: float,
) -> None:
    """Put a thing over the scene, its shadow `high_mm` to the lower right."""
    shift = np.array([(1, 0, high_mm * 0.5 * px_per_mm), (0, 1, high_mm * 0.4 * px_per_mm)], dtype=np.float32)
    cast = cv2.GaussianBlur(cv2.warpAffine(cover, shift, cover.shape[::-1]), (0, 0), 0.45 * high_mm * px_per_mm)
    scene *= (1 - shadow / 255 * cast.astype(np.float32))[:, :, None]
    scene += (colour - scene) * (cover.astype(np.float32) / 255)[:, :, None]


def strew(scene: Picture, page: Points, px_per_mm: float, chance: np.random.Generator, count: int) -> None:
    """Lay `count` things on the desk beside the page; a pen may lie over one of its sides."""
    height, width = scene.shape[:2]
    outline = page.astype(np.float32)
    for _ in range(count):
        thing = (_pen, _glasses, _telephone, _cup, _cable)[int(chance.integers(5))]
        # A pen lies over a page now and then; a cup or a telephone is put beside it, however much of it is outside.
        apart_mm = {_pen: -12.0, _glasses: 75.0, _telephone: 85.0, _cup: 48.0, _cable: 8.0}[thing]
        for _ in range(30):
            at = np.array([chance.uniform(0, width), chance.uniform(0, height)])
            if cv2.pointPolygonTest(outline, (float(at[0]), float(at[1])), True) < -apart_mm * px_per_mm:
                thing(scene, at, px_per_mm, chance)
                break


def put_over_a_side(scene: Picture, page: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    """Put a thing where it hides a part of one of the page's sides."""
    at = outside(page, on_a_side(page, chance, 0.05, 0.95), float(chance.uniform(-10, 45)) * px_per_mm)
    thing = (_pen, _glasses, _telephone, _cup, _cable, ball)[int(chance.integers(6))]
    thing(scene, at, px_per_mm, chance)


def on_a_side(page: Points, chance: np.random.Generator, low: float = 0.0, high: float = 1.0) -> Points:
    """A place on one of the page's sides, between these parts of the way along it."""
    side = int(chance.integers(4))
    at: Points = page[side] + float(chance.uniform(low, high)) * (page[(side + 1) % 4] - page[side])
    return at


def outside(page: Points, at: Points, away_px: float) -> Points:
    """So much further from the page's middle."""
    outward = at - page.mean(axis=0)
    further: Points = at + outward / max(float(np.linalg.norm(outward)), 1e-6) * away_px
    return further


def ball(scene: Picture, at: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    """A fruit, a ball of wool: round, of one colour, lit from one side."""
    cover = np.zeros(scene.shape[:2], np.uint8)
    radius = float(chance.uniform(18, 48)) * px_per_mm
    cv2.circle(cover, tuple(map(int, np.rint(at))), round(radius), 255, cv2.FILLED, cv2.LINE_AA)
    lit = cv2.GaussianBlur(np.roll(cover, (-round(radius / 3), -round(radius / 4)), (0, 1)), (0, 0), radius / 2)
    colour = chance.uniform(15, 250, 3).astype(np.float32)
    over(scene, colour * (0.45 + 0.6 / 255 * lit.astype(np.float32))[:, :, None], cover, px_per_mm, 25.0, 0.35)


def turned(points_mm: Sequence[tuple[float, float]], at: Points, px_per_mm: float, angle: float) -> NDArray[np.int32]:
    rotation = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    turned: NDArray[np.int32] = np.rint(np.array(points_mm) * px_per_mm @ rotation.T + at).astype(np.int32)
    return turned


def _pen(scene: Picture, at: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    colours = ((30, 30, 34), (150, 60, 30), (40, 40, 190), (230, 228, 224), (60, 220, 200))
    cover = np.zeros(scene.shape[:2], np.uint8)
    angle, thick = float(chance.uniform(0, 2 * np.pi)), float(chance.uniform(4, 8))
    body = turned([(-68, -thick), (60, -thick), (72, 0), (60, thick), (-68, thick)], at, px_per_mm / 2, angle)
    cv2.fillConvexPoly(cover, body, 255, cv2.LINE_AA)
    colour = np.array(colours[int(chance.integers(len(colours)))], dtype=np.float32)
    over(scene, np.broadcast_to(colour, scene.shape).astype(np.float32), cover, px_per_mm, 5.0, 0.4)


def _glasses(scene: Picture, at: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    cover = np.zeros(scene.shape[:2], np.uint8)
    angle, thick = float(chance.uniform(0, 2 * np.pi)), max(1, round(2.2 * px_per_mm))
    for centre in turned([(-33, 0), (33, 0)], at, px_per_mm, angle):
        axes = round(25 * px_per_mm), round(19 * px_per_mm)
        cv2.ellipse(cover, tuple(map(int, centre)), axes, float(np.degrees(angle)), 0, 360, 255, thick, cv2.LINE_AA)
    for arm in ([(-8, 0), (8, 0)], [(-58, 0), (-64, -120)], [(58, 0), (64, -120)]):
        one, other = turned(arm, at, px_per_mm, angle)
        cv2.line(cover, tuple(map(int, one)), tuple(map(int, other)), 255, thick, cv2.LINE_AA)
    over(scene, np.full_like(scene, 34), cover, px_per_mm, 5.0, 0.35)


def _telephone(scene: Picture, at: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    angle = float(chance.uniform(0, 2 * np.pi))
    glass = np.zeros(scene.shape[:2], np.uint8)
    for inset, level in ((0.0, 255), (3.0, 110)):
        w, h = 37 - inset, 78 - inset
        outline = [
            (-w, -h + 6),
            (-w + 6, -h),
            (w - 6, -h),
            (w, -h + 6),
            (w, h - 6),
            (w - 6, h),
            (-w + 6, h),
            (-w, h - 6),
        ]
        cv2.fillConvexPoly(glass, turned(outline, at, px_per_mm, angle), level, cv2.LINE_AA)
    cover = cv2.threshold(glass, 60, 255, cv2.THRESH_BINARY)[1].astype(np.uint8)
    screen = float(chance.choice((18, 40, 150)))
    colour = np.where(glass[:, :, None] == 110, screen, 46).astype(np.float32)
    over(scene, np.broadcast_to(colour, scene.shape).astype(np.float32), cover, px_per_mm, 6.0, 0.45)


def _cup(scene: Picture, at: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    centre = tuple(map(int, np.rint(at)))
    outer, inner = np.zeros(scene.shape[:2], np.uint8), np.zeros(scene.shape[:2], np.uint8)
    radius = float(chance.uniform(36, 44)) * px_per_mm
    cv2.circle(outer, centre, round(radius), 255, cv2.FILLED, cv2.LINE_AA)
    cv2.circle(inner, centre, round(radius * 0.9), 255, cv2.FILLED, cv2.LINE_AA)
    colour = np.full_like(scene, float(chance.uniform(170, 245)))
    colour[inner > 128] = (30, 60, 90)
    over(scene, colour, outer, px_per_mm, 30.0, 0.3)


def _cable(scene: Picture, at: Points, px_per_mm: float, chance: np.random.Generator) -> None:
    cover = np.zeros(scene.shape[:2], np.uint8)
    steps = np.cumsum(chance.normal(0, 0.25, 60))
    heading = float(chance.uniform(0, 2 * np.pi)) + steps
    points = at + np.cumsum(np.column_stack((np.cos(heading), np.sin(heading))) * 8 * px_per_mm, axis=0)
    cv2.polylines(cover, [np.rint(points).astype(np.int32)], False, 255, max(1, round(4 * px_per_mm)), cv2.LINE_AA)
    over(scene, np.full_like(scene, 30), cover, px_per_mm, 4.0, 0.35)
