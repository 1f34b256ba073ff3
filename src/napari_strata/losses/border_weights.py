r"""The weight map of the U-Net paper, which makes a network keep close objects apart.

.. math:: w(x) = w_c(x) + w_0 \exp\left(-\frac{(d_1(x) + d_2(x))^2}{2 \sigma^2}\right)

with the weight :math:`w_c` of the pixel's class and, on background, the distances :math:`d_1, d_2` to the nearest
object and to the nearest other object (Ronneberger et al., MICCAI 2015, eq. 2, with w0 = 10 and sigma = 5 px). An
object is a connected piece of one class, pixels that touch at corners included; classes that overlap count as one.
Deviation: where d1 + d2 is more than 8 sigma the exponential, at most 1.3e-14, is 0.

The distance to the nearest *other* object needs no distance transform per object: two different numbers differ in
at least one binary digit, so d2 is the least of the distances to objects whose digit is not that of the nearest.
That is exact, and takes two transforms per digit: 16 for 200 objects.
"""

import numpy as np
from numpy.typing import NDArray

from napari_strata.config.loss import LossConfig
from napari_strata.types import BACKGROUND, NOT_LABELLED, AnyArray, FloatImage, LabelArray

REACH = 8
"""How far an object has a say in the map, in multiples of sigma."""
Joined = tuple[tuple[int, ...], ...]
"""Sets of codes whose pieces are one object where they touch."""


def border_weights(labels: LabelArray, config: LossConfig, joined: Joined = ()) -> FloatImage:
    """Return the weight of every pixel of some layers.

    Parameters
    ----------
    labels : ndarray of uint8, shape (layer, y, x)
        Mask codes on the network's grid.
    config : LossConfig
        Weights of the classes, w0 and sigma.
    joined : tuple of tuple of int
        Codes of classes that overlap.

    Returns
    -------
    ndarray of float32, shape (layer, y, x)
        w; where nothing is labelled it means nothing.
    """
    objects = [number_objects(layer, joined) for layer in labels]
    return weighed(labels, np.stack([border_map(each, sigma=config.border_sigma) for each in objects]), config)


def weighed(labels: LabelArray, gaps: FloatImage, config: LossConfig) -> FloatImage:
    """Return the weights of mask codes, with their border maps, shape (layer, y, x) both."""
    table = np.ones(256, np.float32)
    table[BACKGROUND : BACKGROUND + len(config.class_weights)] = config.class_weights
    weights: FloatImage = table[labels] + (labels == BACKGROUND) * np.float32(config.border_weight) * gaps
    return weights


def number_objects(codes: LabelArray, joined: Joined = ()) -> NDArray[np.int32]:
    """Give every connected piece of every class of one layer a number from 1; 0 elsewhere."""
    from skimage.measure import label

    kinds = np.arange(256)
    for alike in joined:
        kinds[np.isin(kinds, kinds[list(alike)])] = kinds[alike[0]]
    foreground = np.where(codes > BACKGROUND, kinds[codes], NOT_LABELLED)
    numbers: NDArray[np.int32] = label(foreground, background=NOT_LABELLED, connectivity=2).astype(np.int32)
    return numbers


def border_map(objects: AnyArray, *, sigma: float) -> FloatImage:
    """Return exp(-(d1 + d2)^2 / 2 sigma^2).

    Parameters
    ----------
    objects : ndarray of integers, shape (y, x)
        Number of the object of each pixel, 0 where there is none.
    sigma : float
        How far the weight reaches [px].

    Returns
    -------
    ndarray of float32, shape (y, x)
        0 to 1; 0 everywhere if there are fewer than two objects.
    """
    width = np.add(*nearest_distances(objects))
    gaps: FloatImage = np.exp(-(width**2) / (2 * sigma**2)).astype(np.float32)
    return gaps * (width <= REACH * sigma)


def nearest_distances(objects: AnyArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distance to the nearest object, 0 inside, and to the nearest other object [px].

    Parameters
    ----------
    objects : ndarray of integers, shape (y, x)
        Number of the object of each pixel, 0 where there is none.

    Returns
    -------
    nearest, second : ndarray of float64, shape (y, x)
        Infinite where there is no such object.
    """
    from scipy.ndimage import distance_transform_edt

    second = np.full(objects.shape, np.inf)
    if not objects.any():
        return second.copy(), second
    nearest, places = distance_transform_edt(objects == 0, return_indices=True)
    owner = objects[tuple(places)]
    for digit in range(int(objects.max()).bit_length()):
        has_digit = (objects >> digit) & 1
        for value in (0, 1):
            others = (objects > 0) & (has_digit != value)
            if others.any():
                asked = (owner >> digit) & 1 == value
                distance = distance_transform_edt(~others)
                second[asked] = np.minimum(second[asked], distance[asked])
    return nearest, second
