"""`python -m rigs.contact_sheet`: 24 pages before and after, drawn at the booth's desk, as one picture in docs/.

Scenes are those of `rigs.scenes` from seed `FIRST` on, one after another, none left out: what looks bad stays in.
"""

import os
from pathlib import Path

import cv2
import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.find import find_page
from booth.documents.page import PageImage, make_page
from booth.documents.sizes import measure_size
from rigs.scenes.desk import BoothScene, booth_scene
from rigs.scenes.known import known_desk

FIRST, COUNT = 2000, 24
FRAME_PX = (1920, 1440)
TILE_PX = (216, 176)
COLUMNS = 4
QUALITY = 90
GROUND = (236, 238, 240)
LINE = (60, 180, 60)
SHEET = Path(__file__).resolve().parent.parent / "docs" / "pages-contact-sheet.jpg"


def main() -> None:
    cv2.setNumThreads(1)
    sheet = draw_sheet([booth_scene(FIRST + number, *FRAME_PX) for number in range(COUNT)])
    _, data = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    target = Path(os.environ.get("SHEET", SHEET))
    target.write_bytes(data.tobytes())
    print(f"→ {target}, {len(data)} bytes")


def draw_sheet(scenes: list[BoothScene]) -> Image:
    """The scenes in rows of `COLUMNS`: each as the camera saw it, and the page that was made of it."""
    cells = [np.hstack((before, after)) for before, after in map(_pair, scenes)]
    rows = [np.hstack(cells[start : start + COLUMNS]) for start in range(0, len(cells), COLUMNS)]
    return np.vstack(rows).astype(np.uint8, copy=False)


def _pair(scene: BoothScene) -> tuple[Image, Image]:
    mat, plane = known_desk(scene)
    outline = find_page(scene.image, mat, plane)
    page = make_page(scene.image, outline, measure=measure_size if plane is None else plane.measure)
    before = scene.image.copy()
    if page.outline is not None:
        corners = np.rint(page.outline.points).astype(np.int32)
        cv2.polylines(before, [corners], True, LINE, 9, cv2.LINE_AA)
    after = cv2.imdecode(np.frombuffer(page.full_jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert after is not None
    return _tile(before, _name(scene)), _tile(after.astype(np.uint8, copy=False), _said(page))


def _name(scene: BoothScene) -> str:
    return f"{scene.seed} {scene.pages[0].kind} on {scene.mat}"


def _said(page: PageImage) -> str:
    if not page.flat:
        return "no page found"
    flaws = " ".join(flaw.kind for flaw in page.flaws)
    turned = f"turned {page.turned * 90}" if page.upright else "turn unsure"
    return f"{page.size or 'own size'}, {turned}{', ' if flaws else ''}{flaws}"


def _tile(image: Image, words: str) -> Image:
    width, height = TILE_PX
    factor = min((width - 6) / image.shape[1], (height - 20) / image.shape[0])
    size = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    tile = np.full((height, width, 3), GROUND, np.uint8)
    top, left = (height - 16 - size[1]) // 2, (width - size[0]) // 2
    tile[top : top + size[1], left : left + size[0]] = small
    cv2.putText(tile, words, (4, height - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.34, (40, 40, 40), 1, cv2.LINE_AA)
    return tile


if __name__ == "__main__":
    main()
