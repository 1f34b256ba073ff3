r"""What part of an atom's map lies where: in its own lattice, in the other layers, in the background.

Pixel :math:`p` of a map :math:`a` has the mass :math:`m_p = |a_p|`, the whole map :math:`M = \sum_p m_p`. Every
atom has a disk: the pixels whose centres lie within the radius, and always the pixel that is nearest to the atom.
With :math:`n_{\ell p}` disks of atoms of layer :math:`\ell` over a pixel, :math:`k_p` layers have one there. A
pixel under disks of several layers counts to each of them alike, since nobody can tell whose it is:

.. math:: s_\ell = \frac{1}{M} \sum_p m_p \frac{[n_{\ell p} > 0]}{k_p}, \qquad
          s_{\text{background}} = \frac{1}{M} \sum_p m_p [k_p = 0]

``why_own`` is :math:`s_\ell` of the atom's own layer, ``why_other`` the sum over all others, and with
``why_background`` they sum to 1. Of ``why_own``, ``why_itself`` is what lies in the atom's own disk, where a pixel
under several disks of that layer counts to each alike, and ``why_neighbours`` is the rest:

.. math:: s_{\text{itself}} = \frac{1}{M} \sum_{p \in D} \frac{m_p}{n_{\ell p} k_p}

``why_half_A`` is the least distance from the atom within which half of the mass lies, between pixel centres and
atom [Å]. Of methods with negative values, ``why_net_own``, ``why_net_other`` and ``why_net_background`` are the
same sums over :math:`a_p` in place of :math:`m_p`, still divided by :math:`M`: what speaks for the score less what
speaks against it. A map that is 0 has no scores (NaN).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import FloatImage

if TYPE_CHECKING:
    from pandas import DataFrame

PARTS = ("why_own", "why_itself", "why_neighbours", "why_other", "why_background")
HALF = "why_half_A"
NETS = ("why_net_own", "why_net_other", "why_net_background")

Window = tuple[slice, slice]
_AT_ONCE = 1000
"""Disks of so many atoms are drawn at once, to save memory."""


def score_columns(*, signed: bool) -> tuple[str, ...]:
    """Return the names of the scores of a method."""
    return (*PARTS, HALF, *(NETS if signed else ()))


class Disks:
    """The disks of all atoms of one frame, on the image's own pixels.

    Parameters
    ----------
    atoms : DataFrame
        All atoms of the frame, with columns layer, y_px and x_px.
    shape : tuple of int
        Height and width of the image [px].
    layers : int
        Crystal layers.
    pixel_size : float
        Pixel size [Å/px].
    radius : float
        Radius of the disks [Å].
    """

    def __init__(
        self, atoms: "DataFrame", shape: tuple[int, int], *, layers: int, pixel_size: float, radius: float
    ) -> None:
        self._shape, self._pixel_size, self._radius = shape, pixel_size, radius / pixel_size
        self._counts = np.zeros((layers, *shape), np.uint16)
        for layer in range(layers):
            rows = atoms["layer"].to_numpy() == layer
            positions = atoms.loc[rows, ["y_px", "x_px"]].to_numpy(np.float64)
            for first in range(0, len(positions), _AT_ONCE):
                pixels = self._pixels(positions[first : first + _AT_ONCE])
                np.add.at(self._counts[layer], (pixels[:, 0], pixels[:, 1]), 1)

    def score(
        self, map_: FloatImage, window: Window, *, y: float, x: float, layer: int, signed: bool
    ) -> Mapping[str, float]:
        """Return the scores of one atom.

        Parameters
        ----------
        map_ : ndarray, shape (y, x)
            The map of the atom in the window; it is 0 outside.
        window : tuple of slice
            Rows and columns of the image.
        y, x : float
            The atom's position in the image [px].
        layer : int
            Its layer.
        signed : bool
            Whether the method has negative values.
        """
        values = np.asarray(map_, np.float64)
        mass = np.abs(values)
        total = float(mass.sum())
        if not total > 0:
            return dict.fromkeys(score_columns(signed=signed), np.nan)
        counts = self._counts[(slice(None), *window)]
        covered = counts > 0
        layers = covered.sum(axis=0)
        own_share = covered[layer] / np.maximum(layers, 1)
        other_share = (layers - covered[layer]) / np.maximum(layers, 1)
        shares = (own_share, other_share, (layers == 0).astype(np.float64))
        own, other, background = (float((mass * share).sum()) / total for share in shares)
        itself = float((mass * own_share * self._part_of(y, x, counts[layer], window)).sum()) / total
        parts = (own, itself, max(own - itself, 0.0), other, background)
        found = {**dict(zip(PARTS, parts, strict=True)), HALF: self._half(mass, window, y, x)}
        if signed:
            nets = (float((values * share).sum()) / total for share in shares)
            found |= dict(zip(NETS, nets, strict=True))
        return found

    def _pixels(self, positions: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the pixels (y, x) in the disks of atoms, those in several disks as often."""
        reach = int(np.ceil(self._radius)) + 1
        steps = np.argwhere(np.ones((2 * reach + 1, 2 * reach + 1), bool)) - reach
        nearest = np.rint(positions).astype(np.intp)
        pixels = nearest[:, None] + steps
        inside = np.linalg.norm(pixels - positions[:, None], axis=-1) <= self._radius
        inside |= (steps == 0).all(axis=1)
        inside &= ((pixels >= 0) & (pixels < self._shape)).all(axis=-1)
        found: NDArray[np.intp] = pixels[inside]
        return found

    def _part_of(self, y: float, x: float, counts: NDArray[np.uint16], window: Window) -> NDArray[np.float64]:
        """Return the part of every pixel that is one atom's of all of its layer that have it, in a window."""
        part = np.zeros(counts.shape)
        rows, columns = (self._pixels(np.array([[y, x]])) - [window[0].start, window[1].start]).T
        height, width = counts.shape
        seen = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        at = rows[seen], columns[seen]
        part[at] = 1 / np.maximum(counts[at], 1)
        return part

    def _half(self, mass: NDArray[np.float64], window: Window, y: float, x: float) -> float:
        rows = np.arange(mass.shape[0])[:, None] + window[0].start - y
        columns = np.arange(mass.shape[1]) + window[1].start - x
        distance = np.hypot(rows, columns).ravel()
        order = np.argsort(distance, kind="stable")
        within = np.cumsum(mass.ravel()[order])
        reached = int(np.searchsorted(within, within[-1] / 2 * (1 - 1e-12)))
        return float(distance[order[reached]]) * self._pixel_size
