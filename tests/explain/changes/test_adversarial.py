import numpy as np
import pytest

from napari_strata.explain.changes.adversarial import least_change, smallest_change

SLOPE = np.random.default_rng(0).normal(size=50)


def search(score, slope, low=-1e6, high=1e6, *, size=50, steps=50):
    *_, found = smallest_change(score, slope, np.full(size, low), np.full(size, high), steps=steps)
    return found


@pytest.mark.parametrize("offset", [3.0, -3.0])
def test_of_a_linear_score_the_smallest_change_is_exact(offset):
    found = search(lambda change: float(SLOPE @ change + offset), lambda _: SLOPE)
    exact = -offset * SLOPE / (SLOPE @ SLOPE)
    assert found.flips
    assert found.done == 1
    np.testing.assert_allclose(found.change, exact, atol=1e-4 * np.abs(exact).max())


def test_within_limits_the_others_change_more():
    found = search(lambda change: float(SLOPE @ change + 3), lambda _: SLOPE, low=0)
    falling = np.where(SLOPE < 0, SLOPE, 0)  # no pixel may fall
    exact = -3 * falling / (falling @ falling)
    np.testing.assert_allclose(found.change, exact, atol=1e-4 * np.abs(exact).max())


def test_beyond_the_limits_nothing_flips_and_the_best_is_kept():
    found = search(lambda change: float(SLOPE @ change + 3), lambda _: SLOPE, low=-1e-3, high=1e-3)
    assert not found.flips
    assert found.score == pytest.approx(3 - 1e-3 * np.abs(SLOPE).sum())


def test_on_a_curved_surface_the_nearest_point_is_found():
    # an ellipse seen from its inside: the first plane does not touch it where it is nearest
    radii, seen_from = np.array([2.0, 1.0]), np.array([0.5, 0.1])

    def score(change):
        return float(1 - (((change + seen_from) / radii) ** 2).sum())

    found = search(score, lambda change: -2 * (change + seen_from) / radii**2, size=2)
    angle = np.linspace(0, 2 * np.pi, 100_001)
    nearest = np.hypot(2 * np.cos(angle) - 0.5, np.sin(angle) - 0.1).min()
    assert found.length == pytest.approx(nearest, rel=1e-2)
    assert found.score < 0


def test_on_a_plateau_the_search_ends():
    found = search(lambda _: 1.0, np.zeros_like)
    assert (found.flips, found.score) == (False, 1.0)


def test_the_best_so_far_never_gets_larger():
    looks = list(
        smallest_change(
            lambda change: float(1 - np.tanh(change).sum() - change[0] ** 2),
            lambda change: -(1 / np.cosh(change) ** 2) - np.array([2 * change[0], 0, 0]),
            np.full(3, -9.0),
            np.full(3, 9.0),
            steps=20,
        )
    )
    lengths = [look.length for look in looks if look.flips]
    assert lengths == sorted(lengths, reverse=True)
    assert [look.done for look in looks] == sorted(look.done for look in looks)


def test_a_gain_beyond_the_limits_gives_what_gains_most():
    least = least_change(np.array([1.0, -2.0, 0.0]), 100.0, np.full(3, -1.0), np.full(3, 1.0))
    np.testing.assert_allclose(least, [1, -1, 0])
