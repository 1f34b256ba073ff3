import numpy as np
import pytest
from scipy.spatial import KDTree

from napari_strata.config import SimulationConfig
from napari_strata.simulate.scene import SimulatedImage, simulate_image


def aligned(material: str, seed: int, part: float = 1.0) -> SimulatedImage:
    config = SimulationConfig.parse(
        {
            "material": material,
            "stacking": {"aligned": part},
            "defects": {"displacement": (0, 0), "vacancies": (0, 0)},
            "scan": {"affine": 0, "distortion": 0, "jitter": 0},
        }
    )
    return simulate_image(config, size=96, pixel_size=0.2, rng=np.random.default_rng(seed))


def gaps(scene: SimulatedImage) -> np.ndarray:
    """Return how far each column of the upper layer is from the nearest one below [Å]."""
    return KDTree(scene.positions[0]).query(scene.positions[1])[0] * 0.2


def test_aligned_layers_are_turned_by_0_or_60_degrees():
    twists = {round(aligned("MoS2", seed).parameters["twist"][0]) for seed in range(12)}
    assert twists == {0, 60}


def test_columns_of_aligned_layers_lie_over_columns_or_over_gaps():
    bond = 3.160 / np.sqrt(3)
    kinds = set()
    for seed in range(16):
        scene = aligned("MoS2", seed)
        inside = (np.abs(scene.positions[1] - 47.5) < 40).all(axis=1)
        distances = gaps(scene)[inside]
        over_columns = distances < 1e-6
        assert distances[~over_columns] == pytest.approx(bond, abs=1e-3)
        assert over_columns.mean() == pytest.approx(1 if over_columns.all() else 0.5, abs=0.1)
        kinds.add((round(scene.parameters["twist"][0]), bool(over_columns.all())))
    assert kinds == {(0, True), (0, False), (60, True), (60, False)}


def test_crystals_that_are_not_hexagonal_lie_as_they_would():
    assert np.array_equal(aligned("SrTiO3-001", 0).image, aligned("SrTiO3-001", 0, part=0.0).image)


def test_aligned_layers_change_nothing_but_how_they_lie():
    plain, laid = aligned("MoS2", 3, part=0.0), aligned("MoS2", 3)
    assert plain.parameters["probe"] == laid.parameters["probe"]
    assert plain.parameters["dose"] == laid.parameters["dose"]
    assert np.array_equal(plain.positions[0], laid.positions[0])
