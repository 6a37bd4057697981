"""A second host on this machine: a network namespace joined by a veth pair whose cable a test can pull.

With a `delay_ms` the cable is a long one: a third namespace holds its two ends, and `rigs.wire` between them. Needs
root, iproute2 and nftables, which `make test` installs.
"""

import ctypes
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

CLONE_NEWNET = 0x40000000
"""setns(2)."""


def lacking() -> str | None:
    """What hosts of this kind can't be made without here; None when nothing is missing."""
    tools = [tool for tool in ("ip", "nft", "tc") if shutil.which(tool) is None]
    return None if not tools and os.geteuid() == 0 else f"root and {', '.join(tools) or 'ip, nft, tc'}"


def choke(prefix: Sequence[str], interface: str, kbps: int) -> None:
    """What leaves by this interface goes at this rate, with a queue of 300 ms: a modem's."""
    tbf = ("tbf", "rate", f"{kbps}kbit", "burst", "5kb", "latency", "300ms")
    command = [*prefix, "tc", "qdisc", "add", "dev", interface, "root", *tbf]
    subprocess.run(command, check=True, capture_output=True)


def filter_packets(prefix: Sequence[str], family: str, table: str, hook: str, rule: str) -> None:
    """One table with one rule; nft wants each on a line of its own."""
    text = "\n".join([f"table {family} {table} {{", "chain packets {", hook, rule, "}", "}", ""])
    subprocess.run([*prefix, "nft", "-f", "-"], input=text, check=True, capture_output=True, text=True)


