"""Finding pages on drawn booth scenes: how many, on which mat, which kind; and how far the confidence can be
trusted."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from booth.documents.find import AUTOMATIC_CONFIDENCE, find_pages
from booth.documents.quad import Quad
from rigs.scenes.desk import BoothScene, booth_scene
from rigs.scenes.known import known_desk
from rigs.scenes.measures import jaccard, usual_recipe

SCENES, FIRST_SEED = 500, 0

RIGHT, WRONG = 0.98, 0.95
"""An outline is right from the first on; one below the second takes away or adds what everybody sees."""

CONFIDENCES = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.01)


@dataclass(slots=True)
class _Tally:
    """What was found of what lay there, by group; and every outline with its confidence and its score."""

    pages: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    right: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    outlines: list[tuple[float, float]] = field(default_factory=list)

    def count(self, scene: BoothScene, found: tuple[Quad, ...]) -> None:
        left = list(found)
        for page in scene.pages:
            scores = [jaccard(outline.points, page.corners, page.size_mm) for outline in left]
            best = max(scores, default=0.0)
            for group in ("all", scene.mat, page.kind, *(f"with_{trouble}" for trouble in scene.troubles)):
                self.pages[group] += 1
                self.right[group] += best >= RIGHT
            if best > 0:
                self.outlines.append((left.pop(scores.index(best)).confidence, best))
        self.outlines += [(outline.confidence, 0.0) for outline in left]

    def report(self) -> dict[str, Any]:
        automatic = [score for confidence, score in self.outlines if confidence >= AUTOMATIC_CONFIDENCE]
        return {
            "right": {group: _share(self.right[group], self.pages[group]) for group in sorted(self.pages)},
            "outlines": len(self.outlines),
            "automatic_from": AUTOMATIC_CONFIDENCE,
            "automatic": len(automatic),
            "automatic_wrong": sum(score < WRONG for score in automatic),
            "by_confidence": list(self._by_confidence()),
        }

    def _by_confidence(self) -> Iterator[dict[str, Any]]:
        for low, high in itertools.pairwise(CONFIDENCES):
            scores = [score for confidence, score in self.outlines if low <= confidence < high]
            yield {
                "from": low,
                "outlines": len(scores),
                "right": sum(score >= RIGHT for score in scores),
                "wrong": sum(score < WRONG for score in scores),
            }


def measure() -> dict[str, Any]:
    """The same scenes: nothing known, the empty mat known, its plane, too; this at a quick look; and by the usual
    recipe."""
    blind, unmeasured, knowing, quick, usual = (_Tally() for _ in range(5))
    planes = 0
    for seed in range(FIRST_SEED, FIRST_SEED + SCENES):
        scene = booth_scene(seed)
        mat, plane = known_desk(scene)
        planes += plane is not None
        blind.count(scene, find_pages(scene.image).pages)
        unmeasured.count(scene, find_pages(scene.image, mat).pages)
        knowing.count(scene, find_pages(scene.image, mat, plane).pages)
        quick.count(scene, find_pages(scene.image, mat, plane, quick=True).pages)
        recipe = usual_recipe(scene.image)
        usual.count(scene, (recipe,) if recipe is not None else ())
    return {
        "scenes": SCENES,
        "first_seed": FIRST_SEED,
        "right_from_jaccard": RIGHT,
        "wrong_below_jaccard": WRONG,
        "without_reference": blind.report(),
        "with_reference": unmeasured.report(),
        "planes_learnt": planes,
        "with_reference_and_plane": knowing.report(),
        "at_a_quick_look": quick.report(),
        "usual_recipe": {"right": usual.report()["right"]},
    }


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({100 * part / whole:.1f} %)"
