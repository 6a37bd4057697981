"""Photos for the bench's cards: drawn, nobody's. A card's is the same each time."""

import hashlib

from PIL import Image, ImageDraw

from booth.devices.card.photo import HEIGHT_PX, WIDTH_PX, CardPhoto

_SCALE = 4
"""Drawn so much larger, then shrunk: smooth edges."""
_SKINS = ((244, 214, 184), (232, 196, 160), (222, 184, 150), (238, 205, 176))
_HAIRS = ((40, 32, 30), (70, 58, 52), (150, 148, 146), (96, 66, 44))
_SHIRTS = ((54, 92, 140), (120, 60, 72), (60, 110, 84), (90, 90, 100))


def draw_photo(card_id: str) -> CardPhoto:
    """Head and shoulders before white, as a card shows them."""
    seed = hashlib.sha256(card_id.encode()).digest()
    skin, hair, shirt = _SKINS[seed[0] % 4], _HAIRS[seed[1] % 4], _SHIRTS[seed[2] % 4]
    width, height = WIDTH_PX * _SCALE, HEIGHT_PX * _SCALE
    image = Image.new("RGB", (width, height), (250, 250, 250))
    draw = ImageDraw.Draw(image)
    middle, top = width // 2, height // 7
    face, chin = width // 4 + seed[3] % 12, int(height * 0.66)
    draw.ellipse((middle - face - 16, top - 14, middle + face + 16, chin - 30 + seed[4] % 90), fill=hair)
    draw.rounded_rectangle((-20, int(height * 0.78), width + 20, height * 2), 120, fill=shirt)
    draw.rectangle((middle - 34, chin - 40, middle + 34, int(height * 0.82)), fill=skin)
    draw.ellipse((middle - face, top + 20, middle + face, chin), fill=skin)
    draw.pieslice((middle - face, top - 4, middle + face, top + 150 + seed[5] % 40), 180, 360, fill=hair)
    eyes, apart = top + (chin - top) * 45 // 100, face * 45 // 100
    for side in (-apart, apart):
        draw.ellipse((middle + side - 13, eyes - 8, middle + side + 13, eyes + 8), fill=(252, 252, 252))
        draw.ellipse((middle + side - 7, eyes - 8, middle + side + 7, eyes + 8), fill=(44, 34, 30))
        draw.arc((middle + side - 24, eyes - 34, middle + side + 24, eyes - 4), 200, 340, fill=hair, width=6)
    draw.arc((middle - 14, eyes + 30, middle + 14, eyes + 62), 20, 160, fill=(176, 130, 108), width=5)
    draw.arc((middle - 30, eyes + 64, middle + 30, eyes + 100), 25, 155, fill=(170, 84, 80), width=7)
    small = image.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.LANCZOS)
    blue, green, red = reversed(small.split())
    return CardPhoto(Image.merge("RGB", (blue, green, red)).tobytes())
