"""How bright the columns of located atoms are: from fitted peaks where there are some, else from the image."""

from typing import TYPE_CHECKING

import numpy as np

from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.lattice.frame_maps import Intensities

RADIUS = 0.53
"""Radius of the disk in which a column's intensity is measured, as where atoms are located [Å]."""


def measure_columns(atoms: "DataFrame", image: ImageStack | None, frame: int = 0) -> "Intensities | None":
    """Measure how bright the columns of all atoms of one frame are.

    Parameters
    ----------
    atoms : DataFrame
        Atom table of one frame.
    image : ImageStack, optional
        Where they were located.
    frame : int
        Frame of the stack.

    Returns
    -------
    Intensities or None
        None without fitted peaks and without an image of known pixel size.
    """
    from napari_strata.atoms.intensities import column_intensities, fitted_volumes, has_fitted_peaks
    from napari_strata.lattice.frame_maps import Intensities

    if has_fitted_peaks(atoms):
        return Intensities(fitted_volumes(atoms), "counts Å²")
    if image is None or image.pixel_size is None:
        return None
    positions = atoms[["y_px", "x_px"]].to_numpy(np.float64)
    found = column_intensities(np.asarray(image.data[frame]), positions, radius=RADIUS / image.pixel_size)
    return Intensities(found, "counts")
