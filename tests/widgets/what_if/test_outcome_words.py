"""What a change changes, in words."""

import numpy as np
import pytest

from napari_strata.explain.changes.outcome import Outcome, Seen
from napari_strata.widgets.what_if.outcome_words import outcome_words


@pytest.mark.parametrize(
    ("score", "said"), [(-9.48e-5, "0.00"), (-0.0049, "0.00"), (-0.0051, "-0.0051"), (2.344, "2.34")]
)
def test_a_score_that_is_about_0_is_said_to_be_0(score, said):
    window = (slice(0, 2), slice(0, 2))
    outcome = Outcome(window, np.zeros((2, 2), np.float32), Seen(5.72, None), Seen(score, None), {"what_if": {}})
    assert outcome_words(outcome) == f"Score 5.72 → {said} (mean log-odds)."
