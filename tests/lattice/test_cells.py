import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattices import HONEYCOMB, cell
from napari_strata.lattice.cells import (
    UnitCell,
    conventional,
    family_of,
    fold,
    is_honeycomb,
    reduce_vectors,
    with_usual_origin,
)

ANGLES = st.floats(-180, 180)
WHOLE = st.integers(-3, 3)


@pytest.mark.parametrize(
    ("vectors", "family"),
    [
        (cell(2.46), "hexagonal"),
        (cell(2.46, gamma=60), "hexagonal"),
        (cell(3.9, gamma=90), "square"),
        (cell(3.0, 4.2, 90), "rectangular"),
        (cell(3.0, 4.2, 105), "oblique"),
    ],
)
def test_the_family_follows_from_the_shape(vectors: np.ndarray, family: str) -> None:
    assert family_of(vectors) == family


def test_a_stretched_hexagonal_cell_is_still_hexagonal() -> None:
    assert family_of(cell(2.46, affine=np.diag([1.04, 0.96]))) == "hexagonal"


@given(angle=ANGLES, i=WHOLE, j=WHOLE)
def test_any_vectors_of_a_hexagonal_lattice_give_the_same_conventional_ones(angle: float, i: int, j: int) -> None:
    a, b = cell(2.46, angle=angle)
    sheared = np.array([a + i * b, j * (a + i * b) + b])
    found = conventional(sheared, "hexagonal")
    assert np.hypot(*found.T) == pytest.approx(2.46)
    assert found[0] @ found[1] == pytest.approx(-(2.46**2) / 2)
    turned = np.degrees(np.arctan2(*found[0]))
    assert abs(turned) <= 30 + 1e-6
    assert fold(turned - angle, 60) == pytest.approx(0, abs=1e-6)


@given(angle=ANGLES, i=WHOLE)
def test_reduced_vectors_are_the_shortest(angle: float, i: int) -> None:
    a, b = cell(3.0, 4.2, 100, angle=angle)
    assert np.hypot(*reduce_vectors(np.array([a, b + i * a])).T) == pytest.approx([3.0, 4.2])


def test_the_origin_of_a_honeycomb_is_the_centre_of_a_hexagon() -> None:
    sites = np.add(HONEYCOMB, [0.17, 0.4])
    assert with_usual_origin(sites % 1, "hexagonal") == pytest.approx(np.array(HONEYCOMB))
    assert with_usual_origin(sites[::-1] % 1, "hexagonal") == pytest.approx(np.array(HONEYCOMB))


def test_other_sites_begin_at_the_first() -> None:
    assert with_usual_origin(np.array([[0.2, 0.3], [0.7, 0.8]]), "square") == pytest.approx(
        np.array([[0, 0], [0.5, 0.5]])
    )


def test_a_honeycomb_has_two_sites_a_bond_apart() -> None:
    assert is_honeycomb(UnitCell(cell(2.46), np.array(HONEYCOMB), "hexagonal"))
    assert not is_honeycomb(UnitCell(cell(2.46), np.zeros((1, 2)), "hexagonal"))
    assert not is_honeycomb(UnitCell(cell(2.46), np.array([[0, 0], [0.5, 0.5]]), "hexagonal"))
