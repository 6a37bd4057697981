"""What hardware would supply to a booth, and nothing else: a serial line, a card for pcscd, a camera's pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from booth.devices.camera.desk_pages import draw_paper, find_fonts
from booth.devices.camera.desk_papers import BENCH_PAGES
from booth.devices.camera.interface import Image
from demo.stage import BoothPlan, example_booth
from protocol.records import IdCard, Sex, SocialSecurityCard
from rigs.pcscd import PrivatePcscd
from rigs.resident_text import text_of
from rigs.sdt_module import SdtModule
from rigs.virtual_card import VirtualCard, VirtualSlot
from tests.support.desk_video import write_desk_video

ID_CARD = IdCard(
    name="顾念慈",
    sex=Sex.FEMALE,
    ethnicity="汉",
    birth_date="1951-08-19",
    address="上海市虚构区听潮路 7 弄 12 号 301 室",
    number="319999195108190024",
    number_valid=True,
    issuer="上海市公安局虚构分局",
    valid_from="2010-02-01",
    valid_until=None,
    long_term=True,
)
"""An invented person; the area code was never given out."""

SOCIAL_SECURITY_CARD = SocialSecurityCard(
    version="2.00",
    card_number="X00000027",
    name="顾念慈",
    number=ID_CARD.number,
    number_valid=True,
    sex=Sex.FEMALE,
    birth_date="1951-08-19",
    issued="2019-06-01",
    expires="2039-06-01",
)

PAGE_ON_THE_DESK = "application_form"


@dataclass(frozen=True, slots=True)
class Hardware:
    """The devices of one booth. Hands lay cards through it."""

    plan: BoothPlan
    module: SdtModule
    slot: VirtualSlot

    def lay_id_card(self) -> None:
        self.module.lay(text_of(ID_CARD))

    def lay_social_security_card(self) -> None:
        self.slot.lay(VirtualCard.of(SOCIAL_SECURITY_CARD))


@contextmanager
def real_hardware(folder: Path) -> Iterator[Hardware]:
    """A booth whose drivers are the real ones; face and voice are left to the kiosk's browser."""
    video = folder / "desk.avi"
    write_desk_video(video, page_ids=(PAGE_ON_THE_DESK,), width_px=1600, height_px=1200, pause_s=0)
    with SdtModule() as module, PrivatePcscd() as pcscd, VirtualSlot(pcscd.port()) as slot:
        plan = example_booth(
            sections={
                "id_card_reader": {"driver": "sdt_serial", "port": module.path},
                "social_security_card_reader": {
                    "driver": "pcsc",
                    "reader": pcscd.reader_name(),
                    "allow_virtual": True,
                },
                "document_camera": {
                    "driver": "video_file",
                    "path": str(video),
                    "width_px": 1600,
                    "height_px": 1200,
                    "rate_fps": 10,
                },
                "media": {"face": "none", "voice": "none", "watch_clerk": False},
            },
            environment=pcscd.environment(),
        )
        yield Hardware(plan, module, slot)


def drawn_page() -> Image:
    """The page on the desk as it was drawn, before any camera."""
    record = next(record for record in BENCH_PAGES if record.page_id == PAGE_ON_THE_DESK)
    return draw_paper(record, find_fonts()).image


def read_image(data: bytes) -> Image:
    """A JPEG as the browser would show it."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.uint8)
