import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_strata.annotation.provenance import EMPTY, Birth, Provenance, provenance_of_codes, without

NONE, HUMAN, IMPORTED, MODEL, CORRECTED = Provenance
codes_of = arrays.arrays(np.uint8, (4, 5), elements=st.integers(0, 4))


def test_what_is_painted_on_empty_labels_is_human():
    assert provenance_of_codes(np.array([[0, 1, 3]], np.uint8), EMPTY).tolist() == [[NONE, HUMAN, HUMAN]]


def test_a_models_mask_is_corrected_where_it_differs_now_and_human_where_it_had_no_label():
    birth = Birth(MODEL, np.array([[2, 2, 2, 0, 0]], np.uint8))
    now = np.array([[2, 3, 0, 1, 0]], np.uint8)
    assert provenance_of_codes(now, birth).tolist() == [[MODEL, CORRECTED, NONE, HUMAN, NONE]]


def test_imported_labels_stay_imported_where_nobody_changed_them():
    birth = Birth(IMPORTED, np.array([[1, 2]], np.uint8))
    assert provenance_of_codes(np.array([[1, 1]], np.uint8), birth).tolist() == [[IMPORTED, CORRECTED]]


@given(born=codes_of, painted=codes_of)
def test_undo_takes_the_provenance_back(born, painted):
    birth = Birth(MODEL, born)
    before = provenance_of_codes(born, birth)
    provenance_of_codes(painted, birth)
    assert np.array_equal(provenance_of_codes(born.copy(), birth), before)
    assert np.array_equal(before, np.where(born, MODEL, NONE))


@given(born=codes_of, now=codes_of)
def test_what_is_not_labelled_comes_from_nowhere_and_all_else_from_somewhere(born, now):
    found = provenance_of_codes(now, Birth(IMPORTED, born))
    assert np.array_equal(found == NONE, now == 0)


@given(born=codes_of, now=codes_of)
def test_a_part_tells_the_same_as_the_whole(born, now):
    birth = Birth(MODEL, born)
    part = np.s_[1:3, 2:]
    assert np.array_equal(provenance_of_codes(now[part], birth, born[part]), provenance_of_codes(now, birth)[part])


def test_labels_of_unwanted_provenance_are_left_out():
    codes = np.array([[1, 2, 3, 0]], np.uint8)
    provenance = np.array([[HUMAN, MODEL, CORRECTED, NONE]], np.uint8)
    assert without(codes, provenance, (MODEL,)).tolist() == [[1, 0, 3, 0]]
