"""The normal equations of all atoms, the background and the shared shapes."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from napari_strata.atoms.fit.model import Model, Parameters
from napari_strata.atoms.fit.neighbours import Pairs
from napari_strata.atoms.fit.polynomials import (
    SHAPE_PARAMETERS,
    derivatives,
    first_moments,
    multiply,
    neighbours_sum,
    product_moments,
)
from napari_strata.atoms.fit.squares import Floats, Squares, chunks, gaussians


@dataclass(frozen=True, slots=True)
class Equations:
    """Fisher's matrix and the gradient of half the log-likelihood's deviance, in parts.

    The vector of unknowns is y, x, amplitude of atom after atom, then the background's knots, then the shapes.

    Attributes
    ----------
    pairs : Pairs
        Atoms that couple.
    blocks : ndarray, shape (pair, 3, 3)
        Of the atoms of each pair.
    atoms_knots : sparse array, shape (3 atom, knot)
        Between atoms and background.
    atoms_shapes : ndarray, shape (3 atom, shape)
        Between atoms and shapes.
    knots, knots_shapes, shapes : arrays, shapes (knot, knot), (knot, shape), (shape, shape)
        Among background and shapes.
    gradient : ndarray, shape (unknown,)
        Right-hand side.
    """

    pairs: Pairs
    blocks: Floats
    atoms_knots: sparse.csr_array
    atoms_shapes: Floats
    knots: sparse.csr_array
    knots_shapes: Floats
    shapes: Floats
    gradient: Floats

    @property
    def own_blocks(self) -> Floats:
        """Blocks of single atoms, shape (atom, 3, 3)."""
        return self.blocks[: self.pairs.atoms]

    @property
    def diagonal(self) -> Floats:
        """Diagonal of the matrix, shape (unknown,)."""
        own = np.einsum("aii->ai", self.own_blocks).ravel()
        return np.concatenate([own, self.knots.diagonal(), self.shapes.diagonal()])

    def with_prior(self, precision: Floats, pull: Floats) -> "Equations":
        """Add what is known of the atoms: precisions (atom, 3), and their gradient (3 atom,)."""
        blocks, gradient = self.blocks.copy(), self.gradient.copy()
        blocks[: self.pairs.atoms, [0, 1, 2], [0, 1, 2]] += precision
        gradient[: len(pull)] += pull
        return replace(self, blocks=blocks, gradient=gradient)

    @property
    def splits(self) -> tuple[int, int]:
        """Where the background begins among the unknowns, and where the shapes."""
        first = 3 * self.pairs.atoms
        return first, first + self.knots.shape[0]


def assemble(model: Model, parameters: Parameters, pairs: Pairs, weights: Floats, residual: Floats) -> Equations:
    """Assemble the normal equations.

    Parameters
    ----------
    model : Model
        What is fitted.
    parameters : Parameters
        Where the derivatives are taken.
    pairs : Pairs
        Atoms that couple.
    weights : ndarray, shape (y, x)
        One by the variance; 0 where the image is not fitted.
    residual : ndarray, shape (y, x)
        Weights times what the model leaves of the image.

    Returns
    -------
    Equations
        Their solution is the step to the optimum, were the model linear.
    """
    atoms, m, groups = len(model.groups), SHAPE_PARAMETERS[model.shape], len(parameters.shapes)
    blocks = _pair_blocks(model, parameters, pairs, weights)
    gradients, near, knots = _single(model, parameters, weights, residual)
    tents = model.knots
    shape_knots = np.zeros((groups * m, tents.count))
    for i in range(m):
        index = (model.groups[:, None] * m + i) * tents.count + knots
        shape_knots += np.bincount(index.ravel(), near[:, 3 + i].ravel(), shape_knots.size).reshape(
            shape_knots.shape
        )
    starts = np.arange(3 * atoms + 1) * knots.shape[1]
    columns = np.repeat(knots, 3, axis=0).ravel()
    size = (3 * atoms, tents.count)
    shape_gradient = neighbours_sum(gradients[:, 3:], model.groups, groups)
    return Equations(
        pairs,
        blocks[:, :3, :3],
        sparse.csr_array((near[:, :3].ravel(), columns, starts), shape=size),
        _atoms_by_shapes(blocks, pairs, model.groups, groups),
        tents.products(weights),
        shape_knots.T,
        _shapes_by_shapes(blocks, pairs, model.groups, groups),
        np.concatenate([gradients[:, :3].ravel(), tents.project(residual), shape_gradient.ravel()]),
    )


def _pair_blocks(model: Model, parameters: Parameters, pairs: Pairs, weights: Floats) -> Floats:
    """Return the matrix of both atoms' parameters of each pair, shape (pair, 3 + m, 3 + m)."""
    reach, m = model.pair_reach(parameters), SHAPE_PARAMETERS[model.shape]
    precision = model.precision(parameters)
    blocks = np.empty((len(pairs.first), 3 + m, 3 + m))
    for chunk in chunks(len(pairs.first), reach):
        both = [pairs.first[chunk], pairs.second[chunk]]
        positions = [parameters.positions[one] for one in both]
        height, centre, product = multiply(*((p, precision[one]) for p, one in zip(positions, both, strict=True)))
        squares = Squares.around(centre, reach, weights.shape)
        under = gaussians(squares, centre, product)
        under *= squares.cut(weights)
        moments = product_moments(under) * height[:, None, None]
        left, right = (
            derivatives(model.shape, parameters.amplitudes[one], precision[one], squares.from_middle(p))
            for p, one in zip(positions, both, strict=True)
        )
        blocks[chunk] = left @ moments @ right.transpose(0, 2, 1)
    return blocks


