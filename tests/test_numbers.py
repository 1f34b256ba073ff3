import pytest

from napari_strata.numbers import counted, listed, plain, uncertain


@pytest.mark.parametrize(
    ("value", "sigma", "written"),
    [
        (2.44977, 0.00018, "2.44977 ± 0.00018"),
        (28.8868, 0.0059, "28.8868 ± 0.0059"),
        (119.4, 12.0, "119 ± 12"),
        (1.5, 0.0, "1.5"),
        (1.5, float("nan"), "1.5"),
        (1.5, None, "1.5"),
        (1.0, 1e-9, "1.000000 ± 0.000001"),
        (-1e-12, 0.01, "0.000 ± 0.010"),
    ],
)
def test_a_value_has_the_digits_that_its_uncertainty_allows(value, sigma, written):
    assert uncertain(value, sigma) == written


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (0.99274, 4, "0.9927"),
        (205.0, 2, "200"),
        (2663.1, 3, "2,660"),
        (9999.7, 4, "10,000"),
        (1_303_456.0, 4, "1,303,000"),
        (0.00012345, 4, "0.0001234"),
        (1.634e-24, 2, "1.6 × 10^-24"),
        (-6.6743e-11, 3, "-6.67 × 10^-11"),
        (6.022e23, 2, "6 × 10^23"),
        (-0.0, 4, "0"),
        (24.0, 3, "24"),
    ],
)
def test_a_number_is_written_out_where_that_is_short(value, digits, written):
    assert plain(value, digits) == written


def test_what_is_not_defined_is_said_to_be():
    assert plain(float("nan")) == plain(None) == "undefined"


def test_counts_agree_with_their_noun():
    assert [counted(n, "atom") for n in (1, 0, 1143)] == ["1 atom", "0 atoms", "1,143 atoms"]


def test_lists_read_as_in_a_sentence():
    assert [listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
