"""Where a prediction is wrong, or unsure of itself: connected regions, the largest first."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import TargetError
from napari_strata.types import NOT_LABELLED, AnyArray, FloatImage


@dataclass(frozen=True, slots=True, eq=False)
class WrongRegion:
    """A connected region to look at.

    Attributes
    ----------
    y, x : int
        First row and column of its box [px].
    mask : ndarray of bool, shape (height, width)
        Its pixels in that box.
    predicted : int
        Mask code that is predicted there.
    right : int
        Mask code that is labelled there; 0 where nothing is, and the prediction is unsure.
    sureness : float or None
        Mean probability of what is predicted, of a region that is unsure.
    """

    y: int
    x: int
    mask: NDArray[np.bool_]
    predicted: int
    right: int
    sureness: float | None = None

    @property
    def pixels(self) -> int:
        """How many pixels it has."""
        return int(np.count_nonzero(self.mask))

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Top, left, bottom and right edge [px]."""
        return self.y, self.x, self.y + self.mask.shape[0], self.x + self.mask.shape[1]

    @property
    def centre(self) -> tuple[float, float]:
        """Mean position (y, x) of its pixels [px]."""
        y, x = np.argwhere(self.mask).mean(axis=0)
        return self.y + float(y), self.x + float(x)

    def whole(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return its pixels in an image of shape (y, x)."""
        top, left, bottom, right = self.box
        mask = np.zeros(shape, bool)
        mask[top:bottom, left:right] = self.mask
        return mask


def wrong_regions(predicted: AnyArray, labels: AnyArray, *, least: int = 1) -> list[WrongRegion]:
    """Find where a prediction differs from what is labelled.

    Parameters
    ----------
    predicted, labels : ndarray of int, shape (y, x)
        Mask codes of one crystal layer, of the same classes; where labels are 0 nobody knows.
    least : int
        Smaller regions are left out [px].

    Returns
    -------
    list of WrongRegion
        Pixels that share a side and are wrong in the same way, the largest region first.

    Raises
    ------
    TargetError
        If the shapes differ.
    """
    _check_shapes(predicted, labels)
    wrong = (labels != NOT_LABELLED) & (predicted != labels)
    pairs = np.where(wrong, predicted.astype(np.int64) * 256 + labels + 1, 0)
    return _largest(_regions(pairs, predicted, labels, least))


def sureness_of(classes: FloatImage, *, may_overlap: bool) -> FloatImage:
    """Return the probability of what is predicted, shape (y, x).

    Parameters
    ----------
    classes : ndarray of float32, shape (class, y, x)
        Probabilities without that of background.
    may_overlap : bool
        Whether background is 1 minus the most probable class, and not 1 minus the sum of all.
    """
    most: FloatImage = classes.max(axis=0)
    sure: FloatImage = np.maximum(most, 1 - (most if may_overlap else classes.sum(axis=0)))
    return sure


def unsure_regions(
    predicted: AnyArray, probability: FloatImage, *, below: float, least: int = 1
) -> list[WrongRegion]:
    """Find where a prediction is unsure.

    Parameters
    ----------
    predicted : ndarray of int, shape (y, x)
        Mask codes of one crystal layer.
    probability : ndarray of float, shape (y, x)
        Of what is predicted, from 0 to 1.
    below : float
        It is unsure where the probability is below this.
    least : int
        Smaller regions are left out [px].

    Returns
    -------
    list of WrongRegion
        The largest first; nobody says what is right there.

    Raises
    ------
    TargetError
        If the shapes differ.
    """
    _check_shapes(predicted, probability)
    pairs = np.where(probability < below, predicted.astype(np.int64) + 1, 0)
    return _largest(_regions(pairs, predicted, np.zeros_like(predicted), least, probability))


def _regions(
    pairs: NDArray[np.int64],
    predicted: AnyArray,
    labels: AnyArray,
    least: int,
    probability: FloatImage | None = None,
) -> Iterator[WrongRegion]:
    from skimage.measure import label, regionprops

    for found in regionprops(label(pairs, background=0, connectivity=1)):
        if found.area < least:
            continue
        top, left, _bottom, _right = found.bbox
        first = tuple(found.coords[0])
        sureness = None if probability is None else float(probability[tuple(found.coords.T)].mean())
        yield WrongRegion(top, left, found.image, int(predicted[first]), int(labels[first]), sureness)


def _largest(regions: Iterator[WrongRegion]) -> list[WrongRegion]:
    return sorted(regions, key=lambda one: -one.pixels)


def _check_shapes(predicted: AnyArray, other: AnyArray) -> None:
    if predicted.shape != other.shape:
        raise TargetError(
            f"The prediction has the shape {predicted.shape}, what it is compared with {other.shape}.",
            remedy="Choose a prediction and labels of the same image.",
        )
