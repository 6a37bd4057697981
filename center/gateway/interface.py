"""What the desk needs of the city's systems. Drivers stand beside this file."""

from typing import Protocol

from center.core.identity import NotRedeemed, Redemption
from protocol.errors import ErrorCode


class Gateway(Protocol):
    async def redeem(self, code: str, key: str) -> Redemption:
        """Whose this code is; `NotRedeemed` when it says nothing, or when nobody can tell just now.

        Never raises for what the city's systems do, and returns within seconds. A second call with the same `key` and
        code redeems nothing again and gives the first call's answer, also after a crash of either
        side. Cancelling it leaves open whether the code was redeemed; the same key finds out.
        """
        ...


class NoGateway:
    """Where no gateway is configured: codes can't be verified here, and that is what is said."""

    async def redeem(self, code: str, key: str) -> Redemption:
        return NotRedeemed(ErrorCode.CODE_UNVERIFIABLE)
