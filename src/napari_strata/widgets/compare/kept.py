"""What the Compare maps dock found out, by question, for as long as the image of a question is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_strata.config import ExplainMethod
from napari_strata.widgets.compare.asked_of_map import explanation_of, is_of, question_of
from napari_strata.widgets.compare.request import CompareRequest

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_strata.jobs.compare_maps import Comparison


@dataclass(slots=True, eq=False)
class Kept:
    """What is known of one question of an image and a model.

    Attributes
    ----------
    request : CompareRequest
        What was asked for, a comparison or a test.
    rows : Comparison
        The maps that were compared so far.
    figures : mapping
        Those of `napari_strata.jobs.compare_maps.compare_maps`; empty before its end.
    verdicts : dict of str to mapping
        Those of `napari_strata.jobs.judge_map.judge_map` by method, the last one last.
    """

    request: CompareRequest
    rows: "Comparison" = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    verdicts: dict[ExplainMethod, Mapping[str, Any]] = field(default_factory=dict)

    def verdict_of(self, method: ExplainMethod | None) -> Mapping[str, Any]:
        """Return the verdict on a method, else the last one; empty where nothing was put to the test."""
        last = next(reversed(self.verdicts.values()), {})
        return last if method is None else self.verdicts.get(method, last)

    def note_verdict(self, method: ExplainMethod, figures: Mapping[str, Any]) -> None:
        """Keep the verdict on a method, as the last one."""
        self.verdicts.pop(method, None)
        self.verdicts[method] = figures

    @property
    def scored(self) -> int:
        """How many methods have all scores."""
        wanted = set(self.figures.get("measures", self.request.judging.measures))
        return sum(wanted <= set(row.figures) for row in self.rows)

    @property
    def is_complete(self) -> bool:
        """Whether every method has all scores, or cannot have any."""
        failed = sum(bool(row.failure) for row in self.rows)
        return bool(self.figures) and self.scored + failed == len(self.request.methods)

    @property
    def words(self) -> str:
        """How far it came."""
        count = f"{self.scored} of {len(self.request.methods)} methods"
        if self.is_complete:
            return f"{count} scored; ★ is the best."
        ending = "Canceled" if self.figures else "Not finished"
        return f"{ending}: {count} have all scores. Empty cells are not computed."

    def described(self) -> dict[str, Any]:
        """Return all of it but the maps, ready for JSON."""
        from napari_strata.jobs.comparison_report import describe_comparison

        asked = self.request.asked
        return describe_comparison(
            self.rows,
            self.request.judging,
            self.verdicts,
            question=self.request.words,
            image=asked.source.stack.name,
            model=asked.source.entry.name,
            is_complete=self.is_complete,
            noise=self.figures.get("noise"),
            seconds=self.figures.get("seconds"),
        )

    def answers(self, viewer: "Viewer", map_layer: "Image") -> bool:
        """Tell whether a map answers the same question, of the same image by the same model."""
        origin = self.request.asked.source.origin
        answered = [question_of(row.metadata) for row in self.rows if row.data is not None]
        is_same = question_of(explanation_of(map_layer)) in [self.request.question, *answered]
        return is_same and is_of(viewer, map_layer, origin.image, origin.model)


class KeptAnswers:
    """Keeps the last comparison of every question, and all verdicts on it.

    Parameters
    ----------
    viewer : Viewer
        What is of images that are no longer in it, or are not as they were, is forgotten.
    """

    def __init__(self, viewer: "Viewer") -> None:
        self._viewer = viewer
        self._all: list[Kept] = []

    @property
    def comparisons(self) -> list[Kept]:
        """Those that have a table, the oldest first."""
        return [kept for kept in self._living() if kept.rows]

    def find(self, map_layer: "Image | None") -> Kept | None:
        """Return what is known of the question that a map answers."""
        if map_layer is None:
            return None
        living = reversed(self._living())
        return next((kept for kept in living if kept.answers(self._viewer, map_layer)), None)

    def add(self, new: Kept, *, beside: Kept | None = None) -> None:
        """Keep a comparison, beside an earlier one of its question, whose verdicts still hold."""
        if beside is not None:
            new.verdicts = {**beside.verdicts, **new.verdicts}
        self._all.append(new)

    def drop(self, kept: Kept) -> None:
        """Forget a comparison."""
        self._all = [one for one in self._all if one is not kept]

    def _living(self) -> list[Kept]:
        self._all = [kept for kept in self._all if not kept.request.asked.source.why_dropped(self._viewer)]
        return self._all
