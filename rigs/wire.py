"""A long cable between two network interfaces: everything that enters one leaves the other a while later.

For measuring where the kernel has no `netem`: the delay is made here, in a process of its own, frame by frame, so that
neither end of the cable has anything in it for the measurement. Loss and rate are the kernel's (nft, tbf). Needs root.
"""

import asyncio
import ctypes
import fcntl
import socket
import struct
from typing import Annotated

import typer

ETH_P_ALL = 0x0003
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
SIOCETHTOOL = 0x8946
_OFFLOADS = {"tx checksum": 0x17, "tso": 0x1F, "gso": 0x24, "gro": 0x2C}
"""ETHTOOL_S…; frames must be on the wire as they would be on a real one, whole and with their checksums."""
LONGEST_FRAME_BYTES = 2048
BUFFER_BYTES = 4 << 20

main = typer.Typer(add_completion=False)


@main.command()
def plain(interfaces: list[str]) -> None:
    """Switch off what the kernel leaves to a network card."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        for interface in interfaces:
            for command in _OFFLOADS.values():
                value = ctypes.create_string_buffer(struct.pack("II", command, 0))
                fcntl.ioctl(handle, SIOCETHTOOL, struct.pack("16sP", interface.encode(), ctypes.addressof(value)))


@main.command()
def join(one: str, other: str, delay_ms: Annotated[float, typer.Option()] = 0.0) -> None:
    """Join two interfaces until the process ends. Says `ready` once it does."""
    asyncio.run(_join(one, other, delay_ms / 1000))


async def _join(one: str, other: str, delay_s: float) -> None:
    loop = asyncio.get_running_loop()
    ends = [_open(one), _open(other)]

    def pass_on(source: socket.socket, sink: socket.socket) -> None:
        for _ in range(64):
            try:
                frame = source.recv(LONGEST_FRAME_BYTES)
            except BlockingIOError:
                return
            except OSError:
                return  # an end is down, or gone
            loop.call_later(delay_s, _send, sink, frame)

    for source, sink in ((ends[0], ends[1]), (ends[1], ends[0])):
        loop.add_reader(source, pass_on, source, sink)
    print("ready", flush=True)
    await asyncio.Event().wait()


def _send(sink: socket.socket, frame: bytes) -> None:
    try:
        sink.send(frame)
    except OSError:
        return  # the queue is full, as a line's may be


def _open(interface: str) -> socket.socket:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    end.bind((interface, 0))
    end.setblocking(False)
    return end


if __name__ == "__main__":
    main()
