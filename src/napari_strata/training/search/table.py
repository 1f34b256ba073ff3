"""The trials of a search as a table on disk, the best first."""

import csv
from collections.abc import Sequence
from pathlib import Path

from napari_strata.io.files import replacing
from napari_strata.training.search.study import Outcome

COLUMNS = ("trial", "state", "score", "epochs", "seconds")
"""Columns before those of the settings."""


def write_trials(path: Path, outcomes: Sequence[Outcome], names: Sequence[str], *, smallest_first: bool) -> None:
    """Write one line per trial.

    Parameters
    ----------
    path : Path
        CSV file.
    outcomes : sequence of Outcome
        The trials.
    names : sequence of str
        Dotted names of the settings searched.
    smallest_first : bool
        Whether a small score is a good one.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    sign = 1 if smallest_first else -1
    ordered = sorted(outcomes, key=lambda one: (one.score is None, sign * (one.score or 0.0), one.number))
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*COLUMNS, *names, "why"))
        for one in ordered:
            score = "" if one.score is None else f"{one.score:.6g}"
            values = [_plain(one.values.get(name, "")) for name in names]
            writer.writerow((one.number, one.state, score, one.epochs, f"{one.seconds:.1f}", *values, one.words))


def _plain(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
