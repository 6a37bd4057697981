"""Codes from a booth's message to an identity, over real HTTP to the sandbox and a real database."""

import asyncio
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from center.core.identity import NotRedeemed, Redemption
from center.gateway.http import HttpGateway, Patience, open_gateway
from center.gateway.sandbox.app import Behaviour, Sandbox
from center.gateway.sandbox.codes import VALID_MS
from protocol.counter import IdentitySource
from protocol.devices import DeviceKind
from protocol.errors import ErrorCode
from protocol.messages import RequestRefused, RequestWithdrawn, TicketRequested
from protocol.records import CodeHolder, CodeShown
from protocol.states import TicketState
from tests.integration.center_store.center import Center, Outside, make, reopened
from tests.unit.center.samples import NOW_MS, request

KEY = "the-centers-key"
QUICK = Patience(connect_s=1.0, try_s=0.25, tries=3, pause_s=0.01)
UNVERIFIABLE = NotRedeemed(ErrorCode.CODE_UNVERIFIABLE)


class City:
    """The sandbox, listening, and a clock that a test moves."""

    def __init__(self, url: str, sandbox: Sandbox) -> None:
        self.url = url
        self.sandbox = sandbox

    def behave(self, behaviour: Behaviour, times: int | None = None) -> None:
        self.sandbox.behaviour, self.sandbox.times = behaviour, times


