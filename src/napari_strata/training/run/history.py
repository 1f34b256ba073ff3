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
    validation_loss, validation_dice : float or None
        Scores on held-out data.
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


def read_history(path: Path) -> Iterator[Epoch]:
    """Yield the lines of history.csv that can be read; the last may be cut short."""
    with suppress(FileNotFoundError), path.open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.DictReader(file):
            with suppress(ValueError, TypeError, KeyError):
                yield Epoch(
                    int(row["step"]),
                    _number(row["train_loss"]),
                    _number(row["validation_loss"]) if row["validation_loss"] else None,
                    _number(row["validation_dice"]) if row["validation_dice"] else None,
                    row["is_best"] == "True",
                    _number(row["elapsed"]),
                )


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number")
    return value
