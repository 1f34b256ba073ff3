import numpy as np
import pytest
from scipy.spatial import KDTree

from napari_strata.config import SimulationConfig
from napari_strata.config.base import Config
from napari_strata.config.ranges import Limits
from napari_strata.simulate.crystals import CRYSTALS
from napari_strata.simulate.layers import Layer
from napari_strata.simulate.probes import GaussianProbe
from napari_strata.simulate.rendering import Shining, render
from napari_strata.simulate.scene import simulate_image

QUIET = {
    "defects": {"displacement": (0, 0), "vacancies": (0, 0)},
    "scan": {"affine": 0, "distortion": 0, "jitter": 0},
    "contamination": {"background": (0, 0)},
}


def still(**changes: object) -> SimulationConfig:
    """Return ranges without any disorder, but for some changes; those of sections are added to theirs."""
    parts = {
        name: QUIET.get(name, {}) | value if isinstance(value, dict) else value for name, value in changes.items()
    }
    return SimulationConfig.parse(QUIET | parts)


STILL = still()


def simulate(config: SimulationConfig = STILL, *, size: int = 128, pixel_size: float = 0.2, seed: int = 0):
    return simulate_image(config, size=size, pixel_size=pixel_size, rng=np.random.default_rng(seed))


def test_graphene_has_bonds_of_1_42_and_ws2_of_1_82_angstrom():
    for material, bond in (("graphene", 1.4203), ("WS2", 1.8204)):
        crystal = CRYSTALS[material]
        assert np.linalg.norm((crystal.basis[1] - crystal.basis[0]) @ crystal.lattice) == pytest.approx(
            bond, abs=1e-4
        )


def test_every_interior_atom_has_three_bonds_of_equal_length():
    atoms = Layer(CRYSTALS["graphene"], 17, np.array([0.3, 0.7]), np.zeros((2, 2))).fill(12)
    interior = atoms.positions[(np.abs(atoms.positions) < 9).all(axis=1)]
    distance = np.linalg.norm(interior[:, None] - atoms.positions, axis=-1)
    assert np.sort(distance, axis=1)[:, 1:4] == pytest.approx(np.full((len(interior), 3), 1.42028), abs=1e-4)


def test_the_number_of_atoms_is_area_over_cell_area():
    atoms = simulate(size=512).atoms
    expected = (512 * 0.2) ** 2 / (2.46**2 * np.sqrt(3) / 2) * 2
    assert atoms.groupby("layer").size().to_numpy() == pytest.approx(expected, rel=0.02)


def test_the_same_seed_gives_the_same_image_and_another_seed_another():
    config = SimulationConfig()
    first, again, other = simulate(config, seed=3), simulate(config, seed=3), simulate(config, seed=4)
    assert np.array_equal(first.image, again.image)
    assert first.parameters == again.parameters
    assert not np.array_equal(first.image, other.image)


def test_the_twist_is_that_of_the_truth():
    scene = simulate(SimulationConfig(twist=(12, 12)))
    assert np.abs(scene.parameters["twist"]) == pytest.approx([12])


def test_every_layer_has_a_disorder_of_its_own():
    config = still(twist=(0, 0), defects={"displacement": (0.1, 0.1)})
    first, second = (
        np.round(KDTree(positions).query(positions, k=4)[0][:, 1:], 7) for positions in simulate(config).positions
    )
    # the same displacements in both layers would give both the same bonds, wherever the layers lie
    assert np.isin(first, second).mean() < 0.05


def test_an_atom_is_rendered_at_its_sub_pixel_position():
    image = render([Shining(np.array([[20.3, 31.6]]), np.ones(1))], 64, 0.2, GaussianProbe(0.5, 0.0, 2.0))
    rows, columns = np.indices(image.shape)
    centre = np.array([(image * rows).sum(), (image * columns).sum()]) / image.sum()
    assert centre == pytest.approx([20.3, 31.6], abs=1e-4)
    assert image.sum() == pytest.approx(2 * np.pi * 2.5**2, rel=1e-4)


def test_a_large_image_rendered_in_tiles_equals_the_sum_of_gaussians():
    positions = np.array([[255.4, 100.0], [256.2, 300.5], [511.9, 7.1]])
    probe = GaussianProbe(0.4, 0.3, 2.5)
    image = render([Shining(positions, np.ones(3))], 520, 0.2, probe)
    rows, columns = np.indices(image.shape)
    squared = [(rows - y) ** 2 + (columns - x) ** 2 for y, x in positions]
    expected = sum(0.7 * np.exp(-s / (2 * 2**2)) + 0.3 / 2.5**2 * np.exp(-s / (2 * 5**2)) for s in squared)
    assert np.abs(image - expected).max() < 1e-6


