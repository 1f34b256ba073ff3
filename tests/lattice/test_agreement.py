"""The words on whether a fit agrees with what was assumed of it."""

import pytest

from napari_strata.lattice.agreement import agreement_of_layers


@pytest.mark.parametrize(
    ("chi_square", "words"),
    [  # of two degrees of freedom p is exp(-chi-square / 2)
        (2.0, "one distortion explains all layers within their uncertainties (p = 0.37, at least 0.05)"),
        (5.98, "one distortion explains all layers within their uncertainties (p = 0.05, at least 0.05)"),
        (8.0, "the layers differ 2 times as much as their uncertainties say (p = 0.018, below 0.05)"),
        (18.0, "the layers differ 3 times as much as their uncertainties say (p below 0.001)"),
    ],
)
def test_a_verdict_tells_the_chance_and_the_limit(chi_square: float, words: str) -> None:
    assert agreement_of_layers(chi_square, 2) == words


def test_without_degrees_of_freedom_there_is_no_verdict() -> None:
    assert agreement_of_layers(0.0, 0) is None