def _single(
    model: Model, parameters: Parameters, weights: Floats, residual: Floats
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return each atom's gradient (atom, 3 + m), its products with the tents near it, and which those are."""
    reach, precision = model.reach(parameters), model.precision(parameters)
    gradients, products, knots = [], [], []
    for chunk in chunks(len(model.groups), reach):
        positions = parameters.positions[chunk]
        squares = Squares.around(positions, reach, weights.shape)
        peaks = gaussians(squares, positions, precision[chunk])
        slopes = derivatives(
            model.shape, parameters.amplitudes[chunk], precision[chunk], squares.from_middle(positions)
        )
        moments = first_moments(peaks * squares.cut(residual))
        gradients.append((slopes @ moments[:, :, None])[:, :, 0])
        peaks *= squares.cut(weights)
        near, which = model.knots.moments_near(peaks, squares)
        products.append(slopes @ near)
        knots.append(which)
    return np.concatenate(gradients), np.concatenate(products), np.concatenate(knots)


def _atoms_by_shapes(blocks: Floats, pairs: Pairs, groups: NDArray[np.intp], count: int) -> Floats:
    m, others = blocks.shape[1] - 3, slice(pairs.atoms, None)
    to_second = neighbours_sum(blocks[:, :3, 3:], pairs.first * count + groups[pairs.second], pairs.atoms * count)
    mirrored = blocks[others, 3:, :3].transpose(0, 2, 1)
    index = pairs.second[others] * count + groups[pairs.first[others]]
    sums = to_second + neighbours_sum(mirrored, index, pairs.atoms * count)
    return sums.reshape(pairs.atoms, count, 3, m).transpose(0, 2, 1, 3).reshape(3 * pairs.atoms, count * m)


def _shapes_by_shapes(blocks: Floats, pairs: Pairs, groups: NDArray[np.intp], count: int) -> Floats:
    m, others = blocks.shape[1] - 3, slice(pairs.atoms, None)
    index = groups[pairs.first] * count + groups[pairs.second]
    mirrored = groups[pairs.second[others]] * count + groups[pairs.first[others]]
    sums = neighbours_sum(blocks[:, 3:, 3:], index, count * count)
    sums += neighbours_sum(blocks[others, 3:, 3:].transpose(0, 2, 1), mirrored, count * count)
    return sums.reshape(count, count, m, m).transpose(0, 2, 1, 3).reshape(count * m, count * m)
