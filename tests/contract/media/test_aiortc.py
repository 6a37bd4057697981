"""What the media packages use of aiortc and aioice that nobody promised to keep; see `internals.py` of both."""

import asyncio
import importlib.metadata
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aioice.candidate
import aioice.ice
import aioice.stun
import aiortc
import aiortc.codecs
import aiortc.codecs.opus
import aiortc.rate
import aiortc.rtcdtlstransport
import aiortc.rtcpeerconnection
import aiortc.rtcrtpreceiver
import aiortc.rtcrtpsender
import aiortc.rtcrtptransceiver
import aiortc.rtp
import pylibsrtp
import pytest

import booth.media.internals
import center.media.internals
from booth.media.internals import BoothConnection, FlowReceiver, PacedSender
from booth.media.synthetic import SyntheticVoice
from center.media.ends import ForwardingConnection, PublisherEnd, SubscriberEnd
from center.media.internals.path import MediaPath
from center.media.internals.sections import ReceivingEnd, SendingEnd, path_of
from center.media.internals.sockets import inbox
from center.media.internals.srtp import Keys, outbox

ROOT = Path(__file__).parents[3]

NEVER_CALLED = {"getStats", "replaceTrack", "_handle_disconnect", "_handle_rtp_packet"}
"""The first two by us alone; the others of receivers that registered with aiortc's router, where ours do not."""

SIGNATURES: list[tuple[Callable[..., Any], list[str]]] = [
    (aiortc.RTCDtlsTransport._register_rtp_receiver, ["self", "receiver", "parameters"]),
    (aiortc.RTCDtlsTransport._send_rtp, ["self", "data"]),
    (
        aiortc.RTCPeerConnection._RTCPeerConnection__createTransceiver,  # type: ignore[attr-defined]
        ["self", "direction", "kind", "sender_track"],
    ),
    (aiortc.RTCPeerConnection._RTCPeerConnection__createDtlsTransport, ["self"]),  # type: ignore[attr-defined]
    (aiortc.RTCRtpReceiver._handle_rtp_packet, ["self", "packet", "arrival_time_ms"]),
    (aiortc.RTCRtpReceiver._handle_rtcp_packet, ["self", "packet"]),
    (aiortc.RTCRtpReceiver._handle_disconnect, ["self"]),
    (aiortc.RTCRtpReceiver._set_rtcp_ssrc, ["self", "ssrc"]),
    (aiortc.RTCRtpReceiver.receive, ["self", "parameters"]),
    (aiortc.RTCRtpReceiver.setTransport, ["self", "transport"]),
    (aiortc.RTCRtpReceiver.stop, ["self"]),
    (aiortc.RTCRtpSender._handle_rtcp_packet, ["self", "packet"]),
    (aiortc.RTCRtpSender.send, ["self", "parameters"]),
    (aiortc.RTCRtpSender.setTransport, ["self", "transport"]),
    (aiortc.RTCRtpSender.stop, ["self"]),
    (aiortc.rtcrtpreceiver.StreamStatistics.__init__, ["self", "clockrate"]),
    (aiortc.rtcrtpreceiver.StreamStatistics.add, ["self", "packet"]),
    (aiortc.rtp.unwrap_rtx, ["rtx", "payload_type", "ssrc"]),
    (aiortc.rtp.pack_remb_fci, ["bitrate", "ssrcs"]),
    (aiortc.codecs.get_capabilities, ["kind"]),
    (aiortc.RTCRtpReceiver._run_rtcp, ["self"]),
    (aiortc.RTCRtpReceiver._send_rtcp, ["self", "packet"]),
    (aiortc.RTCRtpReceiver._send_rtcp_nack, ["self", "media_ssrc", "lost"]),
    (aiortc.RTCRtpReceiver._send_rtcp_pli, ["self", "media_ssrc"]),
    (aiortc.RTCRtpSender._next_encoded_frame, ["self", "codec"]),
    (aiortc.RTCRtpSender._retransmit, ["self", "sequence_number"]),
    (aiortc.RTCRtpSender._run_rtp, ["self", "codec"]),
    (aiortc.rtp.wrap_rtx, ["packet", "payload_type", "sequence_number", "ssrc"]),
    (aiortc.rate.RemoteBitrateEstimator.add, ["self", "arrival_time_ms", "abs_send_time", "payload_size", "ssrc"]),
    (aiortc.codecs.opus.OpusEncoder.encode, ["self", "frame", "force_keyframe"]),
    (aioice.ice.Connection.query_consent, ["self"]),
    (aioice.ice.Connection.data_received, ["self", "data", "component"]),
    (aioice.ice.Connection.get_component_candidates, ["self", "component", "addresses", "timeout"]),
    (aioice.ice.Connection.build_request, ["self", "pair", "nominate"]),
    (aioice.ice.StunProtocol.__init__, ["self", "receiver"]),
    (aioice.ice.StunProtocol.connection_made, ["self", "transport"]),
    (aioice.ice.StunProtocol.connection_lost, ["self", "exc"]),
    (aioice.ice.StunProtocol.datagram_received, ["self", "data", "addr"]),
    (aioice.candidate.candidate_foundation, ["candidate_type", "candidate_transport", "base_address"]),
    (aioice.candidate.candidate_priority, ["candidate_component", "candidate_type", "local_pref"]),
    (aioice.ice.StunProtocol.request, ["self", "request", "addr", "integrity_key", "retransmissions"]),
]

