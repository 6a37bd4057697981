"""Pictures of phones that show a code under the document camera, drawn from a seed: for benchmarks and tests.

Everything that a phone on the desk does to its code is drawn from physics that can be read here: a camera above an A3
mat (4.8 px a millimetre at 1080p), a phone 62 to 78 mm wide turned by any angle and tilted up to 40°, the lamp's glare,
the beat between the screen's and the sensor's grids, cracks in the glass, dim light with the sensor's noise, a hand
that shakes while the shutter is open.
"""

import base64
from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from booth.devices.camera.interface import Image

Floats = NDArray[np.float32]

WIDTH_PX, HEIGHT_PX = 1920, 1080
PX_PER_MM = 4.8
FOCAL_PX = 2200.0
"""A camera 45 cm above the desk."""
TILT_MAX_DEG = 40.0


@dataclass(frozen=True, slots=True, repr=False)
class Scene:
    """`image` is `(1080, 1920, 3) uint8 BGR`. A strength of 0 means that the trouble is not there."""

    image: Image
    text: str
    tilt_deg: float
    dim: float
    glare: float
    moire: float
    cracks: int
    shake_px: float

    def troubles(self) -> list[str]:
        """What is wrong with this picture, by name."""
        named = {
            "steep": self.tilt_deg > 25,
            "dim": self.dim > 0,
            "glare": self.glare > 0,
            "moire": self.moire > 0,
            "cracks": self.cracks > 0,
            "shake": self.shake_px > 0,
        }
        return [name for name, there in named.items() if there]


def phone_scene(seed: int) -> Scene:
    """The picture of this seed; the same one each time."""
    rng = np.random.default_rng(seed)
    text = base64.urlsafe_b64encode(rng.bytes(48)).decode()
    tilt_deg = float(rng.uniform(0, TILT_MAX_DEG))
    dim, glare, moire, shake_px = (float(rng.uniform(low, high)) * float(rng.random() < 0.5) for low, high in (
        (0.3, 0.8), (0.3, 1.0), (0.04, 0.2), (1.0, 4.0)))  # fmt: skip
    cracks = int(rng.integers(2, 7)) if rng.random() < 0.5 else 0
    screen = _screen(text, rng)
    if cracks:
        screen = _cracked(screen, cracks, rng)
    scene = _laid(screen, _mat(rng), tilt_deg, rng)
    if moire:
        scene *= _fringes(moire, rng)[..., None]
    if glare:
        scene += _glare(glare, rng)[..., None]
    if shake_px:
        scene = _shaken(scene, shake_px, rng)
    scene *= 1.0 - dim
    noise = rng.normal(0.0, 2.0 + 5.0 * dim, scene.shape[:2]).astype(np.float32)
    image = np.clip(scene + noise[..., None], 0, 255).astype(np.uint8)
    return Scene(image, text, tilt_deg, dim, glare, moire, cracks, shake_px)


