"""`python -m rigs.media.relay`: aiortc's own way of forwarding, `MediaRelay`, which decodes and encodes. Orders as in
`load`: {"publish": NAME, "sdp": OFFER} and {"subscribe": NAME, "sdp": OFFER}, each answered with {"sdp": ANSWER}."""

import asyncio
import json
import sys

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay


async def main() -> None:
    relay, published, connections = MediaRelay(), dict[str, MediaStreamTrack](), list[RTCPeerConnection]()
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connections.append(connection)
        await connection.setRemoteDescription(RTCSessionDescription(order["sdp"], "offer"))
        if "publish" in order:
            published[order["publish"]] = connection.getReceivers()[0].track
        else:
            connection.addTrack(relay.subscribe(published[order["subscribe"]], buffered=False))
        await connection.setLocalDescription(await connection.createAnswer())
        print(json.dumps({"sdp": connection.localDescription.sdp}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
