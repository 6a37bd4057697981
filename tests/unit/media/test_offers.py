"""Offers are refused before a library sees them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from center.media.interface import MediaError
from center.media.offers import MOST_SECTIONS, ask_for_copies, read_offer
from protocol.media import TrackDirection, TrackName, TrackOffer

PUBLISH, SUBSCRIBE = TrackDirection.PUBLISH, TrackDirection.SUBSCRIBE


def section(mid: str, kind: str = "video", direction: str = "sendonly") -> list[str]:
    return [
        f"m={kind} 9 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{mid}",
        f"a={direction}",
        "a=rtcp-mux",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuv",
        "a=fingerprint:sha-256 00:11",
        "a=setup:actpass",
        "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "a=candidate:1 1 udp 1 203.0.113.9 9 typ host",
        "a=rtpmap:96 VP8/90000",
    ]


def offer(*sections: list[str], bundle: str | None = None) -> str:
    mids = [line[6:] for lines in sections for line in lines if line.startswith("a=mid:")]
    head = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {bundle or ' '.join(mids)}"]
    return "\r\n".join([*head, *(line for lines in sections for line in lines)]) + "\r\n"


def face(mid: str = "0", direction: TrackDirection = PUBLISH) -> TrackOffer:
    return TrackOffer(mid=mid, track=TrackName.FACE, direction=direction)


def test_a_good_offer_is_read_without_candidates_and_unused_extensions() -> None:
    read = read_offer(offer(section("0")), [face()])
    assert read.tracks == {"0": face()}
    assert "203.0.113.9" not in read.sdp
    assert "sdes:mid" in read.sdp and "transport-wide" not in read.sdp
    assert "203.0.113.9" not in repr(read)


def test_a_section_without_a_track_carries_nothing() -> None:
    assert read_offer(offer(section("0"), section("1", "audio")), [face()]).tracks.keys() == {"0"}


@pytest.mark.parametrize(
    ("sdp", "tracks"),
    [
        ("", [face()]),
        ("v=0", [face()]),
        (offer(section("0")), []),
        (offer(section("0")), [face("1")]),
        (offer(section("0", "audio")), [face()]),
        (offer(section("0")), [face(direction=SUBSCRIBE)]),
        (offer(section("0", direction="recvonly")), [face()]),
        (offer(section("0", direction="inactive")), [face()]),
        (offer(section("0"), section("1")), [face(), face("1")]),
        (offer(section("0")), [face(), face()]),
        (offer(section("0"), section("0")), [face()]),
        (offer(section("0"), section("1"), bundle="0"), [face()]),
        (offer(section("0"), bundle="7"), [face()]),
        (offer(section("0")).replace("a=mid:0", "a=mid:" + "m" * 17), [face("m" * 17)]),
        (offer(section("0")).replace("a=rtcp-mux", "a=nothing"), [face()]),
        (offer(section("0")).replace("a=ice-pwd", "a=nothing"), [face()]),
        (offer(section("0")).replace("a=fingerprint", "a=nothing"), [face()]),
        (offer(section("0")).replace("m=video", "m=telepathy"), [face()]),
        (offer(section("0")).replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), [face()]),
        (offer(*(section(str(n)) for n in range(MOST_SECTIONS + 1))), [face()]),
        (offer(section("0")) + "a=x\r\n" * 3000, [face()]),
        (offer(section("0")) + "a=" + "x" * 60_000, [face()]),
        (offer(section("0")) + "a=rtpmap:96 VP8/90000\r\n" * 501, [face()]),
        (offer(section("0")) + "a=\0", [face()]),
    ],
)
def test_a_bad_offer_is_refused(sdp: str, tracks: list[TrackOffer]) -> None:
    with pytest.raises(MediaError):
        read_offer(sdp, tracks)


@given(sdp=st.text(max_size=400), cut=st.integers(0, 500))
def test_nothing_but_a_media_error_comes_out_of_garbage(sdp: str, cut: int) -> None:
    good = offer(section("0"))
    for text in (sdp, good[:cut] + sdp + good[cut:], good[cut:] + sdp):
        try:
            read_offer(text, [face()])
        except MediaError:
            continue


def test_an_answer_asks_every_voice_for_copies_once() -> None:
    answer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 opus/48000/2\r\na=rtcp-mux\r\n"
    asked = ask_for_copies(answer)
    assert asked.split("\r\n")[2:4] == ["a=rtpmap:96 opus/48000/2", "a=fmtp:96 minptime=10;useinbandfec=1"]
    assert ask_for_copies(asked) == asked
    assert ask_for_copies("v=0\r\na=rtpmap:97 VP8/90000\r\n") == "v=0\r\na=rtpmap:97 VP8/90000\r\n"