def desk_scene(seed: int) -> Image:
    """The desk of this seed without a phone, `(1080, 1920, 3) uint8 BGR`: what the camera shows most of the time."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0.0, 2.0, (HEIGHT_PX, WIDTH_PX)).astype(np.float32)
    image: Image = np.clip(_mat(rng) + noise[..., None], 0, 255).astype(np.uint8)
    return image


def label_scene(seed: int) -> tuple[Image, str]:
    """A desk with a label of bars at any angle, and what they say: a ticket, a licence, or goods."""
    rng = np.random.default_rng(seed)
    digits = "".join(str(digit) for digit in rng.integers(0, 10, 12))
    text, kind = (
        (f"A{digits[:3]}-{digits[3:11]}", zxingcpp.Code128),
        (f"SH{digits[:6]}-{digits[6:8]}", zxingcpp.Code39),
        (digits, zxingcpp.EAN13),
    )[seed % 3]
    drawn = zxingcpp.create_barcode(text, kind)
    row = np.array(drawn.to_image(scale=int(rng.integers(2, 4)), add_quiet_zones=True), np.float32)[20:21]
    height = int(rng.uniform(8, 18) * PX_PER_MM)
    label = np.full((height + 100, row.shape[1] + 60), rng.uniform(210, 245), np.float32)
    label[50:-50, 30:-30] = row * label[0, 0] / 255
    scene, turn_deg = _mat(rng), float(rng.uniform(0, 360))
    warp = cv2.getRotationMatrix2D((label.shape[1] / 2, label.shape[0] / 2), turn_deg, 1.0)
    warp[:, 2] += np.array([rng.uniform(0.3, 0.7) * WIDTH_PX, rng.uniform(0.35, 0.65) * HEIGHT_PX])
    warp[:, 2] -= np.array([label.shape[1] / 2, label.shape[0] / 2])
    size = (WIDTH_PX, HEIGHT_PX)
    drawn_label = cv2.warpAffine(cv2.GaussianBlur(label, (0, 0), 0.6), warp, size)[..., None]
    cover = cv2.warpAffine(np.ones_like(label), warp, size)[..., None]
    noise = rng.normal(0.0, 2.0, (HEIGHT_PX, WIDTH_PX)).astype(np.float32)
    image = np.clip(drawn_label + scene * (1 - cover) + noise[..., None], 0, 255).astype(np.uint8)
    return image, str(zxingcpp.create_barcode(text, kind).text)


def code_image(text: str, module_px: int, ec_level: str = "M") -> NDArray[np.uint8]:
    """A QR code without its quiet zone, `(side, side) uint8`, 0 for dark."""
    drawn = zxingcpp.create_barcode(text, zxingcpp.QRCode, ec_level=ec_level)
    return np.array(drawn.to_image(scale=module_px, add_quiet_zones=False), np.uint8)


def _screen(text: str, rng: np.random.Generator) -> Floats:
    """The phone from above, 8 px a millimetre: bezel, bright page, the code, lines of text round it."""
    px_per_mm = 8
    width, height = int(rng.uniform(62, 78) * px_per_mm), int(rng.uniform(135, 165) * px_per_mm)
    phone = np.full((height, width, 3), 18.0, np.float32)
    bezel = int(rng.uniform(2, 4) * px_per_mm)
    page = phone[bezel:-bezel, bezel:-bezel]
    page[:] = rng.uniform(215, 250)
    page[: page.shape[0] // 3] = np.array([rng.uniform(90, 200), rng.uniform(120, 190), rng.uniform(40, 150)])
    side = int(page.shape[1] * rng.uniform(0.6, 0.8))
    code = cv2.resize(code_image(text, 4), (side, side), interpolation=cv2.INTER_NEAREST)
    dark = np.array([rng.uniform(0, 60), rng.uniform(0, 70), rng.uniform(0, 40)], np.float32)
    light = float(rng.uniform(225, 252))
    quiet = side // 10
    top, left = (page.shape[0] - side) // 2, (page.shape[1] - side) // 2
    page[top - quiet : top + side + quiet, left - quiet : left + side + quiet] = light
    page[top : top + side, left : left + side] = np.where(code[..., None] < 128, dark, light)
    for row in range(top + side + 2 * quiet, page.shape[0] - 20, 34):
        page[row : row + 12, left : left + int(rng.uniform(0.3, 1.0) * side)] = 120
    return phone


def _cracked(screen: Floats, cracks: int, rng: np.random.Generator) -> Floats:
    """Splinters from one blow: thin bright lines, and the glass beside each shifts what is under it a little."""
    height, width = screen.shape[:2]
    centre = np.array([rng.uniform(0, width), rng.uniform(0, height)])
    for _ in range(cracks):
        angle, point, points = rng.uniform(0, 2 * np.pi), centre.copy(), [centre.copy()]
        for _ in range(12):
            angle += rng.normal(0, 0.25)
            point = point + np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(40, 120)
            points.append(point)
        line = np.array(points, np.int32)
        wedge = np.zeros((height, width), np.uint8)
        cv2.polylines(wedge, [line], False, 255, int(rng.integers(6, 14)))
        shifted = np.roll(screen, tuple(int(each) for each in rng.integers(-2, 3, 2)), (0, 1))
        screen = np.where(wedge[..., None] > 0, shifted, screen)
        screen = np.ascontiguousarray(screen, np.float32)
        cv2.polylines(screen, [line], False, (235.0, 235.0, 235.0), int(rng.integers(1, 4)), cv2.LINE_AA)
    return screen


def _mat(rng: np.random.Generator) -> Floats:
    """The desk: a mat of one colour, unevenly lit, with a sheet of printed text on it."""
    scene = np.full((HEIGHT_PX, WIDTH_PX, 3), rng.uniform(40, 130, 3), np.float32)
    x, y = np.meshgrid(np.linspace(-1, 1, WIDTH_PX), np.linspace(-1, 1, HEIGHT_PX))
    scene *= (1 + 0.25 * (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1))).astype(np.float32)[..., None]
    left, top = int(rng.uniform(0, WIDTH_PX * 0.6)), int(rng.uniform(0, HEIGHT_PX * 0.3))
    sheet = scene[top : top + 900, left : left + 660]
    sheet[:] = rng.uniform(190, 240)
    for row in range(40, sheet.shape[0] - 20, 30):
        for column in range(30, sheet.shape[1] - 30, 18):
            if rng.random() < 0.8:
                sheet[row : row + 13, column : column + int(rng.uniform(5, 14))] = 70
    return scene


def _laid(screen: Floats, scene: Floats, tilt_deg: float, rng: np.random.Generator) -> Floats:
    """The phone on the desk or held above it: turned by any angle, tilted about any axis, somewhere in the picture."""
    height, width = screen.shape[:2]
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.array([width, height]) / 2 / 8 * PX_PER_MM
    turn, axis = rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi)
    flat = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    tilt, _ = cv2.Rodrigues(np.array([np.cos(axis), np.sin(axis), 0.0]) * np.deg2rad(tilt_deg))
    space = np.column_stack([flat, np.zeros(4)]) @ tilt.T
    seen = space[:, :2] * (FOCAL_PX / (FOCAL_PX + space[:, 2:3]))
    # The code is in the middle of the screen, and the resident sees on the monitor that it is in the picture.
    place = np.array([rng.uniform(0.25, 0.75) * WIDTH_PX, rng.uniform(0.35, 0.65) * HEIGHT_PX])
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    warp = cv2.getPerspectiveTransform(source, (seen + place).astype(np.float32))
    # Shrunk by area as a sensor's pixel gathers light, so that fine modules blur instead of aliasing
    soft = cv2.GaussianBlur(screen, (0, 0), 0.5 * 8 / PX_PER_MM)
    size = (WIDTH_PX, HEIGHT_PX)
    drawn = cv2.warpPerspective(soft, warp, size, flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(np.ones((height, width), np.float32), warp, size, flags=cv2.INTER_LINEAR)[..., None]
    return np.asarray(drawn * cover + scene * (1 - cover), np.float32)


def _fringes(strength: float, rng: np.random.Generator) -> Floats:
    """The beat of two grids: two waves of 4 to 30 pixels."""
    x, y = np.meshgrid(np.arange(WIDTH_PX, dtype=np.float32), np.arange(HEIGHT_PX, dtype=np.float32))
    fringes = np.zeros_like(x)
    for _ in range(2):
        angle, wave = rng.uniform(0, np.pi), rng.uniform(4, 30)
        fringes += np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / wave + rng.uniform(0, 6.28))
    return np.asarray(1 + strength / 2 * fringes, np.float32)


def _glare(strength: float, rng: np.random.Generator) -> Floats:
    """A lamp in the glass: an elongated bright patch, white in its middle at full strength."""
    x, y = np.meshgrid(np.arange(WIDTH_PX, dtype=np.float32), np.arange(HEIGHT_PX, dtype=np.float32))
    x -= rng.uniform(0.2, 0.8) * WIDTH_PX
    y -= rng.uniform(0.2, 0.8) * HEIGHT_PX
    angle = rng.uniform(0, np.pi)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    patch = np.exp(-((along / rng.uniform(60, 250)) ** 2) - (across / rng.uniform(15, 60)) ** 2)
    return np.asarray(230 * strength * patch, np.float32)


def _shaken(scene: Floats, shake_px: float, rng: np.random.Generator) -> Floats:
    """The way that the hand goes while the shutter is open, a straight line of so many pixels."""
    size = 2 * int(np.ceil(shake_px / 2)) + 1
    kernel = np.zeros((size, size), np.float32)
    angle = rng.uniform(0, np.pi)
    for step in np.linspace(-shake_px / 2, shake_px / 2, 41):
        column, row = size // 2 + step * np.cos(angle), size // 2 + step * np.sin(angle)
        kernel[round(row), round(column)] += 1
    return np.asarray(cv2.filter2D(scene, -1, kernel / kernel.sum()), np.float32)
