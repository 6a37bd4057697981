"""The two nets that find pages. Both are small: a search may take 25 ms of one core."""

import torch
from torch import nn
from torch.nn import functional

from booth.documents.strips import ACROSS, PLACES


class Asked(nn.Module):
    """A net as the booth asks it: `(n, h, w, 6) uint8`, which it takes 0 to 1 and channels first."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.net(seen.permute(0, 3, 1, 2).float() / 255)
        return answer


class Step(nn.Sequential):
    """A convolution, its normalisation, and a rectifier."""

    def __init__(
        self, taken: int, given: int, size: int = 3, stride: int | tuple[int, int] = 1, reach: tuple[int, int] = (1, 1)
    ) -> None:
        padding = reach[0] * (size // 2), reach[1] * (size // 2)
        super().__init__(
            nn.Conv2d(taken, given, size, stride, padding, reach, bias=False), nn.BatchNorm2d(given), nn.ReLU()
        )


class OutlineNet(nn.Module):
    """`(n, 6, h, w)` BGR and BGR against the empty desk, 0 to 1 → `(n, 3, h / 2, w / 2)` logits: a whole page here, a
    side of one, a page that the frame cuts."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Step(6, 12, stride=2)
        self.down1 = nn.Sequential(Step(12, 16, stride=2), Step(16, 16))
        self.down2 = nn.Sequential(Step(16, 32, stride=2), Step(32, 32))
        self.down3 = nn.Sequential(Step(32, 56, stride=2), Step(56, 56))
        self.down4 = nn.Sequential(Step(56, 80, stride=2), Step(80, 80), Step(80, 80, reach=(2, 2)))
        self.up3 = nn.Sequential(Step(80 + 56, 56, 1), Step(56, 56))
        self.up2 = nn.Sequential(Step(56 + 32, 32, 1), Step(32, 32))
        self.up1 = nn.Sequential(Step(32 + 16, 20, 1), Step(20, 20))
        self.out = nn.Sequential(nn.Conv2d(20, 12, 1), nn.PixelShuffle(2))

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        one = self.down1(self.stem(picture - 0.5))
        two = self.down2(one)
        three = self.down3(two)
        three = self.up3(torch.cat((_twice(self.down4(three)), three), 1))
        two = self.up2(torch.cat((_twice(three), two), 1))
        one = self.up1(torch.cat((_twice(two), one), 1))
        shown: torch.Tensor = self.out(one)
        return shown


def _twice(tensor: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(tensor, scale_factor=2, mode="nearest")


class StripsNet(nn.Module):
    """`(n, 6, SAMPLES, ACROSS)` strips along sides, 0 to 1 → `(n, ACROSS + 1, PLACES)` logits: at which step across
    the page's side passes each place, and that it does not.

    With `wide`, the second look's, it has twice as many channels and sees further along the side.
    """

    def __init__(self, wide: bool = False) -> None:
        super().__init__()
        first, second, last = (32, 48, 64) if wide else (16, 24, 32)
        self.near = nn.Sequential(Step(6, first), Step(first, second, stride=(2, 1)), Step(second, last, stride=(2, 1)))
        self.further = Step(last, last, reach=(1, 8)) if wide else nn.Identity()
        reaching = [Step(last, last, reach=reach) for reach in ((1, 2), (2, 4), (4, 1))]
        self.far = nn.Sequential(*reaching, self.further, Step(last, last))
        self.step = nn.Conv2d(last, 1, 1)
        self.nowhere = nn.Conv1d(2 * last, 1, 1)

    def forward(self, strips: torch.Tensor) -> torch.Tensor:
        seen = self.near(strips - 0.5)
        seen = seen + self.far(seen)
        steps = self.step(seen).squeeze(1).transpose(1, 2)
        middle = torch.cat((seen.mean(3), seen.amax(3)), 1)
        shown: torch.Tensor = torch.cat((steps, self.nowhere(middle)), 1)
        assert shown.shape[1:] == (ACROSS + 1, PLACES)
        return shown
