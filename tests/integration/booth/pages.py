"""Pages that were never taken: bytes with the right sizes and hashes."""

import hashlib
import random

from protocol.pages import PageAnnounced


def page(page_id: str, full_bytes: int = 1_300_000, light_bytes: int = 40_000) -> tuple[PageAnnounced, bytes, bytes]:
    """An announcement with its light and full part; the same id gives the same bytes."""
    chance = random.Random(page_id)
    light, full = chance.randbytes(light_bytes), chance.randbytes(full_bytes)
    announced = PageAnnounced(
        page_id=page_id,
        command_id=f"command-{page_id}",
        affair_id="affair-1",
        sha256=hashlib.sha256(full).hexdigest(),
        size_bytes=len(full),
        light_sha256=hashlib.sha256(light).hexdigest(),
        light_size_bytes=len(light),
        width_px=2480,
        height_px=3508,
        taken_at_ms=1_800_000_000_000,
        device="test",
        flat=True,
    )
    return announced, light, full
