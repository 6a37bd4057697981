"""What a hand scanner sends, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booth.devices.code.interface import LONGEST, is_code
from booth.devices.code.scanner import Lines

codes = st.text("ABCDEFabcdef0123456789-_=", min_size=6, max_size=60)


@given(st.lists(codes, max_size=5), st.sampled_from([b"\r", b"\n", b"\r\n"]), st.integers(1, 40))
def test_codes_come_out_whole_however_they_are_cut(sent: list[str], end: bytes, piece: int) -> None:
    data = b"".join(code.encode() + end for code in sent)
    lines, heard = Lines(), list[str]()
    for at in range(0, len(data), piece):
        heard += lines.feed(data[at : at + piece])
    assert heard == sent


@given(st.lists(st.binary(max_size=3000), max_size=5))
def test_whatever_comes_is_a_code_or_dropped_and_memory_is_bounded(pieces: list[bytes]) -> None:
    lines = Lines()
    for piece in pieces:
        assert all(is_code(code) for code in lines.feed(piece))
        assert len(lines._begun) <= 4 * LONGEST


@pytest.mark.parametrize("data", [b"short\r", b"x" * 5000 + b"\r", b"\xff\xfe\xff\xfe\xff\xfe\r", b"\r\r\n\n"])
def test_what_is_no_code_is_dropped_whole_and_the_next_one_is_heard(data: bytes) -> None:
    lines = Lines()
    assert lines.feed(data) == []
    assert lines.feed(b"CODE-0001\r") == ["CODE-0001"]


def test_half_a_code_that_was_dropped_does_not_begin_the_next() -> None:
    lines = Lines()
    lines.feed(b"HALF-A-")
    lines.drop()
    assert lines.feed(b"CODE-0001\r") == ["CODE-0001"]
