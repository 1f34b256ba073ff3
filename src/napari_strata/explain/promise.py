"""Whether a map keeps what its method promises: to sum to the score minus that of the baseline."""

from collections.abc import Mapping
from typing import Any

from napari_strata.config import ExplainMethod
from napari_strata.explain.catalogue import METHODS

MOST = 0.05
"""Of the difference that a sum may miss: Sundararajan, Taly and Yan, ICML 2017, arXiv:1703.01365, section 5."""


def broken_promise(method: ExplainMethod, score: float, figures: Mapping[str, Any]) -> str:
    r"""Say by how much a map misses completeness, and what helps, where that is much; else nothing.

    Parameters
    ----------
    method : str
        Name of the method, a key of `METHODS`.
    score : float
        :math:`S(I)` [log-odds].
    figures : mapping
        Of the map; with ``delta`` and ``baseline_score`` where the method promises anything.
    """
    if not {"delta", "baseline_score"} <= set(figures):
        return ""
    missed, difference = abs(figures["delta"]), abs(score - figures["baseline_score"])
    if missed <= MOST * difference:
        return ""
    part = f" by {missed / difference:.0%} of it" if difference > missed / 10 else ""
    helps = "take more steps" if "steps" in METHODS[method].settings else "its values are to be read with care"
    return f"The sum misses the difference{part}: {helps}"
