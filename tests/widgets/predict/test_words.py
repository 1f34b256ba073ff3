import numpy as np
import pandas as pd
import pytest

from napari_strata.jobs.locate_atoms import AtomsFound
from napari_strata.types import Prediction
from napari_strata.widgets.predict.words import in_words, proposed_in_words


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ([], "No atom seems to be missing or extra."),
        (["extra", "missing", "missing"], "Candidates: 2 missing, 1 extra."),
        (
            ["missing", "empty", "empty"],
            "Candidates: 1 missing, 2 empty."
            " At 2 atoms the image shows none: likely vacancies, among the candidates.",
        ),
    ],
)
def test_candidates_are_counted_and_empty_places_explained(kinds, said):
    candidates = pd.DataFrame({"kind": kinds})
    assert proposed_in_words(candidates) == said
    maps = Prediction(np.zeros((1, 1, 2, 4, 4), np.float32), ("C",), 0.2, "one")
    table = pd.DataFrame({"layer": [0, 0], "species": "C", "flag": ""})
    found = AtomsFound((maps,), table, candidates)
    assert in_words(maps, found, 1.0) == "2 atoms (1.0\N{NO-BREAK SPACE}s)."


def test_where_a_person_has_decided_of_all_candidates_that_is_said():
    assert proposed_in_words(pd.DataFrame({"kind": []}), is_all=False) == "No candidates but those you decided on."
