"""Center and booths as real processes, set up from nothing in one folder.

The demo plays on this stage, and so do the end-to-end tests, which put real devices' drivers into `BoothPlan.sections`.
"""

import asyncio
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

import aiohttp

ROOT = Path(__file__).resolve().parents[1]
"""The checkout: pages and catalogue are taken from here."""

STARTS_WITHIN_S = 60.0
STOPS_WITHIN_S = 30.0

Table = Mapping[str, str | int | float | bool | list[str]]


SocketFactory = Callable[[Any], socket.socket]
"""For `aiohttp.TCPConnector`: makes sockets of another host's network."""


class StageError(Exception):
    """A program did not start or did not stop as it should; the text names its log."""


@dataclass(frozen=True, slots=True)
class BoothPlan:
    """A booth to raise. `sections` replace those of the simulated devices, one TOML table each.

    A booth on another host has a `prefix` before its commands, and a `socket_factory` to reach that host's loopback.
    """

    booth_id: str
    name_zh: str
    name_en: str
    address_zh: str
    address_en: str
    port: int
    sections: Mapping[str, Table] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    prefix: Sequence[str] = ()
    socket_factory: SocketFactory | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class ClerkPlan:
    """A log-in at the counter. The password is made when the stage is raised."""

    name: str
    display_name: str
    counter: str
    password: str = field(default_factory=lambda: secrets.token_urlsafe(9), repr=False)


@dataclass(frozen=True, slots=True)
class Site:
    """Where the center listens: plain HTTP on loopback, or HTTPS at an address with a certificate."""

    port: int
    host: str = "127.0.0.1"
    certificate_file: Path | None = None
    key_file: Path | None = None
    booths_port: int | None = None
    """The port that booths are told, when something stands between them and the center."""
    turn_url: str | None = None
    turn_secret: str = field(default="", repr=False)
    reads: bool = True
    """Whether the center reads the pages."""

    @property
    def url(self) -> str:
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        return f"{'http' if self.certificate_file is None else 'https'}://{self.host}:{port}"

    def trust(self) -> ssl.SSLContext | bool:
        """What a client of this center needs for `aiohttp.TCPConnector(ssl=…)`."""
        return True if self.certificate_file is None else ssl.create_default_context(cafile=self.certificate_file)


SIMULATED: Mapping[str, Table] = {
    "id_card_reader": {"driver": "simulated"},
    "social_security_card_reader": {"driver": "simulated"},
    "face_comparison": {"driver": "simulated"},
    "document_camera": {"driver": "simulated_desk", "width_px": 1920, "height_px": 1440, "rate_fps": 10},
    "media": {"face": "synthetic", "voice": "synthetic", "watch_clerk": True},
}


class Program:
    """One of our programs, running. Its output goes to a log of its own."""

    def __init__(
        self,
        module: str,
        config: Path,
        health_url: str,
        connector: Callable[[], aiohttp.TCPConnector],
        environment: Mapping[str, str],
        prefix: Sequence[str] = (),
    ) -> None:
        self._connector = connector
        self._prefix = tuple(prefix)
        self.module = module
        self.config = config
        self.log = config.with_suffix(".log")
        self._environment = {**os.environ, **environment}
        self._health_url = health_url
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns when the program answers; raises `StageError` when it ends or stays silent."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._prefix,
                sys.executable,
                "-m",
                self.module,
                "--config",
                str(self.config),
                "run",
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=ROOT,
            )
        try:
            async with asyncio.timeout(STARTS_WITHIN_S):
                await self._healthy()
        except TimeoutError:
            await self.kill()
            raise StageError(f"{self.module} does not answer; see {self.log}") from None

    async def _healthy(self) -> None:
        assert self._process is not None
        async with aiohttp.ClientSession(connector=self._connector()) as http:
            while self._process.returncode is None:
                try:
                    async with http.get(self._health_url) as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)
        raise StageError(f"{self.module} ended with {self._process.returncode}; see {self.log}")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def wait(self) -> int:
        """The exit code, once the program has ended."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end; raises `StageError` when it does not, or ends badly. Harmless when it is not running."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOPS_WITHIN_S):
                code = await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise StageError(f"{self.module} did not stop; see {self.log}") from None
        if code != 0:
            raise StageError(f"{self.module} stopped with {code}; see {self.log}")

    async def kill(self) -> None:
        """End it as a power cut would (`kill -9`)."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()


