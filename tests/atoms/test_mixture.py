import numpy as np
import pytest

from napari_strata.atoms.mixture import choose_mixture, fit_mixture

RNG = np.random.default_rng(1)
DIM, BRIGHT = RNG.normal(10, 1, 300), RNG.normal(20, 2, 100)


def test_two_brightnesses_are_found_with_their_weights_means_and_widths():
    mixture = choose_mixture(np.concatenate([DIM, BRIGHT]), most=4)
    assert mixture.means == pytest.approx([10, 20], abs=0.4)
    assert mixture.widths == pytest.approx([1, 2], abs=0.3)
    assert mixture.weights == pytest.approx([0.75, 0.25], abs=0.02)


def test_each_value_has_its_share_of_every_component():
    mixture = fit_mixture(np.concatenate([DIM, BRIGHT, [14.0]]), 2)
    np.testing.assert_allclose(mixture.shares.sum(axis=1), 1)
    assert (mixture.shares[:300, 0] > 0.5).mean() > 0.99
    assert mixture.shares[300:400, 1].mean() > 0.98
    # by hand, with the true parameters: 0.75 exp(-8) against 0.25 / 2 exp(-4.5), that is 0.15 to 0.85
    assert mixture.shares[400, 1] == pytest.approx(0.85, abs=0.12)


@pytest.mark.parametrize("values", [DIM, np.exp(RNG.normal(0, 0.4, 5000)), RNG.gamma(9, size=5000)])
def test_one_peak_is_one_species_however_many_values_and_however_skew(values):
    assert len(choose_mixture(values, most=4).means) == 1


def test_a_few_bright_dopants_are_a_species_of_their_own():
    mixture = choose_mixture(np.concatenate([RNG.normal(10, 1, 990), RNG.normal(30, 1, 10)]), most=4)
    assert mixture.means == pytest.approx([10, 30], abs=1)
    assert mixture.weights[1] == pytest.approx(0.01, abs=1e-3)


def test_means_that_differ_by_less_than_is_asked_for_are_one():
    values = np.concatenate([np.full(40, 1.0), np.full(40, 1.02), np.full(40, 2.0)])
    assert choose_mixture(values, most=4, least_gap=0.05).means == pytest.approx([1.01, 2])


def test_as_many_components_as_are_asked_for_are_fitted():
    values = np.concatenate([RNG.normal(mean, 0.3, 80) for mean in (1, 4, 9)])
    assert fit_mixture(values, 3).means == pytest.approx([1, 4, 9], abs=0.2)


@pytest.mark.parametrize("values", [np.full(50, 3.0), np.array([1.0]), np.array([1.0] * 30 + [2.0] * 30)])
def test_values_without_any_scatter_are_no_trouble(values):
    mixture = choose_mixture(values, most=4)
    assert mixture.means == pytest.approx(np.unique(values))


def test_what_is_believed_of_single_values_decides_where_they_could_be_either():
    values = np.concatenate([DIM, BRIGHT, [14.0, 14.0]])
    beliefs = np.full((len(values), 2), 0.5)
    beliefs[-2:] = [[0.98, 0.02], [0.02, 0.98]]
    shares = fit_mixture(values, 2, np.where(values[:, None] < 14, [0.6, 0.4], beliefs)).shares
    assert shares[-2, 0] > 0.3
    assert shares[-1, 0] < 0.01
