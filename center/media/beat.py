"""Waking up together: a process that sleeps between packets pays more for waking up than for what it then does."""

import math

BEAT_S = 0.05


def together(at_s: float) -> float:
    """The first beat at or after this moment, of any clock. Who need not be exact wakes up then, with the others."""
    return math.ceil(at_s / BEAT_S) * BEAT_S
