import pytest

from napari_strata.report.numbers import counted, listed, plain, uncertain


@pytest.mark.parametrize(
    ("value", "sigma", "written"),
    [
        (2.44977, 0.00018, "2.44977 ± 0.00018"),
        (28.8868, 0.0059, "28.8868 ± 0.0059"),
        (119.4, 12.0, "119 ± 12"),
        (1.5, 0.0, "1.5"),
        (1.5, float("nan"), "1.5"),
        (1.5, None, "1.5"),
        (1.0, 1e-9, "1.000000 ± 0.000000"),
    ],
)
def test_a_value_has_the_digits_that_its_uncertainty_allows(value, sigma, written):
    assert uncertain(value, sigma) == written


def test_what_is_not_defined_is_said_to_be():
    assert plain(float("nan")) == plain(None) == "undefined"


def test_counts_agree_with_their_noun():
    assert [counted(n, "atom") for n in (1, 0, 1143)] == ["1 atom", "0 atoms", "1,143 atoms"]


def test_lists_read_as_in_a_sentence():
    assert [listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
