"""A background that varies slowly: linear between the knots of a wide grid.

A value per atom would cost more: with neighbours near, it is all but the atom's own tails.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from napari_strata.atoms.fit.polynomials import MONOMIALS
from napari_strata.atoms.fit.squares import Floats, Squares


@dataclass(frozen=True)
class Knots:
    """A grid of knots over an image from corner to corner, with a tent of height 1 on each.

    Attributes
    ----------
    shape : (int, int)
        Of the image [px].
    counts : (int, int)
        Number of knots along y and x, at least 2.
    """

    shape: tuple[int, int]
    counts: tuple[int, int]

    @classmethod
    def every(cls, distance: float, shape: tuple[int, ...]) -> "Knots":
        """Lay knots at about a distance [px] over an image of a shape."""
        height, width = (max(1, round((side - 1) / distance)) + 1 for side in shape)
        return cls((shape[0], shape[1]), (height, width))

    @property
    def spacing(self) -> Floats:
        """From knot to knot along y and x, shape (2,) [px]."""
        spacing: Floats = np.maximum(np.array(self.shape) - 1, 1) / (np.array(self.counts) - 1)
        return spacing

    @property
    def count(self) -> int:
        """Number of knots."""
        return self.counts[0] * self.counts[1]

    def tents(self, axis: int) -> sparse.csr_array:
        """Return the tents along one axis, shape (knot, pixel)."""
        place = np.arange(self.shape[axis]) / self.spacing[axis]
        left = np.minimum(place.astype(np.intp), self.counts[axis] - 2)
        pixels = np.arange(len(place))
        values = np.concatenate([1 - (place - left), place - left])
        where = (np.concatenate([left, left + 1]), np.concatenate([pixels, pixels]))
        return sparse.csr_array((values, where), shape=(self.counts[axis], len(place)))

    def draw(self, heights: Floats) -> Floats:
        """Draw the background (y, x) of heights (knot,)."""
        rows = self.tents(0).T @ heights.reshape(self.counts)
        drawn: Floats = (self.tents(1).T @ rows.T).T
        return np.ascontiguousarray(drawn)

    def at(self, heights: Floats, points: Floats) -> Floats:
        """Evaluate the background of heights (knot,) at points (point, 2) [px]; beyond the image it goes on."""
        place = np.clip(points, 0, np.array(self.shape) - 1) / self.spacing
        first = np.minimum(place.astype(np.intp), np.array(self.counts) - 2)
        (v, u), grid = (place - first).T, heights.reshape(self.counts)
        y, x = first.T
        upper, lower = ((1 - u) * grid[y + i, x] + u * grid[y + i, x + 1] for i in (0, 1))
        between: Floats = (1 - v) * upper + v * lower
        return between

    def project(self, image: Floats) -> Floats:
        """Sum an image (y, x) under every tent, shape (knot,)."""
        rows = self.tents(0) @ image
        sums: Floats = (self.tents(1) @ rows.T).T
        return sums.ravel()

    def products(self, weights: Floats) -> sparse.csr_array:
        """Sum weights (y, x) times the products of two tents, shape (knot, knot)."""
        index = np.arange(self.count).reshape(self.counts)
        total = sparse.csr_array((self.count, self.count))
        for step_y in (0, 1):
            rows = _neighbouring(self.tents(0), step_y) @ weights
            for step_x in (0, 1):
                sums = (_neighbouring(self.tents(1), step_x) @ rows.T).T
                height, width = sums.shape
                near, far = index[:height, :width], index[step_y:, step_x:]
                pairs = [(near, far)]
                if step_y and step_x:
                    pairs.append((index[step_y:, :width], index[:height, step_x:]))
                for one, other in pairs:
                    block = sparse.csr_array((sums.ravel(), (one.ravel(), other.ravel())), shape=total.shape)
                    total = total + (block + block.T if step_y or step_x else block)
        return total

    def first_near(self, squares: Squares) -> tuple[NDArray[np.intp], tuple[int, int]]:
        """Return the first knot (y, x) whose tent may reach into each square, and how many do along y and x."""
        reached = tuple(
            min(int((side - 1) / spacing) + 3, count)
            for side, spacing, count in zip(squares.size, self.spacing, self.counts, strict=True)
        )
        first = np.floor(squares.corners / self.spacing).astype(np.intp)
        return np.clip(first, 0, np.array(self.counts) - reached), (reached[0], reached[1])

    def moments_near(self, values: Floats, squares: Squares) -> tuple[Floats, NDArray[np.intp]]:
        """Sum values times monomials under the tents near each square.

        Parameters
        ----------
        values : ndarray, shape (square, y, x)
            Values on the squares.
        squares : Squares
            Where they are.

        Returns
        -------
        moments : ndarray, shape (square, 6, knot near)
            Of each monomial of `MONOMIALS`.
        knots : ndarray of int, shape (square, knot near)
            Indices of those knots.
        """
        first, reached = self.first_near(squares)
        tents = []
        for axis in (0, 1):
            pixels = squares.corners[:, axis, None] + np.arange(squares.size[axis])
            near = first[:, axis, None] + np.arange(reached[axis])
            tent = np.maximum(0, 1 - np.abs(pixels[:, None, :] / self.spacing[axis] - near[:, :, None]))
            powers = squares.axes[axis] ** np.arange(3)[:, None]
            tents.append((powers[:, None] * tent[:, None]).reshape(len(values), 3 * reached[axis], -1))
        sums = (tents[0] @ values @ tents[1].transpose(0, 2, 1)).reshape(-1, 3, reached[0], 3, reached[1])
        moments = np.stack([sums[:, a, :, b] for a, b in MONOMIALS], axis=1).reshape(len(values), 6, -1)
        rows, columns = (first[:, axis, None] + np.arange(reached[axis]) for axis in (0, 1))
        knots = (rows[:, :, None] * self.counts[1] + columns[:, None, :]).reshape(len(values), -1)
        return moments, knots


def _neighbouring(tents: sparse.csr_array, step: int) -> sparse.csr_array:
    """Return the products of each tent with the one `step` further on."""
    return tents[: tents.shape[0] - step].multiply(tents[step:]).tocsr()
