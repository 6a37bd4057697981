"""The phone on the device bench: invented people's codes, fresh from the city's sandbox."""

from typing import Annotated

import aiohttp
import msgspec
from msgspec import Meta

from booth.errors import DeviceError
from protocol.errors import ErrorCode
from protocol.fields import Id, Message, Personal, Wording
from protocol.kiosk import BenchCode
from protocol.records import CodeShown

ANSWER_S = 2.0
MAX_BYTES = 16_384


class _Person(Message, frozen=True):
    person_id: Id
    name: Wording


class _Issued(Personal, frozen=True):
    code: Annotated[str, Meta(min_length=1, max_length=512)]


_people = msgspec.json.Decoder(list[_Person])
_issued = msgspec.json.Decoder(_Issued)


class Phone:
    """Shows a code of somebody whom the sandbox at `url` knows."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._session = session
        self._codes: list[BenchCode] = []

    def __repr__(self) -> str:
        return f"Phone({self._url!r})"

    async def codes(self) -> list[BenchCode]:
        """Whose codes there are; none while the sandbox is away."""
        if not self._codes:
            try:
                people = _people.decode(await self._ask("GET", "/sandbox/people"))
            except (DeviceError, msgspec.MsgspecError):
                return []
            self._codes = [BenchCode(person.person_id, person.name) for person in people[:20]]
        return self._codes

    async def fresh(self, person_id: str) -> CodeShown:
        """A code that is valid from now on. Raises `DeviceError`."""
        body = await self._ask("POST", f"/sandbox/codes/{person_id}")
        try:
            return CodeShown(_issued.decode(body).code)
        except msgspec.MsgspecError:
            raise DeviceError(ErrorCode.DEVICE_FAILED, "the sandbox's answer is no code") from None

    async def _ask(self, method: str, path: str) -> bytes:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        try:
            async with self._session.request(method, self._url + path, timeout=timeout) as answer:
                body = await answer.content.read(MAX_BYTES)
                if answer.status != 200:
                    raise DeviceError(ErrorCode.DEVICE_FAILED, f"the sandbox answered {answer.status}")
                return body
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DeviceError(ErrorCode.DEVICE_FAILED, "the sandbox is away") from error
