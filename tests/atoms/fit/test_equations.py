"""The normal equations beside derivatives taken by differences, one parameter at a time."""

from dataclasses import replace

import numpy as np
import pytest

from napari_strata.atoms.fit.background import Knots
from napari_strata.atoms.fit.equations import assemble
from napari_strata.atoms.fit.model import Model, Parameters
from napari_strata.atoms.fit.neighbours import Pairs
from napari_strata.atoms.fit.solver import Solver

SHAPE = (34, 29)
POSITIONS = np.array([[4.3, 6.1], [9.2, 9.4], [12.6, 20.2], [20.1, 12.7], [27.5, 24.4], [33.2, 3.1]])


def scene(shape):
    groups = np.array([0, 1, 0, 1, 0, 0])
    precisions = np.array([[0.3], [0.4]]) if shape == "round" else np.array([[0.3, 0.05, 0.35], [0.4, -0.08, 0.3]])
    knots = Knots.every(14, SHAPE)
    background = 2 + np.arange(knots.count) / 3
    parameters = Parameters(POSITIONS, np.array([20.0, 30, 25, 40, 35, 30]), precisions, background)
    return Model(shape, groups, knots, np.zeros(SHAPE)), parameters


def slopes(model, parameters):
    """Differentiate the drawn image by every parameter, shape (parameter, pixel)."""
    rows = []
    for atom in range(len(POSITIONS)):
        for axis in (0, 1):
            rows.append(difference(model, parameters, "positions", (atom, axis)))
        rows.append(difference(model, parameters, "amplitudes", (atom,)))
    for name in ("background", "shapes"):
        rows += [
            difference(model, parameters, name, index) for index in np.ndindex(getattr(parameters, name).shape)
        ]
    return np.array(rows)


def difference(model, parameters, name, index, step=1e-5):
    sides = []
    for sign in (1, -1):
        values = getattr(parameters, name).copy()
        values[index] += sign * step
        sides.append(model.draw(replace(parameters, **{name: values})))
    return (sides[0] - sides[1]).ravel() / (2 * step)


def dense(equations):
    first, second = equations.splits
    matrix = np.zeros((len(equations.gradient),) * 2)
    matrix[:first, :first] = equations.pairs.matrix(equations.blocks).toarray()
    matrix[:first, first:second] = equations.atoms_knots.toarray()
    matrix[:first, second:] = equations.atoms_shapes
    matrix[first:second, first:second] = equations.knots.toarray()
    matrix[first:second, second:] = equations.knots_shapes
    matrix[second:, second:] = equations.shapes
    return np.triu(matrix) + np.triu(matrix, 1).T


@pytest.mark.parametrize("shape", ["round", "elliptical"])
def test_the_normal_equations_are_those_of_the_differentiated_image(shape):
    model, parameters = scene(shape)
    rng = np.random.default_rng(0)
    weights, residual = rng.uniform(0.5, 1.5, SHAPE), rng.normal(0, 1, SHAPE)
    equations = assemble(model, parameters, Pairs.within(POSITIONS, 100), weights, residual)
    rows = slopes(model, parameters)
    expected = (rows * weights.ravel()) @ rows.T
    scale = 1 / np.sqrt(np.diag(expected))
    np.testing.assert_allclose(
        dense(equations) * np.outer(scale, scale), expected * np.outer(scale, scale), atol=2e-4
    )
    np.testing.assert_allclose(equations.gradient * scale, rows @ residual.ravel() * scale, atol=1e-4)


def test_conjugate_gradients_solve_for_what_is_free_and_hold_the_rest():
    model, parameters = scene("round")
    weights = np.ones(SHAPE)
    equations = assemble(model, parameters, Pairs.within(POSITIONS, 100), weights, weights)
    free = np.ones(len(equations.gradient), bool)
    free[[0, 1, 7]] = False
    damping = np.full(len(free), 1e-3)
    solved = Solver(equations, damping, free).solve(equations.gradient, tolerance=1e-9)
    matrix = dense(equations)
    matrix += np.diag(damping * np.diag(matrix))
    expected = np.linalg.solve(matrix[np.ix_(free, free)], equations.gradient[free])
    np.testing.assert_allclose(solved[free], expected, rtol=1e-5, atol=1e-8)
    assert (solved[~free] == 0).all()


def test_fixed_atoms_stay_in_the_image():
    model, parameters = scene("round")
    some = np.array([1, 4])
    part = model.only(some, parameters)
    kept = replace(parameters, positions=POSITIONS[some], amplitudes=parameters.amplitudes[some])
    np.testing.assert_allclose(part.draw(kept), model.draw(parameters), atol=1e-10)


def test_three_of_its_pixels_noise_go_into_an_atom():
    model, parameters = scene("round")
    leverage = replace(model, groups=np.zeros(1, np.intp)).leverage(
        replace(parameters, positions=np.array([[17.2, 14.4]]), amplitudes=np.ones(1))
    )
    assert leverage.sum() == pytest.approx(3, rel=1e-3)