class Stage:
    """The running system. Made by `raise_stage`."""

    def __init__(self, folder: Path, site: Site, booths: Sequence[BoothPlan], clerks: Sequence[ClerkPlan]) -> None:
        self.folder = folder
        self.site = site
        self.booths = tuple(booths)
        self.clerks = tuple(clerks)
        self._center_config = folder / "center.toml"
        self._gateway_port = free_port()
        self.gateway = Program(
            "center.gateway.sandbox",
            folder / "gateway.toml",
            f"{self._gateway_url}/health",
            aiohttp.TCPConnector,
            environment={},
        )
        self.center = Program(
            "center",
            self._center_config,
            f"{site.url}/api/health",
            lambda: aiohttp.TCPConnector(ssl=site.trust()),
            environment={},
        )
        self.booth: dict[str, Program] = {
            plan.booth_id: Program(
                "booth",
                folder / f"{plan.booth_id}.toml",
                f"{plan.url}/health",
                partial(aiohttp.TCPConnector, socket_factory=plan.socket_factory),
                plan.environment,
                plan.prefix,
            )
            for plan in booths
        }

    @property
    def _gateway_url(self) -> str:
        return f"http://127.0.0.1:{self._gateway_port}"

    async def set_up(self) -> Self:
        """Configuration, database, keys, log-ins and enrolled booths; everything runs afterwards.

        What need not wait for one another goes on side by side.
        """
        self._write_configurations()
        first, *others = self.clerks
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.gateway.start(), name="raise the gateway")
            await self._center_command(
                "init", "--supervisor", first.name, **_clerk_options(first), password=first.password
            )
            for clerk in others:
                adding = self._center_command("add-clerk", clerk.name, **_clerk_options(clerk), password=clerk.password)
                tasks.create_task(adding, name=f"add {clerk.name}")
            codes = [tasks.create_task(self._code(plan), name=f"code of {plan.booth_id}") for plan in self.booths]
            await self.center.start()
            for plan, code in zip(self.booths, codes, strict=True):
                tasks.create_task(self._raise_booth(plan, await code), name=f"raise {plan.booth_id}")
        return self

    async def start(self) -> Self:
        """The same in a folder where store, keys, log-ins and enrolled booths are there already."""
        self._write_configurations()
        async with asyncio.TaskGroup() as tasks:
            for program in (self.gateway, self.center, *self.booth.values()):
                tasks.create_task(program.start(), name=f"raise {program.config.stem}")
        return self

    async def verify(self) -> bool:
        """Whether `bangban-center verify` finds the journal and the documents untouched."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "center",
            "--config",
            str(self._center_config),
            "verify",
            stdout=asyncio.subprocess.DEVNULL,
            cwd=ROOT,
        )
        return await process.wait() == 0

    async def strike(self) -> None:
        """Stop everything: booths first, so that none of them starts to look for the center."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.gateway.stop)
            stack.push_async_callback(self.center.stop)
            for program in self.booth.values():
                stack.push_async_callback(program.stop)

    def _write_configurations(self) -> None:
        gateway_key = self.folder / "gateway.key"
        gateway_key.touch(mode=0o600)
        gateway_key.write_text(secrets.token_urlsafe(24), "ascii")
        sandbox: Table = {"port": self._gateway_port, "key_file": str(gateway_key)}
        _write_toml(self.folder / "gateway.toml", {"sandbox": sandbox})
        _write_toml(
            self._center_config,
            {
                "center": {
                    "id": "shiquan",
                    "name_zh": "石泉路街道社区事务受理服务中心",
                    "name_en": "Shiquan Road Community Affairs Centre",
                    "case_prefix": "SQ",
                },
                "http": _http_section(self.site),
                "store": {"folder": str(self.folder / "center")},
                "pages": {"folder": str(ROOT / "web" / "dist")},
                "catalogue": {"folder": str(ROOT / "catalogue" / "items")},
                "gateway": {"url": self._gateway_url, "key_file": str(gateway_key)},
                **self._turn_section(),
                "reading": {"enabled": self.site.reads},
            },
        )
        for plan in self.booths:
            _write_toml(
                self.folder / f"{plan.booth_id}.toml",
                {
                    "booth": {
                        "id": plan.booth_id,
                        "name_zh": plan.name_zh,
                        "name_en": plan.name_en,
                        "state_dir": str(self.folder / plan.booth_id),
                    },
                    "center": _center_section(self.site),
                    "kiosk": {"host": "127.0.0.1", "port": plan.port, "pages_dir": str(ROOT / "web" / "dist")},
                    "device_bench": {"codes_url": self._gateway_url},
                    **{**SIMULATED, **plan.sections},
                },
            )

    def _turn_section(self) -> dict[str, Table]:
        if self.site.turn_url is None:
            return {}
        secret = self.folder / "turn.secret"
        secret.touch(mode=0o600)
        secret.write_text(self.site.turn_secret, "ascii")
        return {"turn": {"urls": [self.site.turn_url], "secret_file": str(secret)}}

    async def _code(self, plan: BoothPlan) -> str:
        """A one-time code with which the booth is enrolled."""
        names = {"name_zh": plan.name_zh, "name_en": plan.name_en}
        addresses = {"address_zh": plan.address_zh, "address_en": plan.address_en}
        printed = await self._center_command("enroll", plan.booth_id, **names, **addresses)
        return printed.split()[-1]

    async def _raise_booth(self, plan: BoothPlan, code: str) -> None:
        await _run("booth", self.folder / f"{plan.booth_id}.toml", ["enroll", code], plan.prefix)
        await self.booth[plan.booth_id].start()

    async def _center_command(self, *words: str, password: str | None = None, **options: str) -> str:
        arguments = [*words]
        for name, value in options.items():
            arguments += [f"--{name.replace('_', '-')}", value]
        if password is None:
            return await _run("center", self._center_config, arguments)
        file = self.folder / f"password-{secrets.token_hex(4)}"
        try:
            file.touch(mode=0o600)
            file.write_text(password, "utf-8")
            return await _run("center", self._center_config, [*arguments, "--password-file", str(file)])
        finally:
            file.unlink()


