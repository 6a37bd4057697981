"""Papers of every kind and none: random sizes, tints, text, tables, pictures, boxes. For training only."""

import cv2
import numpy as np

from booth.devices.camera.desk_pages import Paper
from rigs.scenes.mats import Picture, grain

SIZES_MM = (
    (210, 297),
    (210, 297),
    (297, 210),
    (210, 297),
    (148, 210),
    (105, 148),
    (143, 105),
    (86, 54),
    (86, 54),
    (80, 170),
    (152, 102),
    (125, 88),
    (216, 279),
)

PX_PER_MM = 2.4
PHOTOGRAPHS, SMOOTH = 0.2, 0.6
"""How often a paper is a photograph, and how often that is a smooth one."""


def random_paper(chance: np.random.Generator) -> Paper:
    width_mm, height_mm = SIZES_MM[int(chance.integers(len(SIZES_MM)))]
    width, height = round(width_mm * PX_PER_MM), round(height_mm * PX_PER_MM)
    if chance.random() < 0.7:
        tint = np.array([chance.uniform(235, 255)] * 3) + chance.uniform(-5, 3, 3)
    else:
        tint = chance.uniform(90, 255, 3)
    image = np.empty((height, width, 3), np.float32)
    image[:] = np.minimum(tint, 255)
    if chance.random() < 0.3:
        image += 6 * grain(width, height, (40, 40), chance)[:, :, None]
    ink = float(chance.uniform(10, 110))
    if chance.random() < PHOTOGRAPHS:
        _photograph(image, chance)
    elif chance.random() < 0.93:
        _content(image, ink, chance)
    radius = round(3 * PX_PER_MM) if width_mm == 86 else 0
    cover = np.full((height, width), 255, np.uint8)
    if radius:
        cover[:] = 0
        cv2.rectangle(cover, (radius, 0), (width - radius, height), 255, cv2.FILLED)
        cv2.rectangle(cover, (0, radius), (width, height - radius), 255, cv2.FILLED)
        for x in (radius, width - 1 - radius):
            for y in (radius, height - 1 - radius):
                cv2.circle(cover, (x, y), radius, 255, cv2.FILLED)
    return Paper(np.clip(image, 0, 255).astype(np.uint8), cover, width_mm, height_mm)


def _content(image: Picture, ink: float, chance: np.random.Generator) -> None:
    height, width = image.shape[:2]
    margin = round(float(chance.uniform(0.02, 0.12)) * width)
    y = margin
    columns = int(chance.choice((1, 1, 1, 2, 3)))
    while y < height - margin:
        block = float(chance.random())
        if block < 0.6:
            y = _lines(image, y, margin, columns, ink, chance)
        elif block < 0.75:
            y = _table(image, y, margin, ink, chance)
        elif block < 0.88:
            y = _picture(image, y, margin, chance)
        else:
            y += round(float(chance.uniform(0.03, 0.25)) * height)
    if chance.random() < 0.15:
        inset = round(float(chance.uniform(0.02, 0.08)) * width)
        cv2.rectangle(image, (inset, inset), (width - inset, height - inset), (ink,) * 3, int(chance.integers(1, 4)))
    if chance.random() < 0.25:
        _band(image, chance)


def _band(image: Picture, chance: np.random.Generator) -> None:
    """A coloured band along one side, up to the paper's edge or a little before it."""
    part = np.rot90(image, int(chance.integers(4)))
    inset = round(float(chance.uniform(1, 5)) * PX_PER_MM) if chance.random() < 0.25 else 0
    end = inset + round(float(chance.uniform(0.05, 0.3)) * part.shape[0])
    part[inset:end, inset : part.shape[1] - inset] = chance.uniform(20, 240, 3)


def _lines(image: Picture, y: int, margin: int, columns: int, ink: float, chance: np.random.Generator) -> int:
    height, width = image.shape[:2]
    size = max(2, round(float(chance.uniform(1.6, 4.5)) * PX_PER_MM))
    gap = round(size * float(chance.uniform(1.25, 1.9)))
    column = (width - 2 * margin) / columns
    for _ in range(int(chance.integers(1, 14))):
        if y > height - margin - size:
            break
        for place in range(columns):
            x = margin + round(place * column)
            end = x + round(column * (0.95 if chance.random() < 0.75 else float(chance.uniform(0.2, 0.9))))
            while x < end - size:
                word = min(round(size * float(chance.uniform(0.6, 4))), end - x)
                part = image[y : y + size, x : x + word]
                speckle = chance.random(part.shape[:2]) < 0.55
                part[speckle] = ink
                x += word + max(1, round(size * 0.45))
        y += gap
    return y + gap // 2


