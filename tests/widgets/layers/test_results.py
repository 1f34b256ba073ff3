import numpy as np
import pandas as pd
import pytest
from napari.layers import Image, Labels, Points
from napari.layers._layer_actions import _duplicate_layer

from napari_strata.widgets.layers.results import (
    ORIGIN,
    STACK_ROLE,
    find_results,
    hide_other_maps,
    remove_results,
    show_results,
    tag,
)
from napari_strata.widgets.parts.layer_choice import RESULT, LayerChoice

SHAPE = (8, 10)


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def image(viewer):
    return viewer.add_image(np.arange(80.0).reshape(SHAPE), name="image")


def masks(image, value=1, *, model="m", layer=0, name="masks") -> Labels:
    metadata = tag("masks", image, model, {"pixel_size": 0.2}, layer=layer)
    return Labels(np.full(SHAPE, value, np.uint8), name=name, metadata=metadata)


def atoms(image, data, *, model="m") -> Points:
    return Points(np.array(data, float), name="atoms", metadata=tag("atoms", image, model, {"pixel_size": 0.2}))


def heat(image, value, *, method="a", name="map", shape=SHAPE, **settings) -> Image:
    metadata = tag("heatmap", image, "m", {}, method=method) | {"explanation": {"value": value}}
    data = np.full(shape, value, float)
    return Image(data, name=name, contrast_limits=(0, value), metadata=metadata, **settings)


def names(viewer):
    return [layer.name for layer in viewer.layers]


def test_the_same_result_again_takes_the_place_of_the_first(viewer, image):
    show_results(viewer, [masks(image, layer=0), masks(image, layer=1)])
    viewer.add_image(np.ones(SHAPE), name="other")
    show_results(viewer, [masks(image, 2, layer=0), masks(image, 3, layer=1)])
    assert names(viewer) == ["image", "masks", "masks [1]", "other"]
    assert [layer.data[0, 0] for layer in viewer.layers[1:3]] == [2, 3]


def test_what_was_hidden_stays_hidden_and_as_opaque_as_it_was(viewer, image):
    show_results(viewer, [masks(image)])
    viewer.layers["masks"].visible, viewer.layers["masks"].opacity = False, 0.25
    show_results(viewer, [masks(image, 2)])
    assert (viewer.layers["masks"].visible, viewer.layers["masks"].opacity) == (False, 0.25)


def test_results_of_another_model_or_image_stay(viewer, image):
    other = viewer.add_image(np.ones(SHAPE), name="other")
    show_results(viewer, [masks(image, model="m", name="a")])
    show_results(viewer, [masks(image, model="n", name="b")])
    show_results(viewer, [masks(other, model="m", name="c")])
    assert names(viewer) == ["image", "other", "a", "b", "c"]


def test_a_painted_result_stays_and_becomes_the_users_own(qtbot, viewer, image):
    show_results(viewer, [masks(image)])
    choice = LayerChoice(viewer, Labels)
    qtbot.addWidget(choice)
    assert choice.layer is None
    viewer.layers["masks"].paint((4, 5), 2)
    show_results(viewer, [masks(image, 3)])
    assert names(viewer) == ["image", "masks (edited)", "masks"]
    edited = viewer.layers["masks (edited)"]
    assert edited.data[4, 5] == 2
    assert choice.layer == edited
    show_results(viewer, [masks(image, 4)])
    assert names(viewer) == ["image", "masks (edited)", "masks"]


def test_a_painted_result_that_was_undone_is_replaced(viewer, image):
    show_results(viewer, [masks(image)])
    viewer.layers["masks"].paint((4, 5), 2)
    viewer.layers["masks"].undo()
    show_results(viewer, [masks(image, 3)])
    assert names(viewer) == ["image", "masks"]


@pytest.mark.parametrize("edit", ["move", "delete", "add"])
def test_edited_points_stay(viewer, image, edit):
    show_results(viewer, [atoms(image, [[1, 2], [3, 4]])])
    points = viewer.layers["atoms"]
    match edit:
        case "move":
            points.data = points.data + 0.5
        case "delete":
            points.selected_data = {0}
            points.remove_selected()
        case "add":
            points.add([5, 6])
    count = len(points.data)
    show_results(viewer, [atoms(image, [[1, 2]])])
    assert names(viewer) == ["image", "atoms (edited)", "atoms"]
    assert len(viewer.layers["atoms (edited)"].data) == count


def test_the_active_layer_stays_active(viewer, image):
    own = viewer.add_labels(np.zeros(SHAPE, np.uint8), name="mine")
    own.mode = "paint"
    show_results(viewer, [masks(image)])
    assert viewer.layers.selection.active == own
    assert own.mode == "paint"


def test_new_results_go_below_those_of_a_role(viewer, image):
    show_results(viewer, [atoms(image, [[1, 2]])])
    show_results(viewer, [masks(image)], below="atoms")
    assert names(viewer) == ["image", "masks", "atoms"]


