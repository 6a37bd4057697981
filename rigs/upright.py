"""`python -m rigs.upright`: train the network that tells which way up writing lies, and write its weights.

Lines of random Chinese characters, letters and digits are set in whatever Chinese faces the machine has, spoilt as a
camera spoils them, cut into pieces by the booth's own `find_pieces`, and learnt: of the four turns of a piece the first
is right. The weights that are here come from Noto Sans and Serif CJK, regular and bold, AR PL UMing and UKai, and
WenQuanYi Micro Hei. It takes some minutes on one core. The last 8,000 pieces are kept aside and scored.
"""

import subprocess
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from booth.documents.glyphs import MAX_PIECES, Patches, find_pieces
from booth.documents.orientation import WEIGHTS, describe

PIECES, ASIDE = 60_000, 8_000
HIDDEN, EPOCHS, BATCH, RATE, DECAY = 32, 14, 256, 3e-3, 1e-4
BLUR_PX = (0.1, 2.6)
"""Standard deviation at 100 to 150 dpi. A camera 1,920 px wide whose lens blurs by 2 of its pixels has 2.7 at 150."""

HAN = [chr(code) for code in range(0x4E00, 0x9FA6) if len(chr(code).encode("gb2312", "ignore")) == 2]
LETTERS, MARKS = "ABCDEFGHJKLMNPQRTUVWXYabcdefghijkmnpqrtuwy0123456789234567934567", "，。、；：（）《》·"
Floats = NDArray[np.float32]


def main() -> None:
    chance = np.random.default_rng(7)
    faces = _faces()
    pieces: list[Patches] = []
    while sum(map(len, pieces)) < PIECES:
        pieces.append(find_pieces(_page(faces, chance)).cut(MAX_PIECES))
    patches = np.concatenate(pieces)
    turned = [np.ascontiguousarray(np.rot90(patches, turns, axes=(1, 2))) for turns in range(4)]
    features = np.stack([describe(each) for each in turned], axis=1)
    mean, scale = features[:, 0].mean(axis=0), 1 / (features[:, 0].std(axis=0) + 0.05)
    features = ((features - mean) * scale).astype(np.float32)
    weights = _train(features[:-ASIDE], chance)
    likely = _scores(features[-ASIDE:], weights)
    likely -= np.logaddexp.reduce(likely, axis=1, keepdims=True)
    for together in (1, 5, 10, 20):
        groups = likely[: ASIDE // together * together].reshape(-1, together, 4).sum(axis=1)
        print(f"{together} pieces together: {np.mean(groups.argmax(axis=1) == 0):.4f} right")
    parts: dict[str, Any] = {"mean": mean, "scale": scale, "hidden": weights[0], "bias": weights[1], "out": weights[2]}
    halved: dict[str, Any] = {name: np.asarray(value, dtype=np.float16) for name, value in parts.items()}
    np.savez(WEIGHTS, **halved)


def _faces() -> list[tuple[str, int]]:
    """Every Chinese face of the system: file and index."""
    command = ["fc-list", ":lang=zh-cn", "--format=%{file}\t%{index}\n"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    found = sorted({(file, int(index) & 0xFFFF) for file, index in (line.split("\t") for line in listed.splitlines())})
    if not found:
        raise SystemExit("no Chinese font: install fonts-noto-cjk")
    return found


def _page(faces: list[tuple[str, int]], chance: np.random.Generator) -> NDArray[np.uint8]:
    """Lines of writing as a camera sees them, characters 12 to 34 px large."""
    width, height = 900, 700
    paper, ink, size = int(chance.integers(190, 256)), int(chance.integers(0, 110)), int(chance.integers(26, 64))
    file, index = faces[int(chance.integers(len(faces)))]
    font = ImageFont.truetype(file, size, index=index)
    picture = Pillow.new("L", (width, height), paper)
    draw = ImageDraw.Draw(picture)
    leading = float(chance.uniform(1.25, 2.2)) * size
    spacing = float(chance.uniform(0, 0.25)) * size * (chance.random() < 0.4)
    for y in np.arange(20, height - size - 10, leading):
        x = 20 + float(chance.integers(0, 100))
        while x < width - 2 * size:
            if chance.random() < 0.12:
                x += size * float(chance.uniform(1, 4))
                continue
            kind = chance.random()
            letters: Any = HAN if kind < 0.8 else LETTERS if kind < 0.95 else MARKS
            letter = letters[int(chance.integers(len(letters)))]
            draw.text((x, float(y)), letter, fill=ink, font=font)
            x += font.getlength(letter) + spacing
    factor = float(chance.uniform(12, 34)) / size
    blur_px = float(chance.uniform(*BLUR_PX)) / factor
    soft = cv2.GaussianBlur(np.asarray(picture, np.float32), (0, 0), max(0.3, blur_px))
    small = cv2.resize(soft, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    lean = cv2.getRotationMatrix2D((small.shape[1] / 2, small.shape[0] / 2), float(chance.uniform(-1.5, 1.5)), 1.0)
    small = cv2.warpAffine(small, lean, small.shape[1::-1], borderValue=float(paper))
    noisy = small + chance.normal(0, float(chance.uniform(1, 7)), small.shape)
    seen: NDArray[np.uint8] = np.clip(noisy, 0, 255).astype(np.uint8)
    return seen


def _scores(features: Floats, weights: list[Floats]) -> Floats:
    hidden = np.maximum(features @ weights[0] + weights[1], 0)
    scores: Floats = hidden @ weights[2]
    return scores


def _train(features: Floats, chance: np.random.Generator) -> list[Floats]:
    """Adam on the cross entropy of the four turns."""
    inputs = features.shape[2]
    weights = [
        chance.normal(0, 1 / np.sqrt(inputs), (inputs, HIDDEN)).astype(np.float32),
        np.zeros(HIDDEN, np.float32),
        chance.normal(0, 0.1, HIDDEN).astype(np.float32),
    ]
    first, second, step = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights], 0
    for epoch in range(EPOCHS):
        order = chance.permutation(len(features))
        for start in range(0, len(order), BATCH):
            step += 1
            for place, slope in enumerate(_slopes(features[order[start : start + BATCH]], weights)):
                first[place] = 0.9 * first[place] + 0.1 * slope
                second[place] = 0.999 * second[place] + 0.001 * slope * slope
                move = first[place] / (1 - 0.9**step) / (np.sqrt(second[place] / (1 - 0.999**step)) + 1e-8)
                weights[place] = (weights[place] - RATE * 0.75**epoch * move).astype(np.float32)
    return weights


def _slopes(batch: Floats, weights: list[Floats]) -> list[Floats]:
    flat = batch.reshape(-1, batch.shape[2])
    hidden = np.maximum(flat @ weights[0] + weights[1], 0)
    scores = (hidden @ weights[2]).reshape(-1, 4)
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    wrong = odds / odds.sum(axis=1, keepdims=True)
    wrong[:, 0] -= 1
    error = (wrong.reshape(-1) / len(batch)).astype(np.float32)
    back = np.outer(error, weights[2]) * (hidden > 0)
    return [flat.T @ back + DECAY * weights[0], back.sum(axis=0), hidden.T @ error]


if __name__ == "__main__":
    main()