def test_the_centre_of_every_atom_lies_in_its_own_disk():
    scene = simulate(SimulationConfig(material="WS2"))
    inside = scene.atoms[
        (scene.atoms[["y_px", "x_px"]] < 127).all(axis=1) & (scene.atoms[["y_px", "x_px"]] > 0).all(axis=1)
    ]
    rows, columns = (np.rint(inside[c]).astype(int) for c in ("y_px", "x_px"))
    codes = scene.labels[inside["layer"], rows, columns]
    assert (codes == inside["species"].map({"W": 2, "S": 3})).all()


def test_disks_have_the_stated_radius():
    scene = simulate(still(mask_radius=0.53), size=512, pixel_size=0.05)
    expected = np.pi * 0.53**2 * 2 / (2.46**2 * np.sqrt(3) / 2)
    assert (scene.labels[0] == 2).mean() == pytest.approx(expected, rel=0.02)


def test_sulphur_is_dimmer_than_tungsten():
    scene = simulate(still(material="WS2", layers=1, dose=(1e5, 1e5), probe={"sigma": (0.3, 0.3)}))
    means = [scene.image[scene.labels[0] == code].mean() for code in (2, 3)]
    assert scene.classes == ("W", "S")
    assert means[1] < 0.6 * means[0]


def test_shot_noise_has_the_variance_of_its_mean():
    scene = simulate(still(dose=(50, 50), probe={"sigma": (5, 5)}, layers=1))
    centre = scene.image[48:80, 48:80]  # far from the edge, where fewer neighbours shine
    assert centre.var() == pytest.approx(centre.mean(), rel=0.15)


def test_the_dose_is_stated_for_pixels_of_a_fifth_of_an_angstrom():
    config = still(dose=(50, 50), probe={"sigma": (5, 5)}, layers=1)
    assert simulate(config, pixel_size=0.1, size=256).image.mean() == pytest.approx(
        simulate(config, pixel_size=0.2, size=128).image.mean() / 4, rel=0.02
    )


def test_vacancies_leave_atoms_out_of_image_and_truth():
    full = len(simulate(size=256).atoms)
    assert len(simulate(still(defects={"vacancies": (0.1, 0.1)}), size=256).atoms) == pytest.approx(
        0.9 * full, rel=0.02
    )


def test_distortion_moves_truth_and_image_together():
    config = still(
        scan={"affine": 0.05, "distortion": 0.5},
        layers=1,
        dose=(1e6, 1e6),
        probe={"sigma": (0.25, 0.25), "tail_fraction": (0, 0)},
    )
    scene = simulate(config, size=256, pixel_size=0.1)
    atoms = scene.atoms[["y_px", "x_px"]].to_numpy()
    atoms = atoms[((atoms > 8) & (atoms < 247)).all(axis=1)]
    steps = np.stack(np.meshgrid(*[np.arange(-5, 6)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    window = np.rint(atoms).astype(int)[:, None] + steps
    weight = scene.image[window[..., 0], window[..., 1]] ** 2
    centroid = (window * weight[..., None]).sum(1) / weight.sum(1, keepdims=True)
    assert np.abs((centroid - atoms).mean(axis=0)).max() < 0.02
    assert np.sqrt(((centroid - atoms) ** 2).mean()) < 0.2


@pytest.mark.parametrize("kind", ["width", "optics"])
@pytest.mark.parametrize("end", ["lowest", "highest"])
def test_ranges_at_their_limits_can_be_simulated(end: str, kind: str):
    settings = _at_limits(SimulationConfig, "ge" if end == "lowest" else "le")
    settings["stacking"]["layer_contrast"] = (1, 1)
    settings["probe"]["kind"] = kind
    settings["detector"]["offset"] = (0, 0)
    for size, pixel_size in ((16, 0.01 if kind == "width" else 0.05), (32, 0.2), (32, 2.0)):
        scene = simulate(SimulationConfig.parse(settings), size=size, pixel_size=pixel_size)
        assert np.isfinite(scene.image).all()
        assert scene.image.min() >= 0


def _at_limits(config_class: type[Config], end: str) -> dict[str, object]:
    """Return every range at one of its limits."""
    settings = {}
    for name, field in config_class.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Config):
            settings[name] = _at_limits(field.annotation, end)
        for bound in field.metadata:
            if isinstance(bound, Limits):
                settings[name] = (getattr(bound, end),) * 2
    return settings
