"""Train a net on drawn scenes and export it:
`python -m rigs.outline_net.train outline|strips|strips_nearer FOLDER OUT.onnx STEPS [START.onnx]`.

`FOLDER` holds shards as `rigs.outline_net.shards` draws them, for `strips_nearer` those of `from_nearer`. Needs `torch`
and `onnx`, which nothing else here does; a run goes on from its last checkpoint beside the output, or begins with what
the net `START.onnx` knows.
"""

import math
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnx
import onnx.numpy_helper
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from booth.documents.strips import ACROSS, PLACES, SAMPLES
from rigs.outline_net.nets import Asked, OutlineNet, Step, StripsNet
from rigs.outline_net.shards import HELD_OUT, NOWHERE, PARTS

LEARNING_RATE, LEARNING_ON_RATE = 3e-3, 1e-3
"""Of a net that begins anew, and of one that begins with what another knows."""

REMEMBERED = 0.997
"""What is exported is the mean of the weights of the last 300 steps or so: those of any one step differ by more pages
than a longer training brings."""

UNLIKE, NEW = 0.1, 0.005
"""How much the weights of a wider net differ, by usual errors, from those of which they are copies (Chen, Goodfellow,
Shlens, *Net2Net*, 2016), and those of a layer that the other has not from one that changes nothing."""

WARM_UP = 50
SAVED_EVERY = 200

Arrays = tuple[NDArray[Any], NDArray[Any]]


class Lesson(ABC):
    """What one net learns."""

    net: nn.Module
    batch: int
    parts: tuple[str, str]
    """The names of what it sees and of what it should answer, in a shard."""

    @abstractmethod
    def given(self, seen: NDArray[Any], chance: np.random.Generator | None = None) -> tuple[torch.Tensor, Any]:
        """The net's input, changed by chance, and how it was mirrored."""

    @abstractmethod
    def loss(self, answer: torch.Tensor, wanted: NDArray[Any], mirrored: Any) -> torch.Tensor: ...

    @abstractmethod
    def judged(self, answer: torch.Tensor, wanted: NDArray[Any]) -> dict[str, float]: ...

    free: ClassVar[dict[str, dict[int, str]]]
    """The dimensions of what it sees and of its answer that a picture decides, and their names."""

    @abstractmethod
    def example(self) -> torch.Tensor: ...


def varied(seen: NDArray[Any], chance: np.random.Generator | None) -> torch.Tensor:
    """`(n, h, w, 6)` as `(n, 6, h, w)`, 0 to 1; the colours brightened and tinted by chance, the comparison shifted."""
    given = torch.from_numpy(np.ascontiguousarray(seen.transpose(0, 3, 1, 2))).float() / 255
    if chance is None:
        return given
    count = len(given)
    gain = torch.from_numpy(chance.uniform(0.8, 1.2, (count, 3, 1, 1)).astype(np.float32))
    bend = torch.from_numpy(chance.uniform(0.75, 1.3, (count, 1, 1, 1)).astype(np.float32))
    given[:, :3] = (given[:, :3] * gain).clamp(1e-4, 1) ** bend
    known = (given[:, 3:].amax((1, 2, 3)) != given[:, 3:].amin((1, 2, 3))).float()[:, None, None, None]
    shift = torch.from_numpy(chance.normal(0, 0.02, (count, 3, 1, 1)).astype(np.float32))
    given[:, 3:] = (given[:, 3:] + known * shift).clamp(0, 1)
    return given


