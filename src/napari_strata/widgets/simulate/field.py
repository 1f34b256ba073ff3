"""Which part of which image a simulation is compared with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.data.images import check_image
from napari_strata.errors import ImageError
from napari_strata.types import AnyArray
from napari_strata.widgets.layers.layer_data import check_kind, full_data
from napari_strata.widgets.layers.world import from_world

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

MOST = 512
"""Longest side of what is simulated [px]."""
LEAST = 16


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A field of view.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns [px].
    pixel_size : float
        Pixel size [Å/px].
    image : ndarray or None
        Copy of what the user's image shows there, shape `shape`.
    """

    shape: tuple[int, int]
    pixel_size: float
    image: AnyArray | None = None


def field_of(image: "Image", viewer: "Viewer", pixel_size: float) -> Field:
    """Copy the middle of an image, of the slice that is shown.

    Raises
    ------
    ImageError
        If it is no grey image, or its pixels cannot be used.
    """
    check_kind(image)
    data = full_data(image)
    if data.ndim == 3:
        frame = round(float(from_world(image, viewer, viewer.dims.point)[0]))
        data = data[int(np.clip(frame, 0, len(data) - 1))]
    if min(data.shape) < LEAST:
        raise ImageError(f"{image.name} is smaller than {LEAST} px.", remedy="Choose a larger image.")
    y, x = (slice(max(0, (side - MOST) // 2), max(0, (side - MOST) // 2) + MOST) for side in data.shape)
    part = check_image(np.array(data[y, x]), image.name)[0]
    return Field((part.shape[0], part.shape[1]), pixel_size, part)