_SENDERS = tuple(
    f"_RTCRtpSender__{name}"
    for name in (
        "encoder", "mid", "ntp_timestamp", "octet_count", "packet_count", "rtp_exited", "rtp_header_extensions_map",
        "rtp_started", "rtp_timestamp", "rtx_payload_type", "rtx_sequence_number", "track",
    )
)  # fmt: skip
_RECEIVERS = tuple(
    f"_RTCRtpReceiver__{name}"
    for name in (
        "codecs",
        "remote_bitrate_estimator",
        "remote_streams",
        "rtcp_ssrc",
        "rtcp_task",
        "rtx_ssrc",
        "started",
    )
)


@pytest.mark.parametrize("internals", [booth.media.internals, center.media.internals])
def test_the_libraries_are_the_ones_whose_inside_was_read(internals: Any) -> None:
    for package, expected in (("aiortc", internals.AIORTC_VERSION), ("aioice", internals.AIOICE_VERSION)):
        assert importlib.metadata.version(package) == expected, (
            f"{package} is not {expected}: read what {internals.__name__} uses of it, run the media tests, move the pin"
        )


def test_the_versions_are_pinned() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf8").splitlines()
    assert f"aiortc=={center.media.internals.AIORTC_VERSION}" in pins
    assert f"aioice=={center.media.internals.AIOICE_VERSION}" in pins
    assert f"pylibsrtp=={center.media.internals.PYLIBSRTP_VERSION}" in pins
    assert importlib.metadata.version("pylibsrtp") == center.media.internals.PYLIBSRTP_VERSION


@pytest.mark.parametrize(("function", "parameters"), SIGNATURES, ids=lambda x: getattr(x, "__qualname__", ""))
def test_a_private_function_takes_what_it_took(function: Callable[..., Any], parameters: list[str]) -> None:
    assert list(inspect.signature(function).parameters) == parameters, f"{function.__qualname__} has changed"


async def test_the_objects_have_the_private_attributes_that_are_read_or_replaced() -> None:
    connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    transceiver = connection.addTransceiver("video")
    transport = transceiver.sender.transport
    ice = transport.transport._connection
    needed: list[tuple[object, tuple[str, ...]]] = [
        (transceiver, ("_RTCRtpTransceiver__sender", "_RTCRtpTransceiver__receiver", "_preferred_codecs")),
        (transceiver.sender, ("_ssrc", "_rtx_ssrc", "_stream_id", "_track_id", "_enabled", *_SENDERS)),
        (transceiver.receiver, ("_track", "_enabled", *_RECEIVERS)),
        (transport, ("_rx_srtp", "_tx_srtp", "_rtp_router")),
        (transport, ("_RTCDtlsTransport__rx_packets",)),
        (transport._rtp_router, ("ssrc_table",)),
        (ice, ("_nominated", "_protocols", "_queue", "_query_consent_task", "remote_password")),
        (aiortc.codecs.opus.OpusEncoder(), ("codec", "resampler")),
        (aiortc.rtcrtpreceiver.StreamStatistics(90_000), ("max_seq",)),
    ]
    await connection.close()
    for thing, names in needed:
        missing = [name for name in names if not hasattr(thing, name)]
        assert not missing, f"{type(thing).__name__} has no {missing} any more"


def test_a_new_bitrate_reaches_the_encoder_as_an_attribute() -> None:
    source = inspect.getsource(aiortc.RTCRtpSender._handle_rtcp_packet)
    assert "self.__encoder.target_bitrate = bitrate" in source
    assert "self._retransmit(seq)" in source