class Outlines(Lesson):
    parts = "seen", "maps"
    batch = 8
    free: ClassVar = {
        "seen": {0: "pictures", 1: "rows", 2: "columns"},
        "answer": {0: "pictures", 2: "answered rows", 3: "answered columns"},
    }

    def __init__(self) -> None:
        self.net = OutlineNet().to(memory_format=torch.channels_last)

    def given(self, seen: NDArray[Any], chance: np.random.Generator | None = None) -> tuple[torch.Tensor, Any]:
        given = varied(seen, chance)
        flips = [axis for axis in (2, 3) if chance is not None and chance.random() < 0.5]
        if flips:
            given = given.flip(flips)
        return given.contiguous(memory_format=torch.channels_last), flips

    def loss(self, answer: torch.Tensor, wanted: NDArray[Any], mirrored: Any) -> torch.Tensor:
        truth = torch.from_numpy(wanted).float() / 255
        if mirrored:
            truth = truth.flip(mirrored)
        entropy = functional.binary_cross_entropy_with_logits(answer, truth, reduction="none")
        weights = torch.ones_like(truth)
        weights[:, 1] = 1 + 5 * truth[:, 1]
        seen = torch.sigmoid(answer)
        shared = (seen * truth).sum((2, 3))
        dice = 1 - (2 * shared + 20) / (seen.sum((2, 3)) + truth.sum((2, 3)) + 20)
        return (entropy * weights).mean() + 0.3 * dice.mean()

    def judged(self, answer: torch.Tensor, wanted: NDArray[Any]) -> dict[str, float]:
        seen, truth = answer.numpy() > 0, wanted > 127
        shared, joint = (seen & truth).sum((0, 2, 3)), (seen | truth).sum((0, 2, 3))
        return {name: float(shared[place] / joint[place]) for place, name in enumerate(("pages", "sides", "cut"))}

    def example(self) -> torch.Tensor:
        return torch.zeros(1, 288, 384, 6, dtype=torch.uint8)


class Sides(Lesson):
    parts = "strips", "steps"
    batch = 20
    free: ClassVar = {"seen": {0: "strips"}, "answer": {0: "strips"}}

    SPREAD = 0.8
    """Steps: neighbours of the right one are nearly right."""

    def __init__(self, wide: bool = False) -> None:
        self.net = StripsNet(wide)

    def given(self, seen: NDArray[Any], chance: np.random.Generator | None = None) -> tuple[torch.Tensor, Any]:
        strips = seen.reshape(-1, SAMPLES, ACROSS, 6)
        given = varied(strips, chance)
        flipped = chance is not None and chance.random() < 0.5
        return given.flip(2) if flipped else given, flipped

    def loss(self, answer: torch.Tensor, wanted: NDArray[Any], mirrored: Any) -> torch.Tensor:
        truth = torch.from_numpy(wanted.reshape(-1, PLACES)).float()
        if mirrored:
            truth = truth.flip(1)
        nowhere = truth == NOWHERE
        away = torch.arange(ACROSS)[None, :, None] - (truth / PARTS)[:, None]
        chances = torch.exp(-((away / self.SPREAD) ** 2) / 2) * ~nowhere[:, None]
        chances = chances / chances.sum(1, keepdim=True).clamp(min=1e-6)
        target = torch.cat((chances, nowhere[:, None].float()), 1)
        return -(target * functional.log_softmax(answer, 1)).sum(1).mean()

    def judged(self, answer: torch.Tensor, wanted: NDArray[Any]) -> dict[str, float]:
        truth = torch.from_numpy(wanted.reshape(-1, PLACES)).float()
        told = answer.argmax(1)
        there, silent = truth != NOWHERE, told == ACROSS
        near = (told - truth / PARTS).abs() <= 1.5
        return {
            "within 1.5 steps": float((near & ~silent)[there].float().mean()),
            "nowhere told": float(silent[~there].float().mean()),
        }

    def example(self) -> torch.Tensor:
        return torch.zeros(4, SAMPLES, ACROSS, 6, dtype=torch.uint8)