def _table(image: Picture, y: int, margin: int, ink: float, chance: np.random.Generator) -> int:
    height, width = image.shape[:2]
    rows, columns = int(chance.integers(1, 9)), int(chance.integers(1, 6))
    row = round(float(chance.uniform(5, 14)) * PX_PER_MM)
    end = min(height - margin, y + rows * row)
    for line in range(y, end + 1, row):
        cv2.line(image, (margin, line), (width - margin, line), (ink,) * 3, 1)
    for x in np.linspace(margin, width - margin, columns + 1):
        cv2.line(image, (round(float(x)), y), (round(float(x)), end), (ink,) * 3, 1)
    return int(end + row // 2)


def _picture(image: Picture, y: int, margin: int, chance: np.random.Generator) -> int:
    height, width = image.shape[:2]
    left = margin if chance.random() < 0.6 else round(float(chance.uniform(0, 0.6)) * width)
    w, h = round(float(chance.uniform(0.15, 0.9)) * width), round(float(chance.uniform(0.08, 0.4)) * height)
    part = image[y : min(height - margin, y + h), left : min(width - margin, left + w)]
    if part.shape[0] > 4 and part.shape[1] > 4:
        base = chance.uniform(20, 220, 3).astype(np.float32)
        part[:] = base + 45 * grain(part.shape[1], part.shape[0], (20, 20), chance)[:, :, None]
    return int(y + h + 4)


def _photograph(image: Picture, chance: np.random.Generator) -> None:
    """One picture, with a narrow border or none."""
    height, width = image.shape[:2]
    border = round(float(chance.uniform(0, 6)) * PX_PER_MM)
    part = image[border : height - border, border : width - border]
    if chance.random() < SMOOTH:
        _view(part, chance)
        return
    base = chance.uniform(20, 200, 3).astype(np.float32)
    part[:] = base + 40 * grain(part.shape[1], part.shape[0], (60, 60), chance)[:, :, None]
    part += 15 * grain(part.shape[1], part.shape[0], (8, 8), chance)[:, :, None]
    if chance.random() < 0.5:
        _title(image, chance)


def _view(part: Picture, chance: np.random.Generator) -> None:
    """Smooth as photographs are: a sky or a wall that darkens, ridges, heads and bodies, all a little out of focus."""
    height, width = part.shape[:2]
    ends = chance.uniform(15, 250, (2, 3)).astype(np.float32)
    if chance.random() < 0.6:
        ends[1] = np.clip(ends[0] + chance.normal(0, 25, 3), 5, 255)
    along = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    part[:] = ends[0] * (1 - along) + ends[1] * along
    part += float(chance.uniform(0, 14)) * grain(width, height, (width / 3, height / 3), chance)[:, :, None]
    for _ in range(int(chance.integers(0, 4))):
        x = np.linspace(0, width, 12)
        y = float(chance.uniform(0.2, 0.95)) * height + chance.normal(0, 0.06 * height, 12)
        ridge = np.vstack((np.column_stack((x, y)), [(width, height), (0, height)]))
        cover = np.zeros((height, width), np.uint8)
        cv2.fillPoly(cover, [np.rint(ridge).astype(np.int32)], 255, cv2.LINE_AA)
        soft = cv2.GaussianBlur(cover, (0, 0), float(chance.uniform(0.6, 5))).astype(np.float32)[:, :, None] / 255
        part += (chance.uniform(10, 230, 3).astype(np.float32) - part) * soft
    for _ in range(int(chance.choice((0, 0, 1, 2, 5)))):
        at = chance.uniform((0, 0), (width, height)).astype(int)
        size = (chance.uniform(0.03, 0.3, 2) * min(height, width)).astype(int) + 1
        cover = np.zeros((height, width), np.uint8)
        centre, axes, turn = (int(at[0]), int(at[1])), (int(size[0]), int(size[1])), float(chance.uniform(0, 180))
        cv2.ellipse(cover, centre, axes, turn, 0, 360, 255, cv2.FILLED, cv2.LINE_AA)
        soft = cv2.GaussianBlur(cover, (0, 0), float(chance.uniform(0.6, 6))).astype(np.float32)[:, :, None] / 255
        part += (chance.uniform(10, 240, 3).astype(np.float32) - part) * soft


def _title(image: Picture, chance: np.random.Generator) -> None:
    """Large letters and blocks of colour over a picture: a magazine's cover, a leaflet."""
    height, width = image.shape[:2]
    for _ in range(int(chance.integers(1, 4))):
        word = "".join(chr(65 + int(letter)) for letter in chance.integers(0, 26, int(chance.integers(4, 12))))
        place = int(chance.uniform(0, 0.4) * width), int(chance.uniform(0.08, 0.95) * height)
        size = width / 220 * float(chance.uniform(0.4, 1.5))
        letters = np.zeros((height, width), np.uint8)
        cv2.putText(letters, word, place, cv2.FONT_HERSHEY_SIMPLEX, size, (255,), max(1, round(size * 4)), cv2.LINE_AA)
        image += (chance.uniform(0, 255, 3).astype(np.float32) - image) * (letters.astype(np.float32) / 255)[:, :, None]
    if chance.random() < 0.5:
        left, top = (int(chance.uniform(0, 0.7) * side) for side in (width, height))
        end = left + int(chance.uniform(0.1, 0.5) * width), top + int(chance.uniform(0.05, 0.4) * height)
        cv2.rectangle(image, (left, top), end, tuple(float(value) for value in chance.uniform(0, 255, 3)), cv2.FILLED)
