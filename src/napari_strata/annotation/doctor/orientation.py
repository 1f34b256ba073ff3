"""Whether labels fit their image better with y and x swapped."""

import numpy as np

from napari_strata.types import BACKGROUND, NOT_LABELLED, AnyArray

LEAST_PIECES = 10
"""Separate pieces of the classes from which a better fit the other way round is no chance."""


def explained_variance(image: AnyArray, labels: AnyArray) -> tuple[float, float]:
    r"""Return how well labels explain the brightness of an image as they are, and with y and x swapped.

    That is :math:`\eta^2 = \sum_k n_k (\bar I_k - \bar I)^2 / \sum (I - \bar I)^2` over the labelled pixels, with
    :math:`n_k` pixels of mean brightness :math:`\bar I_k` under the code k.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Intensities.
    labels : ndarray of integers, shape (y, x)
        Mask codes.

    Returns
    -------
    (float, float)
        From 0 to 1; both 0 where the image is not square or there are fewer than `LEAST_PIECES` to judge by.
    """
    from scipy import ndimage

    pieces = ndimage.label(labels > BACKGROUND)[1] if image.shape[0] == image.shape[1] else 0
    if pieces < LEAST_PIECES:
        return 0.0, 0.0
    return _explained(image, labels), _explained(image, labels.T)


def _explained(image: AnyArray, labels: AnyArray) -> float:
    painted = labels > NOT_LABELLED
    _, codes = np.unique(labels[painted], return_inverse=True)
    values = image[painted].astype(np.float64)
    centred = values - values.mean()
    counts = np.bincount(codes)
    sums = np.bincount(codes, weights=centred)
    total = float((centred**2).sum())
    return float((sums**2 / counts).sum()) / total if total > 0 else 0.0
