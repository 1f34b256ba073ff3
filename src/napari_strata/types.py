"""Array aliases and the few values that every package passes on."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

FloatImage = NDArray[np.float32]
LabelArray = NDArray[np.uint8]
AnyArray = NDArray[Any]

NOT_LABELLED = 0
"""Mask code of a pixel that nobody labelled; it counts in no loss and no score."""
BACKGROUND = 1
"""Mask code of labelled background; classes follow from 2."""

ATOM_COLUMNS = ("image", "frame", "layer", "species", "y_px", "x_px", "y_A", "x_A", "probability")
"""Columns of every atom table, in order; a truth table has no ``probability``."""
ATOM_DETAILS = {
    "sigma_y": "Å",
    "sigma_x": "Å",
    "amplitude": "intensity",
    "background": "intensity",
    "width": "Å",
    "chi2": "",
    "flag": "",
    "edited": "",
}
"""Columns that an atom table may have after those, in this order, with their units.

sigma_y, sigma_x
    Standard uncertainty of the position.
amplitude, background
    Height of the fitted peak above its local background, and that background, in units of the image.
width
    Standard deviation of the fitted peak; of an elliptical one the geometric mean of both.
chi2
    Sum of squared residuals in units of their variances, by degrees of freedom; 1 of a fit that leaves only noise.
flag
    What is doubtful, in words that are separated by blanks: `napari_strata.types.ATOM_FLAGS`; else empty.
edited
    What a person did, added, moved or changed; else empty.
"""
ATOM_FLAGS = ("border", "failed", "crowded", "unsure")
"""Its footprint is cut by the image's border; its fit failed, so that it keeps the centroid; it overlaps others so
much that its uncertainty is more than twice that of an isolated atom; another species is likely, too."""
LAYER_COLOURS = ("#ff7f2a", "#38a1ff", "#5fd35f", "#ff5fb4")
"""Colours of crystal layers 0, 1, ... on screen and in figures; colour-blind readers tell them, too, on grey."""


@dataclass(frozen=True, slots=True)
class ImageStack:
    """A grey-scale stack and its calibration.

    Attributes
    ----------
    data : ndarray, shape (frame, y, x)
        Intensities, any real number type, finite.
    pixel_size : float or None
        Pixel size [Å/px]; None where nobody knows it.
    name : str
        The file's stem or the napari layer's name; ``image`` in atom tables.
    """

    data: AnyArray
    pixel_size: float | None
    name: str


@dataclass(frozen=True)
class Prediction:
    """What a network says about one image stack, on the image's own grid.

    Attributes
    ----------
    probabilities : ndarray of float32, shape (frame, layer, class, y, x)
        Softmax over classes, class 0 being background; sums to 1 over classes.
    classes : tuple of str
        Foreground classes; ``classes[i]`` is probability index ``i + 1`` and mask code ``i + 2``.
    pixel_size : float or None
        Pixel size of the grid [Å/px].
    name : str
        Name of the image.
    """

    probabilities: FloatImage
    classes: tuple[str, ...]
    pixel_size: float | None
    name: str

    @cached_property
    def masks(self) -> LabelArray:
        """Most probable class as mask codes, shape (frame, layer, y, x): 1 background, 2.. classes."""
        masks: LabelArray = (self.probabilities.argmax(axis=2) + BACKGROUND).astype(np.uint8)
        return masks


@dataclass(frozen=True, slots=True, eq=False)
class ValuePrediction:
    """What a network that gives values makes of one image stack, on the image's own grid.

    Attributes
    ----------
    values : ndarray of float32, shape (frame, layer, y, x)
        In the units of the targets that it learned from.
    pixel_size : float or None
        Pixel size of the grid [Å/px].
    name : str
        Name of the image.
    """

    values: FloatImage
    pixel_size: float | None
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What a batch of patches should be recognised as; tensors on one device.

    Attributes
    ----------
    labels : Tensor of uint8, shape (batch, layer, y, x)
        Mask codes: 0 not labelled, 1 background, 2.. classes.
    weights : Tensor of float32, shape (batch, layer, y, x), or None
        Weight of each pixel in cross-entropy; None means 1 everywhere.
    values : Tensor of float32, shape (batch, layer, y, x), or None
        What a network that gives values should give; NaN where nobody knows.
    spread : float
        What a difference of 1 of them is in the units of the targets.
    """

    labels: "Tensor"
    weights: "Tensor | None" = None
    values: "Tensor | None" = None
    spread: float = 1.0