def train(lesson: Lesson, folder: Path, out: Path, steps: int, start: Path | None = None) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    net, checkpoint, step, highest = lesson.net, out.with_suffix(".pt"), 0, LEARNING_RATE
    if start is not None:
        begin_with(net, start)
        highest = LEARNING_ON_RATE
    mean = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(REMEMBERED), use_buffers=True)
    optimizer = torch.optim.AdamW(net.parameters(), highest, weight_decay=1e-4)
    if checkpoint.is_file():
        kept = torch.load(checkpoint)
        net.load_state_dict(kept["net"])
        mean.load_state_dict(kept["mean"])
        optimizer.load_state_dict(kept["optimizer"])
        step = kept["step"]
    chance = np.random.default_rng(step)
    begun, running, saved = time.monotonic(), 0.0, step
    net.train()
    while step < steps:
        seen, wanted = _shard(folder, lesson, chance)
        order = chance.permutation(len(seen))
        for first in range(0, len(order) - lesson.batch + 1, lesson.batch):
            rate = highest * min(1, step / WARM_UP + 0.05)
            rate *= 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1, step / steps)))
            for group in optimizer.param_groups:
                group["lr"] = rate
            places = order[first : first + lesson.batch]
            given, how = lesson.given(seen[places], chance)
            optimizer.zero_grad()
            loss = lesson.loss(net(given), wanted[places], how)
            loss.backward()
            optimizer.step()
            mean.update_parameters(net)
            step += 1
            running += (0.02 if running else 1) * (float(loss.detach()) - running)
            if step >= steps:
                break
        if step - saved >= SAVED_EVERY or step >= steps:
            saved = step
            kept = {"net": net.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save({**kept, "step": step}, checkpoint)
            export(lesson, mean.module, out)
            right = judge(lesson, mean.module, folder)
            print(f"{time.monotonic() - begun:.0f} s, step {step}, loss {running:.4f}, {right}", flush=True)


def begin_with(net: nn.Module, start: Path) -> None:
    """Give the net the weights of one that was exported, in which each normalisation is part of its convolution; they
    may have been made 8-bit ones since."""
    graph = onnx.load(str(start)).graph
    known = {kept.name: torch.from_numpy(onnx.numpy_helper.to_array(kept).copy()) for kept in graph.initializer}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in known:
            whole, scale, zero = (known[name].float() for name in node.input)
            each = (-1, *(1,) * (whole.ndim - 1))
            known[node.output[0]] = (whole - zero.reshape(each)) * scale.reshape(each)
    told = [[known[name] for name in node.input[1:]] for node in graph.node if node.op_type == "Conv"]
    for step in net.modules():
        if isinstance(step, Step):
            step[0].bias = nn.Parameter(torch.zeros(step[0].out_channels))
            step[1] = nn.Identity()
    new = net.further if isinstance(net, StripsNet) else nn.Identity()
    convolutions = [each for each in net.modules() if isinstance(each, nn.Conv1d | nn.Conv2d)]
    with torch.no_grad():
        if isinstance(new, Step):
            assert new[0].bias is not None
            nn.init.dirac_(new[0].weight)
            new[0].weight.add_(torch.randn_like(new[0].weight), alpha=NEW)
            convolutions.remove(new[0])
        for convolution, (weight, bias) in zip(convolutions, told, strict=True):
            assert convolution.bias is not None
            given, taken = np.floor_divide(convolution.weight.shape[:2], weight.shape[:2]).tolist()
            wider = weight.repeat_interleave(taken, 1).repeat_interleave(given, 0) / taken
            varied = 1 + UNLIKE * torch.randn_like(wider) if given * taken > 1 else 1
            convolution.weight.copy_(wider * varied)
            convolution.bias.copy_(bias.repeat_interleave(given))


def _shard(folder: Path, lesson: Lesson, chance: np.random.Generator) -> Arrays:
    paths = [path for path in sorted(folder.glob("*.npz")) if path.stem != f"{HELD_OUT:05d}"]
    return _arrays(paths[int(chance.integers(len(paths)))], lesson)


def _arrays(path: Path, lesson: Lesson) -> Arrays:
    with np.load(path) as opened:
        return opened[lesson.parts[0]], opened[lesson.parts[1]]


def judge(lesson: Lesson, net: nn.Module, folder: Path) -> dict[str, float]:
    """How right it is on the shard that training never sees."""
    path = folder / f"{HELD_OUT:05d}.npz"
    if not path.is_file():
        return {}
    seen, wanted = (part[:128] for part in _arrays(path, lesson))
    net.eval()
    with torch.no_grad():
        answers = [net(lesson.given(seen[start : start + 16])[0]) for start in range(0, len(seen), 16)]
    return {name: round(value, 4) for name, value in lesson.judged(torch.cat(answers), wanted).items()}


def export(lesson: Lesson, net: nn.Module, out: Path) -> None:
    net.eval()
    with torch.no_grad():
        torch.onnx.export(
            Asked(net),
            (lesson.example(),),
            str(out),
            input_names=["seen"],
            output_names=["answer"],
            dynamic_axes=lesson.free,
            opset_version=17,
            dynamo=False,
        )


if __name__ == "__main__":
    given = [Path(name) for name in (*sys.argv[2:4], *sys.argv[5:])]
    lessons: dict[str, Callable[[], Lesson]] = {
        "outline": Outlines,
        "strips": Sides,
        "strips_nearer": partial(Sides, wide=True),
    }
    train(lessons[sys.argv[1]](), given[0], given[1], int(sys.argv[4]), *given[2:])
