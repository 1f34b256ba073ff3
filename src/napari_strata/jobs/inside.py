"""What is seen inside a network."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from napari_strata.types import AnyArray, FloatImage

if TYPE_CHECKING:
    from napari_strata.explain.browse.feature_facts import FeatureFacts
    from napari_strata.explain.browse.feature_stack import FeatureStack
    from napari_strata.explain.browse.patches import Patch

Part = Literal["activations", "kernels", "patches", "inversion"]


@dataclass(frozen=True, slots=True, eq=False)
class Inversion:
    """An image that was made from activations.

    Attributes
    ----------
    data : ndarray of float32, shape (y, x)
        On the image's grid, in standard deviations from the image's mean.
    error : float
        Relative difference of its activations from those of the image.
    likeness : float
        Correlation of its pixels with those of the image, on the network's grid, -1 to 1.
    done : float
        Part of the steps that were done, 0 to 1.
    """

    data: FloatImage
    error: float
    likeness: float
    done: float


@dataclass(slots=True, eq=False)
class Inside:
    """What was seen inside a network; parts that were not wanted are None.

    Attributes
    ----------
    feature_maps : tuple of FeatureFacts
        Those that the network has.
    activations : FeatureStack
        A feature map of one frame.
    kernels : ndarray of float32, shape (kernel, y, x)
        Those of the first convolution.
    patches : tuple of Patch
        Where a channel is highest, in all frames, highest first.
    seen : tuple of ndarray, shape (y, x)
        What it sees there: pixels of the image.
    inversion : Inversion
        An image that was made from the activations.
    """

    feature_maps: "tuple[FeatureFacts, ...]" = ()
    activations: "FeatureStack | None" = None
    kernels: FloatImage | None = None
    patches: "tuple[Patch, ...] | None" = None
    seen: tuple[AnyArray, ...] = ()
    inversion: Inversion | None = None
