"""Photos of cards, from a decoder to the clerk's eye."""

import io

import numpy as np
from PIL import Image

from booth.devices.card.bench_photos import draw_photo
from booth.devices.card.photo import HEIGHT_PX, WIDTH_PX, CardPhoto
from center.card_photos import MOST, CardPhotos
from protocol.counter import IdentitySource

LONGEST_BYTES = 24_000
"""`protocol.records.CardPhotoJpeg`."""


def test_a_photo_is_a_small_jpeg_of_the_same_picture() -> None:
    photo = draw_photo("id-lin")
    with Image.open(io.BytesIO(photo.jpeg())) as opened:
        assert (opened.format, opened.size) == ("JPEG", (WIDTH_PX, HEIGHT_PX))
        shown = np.asarray(opened, np.int16)[..., ::-1]
    drawn = np.frombuffer(photo.bgr, np.uint8).reshape(HEIGHT_PX, WIDTH_PX, 3)
    assert np.abs(shown - drawn).mean() < 4


def test_even_the_noisiest_photo_fits_into_its_message() -> None:
    noise = np.random.default_rng(1).integers(0, 256, WIDTH_PX * HEIGHT_PX * 3, np.uint8).tobytes()
    assert len(CardPhoto(noise).jpeg()) < LONGEST_BYTES


def test_a_bench_cards_photo_is_the_same_each_time_and_nobody_elses() -> None:
    assert draw_photo("id-lin") == draw_photo("id-lin")
    assert draw_photo("id-lin") != draw_photo("id-chen")
    assert "bgr" not in repr(draw_photo("id-lin"))


def test_the_center_keeps_the_newest_affairs_photos_and_says_nothing_of_them() -> None:
    photos, jpeg = CardPhotos(), b"\xff\xd8\xff photo"
    for n in range(MOST + 1):
        photos.put(f"a{n}", IdentitySource.ID_CARD, jpeg)
    assert photos.get("a0", IdentitySource.ID_CARD) is None
    assert photos.get("a1", IdentitySource.ID_CARD) == jpeg
    photos.drop("a1")
    photos.drop("nobody")
    assert photos.get("a1", IdentitySource.ID_CARD) is None
    assert "photo'" not in repr(photos)
