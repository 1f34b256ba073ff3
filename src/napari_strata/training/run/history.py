"""The curve of a run, as history.csv has it."""

import csv
import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Epoch(NamedTuple):
    """One line of history.csv.

    Attributes
    ----------
    step : int
        Steps done so far.
    train_loss : float
        Mean loss over the epoch's batches.
    validation_loss, validation_dice, validation_rmse, validation_r2 : float or None
        Scores on held-out data: Dice of classes, errors of values.
    is_best : bool
        Whether these weights were the best so far.
    elapsed : float
        Time since the first batch began [s].
    """

    step: int
    train_loss: float
    validation_loss: float | None
    validation_dice: float | None
    is_best: bool
    elapsed: float
    validation_rmse: float | None = None
    validation_r2: float | None = None


def read_history(path: Path) -> Iterator[Epoch]:
    """Yield the lines of history.csv that can be read; the last may be cut short."""
    with suppress(FileNotFoundError), path.open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.DictReader(file):
            with suppress(ValueError, TypeError, KeyError):
                yield Epoch(
                    int(row["step"]),
                    _number(row["train_loss"]),
                    _score(row["validation_loss"]),
                    _score(row["validation_dice"]),
                    row["is_best"] == "True",
                    _number(row["elapsed"]),
                    _score(row.get("validation_rmse")),
                    _score(row.get("validation_r2")),
                )


def _score(text: str | None) -> float | None:
    return _number(text) if text else None


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number")
    return value
