"""A publisher and a viewer in a process of their own. Writes each offer as a line of JSON and reads its answer as one;
then, for each line that it reads, waits for two pictures and writes the longest time between two since the line before,
in seconds."""

import asyncio
import itertools
import json
import sys
import time

from booth.media.connection import MediaConnection
from protocol.media import TrackName
from tests.integration.media.peers import RED, ColourFace, Viewer

FACE = TrackName.FACE


async def main() -> None:
    viewer = Viewer([FACE])
    async with MediaConnection({FACE: ColourFace(RED, fps=25)}, []) as publisher, viewer.connection:
        for connection in (publisher, viewer.connection):
            sdp, tracks = await connection.offer()
            print(json.dumps({"sdp": sdp, "mid": tracks[0].mid}), flush=True)
            await connection.accept(json.loads(await line()))
        times: list[float] = []
        viewer.on_picture = lambda: times.append(time.monotonic())
        while await line():
            await viewer.until(lambda: len(times) >= 2)
            gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
            times.clear()
            print(json.dumps(max(gaps)), flush=True)


async def line() -> str:
    return await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main())
