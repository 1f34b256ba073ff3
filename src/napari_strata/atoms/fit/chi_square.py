"""How well the pixels around each atom agree with what was fitted."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.levenberg_marquardt import local_sums
from napari_strata.atoms.fit.model import Model, Parameters
from napari_strata.atoms.fit.noise import MOST_LEVERAGE
from napari_strata.atoms.fit.polynomials import full_precision, widths
from napari_strata.atoms.fit.squares import Floats


def chi_square(
    squares: Floats, used: NDArray[np.bool_], leverage: Floats, model: Model, parameters: Parameters
) -> Floats:
    """Sum squares within 2 standard deviations of each atom along y and x, by degrees of freedom.

    Parameters
    ----------
    squares : ndarray, shape (y, x)
        Squares of what is left of the image, in units of the variance of the noise.
    used : ndarray of bool, shape (y, x)
        Pixels that were fitted.
    leverage : ndarray, shape (y, x)
        How much of its own noise each pixel's fitted mean has taken up, 0 to 1.
    model, parameters : Model, Parameters
        What was fitted.

    Returns
    -------
    ndarray, shape (atom,)
        Near 1 where model and noise are right; NaN where no pixel was fitted.
    """
    reach = max(1, int(np.rint(2 * widths(full_precision(model.shape, parameters.shapes)).max())))
    count = local_sums(used * (1 - np.minimum(leverage, MOST_LEVERAGE)), parameters.positions, reach)
    chi2: Floats = local_sums(squares, parameters.positions, reach) / np.where(count > 0, count, np.nan)
    return chi2
