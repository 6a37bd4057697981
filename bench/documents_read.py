"""Reading: invented people's ID cards and other papers, by the real reader process over its own pipe.

Each card goes the booth's way: drawn, laid under a camera, found, made flat, encoded. A field is *silently wrong* when
its value is wrong and nothing says that it is doubtful. `CARDS=100` reads fewer cards. On a busy machine the CPU's time
is the figure to look at, on an idle one the wall's.
"""

import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from booth.documents.page import make_page
from booth.documents.sizes import measure_size
from protocol.reading import (
    LENGTH,
    Attribute,
    PageKind,
    PageRead,
    PageReading,
    ReaderReady,
    ReadPage,
    answer_of,
    frame,
)
from rigs.card_pictures import SEEN_WIDTH_MM, conditions, draw_card, see
from rigs.invented import Person, invent
from rigs.paper_pages import pages

CARDS = int(os.environ.get("CARDS", "1000"))
ROUNDS = 2
"""So often each other paper is read, for the times."""

LOOKED_AT = (
    Attribute.NUMBER,
    Attribute.NAME,
    Attribute.SEX,
    Attribute.ETHNICITY,
    Attribute.BIRTH_DATE,
    Attribute.ADDRESS,
)


def measure() -> dict[str, Any]:
    """Accuracy and doubts of each field of the cards, kinds and times of all, the reader's peak of memory."""
    with running_reader() as reader:
        cards = _cards(reader)
        papers = _papers(reader)
        return {"cards": cards, "papers": papers, "reader_peak_rss_mb": reader.peak_rss_mb()}


class Reader:
    """The reader process, asked one page at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._n = 0
        assert isinstance(answer_of(self._hear()), ReaderReady)

    def read(self, image: bytes) -> tuple[PageReading, float, float]:
        """What was read, and how long it took: milliseconds of wall and of CPU."""
        assert self._process.stdin is not None
        self._n += 1
        before, begun = self._cpu_ms(), time.perf_counter()
        self._process.stdin.write(frame(ReadPage(self._n, image)))
        self._process.stdin.flush()
        answer = answer_of(self._hear())
        if not isinstance(answer, PageRead):
            raise RuntimeError("the reader could not read a page of the bench")
        return answer.reading, (time.perf_counter() - begun) * 1000, self._cpu_ms() - before

    def peak_rss_mb(self) -> int:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return round(int(status.split("VmHWM:")[1].split()[0]) / 1024)

    def _hear(self) -> bytes:
        assert self._process.stdout is not None
        (length,) = LENGTH.unpack(self._process.stdout.read(LENGTH.size))
        return self._process.stdout.read(length)

    def _cpu_ms(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


@contextmanager
def running_reader() -> Iterator[Reader]:
    command = [sys.executable, "-m", "reading"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Reader(process)
        finally:
            process.kill()


def _cards(reader: Reader) -> dict[str, Any]:
    tallies = {attribute: Counter[str]() for attribute in LOOKED_AT}
    kinds, turned, flat = 0, 0, 0
    wall_ms, cpu_ms = [], []
    for seed in range(CARDS):
        person = invent(seed)
        page = make_page(
            see(draw_card(person, seed), conditions(seed), seed),
            measure=partial(measure_size, view_width_mm=SEEN_WIDTH_MM),
        )
        reading, wall, cpu = reader.read(page.full_jpeg)
        wall_ms.append(wall)
        cpu_ms.append(cpu)
        kinds += reading.kind is PageKind.ID_CARD_FRONT
        flat += page.size == "ID-1"
        turned += reading.quarter_turns > 0
        for attribute in LOOKED_AT:
            tallies[attribute][_verdict(reading, attribute, _truth(person, attribute))] += 1
    return {
        "cards": CARDS,
        "found_by_the_booth": flat,
        "kind_right": kinds,
        "turned": turned,
        "fields": {str(attribute): _rates(tally) for attribute, tally in tallies.items()},
        "wall_ms": _spread(wall_ms),
        "cpu_ms": _spread(cpu_ms),
    }


def _papers(reader: Reader) -> list[dict[str, Any]]:
    """Papers without noise at 300 dpi, among them an A4 page full of print, the slowest there is."""
    found = []
    for name, kind, jpeg in pages():
        readings = [reader.read(jpeg) for _ in range(ROUNDS)]
        reading = readings[0][0]
        found.append(
            {
                "paper": name,
                "kind_right": reading.kind is kind,
                "lines": len(reading.lines),
                "characters": sum(len(line.text) for line in reading.lines),
                "fields": len(reading.fields),
                "wall_ms": _spread([wall for _, wall, _ in readings]),
                "cpu_ms": _spread([cpu for _, _, cpu in readings]),
            }
        )
    return found


def _truth(person: Person, attribute: Attribute) -> str:
    value = getattr(person, attribute)
    return value.isoformat() if attribute is Attribute.BIRTH_DATE else str(value)


def _verdict(reading: PageReading, attribute: Attribute, truth: str) -> str:
    field = next((each for each in reading.fields if each.attribute is attribute), None)
    if field is None or not field.value:
        return "absent"
    right = field.value == truth
    if field.doubts:
        return "right_doubtful" if right else "wrong_doubtful"
    return "right" if right else "wrong_silently"


def _rates(tally: Counter[str]) -> dict[str, Any]:
    total = tally.total() or 1
    right = tally["right"] + tally["right_doubtful"]
    doubtful = tally["right_doubtful"] + tally["wrong_doubtful"]
    return {
        "accuracy": round(right / total, 4),
        "doubtful": round(doubtful / total, 4),
        "absent": tally["absent"],
        "wrong_silently": tally["wrong_silently"],
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values) or [0.0]
    return {
        "p50": round(statistics.median(ordered), 1),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 1),
    }
