"""A private pcscd with two slots of vsmartcard's virtual reader: no root, no shared state, several at once.

libpcsclite reads `PCSCLITE_CSOCK_NAME` at a process's first PC/SC call. A test that is itself the client sets it
before that; a program that is started gets `environment()`. A missing daemon or driver is an error with a clear text,
never a skipped test.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PCSCD = Path("/usr/sbin/pcscd")
VPCD = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SLOTS = 2
"""vpcd takes the base port and the one after it: one slot each."""

START_S = 10.0
STOP_S = 10.0
_START_ATTEMPTS = 3

_START = 'exec 3<&"$1"; shift; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'
"""Hands the listening socket over as systemd would: file descriptor 3, and the daemon's own process id."""


class PrivatePcscd:
    """A context manager; `stop` or `kill` and `start` again as often as wanted, on the same socket and ports."""

    def __init__(self, socket_path: str | None = None) -> None:
        """`socket_path`: for a process that may have said already where it looks for its daemon."""
        self._socket_path = socket_path
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._base_port = 0

    @property
    def socket_path(self) -> str:
        return self._socket_path or str(self._in_folder("s"))  # short: a Unix socket's path has 107 bytes at most

    def reader_name(self, slot: int = 0) -> str:
        return f"Virtual PCD 00 0{slot}"

    def port(self, slot: int = 0) -> int:
        """Where the virtual card of this slot connects to."""
        return self._base_port + slot

    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to talk to this daemon."""
        return {"PCSCLITE_CSOCK_NAME": self.socket_path}

    def __enter__(self) -> Self:
        for needed, package in ((PCSCD, "pcscd"), (VPCD, "vsmartcard-vpcd")):
            if not needed.exists():
                raise RuntimeError(f"{needed} is missing: install the Debian package {package}")
        self._folder = Path(tempfile.mkdtemp(prefix="pcscd-"))
        try:
            self._start_on_free_ports()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    def start(self) -> None:
        """Start the daemon and wait until it is ready."""
        configuration = self._in_folder("reader.conf.d")
        configuration.mkdir(exist_ok=True)
        base = f"0x{self._base_port:04X}"
        configuration.joinpath("vpcd").write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{base}\nLIBPATH {VPCD}\nCHANNELID {base}\n'
        )
        path, log = Path(self.socket_path), self._in_folder("log")
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listening, log.open("wb") as written:
            listening.bind(str(path))
            listening.listen(16)
            daemon = [str(PCSCD), "--foreground", "--info", "-c", str(configuration)]
            self._process = subprocess.Popen(
                ["bash", "-c", _START, "pcscd", str(listening.fileno()), *daemon],
                pass_fds=(listening.fileno(),),
                stdout=written,
                stderr=written,
            )
        self._wait_until_ready(log)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a crash: the clients' connections break."""
        self._end(signal.SIGKILL)

    def _in_folder(self, name: str) -> Path:
        if self._folder is None:
            raise RuntimeError("the private pcscd was not entered")
        return self._folder / name

    def _start_on_free_ports(self) -> None:
        for attempts_left in reversed(range(_START_ATTEMPTS)):
            self._base_port = _free_ports()
            try:
                self.start()
            except RuntimeError:  # somebody took a port meanwhile
                self._end(signal.SIGKILL)
                if not attempts_left:
                    raise
            else:
                return

    def _wait_until_ready(self, log: Path) -> None:
        assert self._process is not None
        until_s = time.monotonic() + START_S
        while b"daemon ready" not in log.read_bytes():
            if self._process.poll() is not None or time.monotonic() > until_s:
                raise RuntimeError(f"pcscd did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.01)
        if b"Could not" in log.read_bytes():
            raise RuntimeError(f"pcscd could not use its ports:\n{log.read_text(errors='replace')}")

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            os.kill(process.pid, how)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)


def _free_ports() -> int:
    """The first of `SLOTS` ports in a row that are free now."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("", port + 1))
            except (OSError, OverflowError):
                continue
            return port
