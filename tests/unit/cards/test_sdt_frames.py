"""The serial module's frames: what is whole comes out, whatever stands round it and however it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booth.devices.card import sdt_frames as frames
from booth.devices.card.sdt_frames import (
    MAX_LENGTH,
    PREAMBLE,
    Deframer,
    Reply,
    as_reply,
    contents_of,
    frame,
    module_id_of,
)
from booth.errors import DeviceError
from protocol.errors import ErrorCode

bodies = st.binary(min_size=2, max_size=60)
noise = st.binary(max_size=40).filter(lambda data: PREAMBLE[0] not in data)


@pytest.mark.parametrize(
    ("command", "wire"),
    [
        (frames.RESET, "AAAAAA9669 0003 10FF EC"),
        (frames.STATUS, "AAAAAA9669 0003 11FF ED"),
        (frames.MODULE_ID, "AAAAAA9669 0003 12FF EE"),
        (frames.FIND, "AAAAAA9669 0003 2001 22"),
        (frames.SELECT, "AAAAAA9669 0003 2002 21"),
        (frames.READ, "AAAAAA9669 0003 3001 32"),
        (frames.ADDED_ADDRESS, "AAAAAA9669 0003 3003 30"),
    ],
)
def test_each_command_looks_as_the_standard_says(command: bytes, wire: str) -> None:
    assert frame(command) == bytes.fromhex(wire)


def test_a_reading_of_text_and_photo_has_1295_bytes_on_the_wire() -> None:
    assert len(frame(b"\0\0\x90" + bytes(4 + 256 + 1024))) == 1295


@given(st.lists(st.tuples(noise, bodies), max_size=5), noise, st.lists(st.integers(1, 20), min_size=1))
def test_frames_come_out_of_any_noise_however_the_bytes_are_cut(
    sent: list[tuple[bytes, bytes]], tail: bytes, cuts: list[int]
) -> None:
    wire = b"".join(before + frame(body) for before, body in sent) + tail
    deframer, received = Deframer(), []
    at, turn = 0, 0
    while at < len(wire):
        size = cuts[turn % len(cuts)]
        received += deframer.feed(wire[at : at + size])
        at, turn = at + size, turn + 1
    assert received == [body for _, body in sent]


@given(st.lists(st.binary(max_size=6000) | st.binary(max_size=200).map(lambda data: PREAMBLE + data), max_size=8))
def test_no_input_breaks_it_or_makes_it_hold_more_than_one_frame(pieces: list[bytes]) -> None:
    deframer = Deframer()
    for piece in pieces:
        for body in deframer.feed(piece):
            assert 2 <= len(body) < MAX_LENGTH
        assert len(deframer) < len(PREAMBLE) + 2 + MAX_LENGTH


@given(bodies, st.data())
def test_a_frame_with_one_wrong_bit_does_not_come_out(body: bytes, data: st.DataObject) -> None:
    wire = bytearray(frame(body))
    at = data.draw(st.integers(len(PREAMBLE) + 2, len(wire) - 1))
    wire[at] ^= 1 << data.draw(st.integers(0, 7))
    assert body not in Deframer().feed(bytes(wire))


def test_a_frame_that_stands_inside_a_false_one_is_found() -> None:
    good = frame(b"\0\0\x90abc")
    false_start = PREAMBLE + len(good + b"x").to_bytes(2, "big")
    deframer = Deframer()
    assert deframer.feed(false_start + good + b"x") == [b"\0\0\x90abc"]
    assert deframer.skipped == 1


def test_a_length_beyond_belief_is_not_waited_for() -> None:
    deframer = Deframer()
    assert deframer.feed(PREAMBLE + (MAX_LENGTH + 1).to_bytes(2, "big") + frame(b"\0\0\x90")) == [b"\0\0\x90"]


def test_the_preamble_of_a_frame_may_follow_a_stray_first_byte_of_it() -> None:
    assert Deframer().feed(b"\xaa\xaa" + frame(b"\0\0\x9f")) == [b"\0\0\x9f"]


@given(st.binary(max_size=10))
def test_a_body_is_a_reply_when_it_has_three_status_bytes(body: bytes) -> None:
    assert as_reply(body) == (Reply(body[2], body[3:]) if len(body) >= 3 else None)


def test_a_reply_does_not_show_its_data() -> None:
    assert "secret" not in repr(Reply(0x90, b"secret"))


@given(
    st.binary(max_size=1400)
    | st.binary(max_size=1400).map(lambda rest: bytes.fromhex("01000400") + rest)
    | st.integers(0, 1100).map(lambda size: bytes.fromhex("01000400") + size.to_bytes(2, "big") + bytes(1280 + size))
)
def test_the_data_of_a_reading_hold_256_bytes_of_text_or_are_refused(data: bytes) -> None:
    try:
        contents = contents_of(data)
    except DeviceError as error:
        assert error.code is ErrorCode.CARD_DAMAGED
    else:
        assert len(contents.text) == 256
        assert len(contents.photo) in (0, 1024)
        assert len(data) - len(contents.text) - len(contents.photo) - contents.fingerprint_bytes in (4, 6)


def test_a_whole_reading_is_taken_apart_into_text_and_photo() -> None:
    contents = contents_of(bytes.fromhex("01000400") + b"t" * 256 + b"p" * 1024)
    assert (contents.text, contents.photo, contents.fingerprint_bytes) == (b"t" * 256, b"p" * 1024, 0)


def test_of_fingerprints_that_come_unasked_the_length_is_noted_and_nothing_kept() -> None:
    contents = contents_of(bytes.fromhex("010004000200") + b"t" * 256 + b"p" * 1024 + b"f" * 512)
    assert (contents.text, contents.photo, contents.fingerprint_bytes) == (b"t" * 256, b"p" * 1024, 512)


def test_no_command_asks_for_fingerprints() -> None:
    commands = [value for value in vars(frames).values() if isinstance(value, bytes) and len(value) == 2]
    assert frames.READ in commands
    assert bytes.fromhex("3010") not in commands


def test_contents_do_not_show_themselves() -> None:
    shown = repr(contents_of(bytes.fromhex("01000400") + b"t" * 256 + b"p" * 1024))
    assert "ttt" not in shown
    assert "ppp" not in shown


def test_a_modules_id_is_printed_as_on_its_label() -> None:
    data = bytes.fromhex("0500 0300 5D263501 40E20100 B168DE3A")
    assert module_id_of(data) == "05.03-20260445-0000123456-0987654321"
    assert module_id_of(data[:15]) is None
