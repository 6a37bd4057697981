"""Photographs with true corners, in the form in which the SmartDoc competition's first challenge has them."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from booth.devices.camera.interface import Image
from booth.documents.quad import Points


@dataclass(frozen=True, slots=True)
class Photograph:
    """`corners` in the page's own order, clockwise; `size` is the page's width and height, in any unit."""

    background: str
    image: Image
    corners: Points
    size: tuple[float, float]


def photographs(folder: Path) -> Iterator[Photograph]:
    """The pictures that `ground_truth.csv` names; raises `ValueError` for one that can't be read."""
    with (folder / "ground_truth.csv").open(newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            flat = folder / row["image_path"].replace("/", "_")
            path = flat if flat.is_file() else folder / row["image_path"]
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is None:
                raise ValueError(f"no picture at {path}")
            corners = np.array([(float(row[f"{at}_x"]), float(row[f"{at}_y"])) for at in ("tl", "tr", "br", "bl")])
            size = float(row["model_width"]), float(row["model_height"])
            yield Photograph(row["bg_name"], image.astype(np.uint8, copy=False), corners, size)
