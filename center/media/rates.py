"""How much a publisher may send. Pure: fed with reports, asked for limits, no clock of its own.

One `UplinkRates` a participant that publishes, one `DownlinkRates` a participant that subscribes. The ends feed them
and ask them about once a second (`ends.py`); a limit goes to the publisher as REMB, for each video track apart.

A line is taken to carry everything until it shows that it doesn't: by many losses, by a queue that doesn't empty, or by
a subscriber's own estimate that falls. Then what it may carry is cut at once and grows back by 8 % a second. An
estimate that never fell is no limit: it says what the subscriber happened to get, not what its line carries. A limit is
divided so that the voice is whole first; a face and a page share the rest, and what one does not use the other may.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from protocol.media import TrackName

REMB_BPS = 1_500_000
"""What a publisher may send of a face, said with its first packet. A sender that must find out for itself takes 17 s
and nine keyframes to get there (aiortc), and its encoder goes no higher."""
VOICE_BPS = 60_000
"""One voice with all headers: Opus at 32 kbit/s, 50 packets a second of about 60 bytes of headers each."""

GROWTH_A_SECOND = 1.08
MANY_LOST, FEW_LOST = 0.1, 0.07
"""Above the first a line is cut, below the second it grows. WebRTC's loss-based control (draft-ietf-rmcat-gcc-02, 6)
cuts at the same, but grows below 2 % alone: on radio that loses 5 % it would stay small for ever after one cut."""
QUEUE_S = 0.08
"""A queue that in a whole second was never shorter stands; one that was is only bursts."""
EMPTY_QUEUE_S = 0.03
CUT = 0.85
"""Of what arrived, when a queue stands: it must drain (draft-ietf-rmcat-gcc-02, 5.5)."""
DEEPEST_CUT = 0.6
"""Of the former limit, at one time: a machine that stood still for a moment looks like a line that is full. Not when
its queue runs over, too: then what arrives is what the line carries."""
CUTS_IN_A_ROW = 4
REST_S = 1.0
"""Between two cuts: the effect of one is seen before the next."""
FALLEN = 0.95
"""Of a subscriber's former estimate: noise moves it less."""
FREE_AFTER_S = 30.0
"""Without a cut a line counts as free again."""
ACTIVE_S = 3.0
"""A track that was not reported on for so long takes no share."""
WINDOW_S = 10.0
"""For the shortest way of a packet: two windows, so that clocks may drift against each other."""
HEADROOM = 1.5
"""A track may need this much more than it sends, before it is asked again."""
SPARE_BPS = 30_000


@dataclass(frozen=True, slots=True)
class Portion:
    """A video track's part of a line that is full."""

    weight: float
    least_bps: int
    most_bps: int
    """On a line that is free, too."""


PORTIONS: Mapping[TrackName | None, Portion] = {TrackName.DOCUMENT: Portion(0.4, 40_000, 1_000_000)}
FACE_PORTION = Portion(0.6, 80_000, REMB_BPS)
VOICES = frozenset({TrackName.VOICE, TrackName.CLERK_VOICE})


class DownlinkRates:
    """What one subscribing participant can take."""

    def __init__(self) -> None:
        self._line = _Line()
        self._tracks = _Tracks()
        self._remb_bps: int | None = None
        self._fell = False
        """The estimate fell since something is sent."""

    def on_remb(self, bps: int, now_s: float) -> None:
        """Its receiver's own estimate, for all its tracks together. Told once for each of them."""
        former, self._remb_bps = self._remb_bps, bps
        if bps <= 0 or former is None:
            return
        if bps < former * FALLEN:
            self._fell = True
            self._line.cut_to(bps, now_s)
        elif self._fell and self._line.bps is not None and bps < self._line.bps:
            self._line.hold_at(bps, now_s)

    def on_sent(self, track: TrackName | None, sent_bps: float, now_s: float) -> None:
        """What was sent of one track since the last report.

        Who gets nothing estimates nothing: after a pause between two calls the estimate begins with what trickles in,
        and is compared with nothing before. Otherwise each of several short calls would have less than the one before.
        """
        self._tracks.note(track, sent_bps, now_s)
        if self._tracks.total_bps(now_s) == 0:
            self._remb_bps, self._fell = None, False

    def on_reception(self, track: TrackName | None, fraction_lost: float, now_s: float) -> None:
        """Its receiver report on one track: the share of packets lost since the last one, 0 to 1."""
        self._tracks.note_loss(track, fraction_lost, self._line, now_s)

    def room_bps(self, track: TrackName | None, now_s: float) -> int | None:
        """How much of this track there is room for; None while the line is not known to be full."""
        line_bps = self._line.room(now_s)
        return None if line_bps is None else self._tracks.share(track, line_bps, now_s)


