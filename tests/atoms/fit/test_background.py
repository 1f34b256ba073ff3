import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.atoms.fit.background import Knots
from napari_strata.atoms.fit.polynomials import MONOMIALS
from napari_strata.atoms.fit.squares import Squares

SHAPE = (23, 41)
KNOTS = Knots.every(9, SHAPE)


def tents():
    """Draw every tent by itself, shape (knot, y, x)."""
    return np.array([KNOTS.draw(row) for row in np.eye(KNOTS.count)])


def test_knots_lie_on_both_borders():
    assert KNOTS.counts == (3, 5)
    np.testing.assert_allclose(KNOTS.spacing, [11, 10])


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-100, 100))
def test_a_plane_is_drawn_exactly(down, right, level):
    y, x = np.meshgrid(np.linspace(0, 22, 3), np.linspace(0, 40, 5), indexing="ij")
    drawn = KNOTS.draw((level + down * y + right * x).ravel())
    rows, columns = np.mgrid[:23, :41]
    np.testing.assert_allclose(drawn, level + down * rows + right * columns, atol=1e-9)
    points = np.array([[3.3, 7.7], [21.5, 39.5]])
    at = KNOTS.at((level + down * y + right * x).ravel(), points)
    np.testing.assert_allclose(at, level + points @ [down, right], atol=1e-9)


def test_sums_and_products_are_those_of_the_drawn_tents():
    image = np.random.default_rng(0).uniform(size=SHAPE)
    drawn = tents()
    np.testing.assert_allclose(KNOTS.project(image), (drawn * image).sum(axis=(1, 2)))
    products = np.einsum("kyx,yx,lyx->kl", drawn, image, drawn)
    np.testing.assert_allclose(KNOTS.products(image).toarray(), products, atol=1e-12)


def test_moments_near_a_square_are_those_of_the_drawn_tents():
    points = np.array([[2.0, 3.0], [12.0, 20.0], [22.0, 40.0]])
    squares = Squares.around(points, 4, SHAPE)
    values = np.random.default_rng(1).uniform(size=(3, 9, 9))
    moments, knots = KNOTS.moments_near(values, squares)
    y, x = squares.axes
    for index in range(3):
        cut = tents()[:, *(slice(c, c + 9) for c in squares.corners[index])]
        for row, (a, b) in enumerate(MONOMIALS):
            expected = (cut * values[index] * np.multiply.outer(y**a, x**b)).sum(axis=(1, 2))
            sums = np.zeros(KNOTS.count)
            np.add.at(sums, knots[index], moments[index, row])
            np.testing.assert_allclose(sums, expected, atol=1e-9)


def test_beyond_the_image_the_background_stays_as_at_its_border():
    heights = np.arange(15.0)
    assert KNOTS.at(heights, np.array([[-3.0, -2.0]]))[0] == pytest.approx(0)
    assert KNOTS.at(heights, np.array([[30.0, 50.0]]))[0] == pytest.approx(14)
