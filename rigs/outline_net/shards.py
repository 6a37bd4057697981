"""Draw training scenes into files: `python -m rigs.outline_net.shards FOLDER NUMBER…`, 250 a file, in a minute.

Number 400 is held out: training never reads it, and judges itself on it.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from rigs.outline_net.scenes import training_scene

SCENES = 250
HELD_OUT = 400


def draw_shard(folder: Path, number: int) -> None:
    """Scenes `number * SCENES` and the following; a file that is there already is left as it is."""
    path = folder / f"{number:05d}.npz"
    if path.is_file():
        return
    drawn = [training_scene(number * SCENES + place) for place in range(SCENES)]
    np.savez(path, pictures=np.stack([picture for picture, _ in drawn]), maps=np.stack([maps for _, maps in drawn]))


if __name__ == "__main__":
    cv2.setNumThreads(1)
    for number in sys.argv[2:]:
        draw_shard(Path(sys.argv[1]), int(number))
