"""Fit the confidence: `python -m rigs.outline_net.calibrate FIRST_SEED SCENES` on scenes that neither
the bench nor the training uses.

Prints the weights for `booth/documents/confidence.py`, of the first look and of the second, and what part was right at
which confidence on a third that the fit did not see.
"""

import sys
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.documents.confidence import Evidence
from booth.documents.find import look
from booth.documents.mat import MatReference
from booth.documents.quad import Points, Quad
from rigs.outline_net.scenes import training_scene
from rigs.scenes.desk import booth_scene
from rigs.scenes.known import known_desk
from rigs.scenes.measures import jaccard

RIGHT = 0.96
"""Between what counts as right (0.98) and what counts as wrong (0.95) in the bench."""

SQUARE = (1.0, 1.0)
"""The measure is one for all sizes of the page."""

BOOTH_COUNTS = 3
"""What lies at a booth counts so much more than what may lie anywhere."""

SHARPNESS, ROUNDS = 1e-3, 50


def gather(seeds: range) -> Iterator[tuple[Evidence, float]]:
    """Every outline of each booth scene and of each training scene, which has pages cut by the frame, too, looked at
    with and without the empty mat, the first with its plane, too: the evidence, and the score."""
    for seed in seeds:
        booth, other = booth_scene(seed), training_scene(seed)
        mat, plane = known_desk(booth)
        laid = [(page.corners, page.size_mm) for page in booth.pages]
        for known in ((None, None), (mat, None), (mat, plane)):
            for outline, evidence in look(booth.image, *known)[0]:
                yield from [(evidence, _score(outline, laid))] * BOOTH_COUNTS
        for empty in (None, MatReference(other.empty)):
            for outline, evidence in look(other.picture, empty)[0]:
                yield evidence, _score(outline, [(corners, SQUARE) for corners in other.pages])


def _score(outline: Quad, pages: list[tuple[Points, tuple[float, float]]]) -> float:
    return max((jaccard(outline.points, *page) for page in pages), default=0.0)


def fit(features: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Logistic regression by Newton's steps, a little held back; `features` has a column of ones."""
    weights = np.zeros(features.shape[1])
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(features @ weights, -30, 30)))
        slope = features.T @ (chance - right) + SHARPNESS * len(right) * np.append(weights[:-1], 0) / 10
        bend = (features * (chance * (1 - chance))[:, None]).T @ features + SHARPNESS * len(right) / 10 * np.eye(
            len(weights)
        )
        weights -= np.linalg.solve(bend, slope)
    return weights


def main(first: int, count: int) -> None:
    cv2.setNumThreads(1)
    gathered = list(gather(range(first, first + count)))
    tell("WEIGHTS", [each for each in gathered if each[0].second is None])
    tell("WEIGHTS_FROM_NEARER", [each for each in gathered if each[0].second is not None])


def tell(name: str, gathered: list[tuple[Evidence, float]]) -> None:
    features = np.array([[*evidence.features, 1.0] for evidence, _ in gathered])
    scores = np.array([score for _, score in gathered])
    kept = np.arange(len(scores)) % 3 != 0
    weights = fit(features[kept], scores[kept] >= RIGHT)
    print(name, "=", tuple(round(float(weight), 2) for weight in weights))
    sure = 1 / (1 + np.exp(-features[~kept] @ weights))
    for low, high in ((0, 0.3), (0.3, 0.5), (0.5, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 0.98), (0.98, 1.01)):
        part = scores[~kept][(sure >= low) & (sure < high)]
        print(f"{low:.2f} to {high:.2f}: {len(part)} outlines, {int((part >= RIGHT).sum())} right")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
