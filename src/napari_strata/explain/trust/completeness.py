"""Completeness, where a method promises it."""

import math
from collections.abc import Iterator

import torch

from napari_strata.explain.covering import scores
from napari_strata.explain.trust.subject import Measured, Subject


def completeness(subject: Subject) -> Iterator[Measured]:
    r"""Yield by how much the map misses :math:`\sum_p M_p = S(I) - S(B)`, where the method promises it.

    Figures
    -------
    promised : bool
        Whether the method's map should sum to the difference of the scores.
    delta : float or None
        :math:`\sum_p M_p - (S(I) - S(B))` [log-odds], as the method itself found it.
    difference : float
        :math:`S(I) - S(B)` [log-odds].
    relative : float or None
        :math:`|\delta| / |S(I) - S(B)|`; 0 where the promise is kept.
    """
    with_image, without = scores(subject.score, torch.cat([subject.scene.image, subject.baseline])).double()
    difference = float(with_image - without)
    delta = subject.found.figures.get("delta", math.nan) if subject.facts.complete else math.nan
    known = math.isfinite(delta)
    figures = {
        "promised": subject.facts.complete,
        "delta": delta if known else None,
        "difference": difference,
        "relative": abs(delta / difference) if known and difference else None,
    }
    yield Measured(1.0, figures)


def passes(_subject: Subject) -> int:
    """Return the passes through the network."""
    return 2
