"""A comparison of maps as JSON, and its table as CSV."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.config import ExplainMethod, JudgeConfig
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.trust.scores import REFERENCES, SCORES, Figures, references_of
from napari_strata.io.files import replacing

if TYPE_CHECKING:
    from napari_strata.jobs.compare_maps import ComparedMap, Comparison


def describe_comparison(
    rows: "Comparison",
    judging: JudgeConfig,
    verdicts: Mapping[ExplainMethod, Mapping[str, Any]],
    **facts: Any,
) -> dict[str, Any]:
    """Return all that is known of a comparison, ready for JSON; without the maps themselves.

    Parameters
    ----------
    rows : Comparison
        The maps so far.
    judging : JudgeConfig
        How they were judged.
    verdicts : mapping of str to mapping
        The figures of `napari_strata.jobs.judge_map.judge_map`, of the methods that were put to that test.
    **facts
        What else is to be written, first: the question in words, image and model.

    Returns
    -------
    dict
        ``settings``; ``methods`` by name, each with ``title``, ``scores`` by name (None where not known),
        ``measures`` with curves, ``failure``, ``verdict`` and ``explanation``, which says what was asked; and
        ``references`` with the scores of what a map should beat.
    """
    return {
        **facts,
        "settings": judging.model_dump(mode="json"),
        "methods": {row.method: _described(row, verdicts.get(row.method)) for row in rows},
        "references": {
            name: {"title": REFERENCES[name], "scores": _scores(figures)}
            for name, figures in references_of(row.figures for row in rows).items()
        },
    }


def write_comparison(described: Mapping[str, Any], path: Path) -> Path:
    """Write what `describe_comparison` returned as JSON, and the table of scores as CSV beside it.

    Parameters
    ----------
    described : mapping
        What to write.
    path : Path
        The JSON file; the table gets its name, and the ending csv.

    Returns
    -------
    Path
        The table.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    table = path.with_suffix(".csv")
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(described, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    with replacing(table) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["method", *(score.name for score in SCORES), "finding", "failure"])
        for row in [*described["methods"].values(), *described["references"].values()]:
            finding = (row.get("verdict") or {}).get("finding", "")
            writer.writerow([row["title"], *row["scores"].values(), finding, row.get("failure", "")])
    return table


def _described(row: "ComparedMap", verdict: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "title": METHODS[row.method].title,
        "failure": row.failure,
        "scores": _scores(row.figures),
        "verdict": verdict,
        "measures": dict(row.figures),
        "explanation": dict(row.metadata),
    }


def _scores(figures: Figures) -> dict[str, float | None]:
    return {score.name: score.of(figures) for score in SCORES}
