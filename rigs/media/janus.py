"""Janus from Debian on loopback: started with a configuration of its own, and its videoroom driven over HTTP."""

import asyncio
import itertools
import shutil
import signal
import socket
import textwrap
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil

ROOM = 1234
STARTS_WITHIN_S = 20.0
_PLUGINS = Path("/usr/lib/x86_64-linux-gnu/janus")


def is_installed() -> bool:
    return shutil.which("janus") is not None


class Janus:
    """One session. `publish` and `subscribe` are what a page would ask for."""

    def __init__(self, http: aiohttp.ClientSession, base: str, pid: int) -> None:
        self.pid = pid
        self._http = http
        self._base = base
        self._session = ""
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._feeds: dict[str, int] = {}
        self._handles: dict[str, str] = {}

    async def open(self) -> None:
        self._session = f"{self._base}/{(await self._post(self._base, janus='create'))['data']['id']}"

    async def follow(self) -> None:
        """Take the session's events until cancelled."""
        while True:
            async with self._http.get(self._session, params={"maxev": "1", "rid": str(time.time_ns())}) as reply:
                event = await reply.json()
            future = self._waiting.get(event.get("transaction", ""))
            if future is not None and not future.done():
                future.set_result(event)

    async def publish(self, name: str, sdp: str) -> str:
        """The answer to this publisher's offer."""
        handle = await self._attach()
        joined = await self._ask(handle, {"request": "join", "ptype": "publisher", "room": ROOM, "display": name})
        self._feeds[name] = joined["plugindata"]["data"]["id"]
        reply = await self._ask(handle, {"request": "configure", "video": True}, "offer", sdp)
        return str(reply["jsep"]["sdp"])

    async def subscribe(self, viewer: str, name: str) -> str:
        """Janus's offer for who wants to see this publisher."""
        handle = self._handles[viewer] = await self._attach()
        streams = [{"feed": self._feeds[name]}]
        body = {"request": "join", "ptype": "subscriber", "room": ROOM, "streams": streams}
        return str((await self._ask(handle, body))["jsep"]["sdp"])

    async def start(self, viewer: str, sdp: str) -> None:
        await self._ask(self._handles[viewer], {"request": "start"}, "answer", sdp)

    async def _attach(self) -> str:
        data = await self._post(self._session, janus="attach", plugin="janus.plugin.videoroom")
        return f"{self._session}/{data['data']['id']}"

    async def _ask(self, handle: str, body: dict[str, Any], kind: str = "", sdp: str = "") -> dict[str, Any]:
        transaction = f"t{next(self._numbers)}"
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = future
        jsep = {"jsep": {"type": kind, "sdp": sdp, "trickle": False}} if sdp else {}
        await self._post(handle, janus="message", transaction=transaction, body=body, **jsep)
        async with asyncio.timeout(20):
            return await future

    async def _post(self, url: str, **message: Any) -> dict[str, Any]:
        message.setdefault("transaction", f"t{next(self._numbers)}")
        async with self._http.post(url, json=message) as reply:
            answer: dict[str, Any] = await reply.json()
        if answer["janus"] == "error":
            raise RuntimeError(f"Janus says {answer['error'].get('reason')}")
        return answer


@asynccontextmanager
async def running_janus(folder: Path) -> AsyncIterator[Janus]:
    """A Janus of its own in this folder."""
    port = _free_port()
    _configure(folder, port)
    process = await asyncio.create_subprocess_exec(
        "janus",
        "-F",
        str(folder),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,  # it leaves a core file when it stops with sessions open
    )
    timeout = aiohttp.ClientTimeout(total=90)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http, asyncio.TaskGroup() as group:
            janus = Janus(http, f"http://127.0.0.1:{port}/janus", process.pid)
            async with asyncio.timeout(STARTS_WITHIN_S):
                await _listening(port)
                await janus.open()
            following = group.create_task(janus.follow(), name="janus events")
            yield janus
            following.cancel()
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def _configure(folder: Path, port: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "janus.jcfg": f"""
            general: {{
                configs_folder = "{folder}"
                plugins_folder = "{_PLUGINS}/plugins"
                transports_folder = "{_PLUGINS}/transports"
                events_folder = "{_PLUGINS}/events"
                loggers_folder = "{_PLUGINS}/loggers"
                debug_level = 1
            }}
            media: {{ rtp_port_range = "20000-21000" }}
            nat: {{ ice_enforce_list = "{_address()}" }}
            """,
        "janus.transport.http.jcfg": f"""
            general: {{ json = "compact", base_path = "/janus", http = true, https = false
                port = {port}, ip = "127.0.0.1" }}
            admin: {{ admin_http = false }}
            """,
        "janus.plugin.videoroom.jcfg": f"""
            room-{ROOM}: {{ description = "bench", publishers = 60, bitrate = 30000000, videocodec = "vp8"
                record = false }}
            """,
    }
    for name, text in files.items():
        (folder / name).write_text(textwrap.dedent(text), "utf-8")


def _address() -> str:
    """An address of this machine that is not the loopback: Janus offers none of those."""
    for addresses in psutil.net_if_addrs().values():
        for address in addresses:
            if address.family is socket.AF_INET and not address.address.startswith("127."):
                return address.address
    return "127.0.0.1"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
