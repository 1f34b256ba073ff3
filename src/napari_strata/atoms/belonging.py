"""Whether a table of atoms is that of an image: by what it says of itself, and by what the image shows."""

from typing import TYPE_CHECKING

import numpy as np

from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.errors import TableError
from napari_strata.io.atoms.belonging import too_many_outside
from napari_strata.types import AnyArray

if TYPE_CHECKING:
    from pandas import DataFrame

PEAK, AROUND = 0.3, 2.0
"""The image is smoothed over the first, and what it is over the second is taken off [Å]."""
LEAST_EVIDENCE = 5.0
"""Atoms are seen where the image at their places differs from the rest by so many standard errors. Of simulated
images of a thousand atoms and 1 to 200 counts in a peak the least was 16 with their own tables; with those of
others it was above 5 in one of 60."""
LEAST_ATOMS = 30
REMEDY = "Give the image in which the atoms were located, or locate them in this one."


def check_place(rows: "DataFrame", shape: tuple[int, int], name: str, origin: AtomOrigin | None) -> None:
    """Refuse atoms that cannot be those of an image.

    Parameters
    ----------
    rows : DataFrame
        The atoms of one frame, columns image, y_px, x_px.
    shape : (int, int)
        Height and width of the image [px].
    name : str
        Its name.
    origin : AtomOrigin or None
        What the atoms say of where they come from.

    Raises
    ------
    TableError
        If too many lie outside, or they say that their image has another size.
    """
    height, width = shape
    if outside := too_many_outside(rows, shape):
        raise TableError(
            f"{outside} of {len(rows)} atoms lie outside {name}, which has {width} × {height} pixels.",
            remedy=REMEDY,
        )
    images = () if origin is None else origin.images
    named = [one for one in images if one.name in set(rows["image"])]
    stated = next(iter(named or (images if len(images) == 1 else ())), None)
    if stated is not None and (stated.height, stated.width) != (height, width):
        raise TableError(
            f"The atoms were located in an image of {stated.width} × {stated.height} pixels, and {name} has"
            f" {width} × {height}.",
            remedy=REMEDY,
        )


def doubt_of_image(rows: "DataFrame", pixels: AnyArray, name: str, pixel_size: float) -> str:
    """Say why atoms may be those of another image; empty where there is no reason to think so.

    Parameters
    ----------
    rows : DataFrame
        The atoms of one frame, columns image, y_px, x_px.
    pixels : ndarray, shape (y, x)
        The frame.
    name : str
        Name of the image.
    pixel_size : float
        Pixel size [Å/px].
    """
    said = []
    stated = str(rows["image"].iloc[0])
    if stated != name:
        said.append(f"the table names the image {stated}, and this one is {name}")
    seen = _evidence(rows, pixels, pixel_size)
    if seen is not None and seen < LEAST_EVIDENCE:
        said.append("where the atoms should be, the image is neither brighter nor darker than elsewhere")
    return f"The atoms may be those of another image: {'; and '.join(said)}." if said else ""


def _evidence(rows: "DataFrame", pixels: AnyArray, pixel_size: float) -> float | None:
    """Return by how many standard errors the image differs at atoms; None where that cannot be told."""
    from scipy.ndimage import gaussian_filter

    places = np.rint(rows[["y_px", "x_px"]].to_numpy(np.float64)).astype(np.intp)
    places = places[((places >= 0) & (places < pixels.shape)).all(axis=1)]
    values = np.asarray(pixels, dtype=np.float64)
    fine = gaussian_filter(values, PEAK / pixel_size) - gaussian_filter(values, AROUND / pixel_size)
    spread = float(fine.std())
    if len(places) < LEAST_ATOMS or not spread:
        return None
    return float(abs(fine[tuple(places.T)].mean() - fine.mean()) / spread * np.sqrt(len(places)))
