"""A booth, a center and a clerk on hosts of their own, joined by cables that lose, delay and choke.

    booth ── 25 ms ── center ── 25 ms ── clerk

Hosts are network namespaces; the delay is made by `rigs.wire`, a process between two interfaces; packets are lost on
arrival at each host and in each direction (`nft … numgen random`), UDP alone; the rate is `tbf`'s. Needs root.
"""

import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.loss_peer import SETTLE_S
from rigs.host import choke, filter_packets, lacking

DELAY_MS = 25
"""Each way on each of the two cables: 50 ms of round trip from booth to center, and from center to clerk."""
BOOTH, CENTER, CLERK = "10.214.1.2", ("10.214.1.1", "10.214.2.1"), "10.214.2.2"


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    lost_percent: int
    seconds: int
    booth_kbps: int | None = None
    """The rate of the booth's cable, both ways."""
    clerk_away: bool = True
    """The clerk's cable loses and delays as the booth's does; otherwise it is the centre's own network."""


SCENARIOS = (
    Scenario("clean", 0, 10),
    Scenario("loss_2", 2, 30),
    Scenario("loss_5", 5, 60),
    Scenario("loss_2_booth", 2, 30, clerk_away=False),
    Scenario("loss_5_booth", 5, 60, clerk_away=False),
    Scenario("loss_20", 20, 25),
    Scenario("narrow_300", 0, 30, booth_kbps=300),
)


class Unavailable(Exception):
    """This machine can't make the hosts; the message says what is missing."""


def measure(names: tuple[str, ...] = (), seconds: int | None = None) -> dict[str, Any]:
    """All scenarios, or the named ones; `seconds` shortens each."""
    if needs := lacking():
        return {"skipped": f"needs {needs}"}
    results: dict[str, Any] = {"delay_ms_each_way_and_cable": DELAY_MS}
    for scenario in SCENARIOS:
        if not names or scenario.name in names:
            results[scenario.name] = _play(scenario, seconds or scenario.seconds)
    return results


def _play(scenario: Scenario, seconds: int) -> dict[str, Any]:
    with _hosts(clerk_away=scenario.clerk_away) as network:
        network.lose(scenario.lost_percent, clerk_away=scenario.clerk_away)
        if scenario.booth_kbps:
            network.choke(scenario.booth_kbps)
        with network.running("center", "center", os.devnull) as center:
            _await_ready(center)
            before = network.booth_sent_bytes()
            with (
                network.running("booth", "booth", CENTER[0], str(seconds)) as booth,
                network.running("clerk", "clerk", CENTER[1], str(seconds)) as clerk,
            ):
                booth_lines, clerk_lines = _lines(booth), _lines(clerk)
            sent_kbps = (network.booth_sent_bytes() - before) * 8 / 1000 / (seconds + SETTLE_S)
    return {
        "seconds": seconds,
        "settled_s_before": SETTLE_S,
        "booth_sent_kbps": round(sent_kbps),
        "at_the_clerk": clerk_lines[-1],
        "at_the_booth": booth_lines[-1],
        "booth_each_second": booth_lines[:-1],
        "clerk_each_second": clerk_lines[:-1],
    }


class _Network:
    """Three hosts and, between them, a fourth that is nothing but cable."""

    def __init__(self) -> None:
        mark = secrets.token_hex(2)
        self._names = {name: f"bbl-{mark}-{name}" for name in ("booth", "center", "clerk", "cable")}

    def make(self) -> None:
        for name in self._names.values():
            _run("ip", "netns", "add", name)
        for host, near, address, far in (
            ("booth", "b0", BOOTH, "rb"),
            ("center", "c0", CENTER[0], "rc0"),
            ("center", "c1", CENTER[1], "rc1"),
            ("clerk", "v0", CLERK, "rv"),
        ):
            own, cable = self._names[host], self._names["cable"]
            _run("ip", "-n", own, "link", "add", near, "type", "veth", "peer", "name", far, "netns", cable)
            _run("ip", "-n", own, "address", "add", f"{address}/24", "dev", near)
            for space, interface in ((own, near), (cable, far), (own, "lo")):
                _run("ip", "-n", space, "link", "set", interface, "up")
            self._python(host, "-m", "rigs.wire", "plain", near)
            self._python("cable", "-m", "rigs.wire", "plain", far)

    def remove(self) -> None:
        for name in self._names.values():
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)

    def lose(self, percent: int, *, clerk_away: bool) -> None:
        if not percent:
            return
        arriving = {"booth": "b0", "center": "c0"}
        if clerk_away:
            arriving |= {"center": "c0, c1", "clerk": "v0"}
        for host, interfaces in arriving.items():
            rule = f"iifname {{ {interfaces} }} meta l4proto udp numgen random mod 100 < {percent} drop"
            filter_packets(self.prefix(host), "inet", "loss", "type filter hook input priority 0;", rule)

    def choke(self, kbps: int) -> None:
        for host, interface in (("booth", "b0"), ("cable", "rb")):
            choke(self.prefix(host), interface, kbps)

    def booth_sent_bytes(self) -> int:
        shown = _run("ip", "-n", self._names["booth"], "-s", "-j", "link", "show", "b0")
        return int(json.loads(shown)[0]["stats64"]["tx"]["bytes"])

    def prefix(self, host: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self._names[host])

    @contextlib.contextmanager
    def cables(self, *, clerk_away: bool) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for one, other, delay_ms in (("rb", "rc0", DELAY_MS), ("rc1", "rv", DELAY_MS if clerk_away else 0)):
                command = ("-m", "rigs.wire", "join", one, other, "--delay-ms", str(delay_ms))
                _await_ready(stack.enter_context(_ended(self._start("cable", *command))))
            yield

    @contextlib.contextmanager
    def running(self, host: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        with _ended(self._start(host, "-m", "bench.loss_peer", *arguments)) as process:
            yield process

    def _start(self, host: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen([*self.prefix(host), sys.executable, *arguments], stdout=subprocess.PIPE, text=True)

    def _python(self, host: str, *arguments: str) -> None:
        _run(*self.prefix(host), sys.executable, *arguments)


@contextlib.contextmanager
def _hosts(*, clerk_away: bool) -> Iterator[_Network]:
    network = _Network()
    try:
        network.make()
        with network.cables(clerk_away=clerk_away):
            yield network
    finally:
        network.remove()


@contextlib.contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """The process, ended with the context."""
    with process:
        try:
            yield process
        finally:
            process.terminate()


def _await_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        raise Unavailable("a program of the measurement did not start")


def _lines(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """What a participant says until it has counted to the end."""
    assert process.stdout is not None
    lines: list[dict[str, Any]] = []
    for line in process.stdout:
        lines.append(json.loads(line))
        if "alive" in lines[-1]:
            return lines
    raise Unavailable("a participant ended before its time")


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
