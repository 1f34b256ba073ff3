import colorsys
import itertools

import numpy as np
import pytest
from matplotlib.text import Text

from analysed import EXTENT, bilayer
from napari_strata.config import ReportConfig
from napari_strata.report.axes import bar_length
from napari_strata.report.distances import expected_bond, layer_bonds, undistorted_positions
from napari_strata.report.figure import draw_report, save_report
from napari_strata.report.mapped import measure_maps
from napari_strata.report.subject import Known, examine
from napari_strata.types import LAYER_COLOURS

STACK, TABLE = bilayer()


@pytest.fixture(scope="module")
def subject():
    return examine(STACK, TABLE, Known())


def axes_of(drawn):
    return [axes for part in drawn.figure.subfigs for axes in part.axes]


@pytest.mark.parametrize(("extent", "length", "words"), [(54.4, 10, "1 nm"), (20, 5, "5 Å"), (3.4, 1, "1 Å")])
def test_a_scale_bar_has_a_round_length(extent, length, words):
    assert bar_length(extent) == (pytest.approx(length), words)


@pytest.mark.parametrize(("columns", "millimetres"), [("one", 89), ("two", 183)])
def test_a_figure_is_as_wide_as_its_columns_and_its_text_is_large_enough(subject, columns, millimetres):
    drawn = draw_report(subject, ReportConfig(columns=columns, crystal="graphene"))
    width, height = drawn.figure.get_size_inches()
    assert width * 25.4 == pytest.approx(millimetres)
    assert height * 25.4 < 240
    texts = [one for one in drawn.figure.findobj(Text) if one.get_text() and one.get_visible()]
    assert min(one.get_fontsize() for one in texts) >= 7
    assert not any("$" in one.get_text() for one in texts)  # whose indices are smaller


def test_a_bilayer_has_image_atoms_distances_and_a_map_for_each_layer(subject):
    drawn = draw_report(subject, ReportConfig())
    letters = [axes.get_title(loc="left") for axes in axes_of(drawn)]
    assert "".join(letters) == "abcde"
    for letter in "abcde":
        assert f" {letter}, " in drawn.caption


def test_marks_lie_on_the_atoms(subject):
    drawn = draw_report(subject, ReportConfig())
    _, detail = axes_of(drawn)[:2]
    offsets = np.concatenate([np.asarray(marks.get_offsets()) for marks in detail.collections])
    assert np.allclose(offsets[:, ::-1], TABLE[["y_A", "x_A"]].to_numpy())


def test_the_pixels_lie_where_their_centres_are(subject):
    image = axes_of(draw_report(subject, ReportConfig()))[0].images[0]
    assert image.get_extent() == pytest.approx((-0.1, EXTENT - 0.1, EXTENT - 0.1, -0.1))


def test_the_expected_bond_is_marked_where_the_crystal_is_known(subject):
    names = {}
    for crystal in (None, "graphene"):
        distances = axes_of(draw_report(subject, ReportConfig(crystal=crystal)))[2]
        names[crystal] = [text.get_text() for text in distances.get_legend().get_texts()]
    assert names["graphene"][-1] == "expected, 1.42 Å"
    assert names[None] == names["graphene"][:-1]


def test_all_formats_are_written(subject, tmp_path):
    paths = save_report(draw_report(subject, ReportConfig()).figure, tmp_path)
    begin = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert {ending: path.read_bytes()[: len(begin[ending])] for ending, path in paths.items()} == begin
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figure.pdf", "figure.png", "figure.svg"]


def test_without_lattices_the_figure_ends_with_the_atoms():
    drawn = draw_report(examine(STACK, TABLE[:3], Known()), ReportConfig())
    assert [axes.get_title(loc="left") for axes in axes_of(drawn)] == ["a", "b"]


