"""The real coturn on an address of this machine, for one test. Debian's service of the same name is not used."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

STARTS_WITHIN_S = 10.0


class TurnServer:
    """`secret` is its `static-auth-secret`."""

    def __init__(self, host: str, port: int, log: Path, secret: str) -> None:
        self.url = f"turn:{host}:{port}?transport=udp"
        self.log = log
        """Says who was given a relay."""
        self.secret = secret


@asynccontextmanager
async def coturn(folder: Path, host: str, port: int, secret: str) -> AsyncIterator[TurnServer]:
    """Listening when the context begins, ended with it."""
    log = folder / "turnserver.log"
    words = [
        *("-n", "--log-file", str(log), "--simple-log", "--verbose", "--no-stdout-log"),
        *("--listening-ip", host, "--relay-ip", host, "--listening-port", str(port)),
        *("--min-port", "50000", "--max-port", "50200", "--realm", "bangban.test", "--fingerprint"),
        *("--use-auth-secret", "--static-auth-secret", secret, "--no-tls", "--no-dtls", "--no-cli", "--no-rfc5780"),
        *("--pidfile", str(folder / "turnserver.pid"), "--userdb", str(folder / "turnserver.db")),
    ]
    process = await asyncio.create_subprocess_exec(
        "turnserver", *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, cwd=folder
    )
    try:
        async with asyncio.timeout(STARTS_WITHIN_S):
            while not await _listens(host, port):  # noqa: ASYNC110 - another program sets no event here
                await asyncio.sleep(0.05)
        yield TurnServer(host, port, log, secret)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _listens(host: str, port: int) -> bool:
    """It takes TCP on the same port."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
