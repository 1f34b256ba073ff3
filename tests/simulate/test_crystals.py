import numpy as np
import pytest

from napari_strata.config.crystal import Material
from napari_strata.errors import ConfigError
from napari_strata.simulate.crystals import CRYSTALS, Crystal, atomic_number
from napari_strata.simulate.layers import shortest_distance


@pytest.mark.parametrize(
    ("material", "distance"),
    [
        ("graphene", 1.4203),
        ("hBN", 1.4457),
        ("MoS2", 1.8244),
        ("WS2", 1.8204),
        ("MoSe2", 1.8989),
        ("WSe2", 1.8949),
        ("WSSe-Janus", 1.8576),
        ("WSSe-alloy", 1.8576),
        ("SrTiO3-001", 1.9525),
        ("Si-110", 1.3578),
        ("Au-110", 2.4976),
    ],
)
def test_neighbouring_columns_are_as_far_apart_as_the_lattice_constant_says(material: Material, distance: float):
    assert shortest_distance(CRYSTALS[material]) == pytest.approx(distance, abs=1e-4)


def columns_per_area(crystal: Crystal) -> float:
    return len(crystal.columns) / crystal.area


@pytest.mark.parametrize(
    ("material", "density"),
    [
        ("graphene", 2 / (2.46**2 * np.sqrt(3) / 2)),
        ("SrTiO3-001", 4 / 3.905**2),
        ("Si-110", 4 / (5.431 * 5.431 / np.sqrt(2))),
        ("Au-110", 2 / (4.0786 * 4.0786 / np.sqrt(2))),
    ],
)
def test_columns_have_the_density_of_the_crystal(material: Material, density: float):
    assert columns_per_area(CRYSTALS[material]) == pytest.approx(density)


def test_the_dumbbells_of_silicon_lie_along_001():
    silicon = CRYSTALS["Si-110"]
    dumbbell = (silicon.basis[1] - silicon.basis[0]) @ silicon.lattice
    assert dumbbell == pytest.approx([5.431 / 4, 0])


def test_columns_hold_the_atoms_of_their_crystal():
    assert CRYSTALS["SrTiO3-001"].columns == (("Sr",), ("Ti", "O"), ("O",), ("O",))
    assert CRYSTALS["MoS2"].columns == (("Mo",), ("S", "S"))
    assert CRYSTALS["WSSe-Janus"].columns == (("W",), ("Se", "S"))


def test_what_is_no_element_is_refused():
    assert atomic_number("W") == 74
    with pytest.raises(ConfigError, match="no element 'Xy'"):
        atomic_number("Xy")
