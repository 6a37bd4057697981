"""A center's side of the media plane, to be killed: writes the forwarder's process id, then waits."""

import asyncio

from center.media.process.client import MediaProcess


async def main() -> None:
    async with MediaProcess() as plane:
        print(await plane.running(), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
