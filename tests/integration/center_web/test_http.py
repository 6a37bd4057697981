"""Log-in, the clerks' actions, the images, the counter's page, and what surrounds every request."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from center.errors import DeskError
from center.web.body import MAX_JSON_BYTES
from center.web.guard import CONTENT_SECURITY_POLICY
from center.web.log_in import COOKIE
from protocol.errors import ErrorCode, IllegalTransition
from protocol.marks import Mark, MarkKind
from protocol.pages import PagePart
from protocol.visit import CommandKind, Outcome
from tests.integration.center_web.fake_desk import CLERK, PASSWORD, TOKEN, FakeConfig, HttpPart, PagesPart
from tests.integration.center_web.running import Center, running_center

A = "/api/affairs/affair-1"
RESIDENT = "林晓梅"

PLAIN = ["take", "release", "miss", "hold", "resume", "signature", "identity/visual"]
CHANGING = [
    ("POST", "/api/login"),
    ("POST", "/api/logout"),
    ("POST", "/api/next"),
    ("POST", "/api/media"),
    *(("POST", f"{A}/{name}") for name in PLAIN),
    ("POST", f"{A}/commands"),
    ("DELETE", f"{A}/commands/command-1"),
    ("PUT", f"{A}/form"),
    ("POST", f"{A}/pages/page-1/material"),
    ("POST", f"{A}/finish"),
    ("POST", f"{A}/first-frame"),
]
WITH_A_BODY = [
    "/api/login",
    "/api/media",
    f"{A}/commands",
    f"{A}/form",
    f"{A}/pages/page-1/material",
    f"{A}/finish",
    f"{A}/first-frame",
    "/api/enrol",
]


async def code_in(reply: aiohttp.ClientResponse) -> str:
    return str((await reply.json())["code"])


# --- Log-in ---


async def test_a_log_in_gives_a_cookie_that_scripts_and_other_sites_can_not_use(center: Center) -> None:
    async with center.anyone.post("/api/login", json={"name": "shen", "password": PASSWORD}) as reply:
        assert reply.status == 204
        cookie = reply.cookies[COOKIE]
    assert cookie.value == TOKEN
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/"
    assert not cookie["secure"]
    assert center.desk.called("log_in") == [("shen", "127.0.0.1")]
    async with center.anyone.get("/api/me") as reply:
        assert await reply.json() == {"clerk_id": "clerk-1", "name": CLERK.name, "role": "clerk", "counter": "3"}


async def test_over_https_the_cookie_is_secure() -> None:
    config = FakeConfig(http=HttpPart(certificate_file=Path("certificate.pem")))
    async with running_center(config=config) as center:
        for path in ("/api/login", "/api/logout"):
            async with center.anyone.post(path, json={"name": "shen", "password": PASSWORD}) as reply:
                assert reply.cookies[COOKIE]["secure"] is True


async def test_a_wrong_password_gives_no_cookie(center: Center) -> None:
    async with center.anyone.post("/api/login", json={"name": "shen", "password": "wrong"}) as reply:
        assert reply.status == 401
        assert await code_in(reply) == "wrong_password"
        assert COOKIE not in reply.cookies


async def test_logging_out_ends_the_log_in_and_the_camera(center: Center) -> None:
    async with center.clerk.post("/api/logout") as reply:
        assert reply.status == 204
        assert reply.cookies[COOKIE]["max-age"] == "0"
    assert center.desk.log_ins == set()
    assert center.media.disconnected.get_nowait() == "clerk:clerk-1"
    async with center.anyone.post("/api/logout") as reply:
        assert reply.status == 204


@pytest.mark.parametrize("cookie", ["", "unknown", "x" * 4000, "não", "a b"])
async def test_a_cookie_that_is_no_log_in_is_nobody(center: Center, cookie: str) -> None:
    async with center.anyone.get("/api/me", headers={"Cookie": f"{COOKIE}={cookie}"}) as reply:
        assert reply.status == 401
        assert await code_in(reply) == "not_logged_in"


@pytest.mark.parametrize(
    ("method", "path"), [pair for pair in CHANGING if pair[1] not in ("/api/login", "/api/logout")]
)
async def test_nothing_is_done_for_who_is_not_logged_in(center: Center, method: str, path: str) -> None:
    async with center.anyone.request(method, path, json={}) as reply:
        assert reply.status == 401
        assert await code_in(reply) == "not_logged_in"
    assert center.desk.calls == []


@pytest.mark.parametrize(("method", "path"), CHANGING)
async def test_nothing_is_done_for_another_sites_page(center: Center, method: str, path: str) -> None:
    async with center.clerk.request(method, path, json={}, headers={"X-Bangban": "0"}) as reply:
        assert reply.status == 403
        assert await code_in(reply) == "malformed"
    assert center.desk.calls == []
    assert center.desk.log_ins == {TOKEN}


# --- Affairs ---


@pytest.mark.parametrize("name", PLAIN)
async def test_an_action_reaches_the_desk(center: Center, name: str) -> None:
    async with center.clerk.post(f"{A}/{name}") as reply:
        assert reply.status == 204
    method = {"signature": "ask_signature", "identity/visual": "see_identity"}.get(name, name)
    assert center.desk.calls == [(method, "clerk-1", "affair-1")]


async def test_a_cards_photo_is_served_and_not_kept_by_the_browser(center: Center) -> None:
    async with center.clerk.get(f"{A}/identity/residence_permit/photo?at=1") as reply:
        assert (reply.status, reply.content_type) == (200, "image/jpeg")
        assert "no-store" in reply.headers["Cache-Control"]
        assert (await reply.read()).startswith(b"\xff\xd8\xff")
    assert center.desk.calls == [("card_photo", "clerk-1", "affair-1", "residence_permit")]
    async with center.clerk.get(f"{A}/identity/anything/photo") as reply:
        assert reply.status == 404


async def test_the_next_ticket_is_named(center: Center) -> None:
    async with center.clerk.post("/api/next") as reply:
        assert await reply.json() == {"affair_id": "affair-1"}


async def test_commands_are_ordered_and_withdrawn(center: Center) -> None:
    wanted = {"kind": "take_page", "material_id": "id_card_copy"}
    async with center.clerk.post(f"{A}/commands", json=wanted) as reply:
        assert await reply.json() == {"command_id": "command-1"}
    async with center.clerk.delete(f"{A}/commands/command-1") as reply:
        assert reply.status == 204
    assert center.desk.calls == [
        ("order", "clerk-1", "affair-1", CommandKind.TAKE_PAGE, "id_card_copy", None, None),
        ("withdraw_command", "clerk-1", "affair-1", "command-1"),
    ]


async def test_what_is_done_to_a_page_reaches_the_desk(center: Center) -> None:
    mark = Mark(MarkKind.BOX, [10, 20, 3000, 4000])
    requests: list[tuple[str, str, dict[str, object]]] = [
        ("POST", "material", {"material_id": None}),
        ("POST", "place", {"before": "page-2"}),
        ("POST", "turn", {"quarters": 3}),
        ("PUT", "marks", {"marks": [msgspec.to_builtins(mark)]}),
    ]
    for method, path, body in requests:
        async with center.clerk.request(method, f"{A}/pages/page-1/{path}", json=body) as reply:
            assert reply.status == 204
    corners = [0, 0, 10_000, 0, 10_000, 10_000, 0, 10_000]
    async with center.clerk.post(f"{A}/pages/page-1/corners", json={"corners": corners}) as reply:
        assert await reply.json() == {"command_id": "command-1"}
    page = ("clerk-1", "affair-1", "page-1")
    assert center.desk.calls == [
        ("file_page", *page, None),
        ("move_page", *page, "page-2"),
        ("turn_page", *page, 3),
        ("mark_page", *page, [mark]),
        ("order", "clerk-1", "affair-1", CommandKind.REMAKE_PAGE, None, "page-1", corners),
    ]


async def test_the_pages_are_offered_as_a_pdf_that_no_cache_keeps(center: Center) -> None:
    async with center.clerk.get(f"{A}/pages.pdf", params={"material": "id_card"}) as reply:
        assert (reply.status, reply.content_type, await reply.read()) == (200, "application/pdf", b"%PDF-1.7")
        assert reply.headers["Cache-Control"] == "private, no-store"
        assert reply.headers["Content-Disposition"].startswith("attachment")
    assert center.desk.calls == [("pages_pdf", "clerk-1", "affair-1", "id_card")]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("turn", {"quarters": 4}),
        ("corners", {"corners": [0, 0, 10_001, 0, 10_000, 10_000, 0, 10_000]}),
        ("corners", {"corners": [0, 0]}),
        ("place", {"before": "../x"}),
    ],
)
async def test_what_cant_be_done_to_a_page_is_refused(center: Center, path: str, body: dict[str, object]) -> None:
    async with center.clerk.post(f"{A}/pages/page-1/{path}", json=body) as reply:
        assert reply.status == 400
        assert await code_in(reply) == "malformed"
    assert center.desk.calls == []


async def test_form_finish_and_first_frame_reach_the_desk(center: Center) -> None:
    requests: list[tuple[str, str, dict[str, object]]] = [
        ("PUT", "form", {"revision": 3, "values": {"name": RESIDENT}}),
        ("POST", "finish", {"outcome": "accepted", "message": "请等通知"}),
        ("POST", "first-frame", {"after_ms": 240}),
    ]
    for method, path, body in requests:
        async with center.clerk.request(method, f"{A}/{path}", json=body) as reply:
            assert reply.status == 204
    assert center.desk.calls == [
        ("change_form", "clerk-1", "affair-1", 3, {"name": RESIDENT}),
        ("finish", "clerk-1", "affair-1", Outcome.ACCEPTED, "请等通知"),
        ("clerk_saw", "clerk-1", "affair-1", 240),
    ]


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (DeskError(ErrorCode.ALREADY_TAKEN), 409, "already_taken"),
        (DeskError(ErrorCode.NOT_YOURS), 403, "not_yours"),
        (DeskError(ErrorCode.AFFAIR_UNKNOWN), 404, "affair_unknown"),
        (IllegalTransition("ticket", "waiting", "hold"), 409, "illegal_transition"),
        (RuntimeError(RESIDENT), 500, "internal"),
    ],
)
async def test_a_refusal_becomes_a_status_and_a_code(
    center: Center, caplog: pytest.LogCaptureFixture, refusal: Exception, status: int, code: str
) -> None:
    center.desk.refusal = refusal
    async with center.clerk.post(f"{A}/take") as reply:
        assert reply.status == status
        assert await reply.json() == {"code": code}
    assert ("fault in POST /api/affairs/{affair_id}/take: RuntimeError" in caplog.text) is (status == 500)
    assert RESIDENT not in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nothing", 404), ("POST", "/api/affairs/a%20b/take", 404), ("DELETE", "/api/login", 405)],
)
async def test_a_request_without_a_route_is_an_error_reply(center: Center, method: str, path: str, status: int) -> None:
    async with center.clerk.request(method, path) as reply:
        assert reply.status == status
        assert await code_in(reply) == "malformed"


# --- Bodies ---


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(WITH_A_BODY), body=st.binary(max_size=300))
async def test_a_garbage_body_is_malformed_and_never_an_internal_error(center: Center, path: str, body: bytes) -> None:
    method = "PUT" if path.endswith("/form") else "POST"
    async with center.clerk.request(method, path, data=body) as reply:
        assert reply.status == 400
        assert await code_in(reply) == "malformed"


@pytest.mark.parametrize("chunked", [False, True])
async def test_an_oversized_body_is_refused(center: Center, chunked: bool) -> None:
    body = b" " * (MAX_JSON_BYTES + 1)

    async def pieces() -> AsyncIterator[bytes]:
        yield body

    async with center.clerk.post("/api/login", data=pieces() if chunked else body) as reply:
        assert reply.status == 413
        assert await code_in(reply) == "too_large"


async def test_a_body_that_breaks_off_is_no_fault_of_ours(center: Center, caplog: pytest.LogCaptureFixture) -> None:
    host, port = center.runner.addresses[0][:2]
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"POST /api/login HTTP/1.1\r\nHost: x\r\nX-Bangban: 1\r\nContent-Length: 100\r\n\r\n{")
    writer.write_eof()
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()
    await writer.wait_closed()
    assert "fault" not in caplog.text


# --- Enrolment ---


async def test_a_booth_is_enrolled_without_our_header(center: Center) -> None:
    enrolment = {"code": "ABCD-1234", "booth_id": "sample-09", "public_key": "AAAA" * 10 + "AAA=", "software": "1"}
    async with aiohttp.ClientSession(center.url) as booth:
        async with booth.post("/api/enrol", json=enrolment) as reply:
            assert reply.status == 204
        assert center.desk.keys["sample-09"] == bytes(32)
        async with booth.post("/api/enrol", json={**enrolment, "code": "wrong"}) as reply:
            assert reply.status == 403
            assert await code_in(reply) == "bad_code"


# --- Media ---


async def test_a_counter_pages_offer_is_answered(center: Center) -> None:
    offer = {"sdp": "v=0", "tracks": [{"mid": "0", "track": "clerk_face", "direction": "publish"}]}
    async with center.clerk.post("/api/media", json=offer) as reply:
        assert await reply.json() == {"sdp": "answer to v=0"}
    assert center.media.connected == ["clerk:clerk-1"]
    async with center.clerk.post("/api/media", json={**offer, "sdp": "bad"}) as reply:
        assert reply.status == 400


# --- Images ---


async def test_an_image_is_served_with_its_hash_and_kept_by_nobody(center: Center) -> None:
    center.desk.parts["page-1", PagePart.LIGHT] = b"a small jpeg"
    async with center.clerk.get("/api/pages/page-1/light") as reply:
        assert reply.status == 200
        assert await reply.read() == b"a small jpeg"
        assert reply.content_type == "image/jpeg"
        assert reply.headers["Cache-Control"] == "private, no-store"
        tag = reply.headers["ETag"]
    async with center.clerk.get("/api/pages/page-1/light", headers={"If-None-Match": tag}) as reply:
        assert reply.status == 304
        assert await reply.read() == b""
        assert reply.headers["ETag"] == tag
        assert reply.headers["Cache-Control"] == "private, no-store"
    async with center.clerk.get("/api/pages/page-1/light", headers={"If-None-Match": '"another"'}) as reply:
        assert reply.status == 200


@pytest.mark.parametrize("path", ["page-2/light", "page-1/full", "page-1/huge", "..%2f..%2fetc/light"])
async def test_an_image_that_is_not_there_is_unknown(center: Center, path: str) -> None:
    center.desk.parts["page-1", PagePart.LIGHT] = b"a small jpeg"
    async with center.clerk.get(f"/api/pages/{path}") as reply:
        assert reply.status == 404
    async with center.anyone.get("/api/pages/page-1/light") as reply:
        assert reply.status == 401


# --- The page, and the headers of everything ---


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as the build leaves it, and a secret beside it that a link inside points to."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "dist"
    (folder / "counter").mkdir(parents=True)
    (folder / "counter" / "index.html").write_text("<!doctype html><title>窗口</title>", encoding="utf-8")
    (folder / "assets" / "fonts").mkdir(parents=True)
    (folder / "assets" / "counter-4f1a.js").write_text("export {}")
    (folder / "assets" / "fonts" / "a.woff2").write_bytes(b"font")
    (folder / "assets" / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


async def test_the_counters_page_and_its_assets_are_served(built: Path) -> None:
    async with running_center(config=replace(FakeConfig(), pages=PagesPart(built))) as center:
        async with center.anyone.get("/") as reply:
            assert reply.status == 200
            assert reply.content_type == "text/html"
            assert reply.headers["Cache-Control"] == "no-cache"
            assert "窗口" in await reply.text()
        async with center.anyone.get("/assets/counter-4f1a.js") as reply:
            assert reply.status == 200
            assert "javascript" in reply.content_type
            assert "immutable" in reply.headers["Cache-Control"]
        async with center.anyone.get("/assets/fonts/a.woff2") as reply:
            assert await reply.read() == b"font"


@pytest.mark.parametrize("path", ["nothing.js", "link.txt", "%2e%2e/%2e%2e/secret.txt", "fonts", "/etc/passwd"])
async def test_no_other_file_is_served(built: Path, path: str) -> None:
    async with (
        running_center(config=replace(FakeConfig(), pages=PagesPart(built))) as center,
        center.anyone.get(f"/assets/{path}") as reply,
    ):
        assert reply.status == 404


async def test_pages_that_were_not_built_say_so(center: Center) -> None:
    async with center.anyone.get("/") as reply:
        assert reply.status == 503
        assert "npm run build" in await reply.text()


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/me", "/assets/nothing.js", "/nothing"])
async def test_every_reply_binds_the_browser(center: Center, path: str) -> None:
    async with center.anyone.get(path) as reply:
        policy = reply.headers["Content-Security-Policy"]
        assert policy == CONTENT_SECURITY_POLICY
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert "camera=(self)" in reply.headers["Permissions-Policy"]
        assert "microphone=(self)" in reply.headers["Permissions-Policy"]
        assert "aiohttp" not in reply.headers["Server"]
        assert path.startswith("/api") == (reply.headers.get("Cache-Control") == "no-store")


def test_the_policy_lets_no_inline_script_and_no_other_host_in() -> None:
    rules = dict(rule.split(" ", 1) for rule in CONTENT_SECURITY_POLICY.split("; "))
    assert rules["default-src"] == "'self'"
    assert "script-src" not in rules
    assert rules["frame-ancestors"] == "'none'"
    assert rules["connect-src"] == "'self'"
    assert "http" not in CONTENT_SECURITY_POLICY


async def test_health_needs_nobody(center: Center) -> None:
    async with aiohttp.ClientSession(center.url) as session, session.get("/api/health") as reply:
        assert await reply.json() == {"status": "ok"}
