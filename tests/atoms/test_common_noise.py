from dataclasses import replace

import numpy as np
import pytest

from napari_strata.atoms.common_noise import with_common_noise
from napari_strata.atoms.fit.fitted import FittedPeaks


def fitted(sigma, prior_px):
    return replace(FittedPeaks.none(), sigma=np.asarray(sigma, np.float64), prior_px=prior_px)


def test_the_mean_of_estimates_that_share_noise_is_as_uncertain_as_it_scatters():
    # Variances 1 and 4: weights 0.8 and 0.2, and independent errors would leave v = 0.8, which both share here.
    # The mean then has 0.8 + 0.8^2 0.2 + 0.2^2 3.2 = 1.056, and k = 0.2: 0.8 (1 + 2 * 0.2 * 0.8).
    rng = np.random.default_rng(0)
    both, of_fit, of_start = rng.normal(0, np.sqrt([[0.8], [0.2], [3.2]]), (3, 100_000))
    scatter = float(np.std(0.8 * (both + of_fit) + 0.2 * (both + of_start)))
    [[sigma, _]] = with_common_noise(fitted([[0.8**0.5] * 2], 2.0)).sigma
    assert sigma == pytest.approx(1.056**0.5)
    assert sigma == pytest.approx(scatter, rel=0.01)


def test_what_the_image_or_the_start_decides_alone_stays():
    sigma = with_common_noise(fitted([[1e-3, 1.0], [np.nan, 0.5**0.5]], 1.0)).sigma
    np.testing.assert_allclose(sigma, [[1e-3, 1.0], [np.nan, 0.75**0.5]], rtol=1e-5)


def test_a_fit_that_knew_nothing_of_its_start_stays():
    assert with_common_noise(fitted([[0.1, 0.2]], None)).sigma.tolist() == [[0.1, 0.2]]
