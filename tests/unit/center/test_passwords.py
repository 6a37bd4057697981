"""Log-in names that nobody has cost as much time as those that somebody has."""

from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from center.passwords import Passwords


class NotingHasher(PasswordHasher):
    """A cheap one that keeps the hashes that passwords were compared with."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.tried: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.tried.append(str(hash))
        return super().verify(hash, password)


async def test_without_a_hash_a_password_is_compared_with_one_of_the_same_cost() -> None:
    hasher = NotingHasher()
    passwords = Passwords(hasher)
    of_a_clerk = passwords.hash("a long password")
    assert await passwords.verify(of_a_clerk, "a long password")
    assert not await passwords.verify(None, "a long password")
    assert extract_parameters(hasher.tried[1]) == extract_parameters(of_a_clerk)
    with pytest.raises(VerifyMismatchError):  # it was computed, not refused at sight
        hasher.verify(hasher.tried[1], "a long password")


async def test_a_broken_hash_is_nobodys() -> None:
    assert not await Passwords(NotingHasher()).verify("not a hash", "a long password")
