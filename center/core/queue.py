"""One queue for all booths: who is called next, and what a ticket or a case is called.

A ticket's place is a number that it gets once; the order of the queue is the order of the places, so whoever is put
back stands where they stood.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone

from protocol.fields import Message
from protocol.states import TicketState

CENTER_TIME = timezone(timedelta(hours=8), "CST")
"""China Standard Time: UTC+8 all year. Days, and the numbers that begin anew with them, are counted in it."""

TICKETS_PER_LETTER = 999


class Waiting(Message, frozen=True):
    """What the queue needs to know of a ticket."""

    affair_id: str
    place: int
    state: TicketState
    booth_online: bool


def in_order(tickets: Iterable[Waiting]) -> list[Waiting]:
    """The waiting tickets in the order in which they are called."""
    waiting = (each for each in tickets if each.state is TicketState.WAITING)
    return sorted(waiting, key=lambda each: each.place)


def ahead(tickets: Iterable[Waiting]) -> dict[str, int]:
    """How many tickets stand before each waiting one."""
    return {each.affair_id: n for n, each in enumerate(in_order(tickets))}


def moved(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """The affairs that still wait and have another number of tickets before them than they had."""
    return [affair_id for affair_id, n in after.items() if before.get(affair_id, n) != n]


def next_to_call(tickets: Iterable[Waiting]) -> str | None:
    """The first waiting ticket whose booth can answer."""
    return next((each.affair_id for each in in_order(tickets) if each.booth_online), None)


def center_day(now_ms: int) -> str:
    """The center's calendar day, e.g. `20261122`."""
    return f"{datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(CENTER_TIME):%Y%m%d}"


def day_began_ms(now_ms: int) -> int:
    """Unix time at which the center's present day began."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(CENTER_TIME)
    return int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


def ticket_no(count: int) -> str:
    """The name of the day's `count`-th ticket: `A001` … `A999`, `B001` …"""
    letter, number = divmod(count - 1, TICKETS_PER_LETTER)
    return f"{chr(ord('A') + letter % 26)}{number + 1:03d}"


def case_no(prefix: str, day: str, count: int) -> str:
    """办件编号 of the day's `count`-th case, e.g. `SQ-20261122-0001`."""
    return f"{prefix}-{day}-{count:04d}"
