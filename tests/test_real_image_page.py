"""The page on the real image says what its script wrote, and shows nothing of the image."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from docs.plot_real_image import NUMBERS, WORDS, in_words, interior_counts
from napari_strata.report.subject import Known, Subject
from napari_strata.types import ATOM_COLUMNS

PAGE = WORDS.with_suffix(".md")


def test_the_table_is_the_one_that_the_script_writes():
    assert WORDS.read_text("utf-8") == in_words(json.loads(NUMBERS.read_text("utf-8")))


def test_model_commit_and_training_are_stated():
    numbers, words = json.loads(NUMBERS.read_text("utf-8")), WORDS.read_text("utf-8")
    for stated in (numbers["model"], numbers["commit"], numbers["weights_sha256"][:12], numbers["trained_on"]):
        assert stated in words


def test_the_numbers_hold_no_spectrum_of_the_image():
    assert '"spots"' not in NUMBERS.read_text("utf-8")


def test_every_picture_of_the_page_is_there():
    pictures = re.findall(r"\{image\} (\S+)", PAGE.read_text("utf-8"))
    assert len(pictures) == 3
    assert all((PAGE.parent / picture).is_file() for picture in pictures)


def test_atoms_near_the_border_do_not_count_and_the_area_tells_how_many_should():
    places = [(0.0, 5.0), (5.0, 9.8), (5.0, 5.0), (5.0, 6.4)]
    rows = [("m", 0, 0, "C", y / 0.1, x / 0.1, y, x, 1.0) for y, x in places]
    atoms = pd.DataFrame(rows, columns=list(ATOM_COLUMNS))
    subject = Subject("m", np.zeros((100, 100)), 0, 1, 0.1, atoms, Known(), None)
    counts = interior_counts(subject, {"layers": [{"cell_area_A2": 5.0}, {"cell_area_A2": 5.4}]})
    assert counts["atoms"] == {"0": 2}
    assert counts["expected_atoms"] == pytest.approx(2 * (10 - 2.46 / 3**0.5) ** 2 / 5.2)
