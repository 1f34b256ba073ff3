"""Whether atoms belong to an image: the same pixel size, and within its borders."""

from typing import TYPE_CHECKING

from napari_strata.errors import CalibrationError
from napari_strata.io.atoms.blocks import pixel_size_of

if TYPE_CHECKING:
    from pandas import DataFrame

_SAME_SIZE = 1e-3
"""Pixel sizes of image and table may differ by this part: positions in tables are rounded."""
_OUTSIDE = 0.02
"""Part of the atoms that may lie outside the image, where a person put them; of more, the image is another one."""


def is_same_size(of_table: float, of_image: float) -> bool:
    """Tell whether two pixel sizes are the same but for rounding."""
    return abs(of_table / of_image - 1) <= _SAME_SIZE


def common_size(table: "DataFrame", name: str, of_image: float | None) -> float:
    """Return the pixel size that atoms and their image have in common.

    Parameters
    ----------
    table : DataFrame
        Atoms of one image.
    name : str
        What to call the image.
    of_image : float or None
        Its pixel size [Å/px]; None where it is not known: then that of the table counts.

    Raises
    ------
    CalibrationError
        If they have none in common.
    """
    of_table = pixel_size_of(table)
    if of_table is None:
        raise CalibrationError(
            "Positions in px and in Å of the table have no common pixel size.", remedy="Locate the atoms again."
        )
    if of_image is not None and not is_same_size(of_table, of_image):
        raise CalibrationError(
            f"The positions in the table were made with {of_table:.5g} Å per pixel, and {name} has"
            f" {of_image:.5g} Å.",
            remedy="State the pixel size that is right, and locate the atoms again if it is not the table's.",
        )
    return of_image or of_table


def too_many_outside(table: "DataFrame", shape: tuple[int, ...]) -> int:
    """Return how many atoms lie outside an image of shape (..., y, x); 0 where so few may have been put there."""
    height, width = shape[-2:]
    inside = table["y_px"].between(-0.5, height - 0.5) & table["x_px"].between(-0.5, width - 0.5)
    return int((~inside).sum()) if (~inside).mean() > _OUTSIDE else 0
