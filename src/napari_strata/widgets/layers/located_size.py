"""The pixel size at which atoms were located, and whether it is still that of their image.

Atoms are pixels: with another pixel size they would be other lengths, and the model would have seen another image.
"""

from typing import TYPE_CHECKING

from napari_strata.errors import CalibrationError
from napari_strata.io.atoms.blocks import pixel_size_of
from napari_strata.numbers import plain
from napari_strata.widgets.layers.atom_memory import memory_of
from napari_strata.widgets.layers.calibration import calibration_of

if TYPE_CHECKING:
    from napari.layers import Image, Points

TOLERANCE = 0.01
"""Part by which a pixel size may be corrected and the atoms stay what they are."""


def check_located_size(points: "Points", image: "Image") -> None:
    """Check that an image still has the pixel size at which its atoms were located.

    Atoms of which nobody knows that, and images whose pixel size is not known, pass.

    Raises
    ------
    CalibrationError
        If it differs by more than `TOLERANCE`.
    """
    memory, now = memory_of(points), calibration_of(image).value
    located = None if memory is None else pixel_size_of(memory.computed)
    if located is None or now is None or abs(now / located - 1) <= TOLERANCE:
        return
    raise CalibrationError(
        f"The pixel size of {image.name} is now {plain(now, 4)} Å; these atoms were located at"
        f" {plain(located, 4)} Å.",
        remedy=f"Find the atoms anew in the Predict dock, or type {plain(located, 4)} Å again.",
    )
