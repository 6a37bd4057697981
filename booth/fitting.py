"""From the configuration to devices: the drivers that a booth has, and nothing imported for those that it hasn't."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from booth.closeup import Closeup
from booth.config import (
    CameraDriver,
    CodeScannerDriver,
    Config,
    DocumentCameraSection,
    FaceComparisonSection,
    FaceDriver,
    IdCardDriver,
    IdCardReaderSection,
    MediaSection,
    MediaSource,
    SocialSecurityCardDriver,
    SocialSecurityCardReaderSection,
)
from booth.core.events import VisitAction
from booth.devices.camera.interface import Camera
from booth.devices.card.interface import CardReader
from booth.devices.code.interface import CodeReader
from booth.face.interface import Comparer
from booth.kiosk.bench import Bench, HandDesk, HandPhone, HandReader
from protocol.devices import DeviceKind
from protocol.fields import Wording
from protocol.media import MediaFigures, TrackName, TrackOffer

if TYPE_CHECKING:  # aiortc takes a second to import; a booth without a leg does not need it
    from aiortc import MediaStreamTrack

    from booth.devices.card.photo import PhotoDecoder
    from booth.media.leg import MediaLeg

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fitting:
    """The devices of one booth, not yet entered; and those of them that hands at the bench can reach."""

    readers: dict[DeviceKind, CardReader]
    camera: Camera | None
    hand_readers: list[HandReader]
    desk: HandDesk | None
    code_readers: list[CodeReader]
    comparer: Comparer | None = None

    @property
    def kinds(self) -> frozenset[DeviceKind]:
        camera = [] if self.camera is None else [DeviceKind.DOCUMENT_CAMERA]
        comparer = [] if self.comparer is None else [DeviceKind.FACE_COMPARER]
        return frozenset([*self.readers, *camera, *comparer, *(reader.kind for reader in self.code_readers)])


def fit(config: Config) -> Fitting:
    """Make the configured drivers. Raises `ConfigError` for what a driver can't use."""
    readers: dict[DeviceKind, CardReader] = {}
    hand_readers: list[HandReader] = []
    for kind, simulated, reader in (
        _id_card_reader(config.id_card_reader),
        _social_security_card_reader(config.social_security_card_reader),
    ):
        if reader is not None:
            readers[kind] = reader
        if simulated is not None:
            hand_readers.append(simulated)
    camera, desk = _camera(config.document_camera)
    comparer = _comparer(config.face_comparison)
    return Fitting(readers, camera, hand_readers, desk, _code_readers(config, camera), comparer)


def bench_of(
    fitting: Fitting, booth_name: Wording, act: Callable[[VisitAction], None], phone: HandPhone | None = None
) -> Bench | None:
    """The device bench; None unless something is simulated."""
    if not fitting.hand_readers and fitting.desk is None:
        return None
    cards: dict[DeviceKind, dict[str, Wording]] = {}
    if fitting.hand_readers:
        from booth.devices.card.simulated import BENCH_CARDS

        for card in BENCH_CARDS:
            cards.setdefault(card.kind, {})[card.card_id] = card.name
    pages: dict[str, Wording] = {}
    if fitting.desk is not None:
        from booth.devices.camera.desk import BENCH_PAGES

        pages = {page.page_id: page.name for page in BENCH_PAGES}
    return Bench(booth_name, fitting.hand_readers, fitting.desk, cards, pages, act, phone)


def media_leg_of(
    config: Config,
    camera: Camera | None,
    exchange: Callable[[str, list[TrackOffer]], Awaitable[str]],
    clerk_seen: Callable[[], None],
    closeup: Closeup,
    report: Callable[[MediaFigures], object],
) -> "MediaLeg | None":
    """The booth process's own media connection: the document camera, and what the kiosk's page does not send."""
    media = config.media
    if camera is None and not media.watch_clerk and {media.face, media.voice} == {MediaSource.NONE}:
        return None
    from booth.media.leg import MediaLeg

    def seen(track: TrackName) -> None:
        if track is TrackName.CLERK_FACE:
            clerk_seen()

    return MediaLeg(
        make_publish=lambda: _sources(media, camera, closeup),
        subscribe=[TrackName.CLERK_FACE, TrackName.CLERK_VOICE] if media.watch_clerk else [],
        exchange=exchange,
        on_frame=seen,
        on_report=report,
    )