class UplinkRates:
    """What one publishing participant may send."""

    def __init__(self) -> None:
        self._line = _Line()
        self._tracks = _Tracks()
        self._queues: dict[TrackName | None, _Queue] = {}

    def on_picture(self, track: TrackName | None, made_s: float, now_s: float) -> None:
        """The first packet of a picture came; `made_s` is its timestamp in seconds, of any origin."""
        queue = self._queues.get(track)
        if queue is None or not queue.continues(made_s):
            queue = self._queues[track] = _Queue()
        standing_s = queue.on_picture(made_s, now_s)
        if standing_s is None:
            return
        self._line.on_queue(standing_s, self._tracks.total_bps(now_s), now_s)
        if queue.stands_still:
            del self._queues[track]

    def on_reception(self, track: TrackName | None, fraction_lost: float, received_bps: float, now_s: float) -> None:
        """What arrived of one track since the last report."""
        self._tracks.note(track, received_bps, now_s)
        self._tracks.note_loss(track, fraction_lost, self._line, now_s)

    def limit_bps(self, track: TrackName | None, rooms_bps: Iterable[int], now_s: float) -> int:
        """What it may send of this video track. `rooms_bps`: what each subscriber that said so has room for."""
        line_bps = self._line.room(now_s)
        most_bps = _portion(track).most_bps
        own_bps = most_bps if line_bps is None else self._tracks.share(track, line_bps, now_s)
        return min(own_bps, *rooms_bps, most_bps)


class _Line:
    """One direction of one participant's way. `bps` is None while nothing says that it is full."""

    def __init__(self) -> None:
        self.bps: float | None = None
        self._cut_s = float("-inf")
        self._held_s = self._lossy_s = float("-inf")
        self._grown_s = 0.0

    def cut_to(self, bps: float, now_s: float, deepest: float = DEEPEST_CUT) -> None:
        if now_s < self._cut_s + REST_S and self.bps is not None:
            return
        self.bps = bps if self.bps is None else min(self.bps, max(bps, self.bps * deepest))
        self._cut_s = self._grown_s = now_s

    def hold_at(self, bps: float, now_s: float) -> None:
        """Not more than this, and no growth for now."""
        self.bps = bps
        self._held_s = self._grown_s = now_s

    def on_loss(self, fraction_lost: float, carried_bps: float, now_s: float) -> None:
        if fraction_lost > MANY_LOST and carried_bps > 0:
            self._lossy_s = now_s
            self.cut_to((self.bps or carried_bps) * (1 - 0.5 * fraction_lost), now_s)
        elif fraction_lost > FEW_LOST:
            self._held_s = now_s

    def on_queue(self, standing_s: float, carried_bps: float, now_s: float) -> None:
        if standing_s > QUEUE_S and carried_bps > 0:
            overrun = now_s <= self._lossy_s + 2 * REST_S
            self.cut_to(carried_bps * CUT, now_s, deepest=0.0 if overrun else DEEPEST_CUT)
        elif standing_s > EMPTY_QUEUE_S:
            self._held_s = now_s

    def room(self, now_s: float) -> float | None:
        """What it may carry now: it grows while nothing speaks against it."""
        if self.bps is None:
            return None
        if now_s > self._cut_s + FREE_AFTER_S and now_s > self._held_s + FREE_AFTER_S:
            self.bps = None
            return None
        if now_s > self._cut_s + REST_S and now_s > self._held_s + REST_S:
            self.bps *= GROWTH_A_SECOND ** min(1.0, now_s - self._grown_s)
        self._grown_s = now_s
        return self.bps


