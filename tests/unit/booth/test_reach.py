"""Waiting until the center can be reached."""

import asyncio

from booth.link.reach import connects, local_address, until_reachable


async def test_an_attempt_that_hangs_does_not_delay_the_one_that_gets_through() -> None:
    begun = 0

    async def attempt() -> bool:
        nonlocal begun
        begun += 1
        if begun < 3:
            await asyncio.Event().wait()
        return begun == 3

    async with asyncio.timeout(5):
        await until_reachable(attempt)
    assert begun == 3


async def test_a_listening_port_is_reached_and_a_closed_one_is_not() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await connects("127.0.0.1", port)
    server.close()
    await server.wait_closed()
    assert not await connects("127.0.0.1", port)


async def test_cancelling_ends_every_attempt() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def attempt() -> bool:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return False

    waiting = asyncio.create_task(until_reachable(attempt))
    await begun.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert ended.is_set()


def test_the_address_towards_this_machine_is_its_own() -> None:
    assert local_address("127.0.0.1", 9) == "127.0.0.1"
