"""Simple statistics of a column of the atom table, in all or in some of the atoms."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Summary:
    """Statistics of a quantity, in its own unit; NaN where there are too few values.

    Attributes
    ----------
    count : int
        Finite values.
    mean, median, deviation : float
        Their mean, their median, and their standard deviation (divided by count - 1).
    standard_error : float
        Standard uncertainty of the mean of independent values.
    low, high : float
        The 5th and 95th percentile.
    """

    count: int
    mean: float
    median: float
    deviation: float
    standard_error: float
    low: float
    high: float


def summarise(values: NDArray[np.floating], inside: NDArray[np.bool_] | None = None) -> Summary:
    """Describe the finite ones among some values.

    Parameters
    ----------
    values : ndarray, shape (n,)
        A quantity of every atom: intensity, strain, bond length.
    inside : ndarray of bool, shape (n,), optional
        Atoms that count, such as those in a drawn shape.
    """
    values = np.asarray(values, dtype=np.float64)
    chosen = values[np.isfinite(values) if inside is None else np.isfinite(values) & inside]
    count, nothing = len(chosen), float("nan")
    if not count:
        return Summary(0, *[nothing] * 6)
    deviation = float(chosen.std(ddof=1)) if count > 1 else nothing
    low, high = np.percentile(chosen, [5, 95])
    return Summary(
        count,
        float(chosen.mean()),
        float(np.median(chosen)),
        deviation,
        deviation / float(np.sqrt(count)),
        float(low),
        float(high),
    )
