"""Pages from a booth: announced, by offset, interrupted, resumed."""

from collections.abc import AsyncIterator
from hashlib import sha256

import aiohttp
import msgspec
import pytest

from center.errors import DeskError
from center.media.interface import MediaError
from protocol.errors import ErrorCode
from protocol.pages import CHUNK_BYTES, OFFSET_HEADER, PageAnnounced, PagePart
from tests.integration.center_web.running import Center, enrolled

FULL = bytes(range(256)) * 6000
LIGHT = b"a small jpeg"
PAGE = PageAnnounced(
    page_id="page-1",
    command_id="command-1",
    affair_id="affair-1",
    sha256=sha256(FULL).hexdigest(),
    size_bytes=len(FULL),
    light_sha256=sha256(LIGHT).hexdigest(),
    light_size_bytes=len(LIGHT),
    width_px=2480,
    height_px=3508,
    taken_at_ms=1_700_000_000_000,
    device="simulated",
    flat=True,
)
PART = "/api/booth/pages/page-1"


class Uploader:
    """The requests of a booth's outbox, with a token."""

    def __init__(self, session: aiohttp.ClientSession, token: str) -> None:
        self.session = session
        self.headers = {"Authorization": f"Bearer {token}"}

    async def announce(self, page: PageAnnounced = PAGE) -> int:
        async with self.session.post("/api/booth/pages", data=msgspec.json.encode(page), headers=self.headers) as reply:
            return reply.status

    async def offset(self, part: str) -> tuple[int, int]:
        async with self.session.head(f"{PART}/{part}", headers=self.headers) as reply:
            return reply.status, int(reply.headers.get(OFFSET_HEADER, -1))

    async def append(self, part: str, offset: int | str, chunk: bytes) -> tuple[int, str | None, int]:
        """Status, code and `Upload-Offset` of the reply."""
        headers = {**self.headers, OFFSET_HEADER: str(offset)}
        async with self.session.patch(f"{PART}/{part}", data=chunk, headers=headers) as reply:
            code = (await reply.json())["code"] if reply.status >= 400 else None
            return reply.status, code, int(reply.headers.get(OFFSET_HEADER, -1))


@pytest.fixture
async def uploader(center: Center) -> Uploader:
    booth = enrolled(center)
    async with booth.linked():
        pass
    return Uploader(center.anyone, booth.upload_token)


async def test_a_page_comes_in_chunks_and_is_whole(center: Center, uploader: Uploader) -> None:
    assert await uploader.announce() == 201
    assert await uploader.announce() == 200
    assert await uploader.append("light", 0, LIGHT) == (204, None, len(LIGHT))
    offset = 0
    while offset < len(FULL):
        status, _, offset = await uploader.append("full", offset, FULL[offset : offset + CHUNK_BYTES])
        assert status == 204
        assert await uploader.offset("full") == (200, offset)
    assert center.desk.parts["page-1", PagePart.FULL] == FULL


async def test_an_interrupted_upload_goes_on_at_the_centers_offset(center: Center, uploader: Uploader) -> None:
    await uploader.announce()
    await uploader.append("full", 0, FULL[:1000])
    assert await uploader.append("full", 0, FULL[:1000]) == (409, "wrong_offset", 1000)
    assert await uploader.append("full", 2000, FULL[2000:3000]) == (409, "wrong_offset", 1000)
    assert await uploader.append("full", 1000, FULL[1000:2000]) == (204, None, 2000)


async def test_a_chunk_that_breaks_off_leaves_the_offset_where_it_was(center: Center, uploader: Uploader) -> None:
    await uploader.announce()

    async def broken() -> AsyncIterator[bytes]:
        yield FULL[:1000]
        raise ConnectionResetError("the cable was pulled")

    headers = {**uploader.headers, OFFSET_HEADER: "0"}
    with pytest.raises((aiohttp.ClientError, ConnectionResetError)):
        await uploader.session.patch(f"{PART}/full", data=broken(), headers=headers)
    assert await uploader.offset("full") == (200, 0)


async def test_wrong_bytes_start_again_at_zero(uploader: Uploader) -> None:
    await uploader.announce()
    assert (await uploader.append("light", 0, bytes(len(LIGHT))))[:2] == (422, "wrong_hash")
    assert await uploader.offset("light") == (200, 0)
    assert await uploader.append("light", 0, LIGHT) == (204, None, len(LIGHT))


async def test_a_page_that_was_not_announced_is_unknown(uploader: Uploader) -> None:
    assert (await uploader.offset("full"))[0] == 404
    assert (await uploader.append("full", 0, b"x"))[:2] == (404, "page_unknown")


async def test_a_page_announced_differently_is_refused(uploader: Uploader) -> None:
    await uploader.announce()
    assert await uploader.announce(msgspec.structs.replace(PAGE, width_px=1)) == 404


async def test_a_chunk_over_the_limit_is_refused_unread(center: Center, uploader: Uploader) -> None:
    await uploader.announce()
    assert (await uploader.append("full", 0, bytes(CHUNK_BYTES + 1)))[:2] == (413, "too_large")
    assert await uploader.offset("full") == (200, 0)


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (DeskError(ErrorCode.DISK_FULL), 507),
        (DeskError(ErrorCode.NOT_AN_IMAGE), 422),
        (DeskError(ErrorCode.TOO_LARGE), 413),
        (MediaError("a fault elsewhere"), 400),
    ],
)
async def test_the_desks_refusals_have_their_status(
    center: Center, uploader: Uploader, refusal: Exception, status: int
) -> None:
    await uploader.announce()
    center.desk.refusal = refusal
    assert (await uploader.append("full", 0, b"x"))[0] == status


@pytest.mark.parametrize("offset", ["", "-1", "1e3", "٣", "9" * 20, " "])
async def test_an_offset_that_is_no_number_is_malformed(uploader: Uploader, offset: str) -> None:
    await uploader.announce()
    assert (await uploader.append("full", offset, b"x"))[:2] == (400, "malformed")


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "Bearer é"])
async def test_no_request_is_answered_without_the_token(center: Center, authorization: str) -> None:
    headers = {"Authorization": authorization, OFFSET_HEADER: "0"}
    for method, path in (("POST", "/api/booth/pages"), ("HEAD", f"{PART}/full"), ("PATCH", f"{PART}/full")):
        async with center.anyone.request(method, path, data=b"{}", headers=headers) as reply:
            assert reply.status == 401
    assert center.desk.pages == {}


async def test_the_token_of_a_replaced_connection_ends(center: Center) -> None:
    booth = enrolled(center)
    async with booth.linked():
        older = Uploader(center.anyone, booth.upload_token)
        async with booth.linked():
            assert await older.announce() == 401
            assert await Uploader(center.anyone, booth.upload_token).announce() == 201
