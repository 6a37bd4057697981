"""A simulated document camera over a mat on which papers can be laid: for the bench, the demonstration and the tests.

What the papers show is in `desk_papers.py`, how they look to a camera in `desk_scene.py`. A scene is drawn once,
when a paper is laid or lifted; a frame is one of a few slightly shifted copies of it under fresh noise, which costs
a few milliseconds.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from booth.devices.camera.desk_pages import Paper, draw_paper, find_fonts
from booth.devices.camera.desk_papers import BENCH_PAGES
from booth.devices.camera.desk_scene import Corners, Ground, Pose, render_ground, render_scene
from booth.devices.camera.grabbing import GrabbingCamera, Habits
from booth.devices.camera.interface import Image
from booth.errors import DeviceError
from protocol.errors import ErrorCode

__all__ = ["BENCH_PAGES", "SimulatedDesk"]

NOISE_LEVELS = 2.5
"""Standard deviation of the sensor's noise in grey levels: a webcam in office light."""

SHAKES_PX = ((0.0, 0.0), (0.4, -0.2), (-0.3, 0.35))
"""A desk is never quite still: where the picture stands from frame to frame."""

NOISE_BIAS = 8
"""The noise is positive and pictures are darker by its mean: adding bytes to bytes is fast, signed noise is not."""

NOISE_MARGIN_PX = 64
"""The plate of noise is so much larger than the picture; each frame takes another part of it."""


class SimulatedDesk(GrabbingCamera):
    """A `Camera` with hands. `lay` and `lift` show within a second, `plug` and `unplug` within half a second.

    Making one looks for a Chinese font and raises `ConfigError` when the system has none. The same seed and the same
    hands give the same scenes.
    """

    def __init__(self, width_px: int = 1920, height_px: int = 1440, rate_fps: float = 10, seed: int = 1) -> None:
        self._desk = _Desk(width_px, height_px, seed)
        habits = Habits(pace_fps=rate_fps, can_freeze=True, first_retry_s=0.1, longest_retry_s=0.2)
        super().__init__(self._desk, "simulated:desk", habits)

    @property
    def laid(self) -> str | None:
        """The `page_id` of the paper on the mat."""
        return self._desk.laid

    @property
    def plugged(self) -> bool:
        return self._desk.plugged

    @property
    def outline(self) -> Corners | None:
        """Where the corners of the paper that is being shown truly are, for measuring page finding."""
        return self._desk.outline

    def lay(self, page_id: str) -> None:
        """Lay a paper of `BENCH_PAGES` on the mat, in place of what lay there, a little askew each time.

        Raises `DeviceError` (`page_unknown`) for any other.
        """
        if page_id not in {record.page_id for record in BENCH_PAGES}:
            raise DeviceError(ErrorCode.PAGE_UNKNOWN, "no such paper on the bench")
        self._desk.laid = page_id
        self._desk.hand += 1

    def lift(self) -> None:
        """Take the paper away; harmless when there is none."""
        self._desk.laid = None
        self._desk.hand += 1

    def plug(self) -> None:
        self._desk.plugged = True

    def unplug(self) -> None:
        """Pull the camera's cable."""
        self._desk.plugged = False


class _Desk:
    """The source of the frames. The event loop writes `laid`, `hand` and `plugged`, the camera's thread the rest."""

    def __init__(self, width_px: int, height_px: int, seed: int) -> None:
        self.laid: str | None = None
        self.hand = 0
        """Counts everything that hands did, so that the same paper laid again lies otherwise."""
        self.plugged = True
        self.outline: Corners | None = None
        self._size, self._seed = (width_px, height_px), seed
        self._fonts = find_fonts()
        self._chance = np.random.default_rng(seed)
        self._ground: Ground | None = None
        self._noise: NDArray[np.uint8] | None = None
        self._papers: dict[str, Paper] = {}
        self._pictures: list[Image] = []
        self._drawn = -1
        self._shown = 0

    def open(self) -> None:
        self._require_plugged()
        if self._ground is None:
            self._ground = render_ground(*self._size, seed=self._seed)

    def read(self) -> Image:
        self._require_plugged()
        if self._drawn != self.hand:
            self._draw()
        self._shown += 1
        picture = self._pictures[self._shown % len(self._pictures)]
        noise = self._plate()
        left, top = self._chance.integers(0, NOISE_MARGIN_PX, 2)
        part = noise[top : top + picture.shape[0], left : left + picture.shape[1]]
        return cv2.add(picture, part).astype(np.uint8, copy=False)

    def close(self) -> None:
        """Nothing is held."""

    def _require_plugged(self) -> None:
        if not self.plugged:
            raise DeviceError(ErrorCode.CAMERA_ABSENT, "the cable is pulled")

    def _draw(self) -> None:
        """Draw the scene as it is now. A hand that comes in between is seen at the next frame."""
        assert self._ground is not None
        hand, laid = self.hand, self.laid
        paper = self._paper(laid) if laid is not None else None
        picture, corners = render_scene(self._ground, paper, self._pose(hand))
        darker = cv2.subtract(picture, np.full_like(picture, NOISE_BIAS)).astype(np.uint8, copy=False)
        self._pictures = [_shaken(darker, *shake) for shake in SHAKES_PX]
        self._drawn, self.outline = hand, corners

    def _paper(self, page_id: str) -> Paper:
        if page_id not in self._papers:
            record = next(record for record in BENCH_PAGES if record.page_id == page_id)
            self._papers[page_id] = draw_paper(record, self._fonts)
        return self._papers[page_id]

    def _pose(self, hand: int) -> Pose:
        """Where the hand lays it: near the middle, a little askew; A4 still fits."""
        chance = np.random.default_rng((self._seed, hand))
        return Pose(*(float(chance.uniform(-reach, reach)) for reach in (18.0, 3.0, 2.5)))

    def _plate(self) -> NDArray[np.uint8]:
        if self._noise is None:
            shape = (self._size[1] + NOISE_MARGIN_PX, self._size[0] + NOISE_MARGIN_PX, 3)
            noise = np.random.default_rng(self._seed).standard_normal(shape, dtype=np.float32) * NOISE_LEVELS
            self._noise = np.rint(noise + NOISE_BIAS).clip(0, 255).astype(np.uint8)
        return self._noise


def _shaken(picture: Image, x_px: float, y_px: float) -> Image:
    shift = np.array([(1, 0, x_px), (0, 1, y_px)], dtype=np.float32)
    size = picture.shape[1], picture.shape[0]
    return cv2.warpAffine(picture, shift, size, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)