def test_our_ends_have_all_that_aiortcs_connection_and_transport_call() -> None:
    """What the library's own modules use of a sender and a receiver, found in their source."""
    source = "".join(
        inspect.getsource(module)
        for module in (
            aiortc.rtcpeerconnection,
            aiortc.rtcrtptransceiver,
            aiortc.rtcdtlstransport,
        )
    )
    receiver, sender = _attributes(source, "receiver"), _attributes(source, "sender")
    assert receiver >= {"_set_rtcp_ssrc", "receive", "setTransport", "stop", "track", "transport"}
    assert sender >= {"_ssrc", "_stream_id", "_track_id", "send", "setTransport", "stop"}
    for end, used in ((ReceivingEnd, receiver), (SendingEnd, sender)):
        instance = end("video", None)  # type: ignore[arg-type]
        missing = {name for name in used if not hasattr(instance, name)} - NEVER_CALLED
        assert not missing, f"aiortc uses {missing} of what {end.__name__} stands for"


@pytest.mark.parametrize("make", [ForwardingConnection, BoothConnection])
async def test_our_connections_get_their_own_ends_and_hooks(make: Callable[[], aiortc.RTCPeerConnection]) -> None:
    connection = make()
    transceiver = connection.addTransceiver("video", "recvonly")
    hooks = vars(transceiver.receiver.transport.transport._connection)
    assert {"query_consent", "get_component_candidates"} <= hooks.keys()
    assert [codec.name for codec in transceiver._preferred_codecs] == ["VP8", "rtx"]
    if make is BoothConnection:
        assert isinstance(transceiver.receiver, FlowReceiver)
        assert isinstance(connection.addTransceiver(SyntheticVoice()).sender, PacedSender)
    else:
        assert isinstance(transceiver.receiver, PublisherEnd)
        assert isinstance(transceiver.sender, SubscriberEnd)
        assert "data_received" in hooks
        assert isinstance(path_of(transceiver.receiver.transport), MediaPath)
    await connection.close()


async def test_other_users_of_aiortc_in_the_process_see_no_change() -> None:
    ours, theirs = ForwardingConnection(), aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    ours.addTransceiver("video")
    transceiver = theirs.addTransceiver("video")
    assert type(transceiver.receiver) is aiortc.RTCRtpReceiver
    assert type(transceiver.sender) is aiortc.RTCRtpSender
    assert "query_consent" not in vars(transceiver.receiver.transport.transport._connection)
    await asyncio.gather(ours.close(), theirs.close())


@pytest.mark.parametrize(
    "profile", [pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80, pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM]
)
def test_packets_are_sealed_and_opened_in_place_as_pylibsrtp_does_it(profile: int) -> None:
    """libsrtp is called past pylibsrtp, in its own buffers; what comes out is the same."""
    key = bytes(range(44))

    def session(direction: int) -> pylibsrtp.Session:
        return pylibsrtp.Session(pylibsrtp.Policy(key=key, ssrc_type=direction, srtp_profile=profile))

    incoming, outgoing = pylibsrtp.Policy.SSRC_ANY_INBOUND, pylibsrtp.Policy.SSRC_ANY_OUTBOUND
    keys = Keys(SimpleNamespace(_rx_srtp=session(incoming), _tx_srtp=session(outgoing)))  # type: ignore[arg-type]
    assert keys.ready()
    rtp = aiortc.rtp.RtpPacket(payload_type=96, sequence_number=5, ssrc=7, payload=bytes(1100)).serialize()
    rtcp = bytes(aiortc.rtp.RtcpPsfbPacket(fmt=1, ssrc=7, media_ssrc=8))
    peer_in, peer_out = session(incoming), session(outgoing)
    for data, is_rtcp, seal, unseal in (
        (rtp, False, peer_out.protect, peer_in.unprotect),
        (rtcp, True, peer_out.protect_rtcp, peer_in.unprotect_rtcp),
    ):
        outbox[: len(data)] = data
        assert unseal(bytes(outbox[: keys.seal(len(data), is_rtcp)])) == data
        sealed = seal(data)
        inbox[: len(sealed)] = sealed
        assert keys.open(len(sealed), is_rtcp) == len(data)
        assert inbox[: len(data)] == data
        inbox[: len(sealed)] = sealed
        assert keys.open(len(sealed), is_rtcp) == 0  # it came already
        inbox[: len(sealed)] = bytes(len(sealed))
        assert keys.open(len(sealed), is_rtcp) == 0


def _attributes(source: str, of: str) -> set[str]:
    return set(re.findall(rf"(?:\b|__|\.){of}\.(\w+)", source))
