"""Lines of text as a test writes them."""

from reading.lines import Span, Written


def written(text: str, left: float, top: float, height: float = 40.0, chance: float = 1.0) -> Written:
    """A line of square characters."""
    count = len(text)
    span = Span(left, top, left + height * count, top + height)
    return Written(span, text, (chance,) * count, tuple((at + 0.5) / count for at in range(count)))
