"""A full line is cut at once and grows back; the voice comes first; what one track leaves the other may have."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from center.media.rates import (
    FREE_AFTER_S,
    PORTIONS,
    REMB_BPS,
    VOICE_BPS,
    DownlinkRates,
    UplinkRates,
)
from protocol.media import TrackName

FACE, VOICE, DOCUMENT = TrackName.FACE, TrackName.VOICE, TrackName.DOCUMENT


def publishing(rates: UplinkRates, now_s: float, lost: float = 0.0, face: float = 1e6, document: float = 5e5) -> None:
    for track, bps in ((FACE, face), (VOICE, 50_000.0), (DOCUMENT, document)):
        rates.on_reception(track, lost, bps, now_s)


def test_the_first_word_is_a_fixed_one_and_a_good_line_keeps_it() -> None:
    rates = UplinkRates()
    assert rates.limit_bps(FACE, [], 0.0) == REMB_BPS
    for second in range(60):
        publishing(rates, second, lost=0.08)
        rates.on_picture(FACE, second, second + 0.02)
        assert rates.limit_bps(FACE, [], second) == REMB_BPS
        assert rates.limit_bps(DOCUMENT, [], second) == PORTIONS[DOCUMENT].most_bps


def test_the_least_of_what_subscribers_have_room_for_decides() -> None:
    assert UplinkRates().limit_bps(FACE, [900_000, 400_000, 2_000_000], 0.0) == 400_000


def test_many_losses_cut_both_pictures_and_leave_the_voice_its_part() -> None:
    rates = UplinkRates()
    for second in range(30):
        publishing(rates, second, lost=0.3, face=150_000, document=80_000)
    total = sum(rates.limit_bps(track, [], 30.0) for track in (FACE, DOCUMENT))
    assert total <= 280_000 - VOICE_BPS
    assert rates.limit_bps(FACE, [], 30.0) > rates.limit_bps(DOCUMENT, [], 30.0) > 0


def test_a_queue_that_stands_cuts_to_what_arrives_and_bursts_do_not() -> None:
    bursts, standing = UplinkRates(), UplinkRates()
    for tick in range(150):
        now_s = tick / 15
        publishing(bursts, now_s)
        publishing(standing, now_s)
        bursts.on_picture(FACE, now_s, now_s + (0.3 if tick % 15 < 10 else 0.0))
        standing.on_picture(FACE, now_s, now_s + min(0.3, max(0, tick - 30) * 0.01))
    assert bursts.limit_bps(FACE, [], 10.0) == REMB_BPS
    assert standing.limit_bps(FACE, [], 10.0) < 0.85 * 1.55e6


def test_a_way_that_became_longer_for_good_is_no_queue() -> None:
    rates = UplinkRates()
    for tick in range(15 * 45):
        now_s = tick / 15
        publishing(rates, now_s)
        rates.on_picture(FACE, now_s, now_s + (0.0 if now_s < 5 else 0.5))
        assert rates.limit_bps(FACE, [], now_s) > 80_000
    assert rates.limit_bps(FACE, [], 45.0) == REMB_BPS


def test_a_line_that_was_cut_grows_back_and_is_free_in_the_end() -> None:
    rates = UplinkRates()
    publishing(rates, 0.0, lost=0.5)
    limits = []
    for second in range(1, int(FREE_AFTER_S) + 2):
        publishing(rates, second)
        limits.append(rates.limit_bps(FACE, [], second))
    grown = [limit for limit in limits[2:] if limit < REMB_BPS]
    assert all(a < b < a * 1.2 for a, b in itertools.pairwise(grown))
    assert len(grown) > 5
    assert limits[2] < 900_000
    assert limits[-1] == REMB_BPS


def test_what_the_page_does_not_use_the_face_may_and_the_other_way_round() -> None:
    quiet, busy, still = UplinkRates(), UplinkRates(), UplinkRates()
    for second in (0, 1):
        publishing(quiet, second, lost=0.5, face=900_000, document=1_000)
        publishing(busy, second, lost=0.5, face=500_000, document=401_000)
        publishing(still, second, lost=0.5, face=1_000, document=900_000)
    assert quiet.limit_bps(FACE, [], 1.1) > busy.limit_bps(FACE, [], 1.1)
    assert still.limit_bps(DOCUMENT, [], 1.1) > busy.limit_bps(DOCUMENT, [], 1.1)


def test_a_subscribers_estimate_limits_only_once_it_falls() -> None:
    rates = DownlinkRates()
    for second, bps in enumerate((300_000, 320_000, 345_000)):
        rates.on_remb(bps, second)
        rates.on_sent(FACE, 200_000, second)
        assert rates.room_bps(FACE, second) is None
    rates.on_remb(200_000, 3.0)
    rates.on_remb(200_000, 3.0)
    room = rates.room_bps(FACE, 3.0)
    assert room is not None and room <= 200_000
    for second in range(4, 60):
        rates.on_remb(200_000 + second * 10_000, second)
        rates.on_sent(FACE, 200_000, second)
    assert rates.room_bps(FACE, 60.0) is None


def test_short_calls_do_not_get_less_each_time() -> None:
    rates = DownlinkRates()
    rooms: list[int | None] = []
    for call in range(20):
        for second in range(5):
            now_s = call * 5.0 + second
            sent = second < 2
            rates.on_sent(FACE, 500_000 if sent else 0, now_s)
            if sent:
                rates.on_remb(60_000 + 300_000 * second, now_s)
            rooms.append(rates.room_bps(FACE, now_s))
    assert set(rooms) == {None}


def test_a_subscriber_that_loses_much_gets_less() -> None:
    rates = DownlinkRates()
    for second in (0, 1):
        rates.on_sent(FACE, 1_000_000, second)
        rates.on_reception(FACE, 0.4, second)
    room = rates.room_bps(FACE, 1.0)
    assert room is not None and room <= 800_000


_EVENTS = st.tuples(
    st.sampled_from(["uplink", "picture", "remb", "sent", "downlink"]),
    st.sampled_from([FACE, VOICE, DOCUMENT, None]),
    st.floats(0, 1),
    st.floats(0, 5e6),
    st.floats(0, 2),
)


@given(st.lists(_EVENTS, max_size=80))
def test_whatever_is_reported_limits_stay_within_bounds(
    events: list[tuple[str, TrackName | None, float, float, float]],
) -> None:
    uplink, downlink, now_s = UplinkRates(), DownlinkRates(), 0.0
    for kind, track, share, bps, pause_s in events:
        now_s += pause_s
        match kind:
            case "uplink":
                uplink.on_reception(track, share, bps, now_s)
            case "picture":
                uplink.on_picture(track, bps / 1000, now_s)
            case "remb":
                downlink.on_remb(int(bps), now_s)
            case "sent":
                downlink.on_sent(track, bps, now_s)
            case _:
                downlink.on_reception(track, share, now_s)
        for one in (FACE, DOCUMENT, None):
            room = downlink.room_bps(one, now_s)
            limit = uplink.limit_bps(one, [] if room is None else [room], now_s)
            assert 40_000 <= limit <= REMB_BPS
