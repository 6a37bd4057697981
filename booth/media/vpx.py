"""A VP8 encoder whose bitrate changes in place: libvpx itself, since FFmpeg sets a bitrate only when it opens one.

aiortc opens a new encoder when the bitrate changes by more than a tenth, and a new encoder begins with a keyframe.
"""

import ctypes
from dataclasses import dataclass

import av

from booth.media.libraries import LibraryMissing, codec_library

CLOCK_HZ = 90_000

_ABIS = (39, 25)
"""Encoder ABI of libvpx 1.16 (PyAV 18.1) and of 1.12 (Debian 12); libvpx itself refuses any other."""
_REALTIME = 1
_FORCE_KEYFRAME = 1
_IS_KEYFRAME = 1
_I420 = 0x102
_CBR = 1
_CONTROLS = {"cpu": 13, "noise": 15, "static": 17, "partitions": 18, "intra": 26}
_CONFIG_BYTES = 4096
"""More than any version's; only the part that all versions share is named."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What an encoder favours when there is little room."""

    quantizer_max: int
    """0 to 63; the coarsest that a picture may become."""
    drop_below_percent: int
    """Of the rate buffer: below this a frame is dropped rather than made coarse. 0 never drops."""
    keyframe_percent: int
    """A keyframe may have this share of a frame's average size."""
    noise_sensitivity: int


class _Config(ctypes.Structure):
    """vpx_codec_enc_cfg, as far as it is used."""

    _fields_ = (
        ("g_usage", ctypes.c_uint),
        ("g_threads", ctypes.c_uint),
        ("g_profile", ctypes.c_uint),
        ("g_w", ctypes.c_uint),
        ("g_h", ctypes.c_uint),
        ("g_bit_depth", ctypes.c_int),
        ("g_input_bit_depth", ctypes.c_uint),
        ("g_timebase_num", ctypes.c_int),
        ("g_timebase_den", ctypes.c_int),
        ("g_error_resilient", ctypes.c_uint),
        ("g_pass", ctypes.c_int),
        ("g_lag_in_frames", ctypes.c_uint),
        ("rc_dropframe_thresh", ctypes.c_uint),
        ("rc_resize_allowed", ctypes.c_uint),
        ("rc_scaled_width", ctypes.c_uint),
        ("rc_scaled_height", ctypes.c_uint),
        ("rc_resize_up_thresh", ctypes.c_uint),
        ("rc_resize_down_thresh", ctypes.c_uint),
        ("rc_end_usage", ctypes.c_int),
        ("rc_twopass_stats_in", ctypes.c_void_p * 2),
        ("rc_firstpass_mb_stats_in", ctypes.c_void_p * 2),
        ("rc_target_bitrate", ctypes.c_uint),
        ("rc_min_quantizer", ctypes.c_uint),
        ("rc_max_quantizer", ctypes.c_uint),
        ("rc_undershoot_pct", ctypes.c_uint),
        ("rc_overshoot_pct", ctypes.c_uint),
        ("rc_buf_sz", ctypes.c_uint),
        ("rc_buf_initial_sz", ctypes.c_uint),
        ("rc_buf_optimal_sz", ctypes.c_uint),
        ("rc_2pass", ctypes.c_uint * 4),
        ("kf_mode", ctypes.c_int),
        ("kf_min_dist", ctypes.c_uint),
        ("kf_max_dist", ctypes.c_uint),
        ("rest", ctypes.c_ubyte * (_CONFIG_BYTES - 176)),
    )


class _Context(ctypes.Structure):
    """vpx_codec_ctx, opaque, with room to spare."""

    _fields_ = (("opaque", ctypes.c_ubyte * 512),)


class _Image(ctypes.Structure):
    """vpx_image."""

    _fields_ = (
        ("fmt", ctypes.c_int),
        ("cs", ctypes.c_int),
        ("range", ctypes.c_int),
        ("w", ctypes.c_uint),
        ("h", ctypes.c_uint),
        ("bit_depth", ctypes.c_uint),
        ("d_w", ctypes.c_uint),
        ("d_h", ctypes.c_uint),
        ("r_w", ctypes.c_uint),
        ("r_h", ctypes.c_uint),
        ("x_chroma_shift", ctypes.c_uint),
        ("y_chroma_shift", ctypes.c_uint),
        ("planes", ctypes.c_void_p * 4),
        ("stride", ctypes.c_int * 4),
        ("rest", ctypes.c_ubyte * 256),
    )


