import json
from collections import Counter

import numpy as np
import pytest

from napari_strata.config import SimulationConfig
from napari_strata.errors import ConfigError
from napari_strata.simulate.classes import class_names, kind_of
from napari_strata.simulate.crystal_choice import crystals_of, draw_crystals
from napari_strata.simulate.crystals import CRYSTALS, Crystal
from napari_strata.simulate.layers import shortest_distance
from napari_strata.simulate.random_crystals import APART, EDGES, draw_random_crystal
from napari_strata.simulate.scene import SimulatedImage, simulate_image

MX2 = ("MoS2", "WS2", "MoSe2", "WSe2")
ORDERED = {
    "defects": {"displacement": (0, 0), "vacancies": (0, 0)},
    "scan": {"affine": 0, "distortion": 0, "jitter": 0},
    "contamination": {"background": (0, 0)},
}


def settings(**changes: object) -> SimulationConfig:
    return SimulationConfig.parse(ORDERED | changes)


def simulate(config: SimulationConfig, *, seed: int = 0, size: int = 96) -> SimulatedImage:
    return simulate_image(config, size=size, pixel_size=0.2, rng=np.random.default_rng(seed))


def drawn(config: SimulationConfig, count: int = 400) -> list[tuple[str, ...]]:
    return [draw_crystals(config, np.random.default_rng([1, i])).names for i in range(count)]


def test_every_image_draws_each_of_the_crystals_as_often():
    counts = Counter(drawn(settings(crystal={"any_of": MX2})))
    assert set(counts) == {(name, name) for name in MX2}
    assert min(counts.values()) > 70  # of 100 expected


def test_mixed_layers_draw_a_crystal_each():
    names = drawn(settings(crystal={"any_of": MX2, "mixed": 0.5}))
    assert np.mean([lower != upper for lower, upper in names]) == pytest.approx(0.5 * 3 / 4, abs=0.08)


def test_upper_layers_that_are_named_lie_on_whichever_is_drawn():
    names = drawn(settings(crystal={"any_of": ["MoS2", "WS2"], "mixed": 1, "upper": ["graphene"]}), 40)
    assert set(names) == {("MoS2", "graphene"), ("WS2", "graphene")}


def test_an_image_of_one_of_one_crystal_is_that_of_the_material():
    one = simulate(SimulationConfig(material="WS2"))
    same = simulate(SimulationConfig.parse({"crystal": {"any_of": ["WS2"]}}))
    assert np.array_equal(one.image, same.image)
    assert np.array_equal(one.labels, same.labels)
    assert one.parameters == same.parameters


def test_default_images_are_what_they_were_before_crystals_were_drawn():
    scene = simulate_image(SimulationConfig(), size=128, pixel_size=0.2, rng=np.random.default_rng([3, 0]))
    assert scene.image.sum() == 62009
    assert scene.positions[0][0] == pytest.approx([-19.46619854, -18.82920982])
    assert len(scene.atoms) == 503


def test_the_same_seed_draws_the_same_crystals():
    config = settings(layers=1, classes="columns", crystal={"any_of": ["random", "MoS2"]})
    first, again = (simulate(config, seed=4) for _ in range(2))
    assert np.array_equal(first.image, again.image)
    assert first.parameters == again.parameters
    other = simulate(config, seed=5)
    assert first.parameters["crystals"] != other.parameters["crystals"]


def test_what_was_drawn_is_told_and_fit_for_json():
    config = settings(layers=1, classes="columns", crystal={"any_of": ["random"]})
    parameters = json.loads(json.dumps(simulate(config).parameters))
    (crystal,) = parameters["crystals"]
    assert parameters["material"] == crystal["name"] == "random"
    assert len(crystal["basis"]) == len(crystal["columns"])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"crystal": {"any_of": MX2}}, ("metal", "chalcogen")),
        ({"crystal": {"any_of": [*MX2, "WSSe-Janus", "WSSe-alloy"]}}, ("metal", "chalcogen")),
        ({"material": "MoS2", "defects": {"dopants": ["V for Mo 0.1", "Se for S 0.1"]}}, ("metal", "chalcogen")),
        ({"material": "SrTiO3-001"}, ("metal", "metal/chalcogen", "chalcogen")),
        ({"material": "MoS2", "crystal": {"upper": ["graphene"]}}, ("metal", "chalcogen", "C")),
        ({"material": "MoS2", "defects": {"adatoms": ["Si 0.5"]}}, ("metal", "chalcogen", "Si")),
    ],
)
def test_classes_by_kind_are_the_same_for_all_elements_of_a_kind(changes, expected):
    assert class_names(settings(classes="kinds", **changes)) == expected


def test_classes_by_element_are_those_of_all_crystals_that_may_be_drawn():
    assert class_names(settings(crystal={"any_of": MX2})) == ("Mo", "S", "W", "Se")


