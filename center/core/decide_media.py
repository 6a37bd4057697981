"""What follows when a media connection comes or goes."""

from center.core.affair import Affair, Decision
from center.core.change import Change


def media_down(affair: Affair, participant: str, now_ms: int) -> Decision:
    change = Change(affair, now_ms)
    change.interrupt_session(participant)
    return change.decision()


def media_up(affair: Affair, participant: str, now_ms: int) -> Decision:
    change = Change(affair, now_ms)
    change.restore_session(participant)
    return change.decision()
