"""Reading an offer before any library sees it: what is too much or doesn't fit is refused here. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from center.media.interface import MediaError
from protocol.media import TrackDirection, TrackName, TrackOffer

MOST_CHARACTERS = 60_000
MOST_LINES = 2000
MOST_SECTIONS = 12
MOST_CODECS = 500
"""A Chromium that offers all its codecs in five sections has about 150."""

_AUDIO = frozenset({TrackName.VOICE, TrackName.CLERK_VOICE})
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_FITTING = {
    TrackDirection.PUBLISH: ("sendrecv", "sendonly"),
    TrackDirection.SUBSCRIBE: ("sendrecv", "recvonly"),
}
_MEDIA_LINE = re.compile(r"m=(audio|video|application) [0-9]{1,5} ([A-Z/]+) [A-Za-z0-9 -]+")
_OPUS = re.compile(r"a=rtpmap:([0-9]{1,3}) opus/48000/2", re.IGNORECASE)
_MID = re.compile(r"[A-Za-z0-9_+-]{1,16}")
_USED_EXTENSION = re.compile(
    r"a=extmap:([1-9]|1[0-4])(/[a-z]+)? "
    r"(urn:ietf:params:rtp-hdrext:(sdes:mid|ssrc-audio-level)"
    r"|http://www\.webrtc\.org/experiments/rtp-hdrext/(abs-send-time|playout-delay))"
)
"""What is forwarded or made afresh, with the ids of one-byte headers (RFC 8285, 4.2); the others are not negotiated."""
_PROFILES = {"audio": ("UDP/TLS/RTP/SAVPF",), "video": ("UDP/TLS/RTP/SAVPF",), "application": ("UDP/DTLS/SCTP",)}


@dataclass(frozen=True, slots=True, repr=False)
class Offer:
    """An offer that can be answered. `tracks` is by mid; a section that isn't in it carries nothing."""

    sdp: str
    tracks: Mapping[str, TrackOffer]


def kind_of(track: TrackName) -> str:
    return "audio" if track in _AUDIO else "video"


def read_offer(sdp: str, tracks: Sequence[TrackOffer]) -> Offer:
    """Check an offer against what it is said to carry. Raises `MediaError`.

    The peer's ICE candidates are taken out: the center learns the peer's address from the peer's first check. So an
    offer can't make it send packets to a third host, nor have it wait for names that nobody resolves.
    """
    lines = _lines(sdp)
    session, *media = list(_sections(lines))
    if not 1 <= len(media) <= MOST_SECTIONS:
        raise MediaError(f"an offer has 1 to {MOST_SECTIONS} media sections")
    sections = [_read_section(section, session) for section in media]
    mids = {section.mid: section for section in sections}
    if len(mids) != len(sections):
        raise MediaError("two media sections have the same mid")
    if sorted(_bundled(session)) != sorted(mids):
        raise MediaError("the offer must bundle all its media sections")
    return Offer(sdp="\r\n".join(lines) + "\r\n", tracks=_fit(mids, tracks))


def ask_for_copies(answer: str) -> str:
    """The answer, with a wish to every sender of a voice: send a copy of each frame with the next one (RFC 7587).

    A browser does so only when it is asked. The copy is what a lost packet is heard from.
    """
    lines = answer.split("\r\n")
    said = {line.partition(" ")[0] for line in lines if line.startswith("a=fmtp:")}
    asked: list[str] = []
    for line in lines:
        asked.append(line)
        found = _OPUS.fullmatch(line)
        if found is not None and f"a=fmtp:{found[1]}" not in said:
            asked.append(f"a=fmtp:{found[1]} minptime=10;useinbandfec=1")
    return "\r\n".join(asked)


@dataclass(frozen=True, slots=True)
class _Section:
    mid: str
    kind: str
    direction: str


def _lines(sdp: str) -> list[str]:
    if len(sdp) > MOST_CHARACTERS:
        raise MediaError("the offer is too long")
    lines = [line.rstrip("\r") for line in sdp.strip().split("\n")]
    if len(lines) > MOST_LINES or sum(line.startswith("a=rtpmap:") for line in lines) > MOST_CODECS:
        raise MediaError("the offer has too many lines")
    if lines[0] != "v=0" or any(len(line) < 2 or line[1] != "=" or not line.isprintable() for line in lines):
        raise MediaError("the offer is not SDP")
    return [line for line in lines if _is_used(line)]


def _sections(lines: Sequence[str]) -> Iterator[list[str]]:
    """The session's lines, then each media section's."""
    start = 0
    for at, line in enumerate(lines):
        if line.startswith("m="):
            yield list(lines[start:at])
            start = at
    yield list(lines[start:])


def _read_section(lines: Sequence[str], session: Sequence[str]) -> _Section:
    found = _MEDIA_LINE.fullmatch(lines[0])
    if found is None or found[2] not in _PROFILES[found[1]]:
        raise MediaError("a media section is of an unknown kind")
    kind = found[1]
    mid = _only(lines, "a=mid:")
    if _MID.fullmatch(mid) is None:
        raise MediaError("a media section has no usable mid")
    both = [*session, *lines]
    for needed in ("a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:"):
        if not any(line.startswith(needed) for line in both):
            raise MediaError(f"a media section lacks {needed[2:-1]}")
    if kind != "application" and "a=rtcp-mux" not in lines:
        raise MediaError("a media section lacks rtcp-mux")
    directions = [line[2:] for line in lines if line[2:] in _DIRECTIONS]
    return _Section(mid=mid, kind=kind, direction=directions[-1] if directions else "sendrecv")


def _only(lines: Sequence[str], prefix: str) -> str:
    values = [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]
    if len(values) != 1:
        raise MediaError(f"a media section needs one {prefix[2:-1]}")
    return values[0]


def _is_used(line: str) -> bool:
    if line.startswith("a=extmap:"):
        return _USED_EXTENSION.fullmatch(line) is not None
    return not line.startswith(("a=candidate:", "a=end-of-candidates"))


def _bundled(session: Sequence[str]) -> list[str]:
    for line in session:
        if line.startswith("a=group:BUNDLE "):
            return line.split()[1:]
    return []


def _fit(sections: Mapping[str, _Section], tracks: Sequence[TrackOffer]) -> dict[str, TrackOffer]:
    fitted: dict[str, TrackOffer] = {}
    for offer in tracks:
        section = sections.get(offer.mid)
        if section is None or offer.mid in fitted:
            raise MediaError(f"{offer.track} has no media section of its own")
        if section.kind != kind_of(offer.track):
            raise MediaError(f"{offer.track} is not {section.kind}")
        if section.direction not in _FITTING[offer.direction]:
            raise MediaError(f"{offer.track} can't {offer.direction} in a section that is {section.direction}")
        fitted[offer.mid] = offer
    if len({(offer.track, offer.direction) for offer in fitted.values()}) != len(fitted):
        raise MediaError("a track is offered twice")
    if not fitted:
        raise MediaError("the offer carries no track")
    return fitted
