import numpy as np
import pytest
from napari.layers import Image, Labels, Points, Vectors

from napari_strata.widgets.layers.results import ORIGIN, is_edited, show_results, tag

SHAPE = (8, 10)


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def image(viewer):
    return viewer.add_image(np.arange(80.0).reshape(SHAPE), name="image")


def atoms(image, layers, *, size=3.0, model="first", **features) -> Points:
    """Make atoms in a row, as many as there are layers named, coloured by layer."""
    places = np.column_stack([np.arange(len(layers), dtype=float), np.full(len(layers), 2.0)])
    return Points(
        places,
        name="atoms",
        features={"layer": layers, **features},
        face_color={"color_mode": "cycle", "color_properties": "layer"},
        face_color_cycle={0: "red", 1: "blue"},
        size=size,
        metadata=tag("atoms", image, "m", {"model_name": model}),
    )


def dots(image, values, *, what="strain", colours="viridis") -> Points:
    places = np.column_stack([np.arange(len(values), dtype=float), np.full(len(values), 2.0)])
    colouring = {"face_color": what, "face_colormap": colours, "face_contrast_limits": (0.0, max(values))}
    metadata = tag("map", image, "", {})
    return Points(places, name="dots", features={what: np.array(values)}, **colouring, metadata=metadata)


def arrows(image, lengths, *, length=1.0) -> Vectors:
    data = np.zeros((len(lengths), 2, 2))
    data[:, 1, 1] = lengths
    metadata = tag("map", image, "", {"shown": "arrows"})
    return Vectors(data, name="arrows", features={"size": lengths}, length=length, metadata=metadata)


def red_and_blue(points) -> list[str]:
    return ["red" if colour[0] > colour[2] else "blue" for colour in points.face_color]


@pytest.mark.canvas
@pytest.mark.parametrize("is_seen", [True, False], ids=["seen", "hidden"])
@pytest.mark.parametrize("layers", [[1], [1, 0], [0, 1, 0, 1]], ids=["fewer", "as many", "more"])
def test_atoms_become_others_and_their_layer_stays(viewer, image, layers, is_seen):
    (points,) = show_results(viewer, [atoms(image, [0, 1])])
    above = viewer.add_image(np.ones(SHAPE), name="above")
    points.visible, points.opacity, points.size, points.symbol = is_seen, 0.25, 5, "square"
    viewer.layers.selection = {points}
    points.selected_data = {1}
    told = []
    points.events.data.connect(lambda event: told.append((str(event.action), points.features["layer"].tolist())))
    assert show_results(viewer, [atoms(image, layers)]) == [points]
    assert list(viewer.layers) == [image, points, above] and viewer.layers.selection.active == points
    assert points.data[:, 0].tolist() == list(range(len(layers)))
    assert red_and_blue(points) == [("red", "blue")[layer] for layer in layers]
    assert (points.visible, points.opacity, points.size.tolist()) == (is_seen, 0.25, [5] * len(layers))
    assert {str(symbol) for symbol in points.symbol} == {"square"}
    assert not points.selected_data and not is_edited(points)
    assert told and all(features == layers for _, features in told), "atoms are told with their own features"


def test_what_atoms_are_made_with_otherwise_goes_with_them(viewer, image):
    (points,) = show_results(viewer, [atoms(image, [0, 1])])
    points.size = 5
    show_results(viewer, [atoms(image, [0, 1], size=4.0)])
    assert points.size.tolist() == [4, 4]
    points.size = [1, 9]  # of two atoms, which are others now
    show_results(viewer, [atoms(image, [1, 0], size=4.0)])
    assert points.size.tolist() == [4, 4]


@pytest.mark.parametrize("other", [{"model": "second"}, {"score": [1.0, 2.0]}], ids=["model", "features"])
def test_atoms_of_another_model_or_with_other_features_get_a_layer_of_their_own(viewer, image, other):
    (points,) = show_results(viewer, [atoms(image, [0, 1])])
    (shown,) = show_results(viewer, [atoms(image, [0, 1], **other)])
    assert list(viewer.layers) == [image, shown] and shown is not points


def test_atoms_are_edited_only_after_they_became_others(viewer, image):
    (points,) = show_results(viewer, [atoms(image, [0, 1])])
    show_results(viewer, [atoms(image, [1, 0, 1])])
    points.add([5, 6])
    (shown,) = show_results(viewer, [atoms(image, [0, 1])])
    assert [layer.name for layer in viewer.layers] == ["image", "atoms (edited)", "atoms"]
    assert len(points.data) == 4 and shown is viewer.layers["atoms"]


def test_masks_become_others_and_their_layer_stays(viewer, image):
    def masks(code, model="first"):
        metadata = tag("masks", image, "m", {"model_name": model})
        return Labels(np.full(SHAPE, code, np.uint8), name="masks", features={"index": [1]}, metadata=metadata)

    (first,) = show_results(viewer, [masks(1)])
    first.contour = 2
    assert show_results(viewer, [masks(2)]) == [first]
    assert (first.data == 2).all() and first.contour == 2 and not is_edited(first)
    assert first.metadata[ORIGIN]["shown"] == first.unique_id
    assert show_results(viewer, [masks(2, "second")]) != [first]


def test_what_was_painted_and_undone_is_not_done_again_on_other_masks(viewer, image):
    def masks(code):
        return Labels(np.full(SHAPE, code, np.uint8), name="masks", metadata=tag("masks", image, "m", {}))

    (first,) = show_results(viewer, [masks(1)])
    first.data_setitem((np.array([0, 1]), np.array([0, 1])), 3)
    first.undo()
    assert show_results(viewer, [masks(2)]) == [first]
    first.redo()
    first.undo()
    assert (first.data == 2).all()


def test_dots_and_arrows_of_the_same_map_become_others(viewer, image):
    (shown,) = show_results(viewer, [dots(image, [1.0, 2.0])])
    assert show_results(viewer, [dots(image, [4.0, 3.0, 0.0])]) == [shown]
    assert shown.face_contrast_limits == (0, 4)
    assert np.allclose(shown.face_color, dots(image, [4.0, 3.0, 0.0]).face_color)
    turned = dots(image, [2.0, 1.0], what="rotation", colours="inferno")
    assert show_results(viewer, [turned]) == [shown] and list(shown.features) == ["rotation"]
    assert np.allclose(shown.face_color, turned.face_color)
    (drawn,) = show_results(viewer, [arrows(image, [1.0, 2.0])])
    drawn.edge_width, drawn.length = 0.5, 7
    assert show_results(viewer, [arrows(image, [3.0])]) == [drawn]
    assert (drawn.edge_width, drawn.length, drawn.data[:, 1, 1].tolist()) == (0.5, 7, [3])
    show_results(viewer, [arrows(image, [3.0], length=2)])
    assert drawn.length == 2


def test_limits_that_a_person_set_stay_until_the_values_have_others(viewer, image):
    def heat(end):
        return Image(np.full(SHAPE, end), name="P", contrast_limits=(0, end), metadata=tag("p", image, "m", {}))

    (shown,) = show_results(viewer, [heat(1.0)])
    shown.contrast_limits = (0.2, 0.5)
    show_results(viewer, [heat(1.0)])
    assert shown.contrast_limits == [0.2, 0.5]
    show_results(viewer, [heat(3.0)])
    assert list(shown.contrast_limits) == [0, 3]