def _sources(media: MediaSection, camera: Camera | None, closeup: Closeup) -> "dict[TrackName, MediaStreamTrack]":
    """Fresh sources for one connection."""
    from booth.media.sources import DocumentSource, FileFace, FileVoice
    from booth.media.synthetic import SyntheticFace, SyntheticVoice

    sources: dict[TrackName, MediaStreamTrack] = {}
    if camera is not None:
        sources[TrackName.DOCUMENT] = DocumentSource(camera.frames, cut=closeup.cut, moving=closeup.moving)
    match media.face:
        case MediaSource.SYNTHETIC:
            sources[TrackName.FACE] = SyntheticFace()
        case MediaSource.FILE:
            sources[TrackName.FACE] = FileFace(media.face_file or Path())
        case MediaSource.NONE:
            pass
    match media.voice:
        case MediaSource.SYNTHETIC:
            sources[TrackName.VOICE] = SyntheticVoice()
        case MediaSource.FILE:
            sources[TrackName.VOICE] = FileVoice(media.voice_file or Path())
        case MediaSource.NONE:
            pass
    return sources


_Reader = tuple[DeviceKind, HandReader | None, CardReader | None]


def _id_card_reader(section: IdCardReaderSection) -> _Reader:
    kind = DeviceKind.ID_CARD_READER
    match section.driver:
        case IdCardDriver.SDT_SERIAL:
            from booth.devices.card.sdt import SdtSerialReader

            return kind, None, SdtSerialReader(section.port or "", photo_decoder=_photo_decoder())
        case IdCardDriver.SDT_USB:
            from booth.devices.card.sdt import SdtUsbReader

            return kind, None, SdtUsbReader(section.usb_ids, photo_decoder=_photo_decoder())
        case IdCardDriver.AUTO:
            from booth.devices.card.sdt import SdtAutoReader

            return kind, None, SdtAutoReader(section.port, section.usb_ids, photo_decoder=_photo_decoder())
        case IdCardDriver.SIMULATED:
            return _simulated(kind)
        case IdCardDriver.NONE:
            return kind, None, None


def _social_security_card_reader(section: SocialSecurityCardReaderSection) -> _Reader:
    kind = DeviceKind.SOCIAL_SECURITY_CARD_READER
    match section.driver:
        case SocialSecurityCardDriver.PCSC:
            from booth.devices.card.pcsc import PcscReader

            return (
                kind,
                None,
                PcscReader(section.reader, allow_virtual=section.allow_virtual, bank_number=section.bank_number),
            )
        case SocialSecurityCardDriver.SIMULATED:
            return _simulated(kind, bank_number=section.bank_number)
        case SocialSecurityCardDriver.NONE:
            return kind, None, None


def _photo_decoder() -> "PhotoDecoder | None":
    from booth.devices.card.photo import NoPhotoDecoder, find_decoder

    try:
        return find_decoder()
    except NoPhotoDecoder as reason:
        log.info("card photos are not decoded: %s", reason)
        return None


def _simulated(kind: DeviceKind, *, bank_number: bool = False) -> _Reader:
    from booth.devices.card.simulated import SimulatedReader

    reader = SimulatedReader(kind, bank_number=bank_number)
    return kind, reader, reader


def _code_readers(config: Config, camera: Camera | None) -> list[CodeReader]:
    section, found = config.code_scanner, list[CodeReader]()
    if section.driver is CodeScannerDriver.SERIAL:
        from booth.devices.code.scanner import SerialScanner

        found.append(SerialScanner(section.port or ""))
    if section.camera and camera is not None:
        from booth.devices.code.camera import CameraCodes

        found.append(CameraCodes(camera))
    return found


def _comparer(section: FaceComparisonSection) -> Comparer | None:
    match section.driver:
        case FaceDriver.DLIB:
            from booth.face.dlib import DlibComparer

            return DlibComparer()
        case FaceDriver.SIMULATED:
            from booth.face.simulated import SimulatedComparer

            return SimulatedComparer()
        case FaceDriver.NONE:
            return None


def _camera(section: DocumentCameraSection) -> tuple[Camera | None, HandDesk | None]:
    path = Path(section.path or "")
    match section.driver:
        case CameraDriver.NONE:
            return None, None
        case CameraDriver.SIMULATED_DESK:
            from booth.devices.camera.desk import SimulatedDesk

            desk = SimulatedDesk(section.width_px, section.height_px, section.rate_fps)
            return desk, desk
        case CameraDriver.V4L2:
            from booth.devices.camera.opencv import OpenCvCamera

            return OpenCvCamera.v4l2(str(path), section.width_px, section.height_px, section.rate_fps), None
        case CameraDriver.VIDEO_FILE:
            from booth.devices.camera.opencv import OpenCvCamera

            return OpenCvCamera.video_file(path, section.rate_fps), None
        case CameraDriver.IMAGE_FOLDER:
            from booth.devices.camera.opencv import OpenCvCamera

            return OpenCvCamera.image_folder(path, section.rate_fps), None