def test_no_window_and_no_global_figure_is_made(subject):
    from matplotlib import pyplot

    draw_report(subject, ReportConfig())
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize(
    ("crystal", "species", "bond"),
    [
        ("graphene", ["C"], 2.46 / 3**0.5),
        ("Au-110", ["Au"], 4.0786 * 0.375**0.5),
        ("SrTiO3-001", ["Sr", "Ti"], 3.905 * 0.5**0.5),
        ("SrTiO3-001", ["Sr", "Ti", "O"], 3.905 / 2),
        ("MoS2", ["Mo", "S 1", "S 2"], 3.160 / 3**0.5),
        ("MoS2", ["S"], 3.160),
        ("WSSe-alloy", ["Se"], (3.153 + 3.282) / 2),
    ],
)
def test_the_expected_bond_is_the_least_distance_of_located_columns(crystal, species, bond):
    assert expected_bond(crystal, species) == pytest.approx(bond)


def test_species_that_are_no_elements_of_the_crystal_expect_nothing():
    assert expected_bond("MoS2", ["atom"]) is None


def test_an_expected_bond_far_off_is_still_in_sight(subject):
    distances = axes_of(
        draw_report(examine(STACK, TABLE.assign(species="Au"), Known()), ReportConfig(crystal="Au-110"))
    )[2]
    low, high = distances.get_xlim()
    assert low <= 4.0786 * 0.375**0.5 <= high


def test_bonds_without_the_scan_s_distortion_are_those_of_the_crystal():
    stretched = TABLE.copy()
    for axis, factor in (("y", 1.03), ("x", 1 / 1.03)):
        stretched[[f"{axis}_A", f"{axis}_px"]] *= factor
    lattices = examine(type(STACK)(np.zeros((1, 140, 140), np.float32), 0.2, "moire"), stretched, Known()).lattices
    for one in layer_bonds(lattices):
        assert one.measured.std() > 0.03
        assert one.undistorted.mean() == pytest.approx(2.46 / 3**0.5, abs=0.004)
        assert one.undistorted.std() < 0.04


def test_one_layer_has_no_distortion_to_take_out():
    lattices = examine(STACK, TABLE[TABLE["layer"] == 0], Known()).lattices
    assert undistorted_positions(lattices.layers[0], lattices) is None


def test_maps_of_a_crystal_without_strain_show_little(subject):
    maps = measure_maps(subject.lattices, ReportConfig(quantity="exx"))
    assert maps.caption.endswith("as at the border, are small and grey")
    assert [one.layer for one in maps.layers] == [0, 1]
    assert np.nanmedian(np.abs(maps.layers[0].values)) < 1  # per cent, of atoms that are off by 0.02 Å
    assert maps.limits[0] == -maps.limits[1]
    lengths = measure_maps(subject.lattices, ReportConfig(quantity="displacement"))
    assert "border" not in lengths.caption
    assert np.nanmedian(lengths.layers[0].values) == pytest.approx(0.02 * (2 * np.log(2)) ** 0.5, rel=0.15)
    assert lengths.limits[0] == 0


def _seen(colour: str, matrix: np.ndarray) -> np.ndarray:
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]) ** 2.2
    return np.clip(matrix @ rgb, 0, 1) ** (1 / 2.2)


DEUTERANOPE = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
PROTANOPE = np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]])


@pytest.mark.parametrize("matrix", [DEUTERANOPE, PROTANOPE], ids=["deuteranope", "protanope"])
def test_the_first_two_layers_differ_for_colour_blind_readers(matrix):
    """Machado, Oliveira and Fernandes, IEEE TVCG 15, 1291 (2009)."""
    first, second = (_seen(colour, matrix) for colour in LAYER_COLOURS[:2])
    assert abs(colorsys.rgb_to_hsv(*first)[0] - colorsys.rgb_to_hsv(*second)[0]) > 0.3
    seen = [_seen(colour, matrix) for colour in LAYER_COLOURS]
    assert min(np.abs(a - b).max() for a, b in itertools.combinations(seen, 2)) > 0.1
