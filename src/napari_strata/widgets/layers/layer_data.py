"""Copies of what napari layers hold, taken on the GUI thread before a job starts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.data.images import check_image
from napari_strata.errors import ImageError
from napari_strata.types import AnyArray, ImageStack

if TYPE_CHECKING:
    from napari.layers import Image


def stack_of(
    napari_layer: "Image", pixel_size: float | None, *, frames: Sequence[int] | None = None
) -> ImageStack:
    """Copy an image layer into a checked stack.

    Parameters
    ----------
    napari_layer : Image
        A grey image, (y, x) or (frame, y, x).
    pixel_size : float or None
        Its pixel size [Å/px], as the calibration row shows it.
    frames : sequence of int, optional
        Frames to copy; all by default.

    Raises
    ------
    ImageError
        If it is a colour image, has other dimensions, or its values cannot be used.
    """
    check_kind(napari_layer)
    data = full_data(napari_layer)
    try:
        if frames is None or napari_layer.ndim == 2:
            copied = np.array(data)
        else:
            copied = np.stack([np.asarray(data[frame]) for frame in frames])
    except Exception as error:  # a lazy array raises what its reader raises on a damaged file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(
            f"The pixels of {napari_layer.name} cannot be read ({reason}).",
            remedy="Check that its file is still there and whole.",
        ) from error
    return ImageStack(check_image(copied, napari_layer.name), pixel_size, napari_layer.name)


def check_kind(napari_layer: "Image") -> None:
    """Check that an image layer is a grey image or a stack of them.

    Raises
    ------
    ImageError
        If it is not.
    """
    if napari_layer.rgb:
        raise ImageError(
            f"{napari_layer.name} is a colour image.",
            remedy="Press 'Convert to grey' in the Predict or the Label dock first.",
        )
    if napari_layer.ndim not in (2, 3):
        raise ImageError(
            f"{napari_layer.name} has {napari_layer.ndim} dimensions.",
            remedy="Right-click it in the layer list and split or project it to a (frame, y, x) stack.",
        )


def full_data(napari_layer: "Image") -> AnyArray:
    """Return a layer's data at full resolution; a lazy array stays lazy."""
    data: AnyArray = napari_layer.data[0] if napari_layer.multiscale else napari_layer.data
    return data
