"""A process with one publisher, to be killed: writes its offer as a line of JSON, reads the answer as one."""

import asyncio
import json
import sys

from booth.media.connection import MediaConnection
from booth.media.synthetic import SyntheticFace
from protocol.media import TrackName


async def main() -> None:
    async with MediaConnection({TrackName.FACE: SyntheticFace(320, 240)}, []) as connection:
        sdp, tracks = await connection.offer()
        print(json.dumps({"sdp": sdp, "mid": tracks[0].mid}), flush=True)
        await connection.accept(json.loads(await asyncio.to_thread(sys.stdin.readline)))
        await connection.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
