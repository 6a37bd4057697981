"""How sure an outline is, from what was seen on the way to it."""

import math
from dataclasses import astuple, dataclass
from typing import Self

import numpy as np

from booth.documents.outlines import Outline
from booth.documents.quad import side_lengths

UNMEASURED = 0.9
"""Taken off the fitted weight where nobody knows how large things on the desk are. Without it 9 of 748 outlines that
reach 0.92 there are wrong with the empty desk known, and 9 of 673 without; with it 2 of 643 and 1 of 562."""

WEIGHTS = (7.39, 8.21, -2.45, 1.23, 3.82, -5.22, 2.97, 3.51, 0.77, 0.02, 2.39 + UNMEASURED, -14.6 - UNMEASURED)
"""Of the evidence, in its order, and of 1: fitted to the outlines of 240 booth scenes, which count thrice, and of 240
training scenes (seeds 10000 to 10239), 2,900 in all; see `rigs/outline_net/calibrate.py`."""

WEIGHTS_FROM_NEARER = (
    *(4.85, 4.47, -3.97, -0.2, 1.67, -4.18, 0.72, 0.0, 0.0, -0.04, 0.0),
    *(1.5, -1.28, -4.1, 9.89, -9.07, 1.88),
    -15.5,
)
"""The same of an outline of the second look where nobody knows how large things are, with what `SecondLook` says before
the last: fitted to 891, of training scenes and of booth scenes (seeds 10000 to 10239), which count thrice. Of 80 that a
fit to three quarters of them gave 0.2 to 0.5 26 are right, of 266 from 0.5 to 0.9 193, of 335 above that 325; of 30
from 0.1 to 0.2 5."""

WEIGHTS_FROM_NEARER_MEASURED = (
    *(6.44, 2.17, -3.87, -1.4, 1.32, -4.51, 1.57, 5.36, -3.48, -0.22, 2.41),
    *(3.0, 1.23, -1.21, 1.75, 0.0, 5.02),
    -11.19,
)
"""The same where that is known: fitted to the first look's net for sides (`Desk.finely`), 412 outlines of training
scenes and 189 of booth scenes. What is written is not asked for there."""

SURE_FROM_NEARER, SURE_WHEN_PLACED, SAME_SIZE = 0.9, 0.5, 0.5
"""No surer is an outline of the second look by its looks alone, which are those of a telephone, too; nor one of which a
side was placed, for of many lines some are as far apart as a known size is long. One that is seen to have a known size
is."""

SEEN_FROM_NEARER, LIKELIER_THAN_NOT = 0.1, 0.5
"""By so much less likely than the first look's outline that it lies over the second look's may be, if it is likelier
right than wrong, and goes before it: of 18 such pairs of 140 booth and 140 training scenes (seeds from 10000 on) three
were better for it and one worse, the rest alike."""

SURE_WITHOUT_SIZE = 0.96
"""Where sizes can be told, an outline that has none, or of which a side was placed, must be so likely to be taken
without asking: a card whose end is under fingers, and two things side by side, have had 0.95; of 31 right ones without
a size (240 booth scenes from seed 10000 on) none is below 0.97. Of 35 with a placed side (540 booth scenes, seeds from
600, 10000 and 20000 on) all are right and 33 are above it; two of the bench's had 0.93 and were wrong."""


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Of an outline that the second look saw: how much of it the first look took for a page, and how much for one that
    the frame cuts; how far it is from looking like one, in `shape.WORST`; the rest as in `among`'s `InPlace` and
    `Choice`."""

    page: float
    cut: float
    misfit: float
    from_afar: float
    askew: float
    ahead: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Each 0 to 1, and the more the better but for `rival`, `moved` and `outside`."""

    seen: float
    """How likely the net takes the sides for a page's, on average, and"""
    least_seen: float
    rival: float
    """How likely another line is, on the side where one is most."""
    moved: float
    """How far the last round moved the corners, as a part of the shortest side, tenfold."""
    inside: float
    """How much of the outline the net takes for a page, and"""
    outside: float
    """how much of a ring round it."""
    shape: float
    """How nearly the outline has the shape of a known size (`sizes.shape_likeness`); 0 where there is a `fit`."""
    fit: float
    """How nearly it has a known size itself, where the desk's plane is known."""
    placed: float
    """1 when one side was not seen but placed by that size."""
    known: float
    """1 when it is known what the empty desk looks like, and"""
    measured: float
    """1 when its plane is known."""
    second: SecondLook | None
    """None for the first look."""

    @classmethod
    def of(
        cls, outline: Outline, shape: float, fit: float | None, known: bool, second: SecondLook | None = None
    ) -> Self:
        """`fit`: None where nobody knows how large things are; else `shape` is 0."""
        corners, start = outline.corners, outline.start
        shortest = float(side_lengths(start).min())
        away = float(np.linalg.norm(corners - start, axis=1).max()) / max(shortest, 1e-6)
        return cls(
            float(outline.seen.mean()),
            float(outline.seen.min()),
            float(outline.moved.rival.max()),
            min(1.0, 10 * away),
            *outline.shares,
            shape,
            fit or 0.0,
            float(outline.placed is not None),
            float(known),
            float(fit is not None),
            second,
        )

    @property
    def features(self) -> tuple[float, ...]:
        *own, second = astuple(self)
        return (*own, *(second or ()))


def confidence(evidence: Evidence) -> float:
    """How sure the outline is: its chance, and no more than looks alone, or a side that was not seen, can give."""
    likely, sized = chance(evidence), evidence.fit >= SAME_SIZE
    if evidence.second is not None:
        if evidence.placed:
            return min(likely, SURE_WHEN_PLACED)
        return likely if sized else min(likely, SURE_FROM_NEARER)
    doubtful = evidence.measured and (evidence.placed or not sized) and likely < SURE_WITHOUT_SIZE
    return min(likely, SURE_FROM_NEARER) if doubtful else likely


def rank(evidence: Evidence) -> float:
    """Of outlines that lie over each other the one with the highest is the page."""
    likely = chance(evidence)
    return likely + SEEN_FROM_NEARER if evidence.second is not None and likely >= LIKELIER_THAN_NOT else likely


def chance(evidence: Evidence) -> float:
    """How likely the outline is right."""
    weights: tuple[float, ...] = WEIGHTS
    if evidence.second is not None:
        weights = WEIGHTS_FROM_NEARER_MEASURED if evidence.measured else WEIGHTS_FROM_NEARER
    total = sum(weight * feature for weight, feature in zip(weights, (*evidence.features, 1.0), strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
