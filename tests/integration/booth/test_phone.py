"""The bench's phone: a fresh code from the real sandbox, shown to the booth."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pytest
from aiohttp import web

from booth.core.events import VisitAction
from booth.errors import DeviceError
from booth.kiosk.bench import Bench
from booth.kiosk.phone import Phone
from center.gateway.sandbox.app import Sandbox
from center.gateway.wire import Redeemed
from protocol.fields import Wording
from protocol.kiosk import BenchView, CodeScanned


@asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


async def test_a_person_at_the_bench_shows_an_invented_code_that_can_be_redeemed() -> None:
    sandbox, actions = Sandbox("key", lambda: 1000), list[VisitAction]()
    async with listening(sandbox.app()) as url, aiohttp.ClientSession() as session:
        bench = Bench(Wording("亭", "Booth"), [], None, {}, {}, actions.append, Phone(url, session))
        app = web.Application()
        app.add_routes(bench.routes())
        async with listening(app) as booth:
            async with session.get(f"{booth}/bench/state") as answer:
                view = msgspec.json.decode(await answer.read(), type=BenchView)
            assert view.codes[0].name.zh == "随申码（沈佩兰，虚构）"
            async with session.post(f"{booth}/bench/code/{view.codes[0].code_id}") as answer:
                assert answer.status == 204
            async with session.post(f"{booth}/bench/code/nobody") as answer:
                assert answer.status == 502
    (action,) = actions
    assert isinstance(action, CodeScanned)
    assert isinstance(sandbox.codes.redeem(action.code, "k" * 20, 1001), Redeemed)
    assert action.code not in repr(action)


async def test_without_the_sandbox_the_phone_shows_nothing() -> None:
    async with aiohttp.ClientSession() as session:
        phone = Phone("http://127.0.0.1:1", session)
        assert await phone.codes() == []
        with pytest.raises(DeviceError, match="away"):
            await phone.fresh("shen")


async def test_an_answer_that_is_no_code_is_refused() -> None:
    async def nonsense(_request: web.Request) -> web.Response:
        return web.Response(body=b'{"code": 7}')

    app = web.Application()
    app.add_routes([web.post("/sandbox/codes/shen", nonsense), web.get("/sandbox/people", nonsense)])
    async with listening(app) as url, aiohttp.ClientSession() as session:
        phone = Phone(url, session)
        assert await phone.codes() == []
        with pytest.raises(DeviceError, match="no code"):
            await phone.fresh("shen")
