"""What is fitted: Gaussians on a background."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.background import Knots
from napari_strata.atoms.fit.polynomials import Shape, full_precision, widths
from napari_strata.atoms.fit.squares import Floats, Squares, chunks, gaussians

REACH = 5.0
"""Half the side of the square on which an atom is drawn, in standard deviations: 4e-6 of the height is left."""
PAIR_REACH = 4.0
"""The same of the squares on which the products of two peaks are summed; they are narrower than one peak."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The numbers that are fitted.

    Attributes
    ----------
    positions : ndarray, shape (atom, 2)
        Centres (y, x) [px].
    amplitudes : ndarray, shape (atom,)
        Heights.
    shapes : ndarray, shape (group, 1 or 3)
        Inverse covariance of each group's peaks: of round ones one number, of elliptical ones yy, yx, xx [1/px²].
    background : ndarray, shape (knot,)
        Heights of the background at its knots.
    """

    positions: Floats
    amplitudes: Floats
    shapes: Floats
    background: Floats

    def moved(self, step: "Parameters", *, by: float = 1.0) -> "Parameters":
        """Add a step, times a number, to every number."""
        return Parameters(
            self.positions + by * step.positions,
            self.amplitudes + by * step.amplitudes,
            self.shapes + by * step.shapes,
            self.background + by * step.background,
        )

    def with_atoms(self, atoms: NDArray[np.bool_], other: "Parameters") -> "Parameters":
        """Take positions and amplitudes of the chosen atoms (atom,) from other parameters."""
        return replace(
            self,
            positions=np.where(atoms[:, None], other.positions, self.positions),
            amplitudes=np.where(atoms, other.amplitudes, self.amplitudes),
        )


@dataclass(frozen=True, slots=True)
class Model:
    """How parameters make an image.

    Attributes
    ----------
    shape : {"round", "elliptical"}
        Of the peaks.
    groups : ndarray of int, shape (atom,)
        Atoms of one group share their shape.
    knots : Knots
        Grid of the background.
    fixed : ndarray, shape (y, x)
        What is added to the image: atoms that are not fitted at the moment.
    """

    shape: Shape
    groups: NDArray[np.intp]
    knots: Knots
    fixed: Floats

    def precision(self, parameters: Parameters) -> Floats:
        """Return the inverse covariance of each atom's peak, shape (atom, 3) [1/px²]."""
        return full_precision(self.shape, parameters.shapes)[self.groups]

    def reach(self, parameters: Parameters) -> int:
        """Return half the side of the squares on which atoms are drawn [px]."""
        return int(np.ceil(REACH * widths(full_precision(self.shape, parameters.shapes)).max()))

    def pair_reach(self, parameters: Parameters) -> int:
        """Return half the side of the squares on which products of two peaks are summed [px]."""
        return int(np.ceil(PAIR_REACH / REACH * self.reach(parameters)))

    def draw(self, parameters: Parameters) -> Floats:
        """Draw the image (y, x)."""
        image = self.fixed + self.knots.draw(parameters.background)
        precision, reach = self.precision(parameters), self.reach(parameters)
        for chunk in chunks(len(self.groups), reach):
            positions = parameters.positions[chunk]
            squares = Squares.around(positions, reach, image.shape)
            peaks = gaussians(squares, positions, precision[chunk])
            squares.paste(peaks * parameters.amplitudes[chunk, None, None], image)
        return image

    def leverage(self, parameters: Parameters) -> Floats:
        """Estimate how much of its own noise the mean of each pixel takes up, shape (y, x).

        An atom takes up 3 in all, for y, x and height. Of Poisson counts, alone and without background, a pixel at
        r standard deviations from it takes exp(-r²/2) (1 + r²) / (2 pi) per squared standard deviation.
        """
        image = np.zeros(self.fixed.shape)
        precision, reach = self.precision(parameters), self.reach(parameters)
        density = np.sqrt(np.maximum(precision[:, 0] * precision[:, 2] - precision[:, 1] ** 2, 0)) / (2 * np.pi)
        for chunk in chunks(len(self.groups), reach):
            positions = parameters.positions[chunk]
            squares = Squares.around(positions, reach, image.shape)
            peaks = np.maximum(gaussians(squares, positions, precision[chunk]), 1e-30)
            squares.paste(peaks * (1 - 2 * np.log(peaks)) * density[chunk, None, None], image)
        return image

    def only(self, atoms: NDArray[np.intp], parameters: Parameters) -> "Model":
        """Return the model in which all atoms but those of the given indices are fixed."""
        others = np.ones(len(self.groups), bool)
        others[atoms] = False
        rest = replace(
            parameters,
            positions=parameters.positions[others],
            amplitudes=parameters.amplitudes[others],
            background=np.zeros_like(parameters.background),
        )
        fixed = replace(self, groups=self.groups[others]).draw(rest)
        return replace(self, groups=self.groups[atoms], fixed=fixed)
