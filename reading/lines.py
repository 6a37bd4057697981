"""Lines of text on a page, and which of them belong together. Pure; coordinates are pixels of the upright page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SAME_ROW = 0.5
"""Two lines stand in one row when the lower one's middle is within this part of the taller one's height."""


@dataclass(frozen=True, slots=True)
class Span:
    """A rectangle on the upright page."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def joined(self, other: "Span") -> "Span":
        return Span(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """A line: where it stands, its characters without spaces, and for each how sure the reader was (0 to 1) and where
    its middle is, as a part of the line's width."""

    span: Span
    text: str
    chances: tuple[float, ...]
    places: tuple[float, ...]

    def __repr__(self) -> str:
        return f"Written({len(self.text)} characters)"

    @property
    def chance(self) -> float:
        """Of the least sure character; 0 for an empty line."""
        return min(self.chances, default=0.0)

    def part(self, first: int, beyond: int | None = None) -> "Written":
        """The characters from `first` up to `beyond`, with where they stand."""
        beyond = len(self.text) if beyond is None else beyond
        if first >= beyond:
            return Written(Span(self.span.right, self.span.top, self.span.right, self.span.bottom), "", (), ())
        left = self._edge(first)
        right = self._edge(beyond)
        width = self.span.right - self.span.left
        span = Span(self.span.left + left * width, self.span.top, self.span.left + right * width, self.span.bottom)
        scale = max(right - left, 1e-6)
        places = tuple((place - left) / scale for place in self.places[first:beyond])
        return Written(span, self.text[first:beyond], self.chances[first:beyond], places)

    def _edge(self, at: int) -> float:
        """The boundary before character `at`, half-way between its neighbours."""
        if at <= 0:
            return 0.0
        if at >= len(self.places):
            return 1.0
        return (self.places[at - 1] + self.places[at]) / 2


def same_row(one: Span, other: Span) -> bool:
    taller = max(one.height, other.height)
    return abs(one.middle[1] - other.middle[1]) <= SAME_ROW * taller


def right_of(line: Written, lines: Iterable[Written]) -> Written | None:
    """The nearest line to the right in the same row. The two may overlap a little, as found boxes do."""
    after = [
        each
        for each in lines
        if each is not line
        and each.span.left >= line.span.middle[0]
        and each.span.right > line.span.right
        and same_row(line.span, each.span)
    ]
    return min(after, key=lambda each: each.span.left, default=None)


def in_reading_order(lines: Sequence[Written]) -> list[Written]:
    """Row by row from the top, each from the left."""
    rows: list[list[Written]] = []
    for line in sorted(lines, key=lambda each: each.span.middle[1]):
        if rows and same_row(rows[-1][-1].span, line.span):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda each: each.span.left)]
