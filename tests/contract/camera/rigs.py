"""The cameras that the contract is held against, each with the hands that pull and push its cable."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from booth.devices.camera.desk import SimulatedDesk
from booth.devices.camera.interface import Camera
from booth.devices.camera.opencv import OpenCvCamera
from tests.support.desk_video import write_desk_video

RATE_FPS = 20.0
WIDTH_PX, HEIGHT_PX = 320, 240


@dataclass(frozen=True, slots=True)
class Rig:
    camera: Camera
    unplug: Callable[[], object]
    plug: Callable[[], object]


def simulated(_: Path) -> Rig:
    desk = SimulatedDesk(WIDTH_PX, HEIGHT_PX, RATE_FPS)
    return Rig(desk, desk.unplug, desk.plug)


def video_file(folder: Path) -> Rig:
    """A file that is taken away is a camera that is pulled."""
    path, away = folder / "desk.avi", folder / "away.avi"
    write_desk_video(path, ["id_card"], WIDTH_PX, HEIGHT_PX, RATE_FPS, page_s=1.0, pause_s=0.2)
    camera = OpenCvCamera.video_file(path, RATE_FPS)
    return Rig(camera, lambda: path.rename(away), lambda: away.rename(path))


def image_folder(folder: Path) -> Rig:
    path, away = folder / "pictures", folder / "away"
    path.mkdir()
    chance = np.random.default_rng(1)
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(path / name), chance.integers(0, 255, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8))
    camera = OpenCvCamera.image_folder(path, RATE_FPS)
    return Rig(camera, lambda: path.rename(away), lambda: away.rename(path))


def v4l2(folder: Path) -> Rig:
    """The driver for devices, on a capture that behaves like one."""
    path = folder / "video0"
    path.touch()
    camera = OpenCvCamera.v4l2(str(path), WIDTH_PX, HEIGHT_PX, RATE_FPS, FakeDevices().open)
    return Rig(camera, path.unlink, path.touch)


RIGS = {"simulated": simulated, "video_file": video_file, "image_folder": image_folder, "v4l2": v4l2}


@dataclass(eq=False)
class FakeDevices:
    """Stands for `cv2.VideoCapture` on a V4L2 device: noise at the rate asked for, until the device node is gone."""

    opened: list["FakeCapture"] = field(default_factory=list)
    frozen: bool = False
    hanging: threading.Event = field(default_factory=threading.Event)
    """Set while reads go through; cleared, a read blocks as in a driver that hangs."""

    def __post_init__(self) -> None:
        self.hanging.set()

    def open(self, path: str, backend: int) -> "FakeCapture":
        capture = FakeCapture(self, Path(path), backend)
        self.opened.append(capture)
        return capture


@dataclass(eq=False)
class FakeCapture:
    devices: FakeDevices
    path: Path
    backend: int
    options: list[tuple[int, float]] = field(default_factory=list)
    failing_reads: int = 0
    released: bool = False
    _chance: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    _last: Any = None
    _pace: threading.Event = field(default_factory=threading.Event)

    def isOpened(self) -> bool:
        return self.path.exists()

    def set(self, propId: int, value: float) -> bool:
        self.options.append((propId, value))
        return True

    def get(self, propId: int) -> float:
        return dict(self.options).get(propId, 0.0)

    def read(self) -> tuple[bool, Any]:
        self.devices.hanging.wait(30)
        self._pace.wait(1 / RATE_FPS)
        if not self.path.exists():
            return False, None
        if self.failing_reads:
            self.failing_reads -= 1
            return False, None
        if self._last is None or not self.devices.frozen:
            self._last = self._chance.integers(100, 104, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)
        return True, self._last.copy()

    def release(self) -> None:
        self.released = True