class _Packet(ctypes.Structure):
    """vpx_codec_cx_pkt of the kind "frame" (0)."""

    _fields_ = (
        ("kind", ctypes.c_int),
        ("buf", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("pts", ctypes.c_int64),
        ("duration", ctypes.c_ulong),
        ("flags", ctypes.c_uint32),
    )


class Vpx:
    """One encoder for pictures of one size. `close` it; closing twice is harmless. One thread at a time."""

    def __init__(self, width: int, height: int, bps: int, manner: Manner) -> None:
        """Raises `LibraryMissing`."""
        self._library = _library()
        self._size = (width, height)
        self._context = _Context()
        self._open = False
        interface = self._library.vpx_codec_vp8_cx()
        self._config = _Config()
        self._check(self._library.vpx_codec_enc_config_default(interface, ctypes.byref(self._config), 0))
        self._fill(width, height, bps, manner)
        if not any(
            self._library.vpx_codec_enc_init_ver(
                ctypes.byref(self._context), interface, ctypes.byref(self._config), 0, abi
            )
            == 0
            for abi in _ABIS
        ):
            raise LibraryMissing("libvpx is of an unknown version")
        self._open = True
        for control, value in (
            ("cpu", -6),
            ("noise", manner.noise_sensitivity),
            ("static", 1),
            ("partitions", 0),
            ("intra", manner.keyframe_percent),
        ):
            self._check(
                self._library.vpx_codec_control_(
                    ctypes.byref(self._context), ctypes.c_int(_CONTROLS[control]), ctypes.c_int(value)
                )
            )

    def set_rate(self, bps: int) -> None:
        """From the next picture on; no keyframe follows from it."""
        self._config.rc_target_bitrate = max(1, bps // 1000)
        self._check(self._library.vpx_codec_enc_config_set(ctypes.byref(self._context), ctypes.byref(self._config)))

    def encode(self, frame: av.VideoFrame, pts: int, duration: int, keyframe: bool) -> tuple[bytes, bool]:
        """One YUV 4:2:0 picture; `pts` grows, in 1/90000 s. Its bytes (none when it was dropped), and whether it is a
        keyframe."""
        image = _image_of(frame)
        flags = _FORCE_KEYFRAME if keyframe else 0
        self._check(
            self._library.vpx_codec_encode(
                ctypes.byref(self._context),
                ctypes.byref(image),
                ctypes.c_int64(pts),
                ctypes.c_ulong(max(1, duration)),
                ctypes.c_long(flags),
                ctypes.c_ulong(_REALTIME),
            )
        )
        data, is_keyframe = b"", False
        iterator = ctypes.c_void_p()
        while found := self._library.vpx_codec_get_cx_data(ctypes.byref(self._context), ctypes.byref(iterator)):
            packet = found.contents
            if packet.kind == 0:
                data += ctypes.string_at(packet.buf, packet.size)
                is_keyframe = is_keyframe or bool(packet.flags & _IS_KEYFRAME)
        return data, is_keyframe

    def close(self) -> None:
        if self._open:
            self._open = False
            self._library.vpx_codec_destroy(ctypes.byref(self._context))

    def __del__(self) -> None:
        self.close()

    def _fill(self, width: int, height: int, bps: int, manner: Manner) -> None:
        config = self._config
        config.g_w, config.g_h = width, height
        config.g_threads = 1
        config.g_timebase_num, config.g_timebase_den = 1, CLOCK_HZ
        config.g_lag_in_frames = 0
        config.rc_dropframe_thresh = manner.drop_below_percent
        config.rc_resize_allowed = 0
        config.rc_end_usage = _CBR
        config.rc_target_bitrate = max(1, bps // 1000)
        config.rc_min_quantizer, config.rc_max_quantizer = 2, manner.quantizer_max
        config.rc_undershoot_pct, config.rc_overshoot_pct = 100, 15
        config.rc_buf_sz, config.rc_buf_initial_sz, config.rc_buf_optimal_sz = 1000, 500, 600
        config.kf_mode = 1
        config.kf_min_dist, config.kf_max_dist = 0, 3000

    def _check(self, code: int) -> None:
        if code != 0:
            raise RuntimeError(f"libvpx says {code}")


def _image_of(frame: av.VideoFrame) -> _Image:
    """A view of the frame's planes; the frame must outlive it."""
    image = _Image(fmt=_I420, w=frame.width, h=frame.height, d_w=frame.width, d_h=frame.height, bit_depth=8)
    image.x_chroma_shift = image.y_chroma_shift = 1
    for number, plane in enumerate(frame.planes):
        image.planes[number] = plane.buffer_ptr
        image.stride[number] = plane.line_size
    return image


def _library() -> ctypes.CDLL:
    library = codec_library("vpx")
    library.vpx_codec_vp8_cx.restype = ctypes.c_void_p
    library.vpx_codec_enc_config_default.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint]
    library.vpx_codec_enc_init_ver.argtypes = [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_long,
        ctypes.c_int,
    ]
    library.vpx_codec_get_cx_data.restype = ctypes.POINTER(_Packet)
    return library