class _Tracks:
    """What runs over one line, and how a limit is divided among it."""

    def __init__(self) -> None:
        self._noted: dict[TrackName | None, tuple[float, float]] = {}
        """Bits per second, and when."""
        self._losses: dict[TrackName | None, float] = {}
        """Of one round of reports."""

    def note(self, track: TrackName | None, bps: float, now_s: float) -> None:
        self._noted[track] = (bps, now_s)

    def note_loss(self, track: TrackName | None, fraction_lost: float, line: "_Line", now_s: float) -> None:
        """Once every track was reported on, the line hears what was lost of all together."""
        if track in self._losses:
            active = self._active(now_s, lambda other: True)
            total = sum(active.values())
            lost = sum(bps * self._losses.get(other, 0.0) for other, bps in active.items())
            line.on_loss(lost / total if total else 0.0, total, now_s)
            self._losses.clear()
        self._losses[track] = fraction_lost

    def total_bps(self, now_s: float) -> float:
        return sum(self._active(now_s, lambda track: True).values())

    def share(self, track: TrackName | None, line_bps: float, now_s: float) -> int:
        """This video track's part: by weight, and what the others leave of theirs."""
        voices = self._active(now_s, lambda other: other in VOICES)
        videos = self._active(now_s, lambda other: other not in VOICES)
        videos.setdefault(track, 0.0)
        left_bps = max(0.0, line_bps - VOICE_BPS * len(voices))
        weights = {other: _portion(other).weight for other in videos}
        by_weight = {other: left_bps * weight / sum(weights.values()) for other, weight in weights.items()}
        unused_bps = sum(
            max(0.0, by_weight[other] - bps * HEADROOM - SPARE_BPS) for other, bps in videos.items() if other != track
        )
        return round(min(_portion(track).most_bps, max(_portion(track).least_bps, by_weight[track] + unused_bps)))

    def _active(self, now_s: float, wanted: Callable[[TrackName | None], bool]) -> dict[TrackName | None, float]:
        return {
            track: bps
            for track, (bps, at_s) in self._noted.items()
            if now_s <= at_s + ACTIVE_S and wanted(track) and bps > 0
        }


class _Queue:
    """How long a track's packets stand in a queue: what their way takes beyond the shortest that was seen."""

    def __init__(self) -> None:
        self._made_s = float("-inf")
        self._shortest = (float("inf"), float("inf"))
        """Of the former window, of this one."""
        self._window_s = float("-inf")
        self._least_s = float("inf")
        self._since_s: float | None = None
        self._long = 0

    @property
    def stands_still(self) -> bool:
        """Cuts did not shorten it: it is not a queue but a longer way, or a sender whose clock stood."""
        return self._long >= CUTS_IN_A_ROW

    def continues(self, made_s: float) -> bool:
        """False when this is another time line than the pictures before."""
        return made_s >= self._made_s - 1.0

    def on_picture(self, made_s: float, now_s: float) -> float | None:
        """The standing queue in seconds, about once a second; None in between."""
        self._made_s = made_s
        way_s = now_s - made_s
        if now_s > self._window_s + WINDOW_S:
            self._window_s = now_s
            self._shortest = (self._shortest[1], float("inf"))
        self._shortest = (self._shortest[0], min(self._shortest[1], way_s))
        self._least_s = min(self._least_s, way_s - min(self._shortest))
        if self._since_s is None:
            self._since_s = now_s
        if now_s < self._since_s + 1.0:
            return None
        standing_s, self._least_s, self._since_s = self._least_s, float("inf"), now_s
        self._long = self._long + 1 if standing_s > QUEUE_S else 0
        return standing_s


def _portion(track: TrackName | None) -> Portion:
    return PORTIONS.get(track, FACE_PORTION)