class Host:
    """A namespace with its own address; this side of the cable has `here`. A context manager."""

    def __init__(self, delay_ms: float = 0.0) -> None:
        """`delay_ms`: each way."""
        mark = secrets.token_hex(3)
        self._borrowed = False
        self._delay_ms = delay_ms
        self._cable, self._ends = f"bangban-{mark}-cable", (f"bb{mark}c", f"bb{mark}d")
        self._wire: subprocess.Popen[str] | None = None
        self._table = f"bangban_{mark}"
        self._namespace = f"bangban-{mark}"
        self._near, self._far = f"bb{mark}a", f"bb{mark}b"
        subnet = 16 + secrets.randbelow(200)
        self.here = f"10.213.{subnet}.1"
        self.there = f"10.213.{subnet}.2"

    @property
    def prefix(self) -> tuple[str, ...]:
        """What to put before a command to run it on that host."""
        return ("ip", "netns", "exec", self._namespace)

    def cut(self) -> None:
        """Pull the cable."""
        _ip("link", "set", self._near, "down")

    def mend(self) -> None:
        _ip("link", "set", self._near, "up")

    def only(self, port: int) -> None:
        """Nothing leaves that host by UDP any more but to this port on this side: a firewall that keeps media out."""
        rule = f'oifname "{self._far}" udp dport != {port} drop'
        filter_packets(self.prefix, "inet", "bangban_out", "type filter hook output priority 0;", rule)

    def choke(self, kbps: int) -> None:
        """This rate each way."""
        for prefix, interface in ((self.prefix, self._far), self._toward_host):
            choke(prefix, interface, kbps)

    @property
    def _toward_host(self) -> tuple[tuple[str, ...], str]:
        """Where what goes to the host leaves last: the cable's end, or this side."""
        return (("ip", "netns", "exec", self._cable), self._ends[0]) if self._delay_ms else ((), self._near)

    def lose(self, share: float) -> None:
        """Lose this share of the packets, each way, at random."""
        rule = f"numgen random mod 1000 < {round(share * 1000)} drop"
        for prefix, interface in (((), self._near), (self.prefix, self._far)):
            hook = f"type filter hook ingress device {interface} priority 0;"
            filter_packets(prefix, "netdev", self._table, hook, rule)

    def lose_no_more(self) -> None:
        for prefix in ((), self.prefix):
            subprocess.run([*prefix, "nft", "delete", "table", "netdev", self._table], check=False, capture_output=True)

    def move(self) -> None:
        """Into another network: a new cable with new addresses, and the old one is gone. `here` stays reachable."""
        mark = secrets.token_hex(3)
        near, far = f"bb{mark}a", f"bb{mark}b"
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self._namespace)
        subnet = 16 + secrets.randbelow(200)
        gateway, there = f"10.214.{subnet}.1", f"10.214.{subnet}.2"
        _ip("address", "add", f"{gateway}/24", "dev", near)
        _ip("link", "set", near, "up")
        _ip("-n", self._namespace, "address", "add", f"{there}/24", "dev", far)
        _ip("-n", self._namespace, "link", "set", far, "up")
        # The address of the center belongs to this machine, whichever cable it is reached over.
        if not self._borrowed:
            _ip("address", "add", f"{self.here}/32", "dev", "lo")
            self._borrowed = True
        _ip("link", "delete", self._near)
        _ip("-n", self._namespace, "route", "add", "default", "via", gateway)
        self._near, self._far, self.there = near, far, there

    def socket(self, address: Any) -> socket.socket:
        """A socket of that host, for this process: a factory for aiohttp's `TCPConnector`."""
        family, kind, protocol = address[:3]
        libc = ctypes.CDLL(None, use_errno=True)
        with Path("/proc/thread-self/ns/net").open() as ours, Path(f"/run/netns/{self._namespace}").open() as theirs:
            if libc.setns(theirs.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                made = socket.socket(family, kind, protocol)
            finally:
                if libc.setns(ours.fileno(), CLONE_NEWNET) != 0:
                    os.abort()  # this process must not go on in the other namespace
        made.setblocking(False)
        return made

    def __enter__(self) -> Self:
        _ip("netns", "add", self._namespace)
        try:
            if self._delay_ms:
                self._lay_long_cable()
            else:
                _ip("link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self._namespace)
            _ip("address", "add", f"{self.here}/24", "dev", self._near)
            _ip("link", "set", self._near, "up")
            for words in (
                ("address", "add", f"{self.there}/24", "dev", self._far),
                ("link", "set", self._far, "up"),
                ("link", "set", "lo", "up"),
            ):
                _ip("-n", self._namespace, *words)
            if self._delay_ms:
                self._pass_on_slowly()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _lay_long_cable(self) -> None:
        _ip("netns", "add", self._cable)
        host_end, near_end = self._ends
        _ip(
            "-n",
            self._cable,
            "link",
            "add",
            host_end,
            "type",
            "veth",
            "peer",
            "name",
            self._far,
            "netns",
            self._namespace,
        )
        _ip("link", "add", self._near, "type", "veth", "peer", "name", near_end, "netns", self._cable)
        for end in self._ends:
            _ip("-n", self._cable, "link", "set", end, "up")

    def _pass_on_slowly(self) -> None:
        """Frames as they are on a real wire, then the process that delays them."""
        wire = (sys.executable, "-m", "rigs.wire")
        cable = ("ip", "netns", "exec", self._cable)
        for prefix, interfaces in (((), (self._near,)), (self.prefix, (self._far,)), (cable, self._ends)):
            subprocess.run([*prefix, *wire, "plain", *interfaces], check=True)
        join = [*cable, *wire, "join", *self._ends, "--delay-ms", str(self._delay_ms)]
        self._wire = subprocess.Popen(join, stdout=subprocess.PIPE, text=True)
        assert self._wire.stdout is not None
        if self._wire.stdout.readline().strip() != "ready":
            raise OSError("the long cable does not pass anything on")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lose_no_more()
        if self._borrowed:
            _ip("address", "delete", f"{self.here}/32", "dev", "lo")
        subprocess.run(["ip", "link", "delete", self._near], check=False, stderr=subprocess.DEVNULL)
        _ip("netns", "delete", self._namespace)
        if self._wire is not None:
            self._wire.terminate()
            with self._wire:
                self._wire = None
        if self._delay_ms:
            subprocess.run(["ip", "netns", "delete", self._cable], check=False, stderr=subprocess.DEVNULL)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
