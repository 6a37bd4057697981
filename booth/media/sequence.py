"""Counters that wrap, made into ones that don't. Pure."""


class Unwrapper:
    """Turns a counter of `bits` bits into one without end: each value is taken as the nearest to the newest before."""

    def __init__(self, bits: int = 16) -> None:
        self._span = 1 << bits
        self._newest: int | None = None

    def __call__(self, value: int) -> int:
        if self._newest is None:
            self._newest = value
            return value
        half = self._span // 2
        step = (value - self._newest + half) % self._span - half
        unwrapped = self._newest + step
        self._newest = max(self._newest, unwrapped)
        return unwrapped
