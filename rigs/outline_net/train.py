"""Train the outline net on drawn scenes and export it: `python -m rigs.outline_net.train FOLDER OUT.onnx MINUTES`.

`FOLDER` holds shards as `rigs.outline_net.shards` draws them. Needs `torch` and `onnx`, which nothing else here
does; a run goes on from its last checkpoint beside the output, so it may be cut into pieces.
"""

import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

COARSE_STEPS = 1400
"""So many steps see the scenes at half the size: what a page is is learnt four times as fast there."""

COARSE_BATCH, FINE_BATCH = 16, 8
LEARNING_RATE = 3e-3


class Step(nn.Sequential):
    """A convolution, its normalisation, and a rectifier."""

    def __init__(self, taken: int, given: int, size: int = 3, stride: int = 1, dilation: int = 1) -> None:
        padding = dilation * (size // 2)
        super().__init__(
            nn.Conv2d(taken, given, size, stride, padding, dilation, bias=False), nn.BatchNorm2d(given), nn.ReLU()
        )


class OutlineNet(nn.Module):
    """`(n, 3, h, w)` BGR, 0 to 1 → `(n, 3, h / 2, w / 2)` logits: a whole page here, a side of one, a page that the
    frame cuts."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Step(3, 8, stride=2)
        self.down1 = nn.Sequential(Step(8, 16, stride=2), Step(16, 16))
        self.down2 = nn.Sequential(Step(16, 32, stride=2), Step(32, 32))
        self.down3 = nn.Sequential(Step(32, 48, stride=2), Step(48, 48))
        self.down4 = nn.Sequential(Step(48, 64, stride=2), Step(64, 64), Step(64, 64, dilation=2))
        self.up3 = nn.Sequential(Step(64 + 48, 48, 1), Step(48, 48))
        self.up2 = nn.Sequential(Step(48 + 32, 32, 1), Step(32, 32))
        self.up1 = nn.Sequential(Step(32 + 16, 20, 1), Step(20, 20))
        self.out = nn.Sequential(nn.Conv2d(20, 12, 1), nn.PixelShuffle(2))

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        stem = self.stem(picture - 0.5)
        one = self.down1(stem)
        two = self.down2(one)
        three = self.down3(two)
        four = self.down4(three)
        three = self.up3(torch.cat((_twice(four), three), 1))
        two = self.up2(torch.cat((_twice(three), two), 1))
        one = self.up1(torch.cat((_twice(two), one), 1))
        shown: torch.Tensor = self.out(one)
        return shown


def _twice(tensor: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(tensor, scale_factor=2, mode="nearest")


def loss_of(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Cross entropy of both maps, the sides weighing more where they are, and the maps' overlap."""
    entropy = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    weights = torch.ones_like(wanted)
    weights[:, 1] = 1 + 5 * wanted[:, 1]
    seen = torch.sigmoid(logits)
    shared = (seen * wanted).sum((2, 3))
    dice = 1 - (2 * shared + 20) / (seen.sum((2, 3)) + wanted.sum((2, 3)) + 20)
    return (entropy * weights).mean() + 0.3 * dice.mean()


def batch_of(
    shard: list[np.ndarray[Any, Any]], places: np.ndarray[Any, Any], chance: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures and what is wanted of them, mirrored and coloured by chance."""
    pictures = torch.from_numpy(shard[0][places]).permute(0, 3, 1, 2).float() / 255
    wanted = torch.from_numpy(shard[1][places]).float() / 255
    flips = [axis for axis in (2, 3) if chance.random() < 0.5]
    if flips:
        pictures, wanted = pictures.flip(flips), wanted.flip(flips)
    gain = torch.from_numpy(chance.uniform(0.85, 1.15, (len(places), 3, 1, 1)).astype(np.float32))
    pictures = (pictures * gain).clamp(0, 1) ** float(chance.uniform(0.75, 1.3))
    return pictures.contiguous(memory_format=torch.channels_last), wanted


def train(folder: Path, out: Path, minutes: float, whole_steps: int) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    net = OutlineNet().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=1e-4)
    checkpoint, step = out.with_suffix(".pt"), 0
    if checkpoint.is_file():
        kept = torch.load(checkpoint)
        net.load_state_dict(kept["net"])
        optimizer.load_state_dict(kept["optimizer"])
        step = kept["step"]
    chance = np.random.default_rng(step)
    end = time.monotonic() + minutes * 60
    running = 0.0
    net.train()
    while time.monotonic() < end and step < whole_steps:
        shards = [path for path in sorted(folder.glob("*.npz")) if path.stem < "00400"]
        with np.load(shards[int(chance.integers(len(shards)))]) as opened:
            shard = [opened[name] for name in opened.files]
        order = chance.permutation(len(shard[0]))
        coarse = step < COARSE_STEPS
        batch = COARSE_BATCH if coarse else FINE_BATCH
        for start in range(0, len(order) - batch + 1, batch):
            for group in optimizer.param_groups:
                group["lr"] = (
                    LEARNING_RATE
                    * min(1, step / 50 + 0.05)
                    * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, step / whole_steps))))
                )
            pictures, wanted = batch_of(shard, order[start : start + batch], chance)
            if coarse:
                pictures = functional.pad(functional.avg_pool2d(pictures, 2), (0, 0, 8, 8), mode="replicate")
                wanted = functional.pad(functional.avg_pool2d(wanted, 2), (0, 0, 4, 4))
            optimizer.zero_grad()
            loss = loss_of(net(pictures), wanted)
            loss.backward()
            optimizer.step()
            step += 1
            running = 0.97 * running + 0.03 * float(loss.detach())
            if time.monotonic() >= end:
                break
        print(f"step {step} loss {running:.4f} shards {len(shards)}", flush=True)
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, checkpoint)
    export(net, out)
    print(f"held out: {judge(net, folder)}")


def judge(net: nn.Module, folder: Path) -> dict[str, float]:
    """Overlap of both maps on the shard that training never sees."""
    path = folder / "00400.npz"
    if not path.is_file():
        return {}
    net.eval()
    with np.load(path) as opened:
        pictures, maps = (opened[name][:128] for name in opened.files)
    wanted = maps > 127
    with torch.no_grad():
        taken = [
            torch.from_numpy(pictures[place : place + 16]).permute(0, 3, 1, 2).float() / 255
            for place in range(0, 128, 16)
        ]
        seen = torch.cat([net(part) for part in taken]).numpy() > 0
    shared, joint = (seen & wanted).sum((0, 2, 3)), (seen | wanted).sum((0, 2, 3))
    return {name: round(float(shared[place] / joint[place]), 4) for place, name in enumerate(("pages", "sides", "cut"))}


def export(net: nn.Module, out: Path, width_px: int = 384, height_px: int = 288) -> None:
    net.eval()
    example = torch.zeros(1, 3, height_px, width_px)
    with torch.no_grad():
        torch.onnx.export(
            net, (example,), str(out), input_names=["picture"], output_names=["maps"], opset_version=17, dynamo=False
        )


if __name__ == "__main__":
    train(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
