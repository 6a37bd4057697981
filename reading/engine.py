"""rapidocr with its own models, one thread, no network: where text is, what it says, and how sure that is.

Only the parts are used, not `RapidOCR` as a whole: the probabilities of every character are needed, and a second
decoding that knows digits alone.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reading.lines import Span, Written
from reading.picture import Image

Quad = NDArray[np.float32]
"""`(4, 2) float32` x, y: upper left, upper right, lower right, lower left as the text stands in the picture."""

LINE_PX = 48
"""The height that the model reads at (PP-OCRv6, `rec_img_shape`)."""

MIN_WIDTH_PX, MAX_WIDTH_PX = 64, 2400
"""What is narrower is padded; of 60 cards none was read otherwise than with 160."""

LONG_PX, DENSE_PX = 560, 480
"""A longer line may be squeezed, though not below this, on a page full of print not below the second: the time goes
with the width, 0.1 ms a pixel."""

DENSE = 0.28
"""Where lines are squeezed to this part of their width or less, the page is full of print."""

BOX_THRESHOLD = 0.5

_BLANK = 0


class Engine:
    """Blocks; for one thread. Raises ImportError where rapidocr, onnxruntime or OpenCC is not installed."""

    def __init__(self) -> None:
        import opencc
        import rapidocr
        from rapidocr.ch_ppocr_cls import TextClassifier
        from rapidocr.ch_ppocr_det import TextDetector
        from rapidocr.ch_ppocr_rec import TextRecognizer
        from rapidocr.utils.parse_parameters import ParseParams

        cv2.setNumThreads(1)
        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        package = Path(rapidocr.__file__).parent
        config: Any = ParseParams.load(package / "config.yaml")
        engine = config.EngineConfig.onnxruntime
        engine.intra_op_num_threads = engine.inter_op_num_threads = 1
        # With the files named there is nothing that could be fetched.
        for part, file in (
            (config.Det, "PP-OCRv6_det_small.onnx"),
            (config.Rec, "PP-OCRv6_rec_small.onnx"),
            (config.Cls, "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
        ):
            part.engine_cfg = engine
            part.model_path = str(package / "models" / file)
        config.Rec.font_path = None
        config.Det.update({"limit_type": "max", "limit_side_len": 100_000, "box_thresh": BOX_THRESHOLD})
        # Its large layers come and go: with the memory kept for the next page a quarter of the time is saved.
        config.Det.engine_cfg = {**engine, "enable_cpu_mem_arena": True}
        self._simple = opencc.OpenCC("t2s")
        self._detector = TextDetector(config.Det)
        self._recognizer = TextRecognizer(config.Rec)
        self._classifier = TextClassifier(config.Cls)
        self._characters: list[str] = self._recognizer.postprocess_op.character

    def detect(self, image: Image) -> list[Quad]:
        """Where lines of text are in the image."""
        boxes = self._detector(image).boxes
        return [] if boxes is None else [np.asarray(box, dtype=np.float32) for box in boxes]

    def read(self, line: Image, span: Span, only: str | None = None, squeeze: float = 1.0) -> Written:
        """The text of one upright line; `only`: no other characters than these are thought of; `squeeze`: to which part
        of its width a long line is brought."""
        chances = self._chances(line, squeeze)
        if only is None:
            best, sure = chances.argmax(axis=1), chances.max(axis=1)
        else:
            allowed = np.array([_BLANK, *(self._characters.index(letter) for letter in only)])
            part = chances[:, allowed]
            part = part / np.maximum(part.sum(axis=1, keepdims=True), 1e-9)
            best, sure = allowed[part.argmax(axis=1)], part.max(axis=1)
        return self._decoded(best, sure, span)

    def upside_down(self, lines: Sequence[Image]) -> list[float]:
        """For each line how sure it is that it stands on its head, 0 to 1."""
        if not lines:
            return []
        result = self._classifier(list(lines)).cls_res or []
        return [float(score) if label == "180" else 1 - float(score) for label, score in result]

    def simplified(self, text: str) -> str:
        """The text in simple characters (OpenCC's table of characters and phrases)."""
        simple: str = self._simple.convert(text)
        return simple

    def _chances(self, line: Image, squeeze: float) -> NDArray[np.float32]:
        """`(steps, characters) float32`: at each step along the line the chance of each character."""
        height, width = line.shape[:2]
        wide = int(np.clip(round(squeezed(LINE_PX * width / height, squeeze)), 8, MAX_WIDTH_PX))
        shrinking = height > LINE_PX
        small = cv2.resize(line, (wide, LINE_PX), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)
        ready = np.zeros((1, 3, LINE_PX, max(MIN_WIDTH_PX, wide)), dtype=np.float32)
        ready[0, :, :, :wide] = small.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
        steps: NDArray[np.float32] = self._recognizer.session(ready)[0]
        used = max(1, int(np.ceil(len(steps) * wide / ready.shape[3])))
        return steps[:used]

    def _decoded(self, best: NDArray[np.intp], sure: NDArray[np.float32], span: Span) -> Written:
        """CTC, greedily: equal neighbours are one character, blanks are none."""
        text: list[str] = []
        chances: list[float] = []
        places: list[float] = []
        previous = _BLANK
        for step, (index, chance) in enumerate(zip(best.tolist(), sure.tolist(), strict=True)):
            if index == previous and index != _BLANK:
                chances[-1:] = [max(chances[-1], chance)] if chances else []
            elif index != _BLANK and not (letter := self._characters[index]).isspace():
                text.append(letter)
                chances.append(chance)
                places.append((step + 0.5) / len(best))
            previous = index
        return Written(span, "".join(text), tuple(chances), tuple(places))


def squeezed(natural_px: float, squeeze: float) -> float:
    """How wide a line of this width at `LINE_PX` is read."""
    return min(natural_px, max(DENSE_PX if squeeze <= DENSE else LONG_PX, squeeze * natural_px))


def cut(image: Image, quad: Quad) -> Image:
    """The line within the quad, straightened."""
    width = max(4, round(float(max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3])))))
    height = max(4, round(float(max(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])))))
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)
    warp = cv2.getPerspectiveTransform(np.asarray(quad, dtype=np.float32), target)
    flat = cv2.warpPerspective(image, warp, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return flat.astype(np.uint8, copy=False)
