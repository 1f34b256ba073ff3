import numpy as np
import pytest

from napari_strata.config import SimulationConfig
from napari_strata.errors import ConfigError
from napari_strata.simulate.classes import class_names
from napari_strata.simulate.scene import SimulatedImage, simulate_image

CALM = {"displacement": (0, 0), "vacancies": (0, 0)}
STRAIGHT = {"affine": 0, "distortion": 0, "jitter": 0}


def simulate(*, size: int = 256, seed: int = 0, defects=(), **settings) -> SimulatedImage:
    base = {"layers": 1, "scan": STRAIGHT, "contamination": {"background": (0, 0)}}
    config = SimulationConfig.parse(base | settings | {"defects": CALM | dict(defects)})
    return simulate_image(config, size=size, pixel_size=0.25, rng=np.random.default_rng(seed))


def parts(scene: SimulatedImage) -> dict[str, float]:
    """Return the part of each species among all columns."""
    return scene.atoms["species"].value_counts(normalize=True).to_dict()


def names(**settings) -> tuple[str, ...]:
    return class_names(SimulationConfig.parse({"layers": 1} | settings))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"material": "graphene"}, ("C",)),
        ({"material": "WS2"}, ("W", "S")),
        ({"material": "hBN"}, ("N", "B")),
        ({"material": "WSSe-Janus"}, ("W", "Se/S")),
        ({"material": "WSSe-alloy"}, ("W", "S", "Se/S", "Se")),
        ({"material": "SrTiO3-001"}, ("Sr", "Ti/O", "O")),
        ({"material": "MoS2", "layers": 2, "crystal": {"upper": ["graphene"]}}, ("Mo", "S", "C")),
        ({"material": "MoS2", "defects": {"dopants": ["V for Mo 0.1"]}}, ("Mo", "V", "S")),
        ({"material": "MoS2", "defects": {"dopants": ["V for Mo 0.1"], "name_foreign": False}}, ("Mo", "S")),
        ({"material": "MoS2", "defects": {"dopants": ["V for Mo 0"]}}, ("Mo", "S")),
        ({"material": "Au-110", "crystal": {"thickness": 9}, "defects": {"dopants": ["Cu for Au 0.1"]}},
         ("Au", "Au/Cu", "Cu")),
        ({"material": "graphene", "defects": {"adatoms": ["Si 0.5"]}}, ("C", "Si")),
    ],
)  # fmt: skip
def test_classes_are_named_by_what_columns_can_hold(settings, expected):
    assert names(**settings) == expected


def test_the_upper_layers_take_their_crystals_from_the_list_and_repeat_its_last():
    scene = simulate(material="MoS2", layers=3, crystal={"upper": ["graphene"]}, size=64)
    assert [sorted(set(group)) for _, group in scene.atoms.groupby("layer")["species"]] == [
        ["Mo", "S"],
        ["C"],
        ["C"],
    ]


def test_a_dopant_without_a_host_is_refused():
    with pytest.raises(ConfigError, match="No layer holds Se, which Te is to replace"):
        names(material="MoS2", defects={"dopants": ["Te for Se 0.1"]})


def test_vacancies_take_the_part_of_the_atoms_that_was_asked_for():
    whole = len(simulate().atoms)
    assert len(simulate(defects={"vacancies": (0.1, 0.1)}).atoms) / whole == pytest.approx(0.9, abs=0.02)


def test_a_column_is_gone_when_all_its_atoms_are():
    whole = simulate(material="MoS2").atoms["species"].value_counts()
    left = simulate(material="MoS2", defects={"vacancies": (0.3, 0.3)}).atoms["species"].value_counts()
    assert left["Mo"] / whole["Mo"] == pytest.approx(0.7, abs=0.06)
    assert left["S"] / whole["S"] == pytest.approx(1 - 0.3**2, abs=0.04)


def test_a_column_that_has_lost_half_its_atoms_is_half_as_bright():
    settings = {"material": "MoS2", "dose": (1e7, 1e7), "probe": {"sigma": (0.2, 0.2), "tail_fraction": (0, 0)}}
    scene = simulate(**settings, defects={"vacancies": (0.3, 0.3)})
    sulphur = scene.atoms[scene.atoms["species"] == "S"]
    peaks = scene.image[tuple(np.rint(sulphur[["y_px", "x_px"]].to_numpy()).astype(int).T)]
    off_centre = (sulphur[["y_px", "x_px"]] - sulphur[["y_px", "x_px"]].round()).pow(2).sum(axis=1).to_numpy()
    heights = peaks / np.exp(-off_centre * 0.25**2 / (2 * 0.2**2))
    half, whole = heights[heights < heights.max() * 0.75], heights[heights >= heights.max() * 0.75]
    assert half.mean() / whole.mean() == pytest.approx(0.5, rel=0.01)
    assert len(half) / len(heights) == pytest.approx(2 * 0.7 * 0.3 / (1 - 0.3**2), abs=0.06)


