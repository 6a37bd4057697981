"""RTP packets as bytes, checked against aiortc's own parser and packetizer."""

from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from center.media.ends import MID_URI, SEND_TIME_URI
from center.media.internals.sections import AUDIO_LEVEL_URI
from center.media.packets import (
    Header,
    audio_level_of,
    original_of,
    picture_of,
    read_packet,
    shift_picture,
    starts_keyframe,
)

KEY, DELTA = 0x10, 0x11
"""First bytes of a VP8 frame; the lowest bit is P (RFC 7741, 4.3)."""

pictures = st.one_of(st.none(), st.integers(0, 0x7FFF))
layers = st.one_of(st.none(), st.integers(0, 0xFF))


def shifted(payload: bytes, picture: int, layer: int) -> bytes:
    packet = bytearray(b"head" + payload + b"tail")
    shift_picture(packet, 4, 4 + len(payload), picture, layer)
    assert packet.startswith(b"head") and packet.endswith(b"tail")
    return bytes(packet[4 : 4 + len(payload)])


def descriptor(*, start: int = 1, partition: int = 0, picture: int | None = None, layer: int | None = None) -> bytes:
    return bytes(VpxPayloadDescriptor(start, partition, picture, layer, None if layer is None else (1, 0), None))


@given(picture=pictures, layer=layers)
def test_only_the_first_packet_of_a_keyframe_starts_one(picture: int | None, layer: int | None) -> None:
    assert starts_keyframe(descriptor(picture=picture, layer=layer) + bytes([KEY]))
    assert not starts_keyframe(descriptor(picture=picture, layer=layer) + bytes([DELTA]))
    assert not starts_keyframe(descriptor(start=0, picture=picture, layer=layer) + bytes([KEY]))
    assert not starts_keyframe(descriptor(partition=1, picture=picture, layer=layer) + bytes([KEY]))
    assert not starts_keyframe(descriptor(picture=picture, layer=layer))


@given(picture=pictures, layer=layers, by=st.integers(-70_000, 70_000), layer_by=st.integers(-300, 300))
def test_shifting_moves_the_picture_ids_and_nothing_else(
    picture: int | None, layer: int | None, by: int, layer_by: int
) -> None:
    after = shifted(descriptor(picture=picture, layer=layer) + b"frame", by, layer_by)
    parsed, rest = VpxPayloadDescriptor.parse(after)
    assert rest == b"frame"
    assert parsed.picture_id == (None if picture is None else (picture + by) % 0x8000)
    assert parsed.tl0picidx == (None if layer is None else (layer + layer_by) % 0x100)
    assert len(after) == len(descriptor(picture=picture, layer=layer) + b"frame")


@given(payload=st.binary(max_size=8), by=st.integers(0, 0x7FFF))
def test_no_payload_breaks_the_reading_of_descriptors(payload: bytes, by: int) -> None:
    starts_keyframe(payload)
    assert len(shifted(payload, by, by)) == len(payload)
    picture = picture_of(payload)
    assert picture is None or (0 <= picture[0] < 0x8000 and 0 <= picture[1] < 0x100)


def test_a_short_picture_id_stays_short() -> None:
    assert shifted(b"\x90\x80\x7f\x10", 3, 0) == b"\x90\x80\x02\x10"


def header_map(**ids: int) -> HeaderExtensionsMap:
    known = {"mid": MID_URI, "sent": SEND_TIME_URI, "level": AUDIO_LEVEL_URI}
    extensions = HeaderExtensionsMap()
    negotiated = [RTCRtpHeaderExtensionParameters(id=number, uri=known[name]) for name, number in ids.items()]
    extensions.configure(RTCRtpParameters(headerExtensions=negotiated))
    return extensions


@given(
    marker=st.integers(0, 1),
    number=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=50),
    mid=st.sampled_from(["", "0", "12", "a-long-mid"]),
    sent=st.integers(0, 0xFFFFFF),
)
def test_aiortc_reads_what_we_write(
    marker: int, number: int, timestamp: int, ssrc: int, payload: bytes, mid: str, sent: int
) -> None:
    header = Header(ssrc=ssrc, mid=mid, mid_id=4, value_id=14, value_bytes=3)
    data = bytearray(200)
    header.write(data, marker << 7 | 96, number, timestamp, sent.to_bytes(3, "big"))
    assert len(data) == 200
    data[header.size : header.size + len(payload)] = payload
    read = RtpPacket.parse(bytes(data[: header.size + len(payload)]), header_map(mid=4, sent=14))
    assert (read.marker, read.payload_type, read.sequence_number) == (marker, 96, number)
    assert (read.timestamp, read.ssrc, read.payload) == (timestamp, ssrc, payload)
    assert (read.extensions.mid, read.extensions.abs_send_time) == (mid or None, sent)


def test_pictures_are_to_be_shown_at_once_where_that_was_negotiated() -> None:
    data = bytearray(40)
    header = Header(ssrc=7, mid="0", mid_id=4, value_id=14, value_bytes=3, delay_id=5)
    header.write(data, 96, 1, 2, b"abc")
    profile, extension = RtpPacket.parse(bytes(data[: header.size]), header_map(mid=4, sent=14)), data[12 : header.size]
    assert (profile.extensions.mid, profile.extensions.abs_send_time) == ("0", int.from_bytes(b"abc", "big"))
    assert bytes((5 << 4 | 2, 0, 0, 0)) in extension and len(extension) % 4 == 0


def test_a_header_without_extensions_is_a_bare_one() -> None:
    data = bytearray(20)
    header = Header(ssrc=7, mid="0", value_bytes=1)
    header.write(data, 111, 1, 2)
    assert (header.size, RtpPacket.parse(bytes(data[:12])).ssrc) == (12, 7)


@given(data=st.binary(max_size=80), first=st.integers(0x80, 0xBF), level_id=st.integers(1, 14))
def test_any_bytes_are_a_packet_or_none_and_never_an_error(data: bytes, first: int, level_id: int) -> None:
    data = bytes([first]) + data
    packet = read_packet(data)
    if packet is None:
        return
    assert 12 <= packet.start <= packet.end <= len(data)
    assert -1 <= audio_level_of(packet, level_id) <= 255
    original = original_of(packet, payload_type=96, ssrc=1)
    assert original is None or original.payload == packet.payload[2:]


@given(
    payload=st.binary(max_size=50),
    padding=st.integers(0, 9),
    level=st.tuples(st.booleans(), st.integers(0, 127)),
    mid=st.text("ab9", min_size=1, max_size=4),
    csrcs=st.lists(st.integers(0, 2**32 - 1), max_size=3),
)
def test_a_packet_is_read_as_aiortc_wrote_it(
    payload: bytes, padding: int, level: tuple[bool, int], mid: str, csrcs: list[int]
) -> None:
    written = RtpPacket(payload_type=111, marker=1, sequence_number=65535, timestamp=2**32 - 1, ssrc=9, payload=payload)
    written.extensions.mid, written.extensions.audio_level, written.csrc = mid, level, csrcs
    written.padding_size = padding
    packet = read_packet(written.serialize(header_map(mid=1, level=7)))
    assert packet is not None
    assert (packet.payload_type, packet.marker, packet.sequence_number) == (111, 1, 65535)
    assert (packet.timestamp, packet.ssrc, packet.payload) == (2**32 - 1, 9, payload)
    assert audio_level_of(packet, 7) == (0x80 if level[0] else 0) | level[1]
    assert audio_level_of(packet, 8) == -1
