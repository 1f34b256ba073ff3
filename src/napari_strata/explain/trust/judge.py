"""All measures of a map, one after the other, and the verdict."""

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from napari_strata.config.judge import Measure
from napari_strata.explain.trust.subject import MeasureOf, Subject
from napari_strata.explain.trust.verdict import Verdict, judge_figures

TITLES: Mapping[Measure, str] = {
    "completeness": "Completeness",
    "curves": "Deletion and insertion",
    "infidelity": "Infidelity",
    "sensitivity": "Sensitivity",
    "stability": "Stability under shot noise",
    "model-randomisation": "Random weights",
    "label-randomisation": "Random labels",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """How far a map is judged.

    Attributes
    ----------
    figures : mapping of str to mapping
        What the measures found that are done, by name, ready for JSON.
    doing : str
        Title of the measure at hand.
    done : float
        Part of all the work that is done; the last judgement has 1.
    """

    figures: Mapping[Measure, Mapping[str, Any]]
    doing: str
    done: float

    @property
    def verdict(self) -> Verdict:
        """What the figures so far say in words."""
        return judge_figures(self.figures)


def judge(subject: Subject) -> Generator[Judgement, None, None]:
    """Put a map to the tests that the settings name.

    Stability is left out where there is no noise to draw. The network is never changed: what is made random is a
    copy.

    Yields
    ------
    Judgement
        Every few passes through the network.
    """
    names = _names(subject)
    costs = {name: max(_passes(name, subject), 1) for name in names}
    figures: dict[Measure, Mapping[str, Any]] = {}
    before, total = 0, sum(costs.values())
    for name in names:
        with closing(cast("Generator[Any, None, None]", _load(name)(subject))) as measuring:
            for measured in measuring:
                if measured.done == 1:
                    figures[name] = measured.figures
                yield Judgement(dict(figures), TITLES[name], (before + costs[name] * measured.done) / total)
        before += costs[name]


def passes(subject: Subject) -> int:
    """Return how many passes through the network the judgement takes, about."""
    return sum(_passes(name, subject) for name in _names(subject))


def shared_passes(subject: Subject) -> int:
    """Return how many of them are the same for all methods, so that they are made once for many."""
    counting = (getattr(_module(name), "shared", None) for name in _names(subject))
    return sum(int(count(subject)) for count in counting if count is not None)


def _names(subject: Subject) -> list[Measure]:
    return [n for n in subject.config.measures if n != "stability" or subject.draw_noisy is not None]


def _load(name: Measure) -> MeasureOf:
    measure: MeasureOf = getattr(_module(name), name.replace("-", "_"))
    return measure


def _passes(name: Measure, subject: Subject) -> int:
    return int(_module(name).passes(subject))


def _module(name: Measure) -> Any:
    return import_module(f"napari_strata.explain.trust.{name.replace('-', '_')}")
