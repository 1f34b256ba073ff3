"""Painting what is brighter, or darker, than a threshold."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_strata.annotation.tools.region import paint_region
from napari_strata.errors import ImageError
from napari_strata.types import AnyArray

Method = Literal["otsu", "li", "triangle"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """What counts as the class.

    Attributes
    ----------
    value : float
        Intensity; with a window, what is added to the mean around each pixel.
    above : bool
        Whether pixels above the value belong to the class; else those at the value and below.
    window : int
        Side of the square whose mean each pixel is compared with [px], odd; 0 compares with the value alone.
    """

    value: float
    above: bool = True
    window: int = 0


def propose_threshold(image: AnyArray, method: Method) -> float:
    """Return the threshold that a published rule finds in the histogram.

    Parameters
    ----------
    image : ndarray
        Intensities; pixels that are not finite are left out.
    method : str
        ``otsu``: least variance within the two sides (Otsu, IEEE Trans. SMC 9, 62, 1979). ``li``: least cross
        entropy (Li and Lee, Pattern Recognition 26, 617, 1993), for small objects. ``triangle``: farthest from the
        line between the peak of the histogram and its end (Zack et al., J. Histochem. Cytochem. 25, 741, 1977),
        for faint tails.

    Raises
    ------
    ImageError
        If all pixels are equal.
    """
    from skimage.filters import threshold_li, threshold_otsu, threshold_triangle

    values = np.asarray(image)[np.isfinite(image)]
    if values.size == 0 or values.min() == values.max():
        raise ImageError("All pixels of this slice are equal.", remedy="Choose a slice with something in it.")
    rule = {"otsu": threshold_otsu, "li": threshold_li, "triangle": threshold_triangle}[method]
    return float(rule(values))


def within_threshold(image: AnyArray, threshold: Threshold) -> NDArray[np.bool_]:
    """Return which pixels of one slice belong to the class.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Intensities; where they are not finite nothing belongs to the class.
    threshold : Threshold
        The rule. At the border the image is mirrored to fill the window.
    """
    level = local_mean(image, threshold.window) + threshold.value if threshold.window else threshold.value
    chosen = image > level if threshold.above else image <= level
    return np.asarray(chosen & np.isfinite(image), bool)


def local_mean(image: AnyArray, window: int) -> NDArray[np.float64]:
    """Return the mean intensity in a square of side `window` [px] around each pixel of a slice.

    Pixels that are not finite are left out; the filter's running sums would carry them to the end of the image.
    """
    from scipy.ndimage import uniform_filter

    mean: NDArray[np.float64]
    is_finite = np.isfinite(image)
    if is_finite.all():
        mean = uniform_filter(image, window, output=np.float64, mode="reflect")
        return mean
    sums = uniform_filter(np.where(is_finite, image, 0), window, output=np.float64, mode="reflect")
    share = uniform_filter(is_finite, window, output=np.float64, mode="reflect")
    mean = np.divide(sums, share, out=np.zeros_like(sums), where=share > 0.5 / window**2)
    return mean


def paint_threshold(
    codes: AnyArray, image: AnyArray, threshold: Threshold, *, code: int, only_unlabelled: bool
) -> AnyArray:
    """Paint what lies within a threshold.

    Parameters
    ----------
    codes : ndarray of int, shape (y, x)
        Mask codes of one slice.
    image : ndarray, shape (y, x)
        Its intensities.
    threshold : Threshold
        What counts as the class.
    code : int
        Code of the class.
    only_unlabelled : bool
        Whether whatever is painted already stays.

    Returns
    -------
    ndarray
        New codes.
    """
    return paint_region(codes, within_threshold(image, threshold), code, only_unlabelled=only_unlabelled)
