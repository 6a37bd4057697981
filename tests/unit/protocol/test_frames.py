"""Reading what came over the wire: a known frame, or a ProtocolError that quotes nothing."""

import contextlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import PROTOCOL_VERSION
from protocol.errors import ErrorCode, ProtocolError
from protocol.kiosk import read_kiosk_action
from protocol.link import (
    MAX_FRAME_BYTES,
    Ack,
    BoothNumbered,
    CenterNumbered,
    CenterPassing,
    Hello,
    proof_text,
    read_booth_frame,
    read_center_frame,
    write_frame,
)
from protocol.media import MediaAnswer
from protocol.messages import CommandIssued, TicketRequested
from protocol.records import CardLost, CodeShown, IdCard, Sex
from protocol.visit import CommandKind

READERS = [read_booth_frame, read_center_frame, read_kiosk_action]

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
tags = st.sampled_from(
    ["hello", "proof", "numbered", "ack", "fleeting", "welcome", "signed", "media_offer", "item_chosen"]
)


@pytest.mark.parametrize("read", READERS)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_a_frame_or_a_protocol_error(read: Callable[[bytes], object], data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        read(data)


@pytest.mark.parametrize("read", READERS)
@given(tag=tags, rest=st.dictionaries(st.sampled_from(["n", "ack", "body", "strokes", "sdp", "booth_id"]), json_values))
def test_any_json_is_a_frame_or_a_protocol_error(
    read: Callable[[bytes], object], tag: str, rest: dict[str, object]
) -> None:
    with contextlib.suppress(ProtocolError):
        read(msgspec.json.encode({"type": tag, **rest}))


def test_a_deeply_nested_frame_is_refused() -> None:
    with pytest.raises(ProtocolError):
        read_booth_frame(b'{"type":"numbered","x":' + b"[" * 100_000)


def test_a_frame_over_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(ProtocolError) as refused:
        read_booth_frame(b" " * (MAX_FRAME_BYTES + 1))
    assert refused.value.code is ErrorCode.TOO_LARGE


def test_a_frame_over_the_limit_is_not_written() -> None:
    with pytest.raises(ProtocolError) as refused:
        write_frame(CenterPassing(MediaAnswer("a", "x" * MAX_FRAME_BYTES)))
    assert refused.value.code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    "data",
    [
        '{"type":"林晓梅"}',
        '{"type":"numbered","n":1,"ack":0,"body":{"type":"林晓梅"}}',
        '{"type":"hello","booth_id":"林晓梅","version":1,"software":""}',
        '{"type":"numbered","n":1,"ack":0,"body":{"type":"rated","affair_id":"a","grade":"林晓梅"}}',
    ],
)
def test_the_refusal_of_a_frame_never_quotes_it(data: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        read_booth_frame(data)
    assert "林" not in str(refused.value) and "林" not in repr(refused.value)


CARD = IdCard("林晓梅", Sex.FEMALE, "汉", "1948-02-03", "甲路1号", "310107194802030029", True, "某局", None, None, True)


@pytest.mark.parametrize(
    "frame",
    [
        Hello("yanchang-02", PROTOCOL_VERSION, "0.1.0"),
        BoothNumbered(1, 0, TicketRequested("r1", "medical_booklet", CARD)),
        BoothNumbered(2, 7, TicketRequested("r2", "medical_booklet", CardLost())),
        BoothNumbered(3, 7, TicketRequested("r3", "medical_booklet", CodeShown("opaque"))),
        Ack(3),
    ],
)
def test_what_a_booth_writes_the_center_reads(frame: Hello | BoothNumbered | Ack) -> None:
    assert read_booth_frame(write_frame(frame)) == frame


def test_what_the_center_writes_a_booth_reads() -> None:
    frame = CenterNumbered(1, 4, CommandIssued("c1", "a1", CommandKind.TAKE_PAGE, 60))
    assert read_center_frame(write_frame(frame)) == frame


def test_fields_that_a_newer_peer_adds_are_ignored() -> None:
    assert read_booth_frame('{"type":"ack","ack":1,"new_in_version_9":true}') == Ack(1)


def test_personal_records_hide_themselves() -> None:
    frame = BoothNumbered(1, 0, TicketRequested("r1", "medical_booklet", CARD))
    for shown in (repr(CARD), repr(frame), str(frame), f"{frame}"):
        assert "林晓梅" not in shown and "310107" not in shown


def test_a_proof_is_bound_to_center_booth_and_nonce() -> None:
    texts = {
        proof_text("c1", "b1", b"n" * 32),
        proof_text("c2", "b1", b"n" * 32),
        proof_text("c1", "b2", b"n" * 32),
        proof_text("c1", "b1", b"m" * 32),
    }
    assert len(texts) == 4
