"""Codes and their redemption as the city's service does it; pure, the time is handed in."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from center.gateway.wire import Answer, Expired, Redeemed, Unknown, Used
from protocol.fields import Wording

VALID_MS = 60_000
REPLAY_MS = 10 * 60_000
"""How long the answer to a key is known; longer than a center needs to come back after a crash."""
MAX_ISSUED = 1000


@dataclass(frozen=True, slots=True)
class Person:
    """An invented one. The numbers begin with 319999, an area code that was never given out."""

    person_id: str
    name: str
    number: str
    wording: Wording


PEOPLE = {
    person.person_id: person
    for person in (
        Person(
            "shen",
            "沈佩兰",
            "319999195206180022",
            Wording("随申码（沈佩兰，虚构）", "City code (Shen Peilan, invented)"),
        ),
        Person(
            "lin",
            "林晓梅",
            "319999195803120028",
            Wording("随申码（林晓梅，虚构）", "City code (Lin Xiaomei, invented)"),
        ),
    )
}


@dataclass(slots=True, repr=False)
class _Issued:
    person: Person
    until_ms: int
    key: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class _Given:
    code: str
    answer: Answer
    at_ms: int


class KeyReused(Exception):
    """One key, two codes: the caller's fault."""


@dataclass(slots=True, repr=False)
class Codes:
    new_code: Callable[[], str] = field(default=lambda: secrets.token_urlsafe(48))
    redeemed: int = 0
    """How many codes were redeemed: a repetition with the same key is none."""
    _issued: dict[str, _Issued] = field(default_factory=dict)
    _given: dict[str, _Given] = field(default_factory=dict)

    def issue(self, person_id: str, now_ms: int) -> str:
        """A fresh code, as the person's phone shows it. Raises `KeyError` for nobody."""
        person = PEOPLE[person_id]
        while len(self._issued) >= MAX_ISSUED:
            del self._issued[next(iter(self._issued))]
        code = self.new_code()
        self._issued[code] = _Issued(person, now_ms + VALID_MS)
        return code

    def redeem(self, code: str, key: str, now_ms: int) -> Answer:
        """The answer to this key: a first one redeems, a repeated one is told again. Raises `KeyReused`."""
        self._given = {known: given for known, given in self._given.items() if now_ms < given.at_ms + REPLAY_MS}
        given = self._given.get(key)
        if given is not None:
            if given.code != code:
                raise KeyReused
            return given.answer
        answer = self._first(code, key, now_ms)
        self._given[key] = _Given(code, answer, now_ms)
        return answer

    def _first(self, code: str, key: str, now_ms: int) -> Answer:
        issued = self._issued.get(code)
        if issued is None:
            return Unknown()
        if issued.key is not None:
            return Used()
        if now_ms >= issued.until_ms:
            return Expired()
        issued.key = key
        self.redeemed += 1
        return Redeemed(issued.person.name, issued.person.number, now_ms)
