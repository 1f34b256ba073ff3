import numpy as np
import pandas as pd
import pytest
from napari.layers import Image, Points

from napari_strata.config import ClassTable, ModelCard, ModelConfig
from napari_strata.widgets.layers.atom_layers import atom_layer
from napari_strata.widgets.layers.atom_memory import edit_again, edits_of, marked_table, memory_of
from napari_strata.widgets.layers.napari_layers import Origin

CARD = ModelCard(
    name="m",
    created="2026-11-21T00:00:00Z",
    model=ModelConfig(architecture="gombnet", layers=2),
    classes=ClassTable.from_names(("W", "S")),
    trained_on="nothing",
    figures={},
    software={},
    weights_file="weights-0.safetensors",
    weights_sha256="0" * 64,
)

CLASSES = CARD.classes.names


def table(places, layer):
    y, x = np.array(places, dtype=float).T
    details = {
        "probability": 0.912345,
        "sigma_y": 0.0123456,
        "sigma_x": 0.02,
        "flag": ["border", *[""] * (len(y) - 1)],
    }
    row = {"image": "a", "frame": 0, "layer": layer, "species": "W", "y_px": y, "x_px": x, "y_A": y, "x_A": x}
    return pd.DataFrame(row | details)


COMPUTED = pd.concat([table([(5, 5), (5, 15), (15, 5)], 0), table([(10, 10), (10, 20)], 1)], ignore_index=True)


def show(computed=COMPUTED, edited=None):
    image = Image(np.zeros((30, 30)), name="a", scale=(0.2, 0.2), units=("angstrom",) * 2)
    return atom_layer(computed, Origin(image, 0.2, CARD, "m"), edited=edited)


@pytest.fixture
def points():
    return show()


def test_what_is_known_of_an_atom_is_seen_under_the_mouse(points):
    said = points.get_status(position=(1.0, 1.0), world=True)["value"]
    for words in ("species: W", "probability: 0.912", "sigma_y: 0.0123", "flag: border", "atom: 0"):
        assert words in said
    assert "edited" not in said
    assert "flag" not in points.get_status(position=(1.0, 3.0), world=True)["value"]


def test_digits_that_are_not_shown_are_kept_unless_somebody_typed_others(points):
    assert points.features["probability"][3] == 0.912
    points.features.loc[0, "probability"] = 0.5
    points.add(np.array([[20.0, 20.0]]))
    kept = marked_table(points)
    assert kept["probability"].tolist() == [0.5, *[0.912345] * 4, 1.0]
    assert kept["sigma_y"].tolist()[:5] == [0.0123456] * 5


def test_edits_with_the_tools_of_napari_are_known(points):
    points.selected_data = {3}
    points.remove_selected()
    points.data = np.vstack([[5.5, 5], points.data[1:]])
    points.add([25, 25])
    assert edits_of(points)["edited"].tolist() == ["moved", "added", "deleted"]
    marked = marked_table(points)
    assert marked["edited"].tolist() == ["moved", "", "", "", "added"]
    assert marked["sigma_y"].isna().tolist() == [True, False, False, False, True]


def test_an_atom_added_while_another_one_was_selected_is_no_copy_of_it(points):
    points.selected_data = {0}
    points.add([25, 25])
    marked = marked_table(points)
    assert marked["edited"].tolist() == ["", "", "", "", "", "added"]
    assert marked["probability"].iloc[-1] == 1
    assert marked["flag"].tolist() == ["border", "", "", "border", "", ""]


def test_edits_are_done_again_in_the_layer_that_the_atoms_are_in_now(points):
    points.selected_data = {0}
    points.remove_selected()
    points.add([25, 25])
    swapped = COMPUTED.assign(layer=1 - COMPUTED["layer"])
    swapped[["y_px", "x_px"]] += 0.2
    again = show(swapped, edit_again(points, swapped, 2, CLASSES, tolerance=2.0))
    assert again.data.tolist()[-1] == [25, 25]
    assert again.features["layer"].tolist() == [1, 1, 0, 0, 1]
    assert edits_of(again)["edited"].tolist() == ["added", "deleted"]


def test_a_deleted_atom_that_is_not_found_once_stays_deleted_when_it_is_found_again(points):
    points.selected_data = {0}
    points.remove_selected()
    without = COMPUTED[1:].reset_index(drop=True)
    once = show(without, edit_again(points, without, 2, CLASSES, tolerance=2.0))
    assert len(once.data) == 4
    twice = show(COMPUTED, edit_again(once, COMPUTED, 2, CLASSES, tolerance=2.0))
    assert len(twice.data) == 4
    assert [5, 5] not in twice.data.tolist()


def test_nothing_is_done_again_where_nothing_was_done_or_the_layers_are_others(points):
    assert edit_again(points, COMPUTED, 2, CLASSES, tolerance=2.0) is None
    points.add([25, 25])
    assert edit_again(points, COMPUTED, 1, CLASSES, tolerance=2.0) is None


def test_edits_that_name_a_species_of_the_earlier_model_alone_are_not_done_again(points):
    points.selected_data = {0}
    points.remove_selected()
    points.add([[25, 25], [25, 15]])
    points.features = points.features.assign(species=["W", "W", "W", "W", "S 2", "Si"])
    carbon = COMPUTED.assign(species="C")
    atoms, _ = edit_again(points, carbon, 2, ("C",), tolerance=2.0)
    assert atoms["species"].tolist() == ["C"] * 4 + ["Si"]  # a person's own name, and the deletion, are kept
    assert len(edit_again(points, COMPUTED, 2, CLASSES, tolerance=2.0)[0]) == 6


def test_points_from_elsewhere_have_no_memory_and_no_edits():
    points = Points([[1, 2]], features={"layer": [0]})
    assert memory_of(points) is None
    assert edits_of(points) is None
    assert marked_table(points)["layer"].tolist() == [0]
