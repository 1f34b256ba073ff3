"""Single numbers that compare maps of one question, made of the figures of measures."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from napari_strata.config.judge import Measure

Figures = Mapping[Measure, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Score:
    """A number that compares methods.

    Attributes
    ----------
    name, short : str
        Name, and an abbreviation for the head of a narrow column.
    measure : str
        The measure that it comes from.
    higher_is_better : bool
        Else the lower, the better.
    words : str
        What it means, for people.
    take : callable
        From the figures of the measure to the number, None where it is not defined.
    """

    name: str
    short: str
    measure: Measure
    higher_is_better: bool
    words: str
    take: Callable[[Mapping[str, Any]], float | None]

    def of(self, figures: Figures) -> float | None:
        """Return the number, None where it is not measured or not defined."""
        found = figures.get(self.measure)
        value = None if found is None else self.take(found)
        return value if value is not None and math.isfinite(value) else None

    def best(self, values: Sequence[float | None]) -> tuple[int, ...]:
        """Return which of several numbers are the best; none where there are not two to compare."""
        known = [value for value in values if value is not None]
        if len(known) < 2 or min(known) == max(known):
            return ()
        best = max(known) if self.higher_is_better else min(known)
        return tuple(index for index, value in enumerate(values) if value == best)


def _area(found: Mapping[str, Any], kind: str) -> float | None:
    curves = found[kind]
    return None if curves is None else float(curves["area"])


SCORES: tuple[Score, ...] = (
    Score(
        "Deletion",
        "Del.",
        "curves",
        False,
        "The pixels that the map shows first are removed first: the faster the score falls, the better. Area under"
        " the curve; a map that is no better than the rows of the edge detector and random order says nothing.",
        lambda found: _area(found, "deletion"),
    ),
    Score(
        "Insertion",
        "Ins.",
        "curves",
        True,
        "The pixels that the map shows first are put back first: the faster the score rises, the better. Area"
        " under the curve; a map that is no better than the rows of the edge detector and random order says"
        " nothing.",
        lambda found: _area(found, "insertion"),
    ),
    Score(
        "Infidelity",
        "Inf.",
        "infidelity",
        False,
        "Squares are covered: does the map tell by how much the score falls? 0 tells all of it, 1 nothing.",
        lambda found: found["scaled"],
    ),
    Score(
        "Sensitivity",
        "Sens.",
        "sensitivity",
        False,
        "How much the map changes, as a part of itself, when every pixel changes by a hair.",
        lambda found: found["sensitivity"],
    ),
    Score(
        "Stability",
        "Stab.",
        "stability",
        True,
        "How alike the map stays when the image's own shot noise is added once more: 1 is the same map.",
        lambda found: found["likeness"]["spearman"],
    ),
    Score(
        "Completeness",
        "Compl.",
        "completeness",
        False,
        "By how much the sum of the map misses what the method promises, as a part of it. Most methods promise"
        " nothing.",
        lambda found: found["relative"],
    ),
)
"""All scores, the most telling first."""
COMPARED: tuple[Measure, ...] = ("completeness", "curves", "infidelity", "sensitivity", "stability")
"""The measures that they come from."""
REFERENCES: Mapping[str, str] = {"edges": "Edge detector", "random": "Random order"}
"""What a map should beat, and its title."""


def references_of(figures: Iterable[Figures]) -> dict[str, Figures]:
    """Return the figures of each of `REFERENCES`, which are the same for all maps of a question.

    Parameters
    ----------
    figures : iterable of mapping
        Those of the maps of one question.

    Returns
    -------
    dict of str to mapping
        Their curves' areas, in the form of a map's figures; empty where no map has curves.
    """
    found = next((one["curves"] for one in figures if one.get("curves", {}).get("deletion") is not None), None)
    if found is None:
        return {}
    kinds = ("deletion", "insertion")
    return {name: {"curves": {kind: {"area": found[kind][name]} for kind in kinds}} for name in REFERENCES}