def test_kept_results_are_never_replaced(viewer, image):
    for _ in range(2):
        show_results(viewer, [masks(image)], keep_earlier=True)
    show_results(viewer, [masks(image)])
    assert names(viewer) == ["image", "masks", "masks [1]"]
    assert all(layer.metadata[RESULT] for layer in viewer.layers[1:])


def test_results_are_found_by_role_image_and_model(viewer, image):
    show_results(viewer, [masks(image, model="m", name="a"), masks(image, model="n", name="b")])
    show_results(viewer, [atoms(image, [[1, 2]])])
    assert [layer.name for layer in find_results(viewer, "masks", image)] == ["a", "b"]
    assert [layer.name for layer in find_results(viewer, "masks", image, model="n")] == ["b"]
    assert find_results(viewer, "atoms", image)[0].metadata[ORIGIN]["provenance"] == {"pixel_size": 0.2}
    remove_results(viewer, "masks", image)
    assert names(viewer) == ["image", "atoms"]


def test_a_copy_of_a_result_belongs_to_the_user(viewer, image):
    show_results(viewer, [masks(image)])
    viewer.layers.selection = {viewer.layers["masks"]}
    _duplicate_layer(viewer.layers)
    show_results(viewer, [masks(image, 2)])
    assert names(viewer) == ["image", "masks", "masks copy"]
    assert [layer.data[0, 0] for layer in viewer.layers[1:]] == [2, 1]


def test_a_renamed_result_stays_under_its_name(viewer, image):
    show_results(viewer, [masks(image)])
    viewer.layers["masks"].name = "threshold 0.4"
    show_results(viewer, [masks(image, 2)])
    assert names(viewer) == ["image", "threshold 0.4", "masks"]


def test_atoms_whose_features_were_corrected_stay(viewer, image):
    first = atoms(image, [[1, 2], [3, 4]])
    first.features = pd.DataFrame({"species": ["W", "S"]})
    show_results(viewer, [first])
    first.features.iloc[0, 0] = "S"  # as napari's table of features does it
    show_results(viewer, [atoms(image, [[1, 2]])])
    assert names(viewer) == ["image", "atoms (edited)", "atoms"]


def test_of_the_maps_of_one_answer_and_of_every_slice_one_is_seen(viewer, image):
    other = viewer.add_image(np.zeros(SHAPE), name="other")
    every = Image(np.zeros(SHAPE), name="every", metadata=tag(STACK_ROLE, image, "m", {}))
    one, elsewhere = heat(image, 1), heat(other, 1, name="elsewhere")
    show_results(viewer, [one, every, elsewhere])
    for shown in (one, every):
        hide_other_maps(viewer, shown, image)
        assert [layer for layer in (one, every, elsewhere) if layer.visible] == [shown, elsewhere]


def test_a_map_is_changed_in_place_and_keeps_how_it_is_shown(viewer, image):
    (first,) = show_results(viewer, [heat(image, 2.0, name="map at 1")])
    first.visible, first.opacity, first.colormap = False, 0.25, "viridis"
    told = []
    first.events.metadata.connect(lambda _event: told.append(first.metadata["explanation"]))
    for value in (3.0, 0.5):
        (shown,) = show_results(viewer, [heat(image, value, name=f"map at {value}")])
        assert shown is first
        assert (first.name, first.data[0, 0], tuple(first.contrast_limits)) == (
            f"map at {value}",
            value,
            (0, value),
        )
        assert first.metadata["explanation"] == {"value": value}
    assert told == [{"value": 3.0}, {"value": 0.5}]
    assert (first.visible, first.opacity, first.colormap.name) == (False, 0.25, "viridis")
    assert names(viewer) == ["image", "map at 0.5"]


@pytest.mark.parametrize(
    "other", [{"shape": (4, 5)}, {"scale": (2, 2)}, {"method": "b"}], ids=["shape", "scale", "method"]
)
def test_a_map_of_another_kind_or_place_is_no_change_in_place(viewer, image, other):
    (first,) = show_results(viewer, [heat(image, 2.0)])
    new = heat(image, 3.0, **other)
    assert show_results(viewer, [new]) == [new]
    assert first.data[0, 0] == 2
    assert (first in viewer.layers) == ("method" in other)


@pytest.mark.parametrize("why", ["kept", "renamed"])
def test_a_map_that_stays_is_not_changed_in_place(viewer, image, why):
    (first,) = show_results(viewer, [heat(image, 2.0)])
    if why == "renamed":
        first.name = "mine"
    show_results(viewer, [heat(image, 3.0)], keep_earlier=why == "kept")
    show_results(viewer, [heat(image, 4.0)])
    assert [layer.data[0, 0] for layer in viewer.layers[1:]] == [2, 4]