def test_dopants_take_the_part_of_the_places_that_was_asked_for():
    found = parts(simulate(material="MoS2", defects={"dopants": ["Se for S 0.2", "V for Mo 0.1"]}, size=400))
    assert found["V"] == pytest.approx(0.05, abs=0.01)
    assert found["Se/S"] == pytest.approx(0.5 * 2 * 0.2 * 0.8, abs=0.02)
    assert found["Se"] == pytest.approx(0.5 * 0.2**2, abs=0.01)


def test_an_alloy_is_random():
    found = parts(simulate(material="WSSe-alloy", crystal={"alloy": (0.5, 0.5)}, size=400))
    assert [found[name] for name in ("W", "S", "Se/S", "Se")] == pytest.approx([0.5, 0.125, 0.25, 0.125], abs=0.02)


def test_doped_columns_that_are_not_to_be_named_keep_their_names():
    defects = {"dopants": ["W for Mo 0.5"], "name_foreign": False}
    scene = simulate(material="MoS2", defects=defects)
    assert set(scene.atoms["species"]) == {"Mo", "S"}
    assert scene.parameters["dopants"] == {"W for Mo": 0.5}


def test_adatoms_have_their_density_a_class_and_the_last_layer():
    scene = simulate(layers=2, defects={"adatoms": ["Au 1.5"]}, size=400)
    gold = scene.atoms[scene.atoms["species"] == "Au"]
    assert len(gold) / 100 == pytest.approx(1.5, rel=0.25)  # (400 px * 0.25 Å)² = 100 nm²
    assert set(gold["layer"]) == {1}
    assert scene.classes == ("C", "Au")
    y, x = np.rint(gold[["y_px", "x_px"]].to_numpy()).astype(int).T
    assert (scene.labels[1, y, x] == 3).mean() > 0.95  # some lie on a column, and the nearer of both wins


def test_adatoms_without_a_class_shine_but_have_no_label():
    defects = {"adatoms": ["Au 1.5"], "name_foreign": False}
    with_gold, without = simulate(defects=defects, dose=(1e5, 1e5)), simulate(dose=(1e5, 1e5))
    assert np.array_equal(with_gold.labels, without.labels)
    assert with_gold.image.mean() < 0.5 * without.image.mean()  # gold takes the brightest pixel


def test_beyond_an_edge_one_layer_is_missing_and_beside_vacuum_all_are():
    for field, missing in (("edges", 1), ("vacuum", 2)):
        scene = simulate(layers=2, defects={field: 1.0}, seed=3)
        whole = simulate(layers=2, seed=3)
        left = [len(one) for one in scene.positions]
        lost = [n < 0.95 * len(one) for n, one in zip(left, whole.positions, strict=True)]
        assert sum(lost) == missing


def test_holes_are_empty():
    scene = simulate(defects={"holes": (4, 4), "hole_radius": (8, 8)}, size=400)
    assert scene.parameters["missing"][0]
    for hole in scene.parameters["missing"][0]:
        centre = np.array(hole["centre"]) / 0.25 + 199.5
        assert np.linalg.norm(scene.positions[0] - centre, axis=1).min() > 8 / 0.25 - 1e-6


def test_a_grain_boundary_is_told():
    (grain,) = simulate(defects={"grain_boundaries": 1, "misorientation": (20, 20)}).parameters["grains"]
    assert abs(grain["misorientation"]) == 20


def test_twenty_angstrom_of_carbon_hold_two_atoms_per_square_angstrom_where_they_cover():
    from napari_strata.simulate.contamination import scatter_carbon

    carbon = scatter_carbon(20, 0.5, 50, np.random.default_rng(0))
    assert len(carbon) == pytest.approx(0.1 * 20 * 100**2 * 0.5, rel=0.03)
    filled = np.histogram2d(*carbon.T, bins=10)[0] > 50
    assert 0.4 < filled.mean() < 0.7


def test_what_is_not_asked_for_changes_nothing_else():
    plain, doped = simulate(material="WSe2"), simulate(material="WSe2", defects={"dopants": ["Mo for W 0.3"]})
    assert np.array_equal(plain.positions[0], doped.positions[0])
