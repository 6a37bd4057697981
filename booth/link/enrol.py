"""Trading a one-time code for a registration of this booth's key."""

import ssl
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import aiohttp
import msgspec
from yarl import URL

from booth.errors import CenterLost, CenterRefused
from booth.link.key import load_or_make_key, public_bytes
from booth.link.refusal import refusal_of
from protocol.link import Enrolment

ENROL_S = 15.0


async def enrol(
    address: URL, trusted: ssl.SSLContext | None, booth_id: str, code: str, key_file: Path, software: str
) -> None:
    """Register this booth's key, made now unless it exists. Raises `CenterRefused`, `CenterLost`.

    Cancelling it, or losing the center in the middle, leaves a key that the next enrolment uses.
    """
    key = load_or_make_key(key_file)
    body = msgspec.json.encode(Enrolment(code, booth_id, public_bytes(key), software))
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ENROL_S)) as session,
            session.post(
                address / "api/enrol",
                data=body,
                headers={"Content-Type": "application/json", "X-Bangban": "1"},
                ssl=trusted or True,
            ) as response,
        ):
            if response.status >= 500:
                raise CenterLost(f"the center answered {response.status}")
            if response.status >= 400:
                raise CenterRefused(await refusal_of(response))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise CenterLost(f"the center can't be reached ({type(error).__name__})") from error


def software_name() -> str:
    """What the booth says of itself to the center."""
    try:
        return f"bangban {version('bangban')}"
    except PackageNotFoundError:
        return "bangban"
