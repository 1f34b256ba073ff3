r"""A small picture of a slice by which near-duplicates are known.

The slice :math:`I` is averaged over the cells of a grid :math:`T`, 64 x 64 or as many as it has pixels. Of that
its own blur over 8 cells is taken off, because light that falls off to one side is common to all images of a
microscope, and the rest is brought to mean 0 and length 1:

.. math:: t = \frac{u - \bar u}{\lVert u - \bar u \rVert}, \qquad u = T - G_8 * T

The likeness of two slices is the normalised cross-correlation :math:`t_1 \cdot t_2`, so that all pairs are one
matrix product. It knows neither brightness nor contrast; the distance of perceptual hashes has no such meaning.

Measured on simulated bubbles and graphene: 1.00 for another contrast, clipping or 10 % noise, 0.97 and 0.99 for
50 % noise, 0.95 and 0.97 for a shift by one pixel of 256 and 512; at most 0.86 between successive frames of
drifting bubbles, 0.03 between different crystals.
"""

import numpy as np

from napari_strata.types import AnyArray, FloatImage

CELLS = 64
"""Cells of the grid along each side, at most."""
BROAD = 1 / 8
"""Width of the blur that is taken off, as part of the grid's side."""
ALIKE = 0.95
"""Correlation from which two slices count as near-duplicates."""


def thumbnail(frame: AnyArray) -> FloatImage | None:
    """Return the small picture of a slice.

    Parameters
    ----------
    frame : ndarray, shape (y, x)
        Finite intensities.

    Returns
    -------
    ndarray of float32, shape (cells,), or None
        Mean 0, length 1; None where the slice shows nothing.
    """
    from scipy.ndimage import gaussian_filter

    cells = _cell_means(np.asarray(frame, dtype=np.float64))
    fine = cells - gaussian_filter(cells, BROAD * max(cells.shape), mode="nearest")
    fine -= fine.mean()
    length = float(np.linalg.norm(fine))
    if length <= 1e-9 * float(np.abs(cells).max(initial=0)) * cells.size**0.5:
        return None
    flat: FloatImage = (fine / length).astype(np.float32).ravel()
    return flat


def _cell_means(frame: AnyArray) -> AnyArray:
    rows, columns = (np.linspace(0, side, min(CELLS, side) + 1).astype(int) for side in frame.shape)
    sums = np.add.reduceat(np.add.reduceat(frame, rows[:-1], axis=0), columns[:-1], axis=1)
    means: AnyArray = sums / np.outer(np.diff(rows), np.diff(columns))
    return means
