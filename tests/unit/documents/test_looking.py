"""What the desk's looker keeps between visits: the empty desk, and nothing else."""

from booth.core.capture import Sight
from booth.documents.looking import Looker
from booth.documents.mat import EMPTY_PICTURES
from booth.documents.quad import outline_in
from rigs.scenes.desk import BoothScene, booth_scene
from rigs.scenes.measures import jaccard


def surely_sees(looker: Looker, scene: BoothScene) -> bool:
    """Whether the page is seen where it lies, so surely that it may be taken."""
    sight = looker.look(scene.image, 0.0)
    if not isinstance(sight, Sight) or sight.exact is None or not sight.trusted:
        return False
    height, width = scene.image.shape[:2]
    found = outline_in(sight.exact, width, height).points
    return max(jaccard(found, page.corners, page.size_mm) for page in scene.pages) > 0.9


def test_a_looker_that_rested_is_surer_of_white_paper_on_a_white_desk_in_every_visit() -> None:
    scenes = [booth_scene(seed, 640, 480) for seed in range(3031, 3075, 4)]
    assert {scene.mat for scene in scenes} == {"white"}
    knowing = 0
    for scene in scenes:
        looker = Looker()
        for _ in range(EMPTY_PICTURES + 1):
            looker.rest(scene.empty)
        looker.forget()
        knowing += surely_sees(looker, scene)
    assert knowing > sum(surely_sees(Looker(), scene) for scene in scenes)
