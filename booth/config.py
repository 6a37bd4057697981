"""The booth's configuration: one TOML file, read once. `deploy/booth.example.toml` explains each key."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from yarl import URL

from booth.errors import ConfigError
from booth.link.address import is_loopback, read_address
from protocol.fields import BoothId, Line

Port = Annotated[int, Meta(ge=0, le=65535)]
Pixels = Annotated[int, Meta(ge=64, le=16_384)]


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every section: a key that it does not know is an error."""


class BoothSection(Section, frozen=True):
    id: BoothId
    name_zh: Line
    name_en: Line
    state_dir: Path


class CenterSection(Section, frozen=True):
    url: str
    ca_file: Path | None = None

    @property
    def address(self) -> URL:
        return read_address(self.url)


class KioskSection(Section, frozen=True):
    port: Port
    pages_dir: Path
    host: str = "127.0.0.1"
    idle_s: Annotated[int, Meta(ge=5, le=3600)] = 60


class IdCardDriver(StrEnum):
    SDT_SERIAL = "sdt_serial"
    SDT_USB = "sdt_usb"
    AUTO = "auto"
    SIMULATED = "simulated"
    NONE = "none"


class IdCardReaderSection(Section, frozen=True):
    driver: IdCardDriver = IdCardDriver.NONE
    port: str | None = None
    usb_id: Annotated[str, Meta(pattern="^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}$")] | None = None

    @property
    def usb_ids(self) -> tuple[int, int] | None:
        """Vendor and product; None for the ids that are known."""
        if self.usb_id is None:
            return None
        vendor, product = self.usb_id.split(":")
        return int(vendor, 16), int(product, 16)


class SocialSecurityCardDriver(StrEnum):
    PCSC = "pcsc"
    SIMULATED = "simulated"
    NONE = "none"


class SocialSecurityCardReaderSection(Section, frozen=True):
    driver: SocialSecurityCardDriver = SocialSecurityCardDriver.NONE
    reader: str | None = None
    allow_virtual: bool = False
    bank_number: bool = False


class CameraDriver(StrEnum):
    V4L2 = "v4l2"
    VIDEO_FILE = "video_file"
    IMAGE_FOLDER = "image_folder"
    SIMULATED_DESK = "simulated_desk"
    NONE = "none"


class DocumentCameraSection(Section, frozen=True):
    driver: CameraDriver = CameraDriver.NONE
    path: str | None = None
    width_px: Pixels = 1920
    height_px: Pixels = 1080
    rate_fps: Annotated[float, Meta(gt=0, le=120)] = 15.0
    view_width_mm: Annotated[float, Meta(ge=100, le=1000)] = 440.0


class FaceDriver(StrEnum):
    DLIB = "dlib"
    SIMULATED = "simulated"
    NONE = "none"


class FaceComparisonSection(Section, frozen=True):
    driver: FaceDriver = FaceDriver.NONE


class CodeScannerDriver(StrEnum):
    SERIAL = "serial"
    NONE = "none"


class CodeScannerSection(Section, frozen=True):
    driver: CodeScannerDriver = CodeScannerDriver.NONE
    port: str | None = None
    camera: bool = True


class DeviceBenchSection(Section, frozen=True):
    codes_url: str | None = None


class MediaSource(StrEnum):
    NONE = "none"
    SYNTHETIC = "synthetic"
    FILE = "file"


class MediaSection(Section, frozen=True):
    face: MediaSource = MediaSource.NONE
    voice: MediaSource = MediaSource.NONE
    face_file: Path | None = None
    voice_file: Path | None = None
    watch_clerk: bool = False


class Config(Section, frozen=True):
    booth: BoothSection
    center: CenterSection
    kiosk: KioskSection
    id_card_reader: IdCardReaderSection = IdCardReaderSection()
    social_security_card_reader: SocialSecurityCardReaderSection = SocialSecurityCardReaderSection()
    document_camera: DocumentCameraSection = DocumentCameraSection()
    code_scanner: CodeScannerSection = CodeScannerSection()
    face_comparison: FaceComparisonSection = FaceComparisonSection()
    media: MediaSection = MediaSection()
    device_bench: DeviceBenchSection = DeviceBenchSection()

    @property
    def key_file(self) -> Path:
        return self.booth.state_dir / "link.key"

    @property
    def outbox_dir(self) -> Path:
        return self.booth.state_dir / "outbox"


def load_config(path: Path) -> Config:
    """The file's content, checked; paths in it are taken from the file's own folder. Raises `ConfigError`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from error
    try:
        config = msgspec.toml.decode(data, type=Config, dec_hook=_read_path)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise ConfigError(f"{path}: {error}".replace("\n", " ")) from None
    try:
        _check(config)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    return _anchored(config, path.parent)


def _read_path(kind: type, value: object) -> Path:
    """msgspec knows no paths."""
    if kind is Path and isinstance(value, str) and value:
        return Path(value)
    raise ValueError("a path is a text that is not empty")


def _check(config: Config) -> None:
    """What types alone don't say."""
    _ = config.center.address
    if not is_loopback(config.kiosk.host):
        raise ConfigError("kiosk.host must be this machine's own (127.0.0.1 or ::1): the kiosk's page has no log-in")
    if config.id_card_reader.driver is IdCardDriver.SDT_SERIAL and not config.id_card_reader.port:
        raise ConfigError("id_card_reader.port is missing: the serial port of the reader, e.g. /dev/ttyUSB0")
    if config.code_scanner.driver is CodeScannerDriver.SERIAL and not config.code_scanner.port:
        raise ConfigError("code_scanner.port is missing: the serial port of the scanner, e.g. /dev/ttyACM0")
    if config.device_bench.codes_url is not None:
        sandbox = read_address(config.device_bench.codes_url)
        if not is_loopback(sandbox.host or ""):
            raise ConfigError("device_bench.codes_url must be on this machine: a bench has no business elsewhere")
    camera = config.document_camera
    if camera.driver in (CameraDriver.V4L2, CameraDriver.VIDEO_FILE, CameraDriver.IMAGE_FOLDER) and not camera.path:
        raise ConfigError(f"document_camera.path is missing: driver {str(camera.driver)!r} needs it")
    if config.media.face is MediaSource.FILE and config.media.face_file is None:
        raise ConfigError("media.face_file is missing: media.face is 'file'")
    if config.media.voice is MediaSource.FILE and config.media.voice_file is None:
        raise ConfigError("media.voice_file is missing: media.voice is 'file'")


def _anchored(config: Config, folder: Path) -> Config:
    """The same, with every path absolute."""
    folder = folder.absolute()
    replace = msgspec.structs.replace

    def anchor(path: Path | None) -> Path | None:
        return path if path is None else folder / path

    camera = config.document_camera
    return replace(
        config,
        booth=replace(config.booth, state_dir=folder / config.booth.state_dir),
        center=replace(config.center, ca_file=anchor(config.center.ca_file)),
        kiosk=replace(config.kiosk, pages_dir=folder / config.kiosk.pages_dir),
        document_camera=replace(camera, path=str(folder / camera.path)) if camera.path else camera,
        media=replace(
            config.media, face_file=anchor(config.media.face_file), voice_file=anchor(config.media.voice_file)
        ),
    )