@asynccontextmanager
async def raise_stage(
    folder: Path,
    site: Site,
    booths: Sequence[BoothPlan],
    clerks: Sequence[ClerkPlan],
    enrolled: Path | None = None,
) -> AsyncIterator[Stage]:
    """The system, running, in a folder that is made afresh; struck when the context ends, whatever happened in it.

    `enrolled` is the folder of another stage, struck, of the same booths and clerks: what was set up there is copied.
    """
    await asyncio.to_thread(_make_afresh, folder, enrolled)
    stage = Stage(folder, site, booths, clerks)
    try:
        yield await (stage.set_up() if enrolled is None else stage.start())
    finally:
        await stage.strike()


def _make_afresh(folder: Path, enrolled: Path | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if enrolled is None:
        folder.mkdir(parents=True)
    else:
        shutil.copytree(enrolled, folder, ignore=shutil.ignore_patterns("*.log"))


def example_booth(port: int = 0, **changes: Any) -> BoothPlan:
    """The booth of demo, tests and measurements; on a free port, with simulated devices, but for `changes`."""
    port = port or free_port()
    return BoothPlan(
        "yanchang-01", "延长居民区帮办亭", "Yanchang booth", "延长路甲1号", "1 Yanchang Road", port, **changes
    )


def free_port(wanted: int = 0) -> int:
    """`wanted` when nobody listens there, else any free port of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _http_section(site: Site) -> Table:
    section: dict[str, str | int] = {"host": site.host, "port": site.port}
    if site.certificate_file is not None and site.key_file is not None:
        section |= {"certificate_file": str(site.certificate_file), "key_file": str(site.key_file)}
    return section


def _center_section(site: Site) -> Table:
    section = {"url": site.url_at(site.booths_port or site.port)}
    return section if site.certificate_file is None else {**section, "ca_file": str(site.certificate_file)}


def _clerk_options(clerk: ClerkPlan) -> dict[str, str]:
    return {"display_name": clerk.display_name, "counter": clerk.counter}


def _write_toml(path: Path, tables: Mapping[str, Table]) -> None:
    lines: list[str] = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {_toml_value(value)}" for key, value in table.items()), ""]
    path.write_text("\n".join(lines), "utf-8")


def _toml_value(value: Any) -> str:
    """JSON's strings, numbers and booleans are written in TOML as they are."""
    return json.dumps(value, ensure_ascii=False)


async def _run(module: str, config: Path, arguments: Sequence[str], prefix: Sequence[str] = ()) -> str:
    process = await asyncio.create_subprocess_exec(
        *prefix,
        sys.executable,
        "-m",
        module,
        "--config",
        str(config),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise StageError(f"{module} {arguments[0]} failed: {errors.decode(errors='replace').strip()[-400:]}")
    return output.decode()