def test_the_truth_of_a_mixed_draw_names_metals_and_chalcogens():
    config = settings(classes="kinds", crystal={"any_of": [*MX2, "WSSe-Janus", "WSSe-alloy"], "mixed": 0.5})
    for seed in range(8):
        scene = simulate(config, seed=seed)
        found = [sorted(set(group)) for _, group in scene.atoms.groupby("layer")["species"]]
        assert found == [["chalcogen", "metal"]] * 2
        metals = [(codes == 2).sum() for codes in scene.codes]
        cells = [(96 * 0.2) ** 2 / CRYSTALS[one["name"]].area for one in scene.parameters["crystals"]]
        inside = scene.atoms[scene.atoms["species"] == "metal"].groupby("layer").size()
        assert inside.to_numpy() == pytest.approx(cells, rel=0.1)
        assert min(metals) >= inside.min()


def test_elements_are_metals_chalcogens_or_themselves():
    assert [kind_of(element) for element in ("W", "V", "Se", "Te", "O", "C", "Si")] == [
        "metal", "metal", "chalcogen", "chalcogen", "chalcogen", "C", "Si",
    ]  # fmt: skip


def test_every_column_of_any_crystal_is_a_column():
    config = settings(layers=1, classes="columns", crystal={"any_of": [*CRYSTALS, "random"]})
    assert class_names(config) == ("column",)
    for seed in range(12):
        scene = simulate(config, seed=seed)
        assert set(scene.atoms["species"]) == {"column"}
        assert set(np.unique(scene.labels)) == {1, 2}


def test_random_crystals_keep_their_columns_apart():
    for seed in range(200):
        crystal = draw_random_crystal(np.random.default_rng(seed))
        assert 1 <= len(crystal.basis) == len(crystal.columns) <= 4
        assert shortest_distance(crystal) >= APART
        edges = np.linalg.norm(crystal.lattice, axis=1)
        assert EDGES[0] <= edges.min() <= edges.max() <= EDGES[1]


def test_random_crystals_have_one_to_four_columns_and_differ_in_brightness():
    crystals = [draw_random_crystal(np.random.default_rng(seed)) for seed in range(200)]
    assert {len(crystal.basis) for crystal in crystals} == {1, 2, 3, 4}
    assert len({crystal.columns for crystal in crystals}) > 100
    assert np.mean([len(crystal.basis) == 1 for crystal in crystals]) == pytest.approx(0.5, abs=0.1)


def test_random_crystals_have_cells_of_all_plane_lattices():
    cells = [cell_of(draw_random_crystal(np.random.default_rng(seed))) for seed in range(200)]
    square = [(a, b, angle) for a, b, angle in cells if a == b and angle == 90]
    hexagonal = [(a, b, angle) for a, b, angle in cells if a == b and angle == 120]
    rectangular = [(a, b, angle) for a, b, angle in cells if a != b and angle == 90]
    rhombic = [(a, b, angle) for a, b, angle in cells if a == b and angle not in (90, 120)]
    oblique = [(a, b, angle) for a, b, angle in cells if a != b and angle != 90]
    for kind in (square, hexagonal, rectangular, rhombic, oblique):
        assert 25 <= len(kind) <= 60
    small = np.mean([a < 14**0.5 for a, _, _ in cells])
    assert small == pytest.approx(0.5, abs=0.1)


def cell_of(crystal: Crystal) -> tuple[float, float, float]:
    """Return both edges [Å] and the angle between them [degrees] of a crystal's cell."""
    first, second = crystal.lattice
    lengths = np.linalg.norm(crystal.lattice, axis=1)
    angle = np.rad2deg(np.arccos(first @ second / lengths.prod()))
    return (round(float(lengths[0]), 6), round(float(lengths[1]), 6), round(float(angle), 6))


def test_random_crystals_have_no_elements_to_name():
    with pytest.raises(ConfigError, match="choose columns"):
        settings(crystal={"any_of": ["random"]})


def test_a_crystal_is_drawn_or_read_from_a_file():
    with pytest.raises(ConfigError, match="leave one of them empty"):
        settings(crystal={"any_of": ["MoS2"], "cif": "some.cif"})


def test_crystals_that_every_image_draws_are_not_known():
    with pytest.raises(ConfigError, match="MoS2 or WS2"):
        crystals_of(settings(crystal={"any_of": ["MoS2", "WS2"]}))


@pytest.mark.parametrize(
    ("any_of", "words"),
    [
        (["WS2"], "WS2"),
        (["MoS2", "WS2", "WSe2"], "MoS2, WS2 or WSe2"),
        ([*CRYSTALS, "random", "random"], "11 crystals and random ones"),
    ],
)
def test_what_is_drawn_has_words(any_of: list[str], words: str):
    assert settings(classes="columns", crystal={"any_of": any_of}).subject == words


def test_columns_that_are_too_faint_are_neither_atoms_nor_background():
    config = settings(material="SrTiO3-001", layers=1, faintest=0.1)
    scene, whole = (simulate(one) for one in (config, config.model_copy(update={"faintest": 0.0})))
    assert set(scene.atoms["species"]) == {"Sr", "Ti/O"}  # (8 / 38)^1.7 = 0.07
    assert np.array_equal(scene.image, whole.image)
    assert np.array_equal(scene.labels == 0, whole.labels == whole.classes.index("O") + 2)
