"""The real Firefox without a driver program: it speaks WebDriver BiDi (W3C) over a WebSocket of its own."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

PREFERENCES: dict[str, bool | int | str] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.peerconnection.ice.loopback": True,  # on a machine without a network there is nothing else
    "media.gmp-manager.updateEnabled": False,
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.server": "",
    "dom.min_background_timeout_value": 4,
}
"""A camera and a microphone that are drawn and played, no questions, and no call to any other host."""
STARTS_WITHIN_S = 60.0
ANSWERS_WITHIN_S = 60.0


class FirefoxError(Exception):
    """Firefox refused a command, or a script in the page threw."""


class Window:
    """One window with one page."""

    def __init__(self, firefox: "Firefox", context: str) -> None:
        self._firefox = firefox
        self._context = context

    async def open(self, url: str) -> None:
        await self._firefox.command("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def run(self, script: str, *arguments: Any) -> Any:
        """The JSON value of an (async) function of the page, applied to JSON values. Raises `FirefoxError`."""
        function = f"async (words) => JSON.stringify((await ({script})(...JSON.parse(words))) ?? null)"
        answer = await self._firefox.command(
            "script.callFunction",
            functionDeclaration=function,
            arguments=[{"type": "string", "value": json.dumps(arguments)}],
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] != "success":
            raise FirefoxError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def shoot(self, path: Path) -> None:
        answer = await self._firefox.command("browsingContext.captureScreenshot", context=self._context)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))


class Firefox:
    """A running browser. Made by `firefox`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._awaited: dict[int, asyncio.Future[Any]] = {}

    async def window(self, width: int = 1920, height: int = 1080) -> Window:
        made = await self.command("browsingContext.create", type="window")
        context = str(made["context"])
        viewport = {"width": width, "height": height}
        await self.command("browsingContext.setViewport", context=context, viewport=viewport)
        return Window(self, context)

    async def preload(self, script: str) -> None:
        """Run this function in each page before the page's own scripts."""
        await self.command("script.addPreloadScript", functionDeclaration=script)

    async def command(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._awaited[number] = answer
        try:
            await self._socket.send_json({"id": number, "method": method, "params": parameters})
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                return await answer
        finally:
            del self._awaited[number]

    async def listen(self) -> None:
        """Take in answers until the socket closes."""
        async for message in self._socket:
            said = message.json()
            answer = self._awaited.get(said.get("id"))
            if answer is None or answer.done():
                continue
            if said["type"] == "error":
                answer.set_exception(FirefoxError(f"{said['error']}: {said['message']}"))
            else:
                answer.set_result(said["result"])


@asynccontextmanager
async def firefox(profile: Path) -> AsyncIterator[Firefox]:
    """A browser with a profile of its own in this folder, ended with the context."""
    await asyncio.to_thread(_write_profile, profile)
    process = await asyncio.create_subprocess_exec(
        *("firefox-esr", "--headless", "--no-remote", "--profile", str(profile)),
        *("--remote-debugging-port", "0", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(STARTS_WITHIN_S):
            url = await _listening(process)
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"{url}/session", max_msg_size=0) as socket,
            asyncio.TaskGroup() as tasks,
        ):
            browser = Firefox(socket)
            jobs = [
                tasks.create_task(browser.listen(), name="firefox answers"),
                tasks.create_task(_drain(process), name="firefox log"),
            ]
            try:
                always: dict[str, Any] = {"acceptInsecureCerts": True}
                await browser.command("session.new", capabilities={"alwaysMatch": always})
                yield browser
            finally:
                for job in jobs:
                    job.cancel()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _listening(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async for line in process.stderr:
        if b"WebDriver BiDi listening on" in line:
            return line.split()[-1].decode()
    raise FirefoxError("Firefox ended before it listened")


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Nobody reads its complaints, but a full pipe would stop it."""
    assert process.stderr is not None
    async for _ in process.stderr:
        pass


def _write_profile(profile: Path) -> None:
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines), "utf-8")