class Clock:
    now_ms = NOW_MS


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def city(clock: Clock) -> AsyncIterator[City]:
    sandbox = Sandbox(KEY, lambda: clock.now_ms)
    runner = web.AppRunner(sandbox.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        host, port = runner.addresses[0][:2]
        yield City(f"http://{host}:{port}", sandbox)
    finally:
        await runner.cleanup()


@pytest.fixture
async def gateway(city: City) -> AsyncIterator[HttpGateway]:
    async with open_gateway(city.url, KEY, QUICK) as opened:
        yield opened


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    await make(tmp_path / "center")
    return tmp_path / "center"


@asynccontextmanager
async def linked(folder: Path, gateway: object, outside: Outside | None = None) -> AsyncIterator[Center]:
    async with reopened(folder, outside, gateway) as center:  # type: ignore[arg-type]
        await center.link()
        yield center


def everything_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def redemptions_in(folder: Path) -> list[str]:
    """What the journal says of redeemed codes."""
    with sqlite3.connect(folder / "center.sqlite") as connection:
        rows = connection.execute("SELECT payload FROM journal WHERE kind = 'code_redeemed'").fetchall()
    connection.close()
    return [row[0] for row in rows]


def shows(code: str, request_id: str = "r1") -> TicketRequested:
    asked = request(CodeShown(code), request_id)
    return TicketRequested(asked.request_id, asked.item_id, asked.shown, DeviceKind.DOCUMENT_CAMERA)


# --- The driver ---


async def test_a_valid_code_names_its_holder_and_is_redeemed_once(city: City, gateway: HttpGateway) -> None:
    code = city.sandbox.codes.issue("shen", NOW_MS)
    holder = await gateway.redeem(code, "k" * 64)
    assert isinstance(holder, CodeHolder)
    assert (holder.name, holder.number_valid, holder.verified_at_ms) == ("沈佩兰", True, NOW_MS)
    assert await gateway.redeem(code, "k" * 64) == holder
    assert await gateway.redeem(code, "j" * 64) == NotRedeemed(ErrorCode.CODE_EXPIRED)
    assert city.sandbox.codes.redeemed == 1


async def test_an_expired_code_says_so(city: City, gateway: HttpGateway, clock: Clock) -> None:
    code = city.sandbox.codes.issue("shen", NOW_MS)
    clock.now_ms += VALID_MS
    assert await gateway.redeem(code, "k" * 64) == NotRedeemed(ErrorCode.CODE_EXPIRED)


@pytest.mark.parametrize("behaviour", [each for each in Behaviour if each is not Behaviour.NORMAL])
async def test_a_gateway_in_trouble_is_asked_a_few_times_and_then_it_is_said(
    city: City, gateway: HttpGateway, behaviour: Behaviour
) -> None:
    city.behave(behaviour)
    code = city.sandbox.codes.issue("shen", NOW_MS)
    async with asyncio.timeout(5):
        assert await gateway.redeem(code, "k" * 64) == UNVERIFIABLE
    assert city.sandbox.asked == QUICK.tries
    assert city.sandbox.codes.redeemed == (0 if behaviour is Behaviour.DOWN else 1)


@pytest.mark.parametrize("behaviour", [each for each in Behaviour if each is not Behaviour.NORMAL])
async def test_one_bad_answer_costs_a_second_try_and_not_a_second_redemption(
    city: City, gateway: HttpGateway, behaviour: Behaviour
) -> None:
    city.behave(behaviour, times=1)
    assert isinstance(await gateway.redeem(city.sandbox.codes.issue("shen", NOW_MS), "k" * 64), CodeHolder)
    assert (city.sandbox.asked, city.sandbox.codes.redeemed) == (2, 1)


async def test_nobody_there_and_a_wrong_key_are_unverifiable(city: City) -> None:
    code = city.sandbox.codes.issue("shen", NOW_MS)
    async with open_gateway(city.url, "another-key", QUICK) as gateway:
        assert await gateway.redeem(code, "k" * 64) == UNVERIFIABLE
    async with open_gateway("http://127.0.0.1:1", KEY, QUICK) as gateway:
        assert await gateway.redeem(code, "k" * 64) == UNVERIFIABLE
    assert city.sandbox.codes.redeemed == 0


async def test_a_redirect_is_not_followed_for_it_would_carry_the_code_away(city: City) -> None:
    async def elsewhere(_request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(f"{city.url}/codes/redeem")

    app = web.Application()
    app.router.add_post("/codes/redeem", elsewhere)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        host, port = runner.addresses[0][:2]
        async with open_gateway(f"http://{host}:{port}", KEY, QUICK) as gateway:
            assert await gateway.redeem(city.sandbox.codes.issue("shen", NOW_MS), "k" * 64) == UNVERIFIABLE
    finally:
        await runner.cleanup()
    assert city.sandbox.asked == 0


async def test_no_log_line_holds_the_code_or_the_key(
    city: City, gateway: HttpGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for behaviour in Behaviour:
        city.behave(behaviour, times=1)
        code = city.sandbox.codes.issue("shen", NOW_MS)
        await gateway.redeem(code, f"{behaviour}-" + "k" * 40)
        assert code not in caplog.text
    assert "gateway: try" in caplog.text
    assert KEY not in caplog.text and "沈佩兰" not in caplog.text and KEY not in repr(gateway)


# --- The desk ---


async def test_a_code_becomes_an_identity_with_its_provenance_and_fills_the_form(
    folder: Path, city: City, gateway: HttpGateway
) -> None:
    code = city.sandbox.codes.issue("shen", NOW_MS)
    async with linked(folder, gateway) as center:
        await center.booth(shows(code))
        visit = center.outside.visit()
        assert visit is not None and visit.ticket_state is TicketState.WAITING
        clerk = await center.clerk()
        await center.desk.take(clerk, visit.affair_id)
        affair = (await center.desk.view(clerk)).affair
        assert affair is not None
        (identity,) = affair.identities
        assert (identity.source, identity.booth_id) == (IdentitySource.SUISHEN_CODE, "b-01")
        assert (identity.device, identity.insertion) == (DeviceKind.DOCUMENT_CAMERA, None)
        assert isinstance(identity.card, CodeHolder) and identity.card.name == "沈佩兰"
        assert affair.form["applicant_name"] == "沈佩兰"


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ("expired", ErrorCode.CODE_EXPIRED),
        ("used", ErrorCode.CODE_EXPIRED),
        ("unknown", ErrorCode.CODE_EXPIRED),
        ("down", ErrorCode.CODE_UNVERIFIABLE),
        ("slow", ErrorCode.CODE_UNVERIFIABLE),
        ("garbage", ErrorCode.CODE_UNVERIFIABLE),
    ],
)
async def test_a_code_that_says_nothing_is_refused_with_its_reason(
    folder: Path, city: City, gateway: HttpGateway, clock: Clock, trouble: str, code: ErrorCode
) -> None:
    shown = "no-code-of-the-citys" if trouble == "unknown" else city.sandbox.codes.issue("shen", NOW_MS)
    if trouble == "expired":
        clock.now_ms += VALID_MS
    elif trouble == "used":
        await gateway.redeem(shown, "somebody-elses-key")
    elif trouble != "unknown":
        city.behave(Behaviour(trouble))
    async with linked(folder, gateway) as center:
        await center.booth(shows(shown))
        assert center.outside.to("b-01")[-1] == RequestRefused("r1", code)
        await center.ticket(request_id="r2")


async def test_a_withdrawn_code_is_refused_and_the_next_one_is_served(
    folder: Path, city: City, gateway: HttpGateway
) -> None:
    async with linked(folder, gateway) as center:
        await center.booth(RequestWithdrawn("r1"))
        assert center.outside.to("b-01")[-1] == RequestRefused("r1", ErrorCode.WITHDRAWN)
        await center.booth(shows(city.sandbox.codes.issue("shen", NOW_MS), "r2"))
        assert city.sandbox.codes.redeemed == 1


class Dies:
    """A gateway whose center is killed after the city has answered, before anything is written."""

    def __init__(self, gateway: HttpGateway) -> None:
        self._gateway = gateway
        self.answer: Redemption | None = None

    async def redeem(self, code: str, key: str) -> Redemption:
        self.answer = await self._gateway.redeem(code, key)
        raise asyncio.CancelledError


async def test_a_center_that_dies_in_between_neither_loses_the_request_nor_redeems_twice(
    folder: Path, city: City, gateway: HttpGateway, clock: Clock
) -> None:
    message = shows(city.sandbox.codes.issue("shen", NOW_MS))
    dying = Dies(gateway)
    async with linked(folder, dying) as center:
        with pytest.raises(asyncio.CancelledError):
            await center.desk.booth_message("b-01", "e1", 1, message)
        assert isinstance(dying.answer, CodeHolder)
    clock.now_ms += 2 * VALID_MS  # the center took its time to come back
    outside = Outside()
    async with reopened(folder, outside, gateway) as center:
        opened = await center.desk.link_up("b-01", "e1", 0)
        assert opened.received == 0, "the booth sends it again"
        await center.desk.booth_message("b-01", "e1", 1, message)
        await center.desk.booth_message("b-01", "e1", 1, message)
        visit = outside.visit()
        assert visit is not None and visit.ticket_no == "A001"
        assert (await center.desk.view(await center.clerk())).waiting[0].affair_id == visit.affair_id
    assert city.sandbox.codes.redeemed == 1
    assert city.sandbox.asked == 2


async def test_other_booths_are_served_while_the_gateway_is_asked(folder: Path) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    class Slow:
        async def redeem(self, code: str, key: str) -> Redemption:
            asked.set()
            await answer.wait()
            return UNVERIFIABLE

    async with linked(folder, Slow()) as center:
        await center.link("b-02")
        slow = asyncio.create_task(center.booth(shows("CODE")))
        async with asyncio.timeout(5):
            await asked.wait()
            assert await center.ticket("b-02", "r2")
        answer.set()
        await slow
        assert center.outside.to("b-01")[-1] == RequestRefused("r1", ErrorCode.CODE_UNVERIFIABLE)


async def test_a_request_that_can_not_be_served_costs_no_code(folder: Path, city: City, gateway: HttpGateway) -> None:
    code = city.sandbox.codes.issue("shen", NOW_MS)
    async with linked(folder, gateway) as center:
        await center.ticket()
        await center.booth(shows(code, "r2"), request(CodeShown(code), "r3", item_id="no_such_item"))
        codes = [each.code for each in center.outside.to("b-01") if isinstance(each, RequestRefused)]
        assert codes[0] is ErrorCode.BOOTH_OCCUPIED and len(codes) == 2
    assert city.sandbox.asked == 0


async def test_the_code_is_nowhere_on_the_disk_and_the_journal_says_that_one_was_redeemed(
    folder: Path, city: City, gateway: HttpGateway
) -> None:
    code = city.sandbox.codes.issue("shen", NOW_MS)
    async with linked(folder, gateway) as center:
        await center.booth(shows(code))
    for name, content in everything_in(folder).items():
        assert code.encode() not in content and "沈佩兰".encode() not in content, name
    assert redemptions_in(folder) == [f'{{"verified_at_ms":{NOW_MS}}}']


async def test_a_code_that_a_restarted_booth_does_not_wait_for_any_more_is_in_the_journal_too(
    folder: Path, city: City, gateway: HttpGateway
) -> None:
    class Restarts:
        async def redeem(self, code: str, key: str) -> Redemption:
            await center.link(epoch="e2")
            return await gateway.redeem(code, key)

    async with linked(folder, Restarts()) as center:
        await center.desk.booth_message("b-01", "e1", 1, shows(city.sandbox.codes.issue("shen", NOW_MS)))
        assert center.outside.to("b-01") == [], "nothing follows from it"
    assert len(redemptions_in(folder)) == 1


# --- The process ---


async def test_the_sandbox_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY, "ascii")
    config = tmp_path / "sandbox.toml"
    config.write_text(f'[sandbox]\nport = 0\nkey_file = "{tmp_path / "key"}"\n', "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "center.gateway.sandbox", "--config", str(config), "run", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            url = f"http://{(await process.stdout.readline()).decode().split()[-1]}"
        async with aiohttp.ClientSession() as http, open_gateway(url, KEY) as gateway:
            async with http.post(f"{url}/sandbox/codes/shen") as answer:
                code = (await answer.json())["code"]
            holder = await gateway.redeem(code, "k" * 64)
            assert isinstance(holder, CodeHolder)
            assert abs(holder.verified_at_ms - time.time() * 1000) < 60_000
            async with http.put(f"{url}/sandbox/behaviour/down") as answer:
                assert answer.status == 204
            assert await gateway.redeem(code, "k" * 64) == UNVERIFIABLE
    finally:
        process.terminate()
        assert await process.wait() == 0
