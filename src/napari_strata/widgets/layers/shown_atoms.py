"""The located atoms of the frame that is shown, as a table whose rows bear the numbers of the points."""

from typing import TYPE_CHECKING

import numpy as np

from napari_strata.errors import CalibrationError, LatticeError, TableError
from napari_strata.types import ATOM_COLUMNS, ATOM_DETAILS, ImageStack
from napari_strata.widgets.layers.atom_memory import points_table
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.label_memory import image_of
from napari_strata.widgets.layers.layer_data import full_data, stack_of
from napari_strata.widgets.layers.located_size import check_located_size
from napari_strata.widgets.layers.world import from_world

if TYPE_CHECKING:
    from napari.layers import Image, Points
    from napari.viewer import Viewer
    from pandas import DataFrame

NO_ATOMS = "Find atoms in the Predict dock first."


def shown_frame(viewer: "Viewer", image: "Image") -> int:
    """Return the frame of a stack at which the sliders are; 0 of a single image."""
    if image.ndim == 2:
        return 0
    at = from_world(image, viewer, viewer.dims.point)
    return int(np.clip(round(float(at[0])), 0, len(full_data(image)) - 1))


def check_measurable(points: "Points | None", viewer: "Viewer") -> "Image":
    """Return the image of located atoms.

    Raises
    ------
    TableError
        If there are no atoms.
    LatticeError
        If their image is not open.
    CalibrationError
        If its pixel size is not known, or not that at which the atoms were located.
    """
    if points is None or not len(points.data):
        raise TableError("There are no atoms.", remedy=NO_ATOMS)
    image = image_of(points, viewer.layers)
    if image is None:
        raise LatticeError("The image of these atoms is not open.", remedy="Open it under its name.")
    if calibration_of(image).value is None:
        raise CalibrationError(
            f"The pixel size of {image.name} is not known, and lattices are measured in Å.",
            remedy="Type it in the Predict dock.",
        )
    check_located_size(points, image)
    return image


def shown_atoms(points: "Points", image: "Image", frame: int) -> "DataFrame":
    """Return the atoms of one frame.

    Parameters
    ----------
    points : Points
        Located atoms, in pixels of their image.
    image : Image
        Their image, with a pixel size.
    frame : int
        The frame.

    Returns
    -------
    DataFrame
        Columns `napari_strata.types.ATOM_COLUMNS` and what is known of `ATOM_DETAILS`; the index is the number of
        each atom among the points.

    Raises
    ------
    TableError
        If there are no atoms on this frame.
    """
    table = points_table(points)
    table = table[table["frame"] == frame]
    if not len(table):
        raise TableError(
            f"There are no atoms on slice {frame} of {image.name}.",
            remedy="Move the slider to a slice with atoms.",
        )
    scale = calibration_of(image).value or np.nan
    table = table.assign(image=image.name, y_A=table["y_px"] * scale, x_A=table["x_px"] * scale)
    details = [name for name in ATOM_DETAILS if name in table]
    found: DataFrame = table[[*ATOM_COLUMNS, *details]].astype({"layer": np.int64, "species": str})
    return found


def frame_of(image: "Image", frame: int) -> ImageStack:
    """Copy one frame of an image, with its pixel size."""
    return stack_of(image, calibration_of(image).value, frames=[frame])
