import numpy as np
import pandas as pd
import pytest
from napari.layers import Image

from napari_strata.config import ClassTable, ModelCard, ModelConfig
from napari_strata.types import ATOM_COLUMNS, Prediction
from napari_strata.widgets.layers.atom_layers import atom_layer
from napari_strata.widgets.layers.colours import HUES, class_colours
from napari_strata.widgets.layers.label_memory import class_table_of, image_of, mates_of
from napari_strata.widgets.layers.napari_layers import (
    Origin,
    heatmap_layer,
    mask_layers,
    probability_layers,
    region_layer,
    target_layer,
)
from napari_strata.widgets.layers.results import ORIGIN
from napari_strata.widgets.layers.targets import Chosen, Place
from napari_strata.widgets.parts.layer_choice import RESULT

NANOMETRES = {
    "scale": (2.0, 0.02, 0.03),
    "translate": (1.0, 5.0, -7.0),
    "units": ("s", "nm", "nm"),
    "axis_labels": ("t", "y", "x"),
}
ROTATED = {"scale": (0.1, 0.1), "rotate": 30, "shear": [0.2], "translate": (3, 4), "units": ("nm", "nm")}
AFFINE = {"affine": np.array([[1.0, 0.5, 3], [0, 1, 4], [0, 0, 1]])}
IN_PLANE = np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])
SOURCES = {
    "anisotropic stack": ((3, 8, 10), NANOMETRES),
    "rotated stack": ((3, 8, 10), NANOMETRES | {"rotate": IN_PLANE}),
    "rotated image": ((8, 10), ROTATED),
    "image with an affine": ((8, 10), AFFINE),
}
DETAILS = {"method": "input-gradient", "class": "C", "layer": 1, "against": {"kind": "background"}}


def card(*, layers=2, names=("W", "S")) -> ModelCard:
    return ModelCard(
        name="m",
        created="2026-11-21T00:00:00Z",
        model=ModelConfig(architecture="gombnet" if layers > 1 else "unet", layers=layers),
        classes=ClassTable.from_names(names),
        trained_on="nothing",
        figures={},
        software={},
        weights_file="weights-0.safetensors",
        weights_sha256="1" * 64,
    )


def make_origin(shape=(8, 10), *, pixel_size=0.2, layers=2, names=("W", "S"), **settings) -> Origin:
    image = Image(np.zeros(shape), name="image", **settings)
    return Origin(image, pixel_size, card(layers=layers, names=names), "/models/m")


def predict(frames=1, layers=2, classes=2) -> Prediction:
    """Make a prediction whose most probable class is background but for pixel (2, 3), class 1 of layer 0."""
    probabilities = np.zeros((frames, layers, classes + 1, 8, 10), np.float32)
    probabilities[:, :, 0] = 1
    probabilities[:, 0, :2, 2, 3] = [0.25, 0.75]
    return Prediction(probabilities, ("W", "S")[:classes], 0.2, "image")


def atoms(rows) -> pd.DataFrame:
    """Make an atom table of (frame, layer, species, y, x)."""
    return pd.DataFrame(
        [("image", f, k, s, y, x, 0.2 * y, 0.2 * x, 0.5) for f, k, s, y, x in rows], columns=list(ATOM_COLUMNS)
    )


def test_masks_keep_their_class_names_and_mates_when_they_become_labels():
    origin = make_origin()
    first, second = mask_layers(predict(), origin)
    for layer, masks in enumerate((first, second)):
        assert class_table_of(masks).names == ("W", "S")
        assert tuple(one.color for one in class_table_of(masks).classes) == class_colours(origin.card, layer)
        assert image_of(masks, [origin.image]) == origin.image
        masks.metadata.pop(RESULT)  # as when somebody has painted on them
    others = mask_layers(predict(), origin)
    assert mates_of(second, [second, *others, first]) == [first, second]


def all_layers(origin: Origin):
    frames = origin.image.data.shape[0] if origin.image.ndim == 3 else 1
    prediction = predict(frames)
    return [
        *mask_layers(prediction, origin),
        *probability_layers(prediction, origin),
        atom_layer(atoms([(0, 0, "W", 2, 3)]), origin),
        target_layer(origin, Place(0, 2, 3), diameter=5),
    ]


@pytest.mark.parametrize("source", SOURCES)
def test_every_layer_carries_the_images_placement(source):
    shape, settings = SOURCES[source]
    origin = make_origin(shape, **settings)
    for layer in all_layers(origin):
        for name in ("scale", "translate", "rotate", "shear"):
            assert np.allclose(getattr(layer, name), getattr(origin.image, name)), (layer.name, name)
        assert np.allclose(np.array(layer.affine), np.array(origin.image.affine))
        assert (layer.units, layer.axis_labels) == (origin.image.units, origin.image.axis_labels)
        assert layer.metadata[RESULT]


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_pixel_is_at_the_same_place_of_the_world(source):
    shape, settings = SOURCES[source]
    origin = make_origin(shape, **settings)
    pixel = (2,) * (len(shape) - 2) + (4, 5)
    for layer in all_layers(origin):
        assert np.allclose(layer.data_to_world(pixel), origin.image.data_to_world(pixel))


@pytest.mark.parametrize("rotation", [{}, {"rotate": IN_PLANE}])
def test_a_heatmap_lies_on_the_frame_that_it_explains(rotation):
    origin = make_origin((3, 8, 10), **NANOMETRES, **rotation)
    chosen = Chosen("atom", Place(2, 4.0, 5.0), 1)
    layer = heatmap_layer(np.ones((8, 10), np.float32), origin, chosen, details=DETAILS | {"method": "grad-cam"})
    assert layer.data.shape == (1, 8, 10)
    assert np.allclose(layer.data_to_world((0, 4, 5)), origin.image.data_to_world((2, 4, 5)))
    assert layer.units == origin.image.units


def test_changing_a_result_leaves_the_image_where_it_is():
    origin = make_origin(**AFFINE)
    (layer, _) = mask_layers(predict(), origin)
    layer.affine = np.eye(3)
    layer.scale = (9, 9)
    assert np.allclose(np.array(origin.image.affine), AFFINE["affine"])
    assert origin.image.scale.tolist() == [1, 1]


def test_masks_are_whole_numbers_with_background_transparent_and_a_hue_for_each_layer():
    first, second = mask_layers(predict(), make_origin())
    assert first.data.dtype == np.uint8
    assert first.data.shape == (8, 10)
    assert first.data[2, 3] == 2
    assert (second.data == 1).all()
    colours = first.colormap.color_dict
    assert colours[0][3] == colours[1][3] == colours[None][3] == 0
    assert colours[2][3] == 1
    assert colours[2][0] > colours[2][2]  # orange
    assert second.colormap.color_dict[2][2] > second.colormap.color_dict[2][0]  # blue


def test_pointing_at_a_mask_names_its_class():
    first, _ = mask_layers(predict(), make_origin())
    assert "class: W" in first.get_status((2, 3), world=True)["value"]
    assert "class: background" in first.get_status((0, 0), world=True)["value"]


def test_a_stack_gives_stacks():
    masks = mask_layers(predict(3), make_origin((3, 8, 10)))
    assert [layer.data.shape for layer in masks] == [(3, 8, 10)] * 2


def test_probabilities_are_hidden_and_add_up():
    layers = probability_layers(predict(), make_origin())
    assert [layer.name for layer in layers] == [
        f"Layer {layer} P({name}) - m - image" for layer in (0, 1) for name in ("W", "S")
    ]
    assert layers[0].data[2, 3] == 0.75
    assert {layer.blending for layer in layers} == {"additive"}
    assert not any(layer.visible for layer in layers)
    assert layers[0].contrast_limits == [0, 1]


def test_atoms_are_one_layer_coloured_by_crystal_layer_even_where_one_has_none():
    rows = [(0, 1, "S", 2.5, 3.25), (0, 1, "W", 4, 5)]
    layer = atom_layer(atoms(rows), make_origin())
    assert layer.data.tolist() == [[2.5, 3.25], [4, 5]]
    assert list(layer.features.columns) == ["layer", "species", "probability", "edited", "atom"]
    assert layer.face_color_mode == "cycle"
    assert np.allclose(layer.face_color[0], [int(HUES[1][i : i + 2], 16) / 255 for i in (1, 3, 5)] + [1])
    assert layer.size.tolist() == pytest.approx([0.7 / 0.2] * 2)


def test_atoms_of_a_stack_are_ordered_frame_y_x():
    layer = atom_layer(atoms([(2, 0, "W", 4.5, 5.5)]), make_origin((3, 8, 10)))
    assert layer.data.tolist() == [[2, 4.5, 5.5]]


def test_no_atoms_make_an_empty_layer_to_which_atoms_can_be_added():
    layer = atom_layer(atoms([]).astype({"layer": int, "probability": float}), make_origin())
    layer.add([3, 4])
    assert layer.features.loc[0].tolist() == [0, "W", 1.0, "added", -1]


def test_a_model_of_one_layer_has_the_colours_of_its_class_table():
    origin = make_origin(layers=1)
    assert class_colours(origin.card, 0) == tuple(c.color for c in origin.card.classes.classes)
    assert [layer.name for layer in mask_layers(predict(layers=1), origin)] == ["Masks - m - image"]


def test_classes_of_one_layer_have_colours_of_their_own():
    colours = [class_colours(card(names=("a", "b", "c")), layer) for layer in (0, 1)]
    assert len({colour for layer in colours for colour in layer}) == 6


def test_a_heatmap_says_what_it_is_and_where_it_comes_from():
    data = np.zeros((8, 10), np.float32)
    data[4, 5] = 0.5
    details = DETAILS | {"class": "W"}
    layer = heatmap_layer(data, make_origin(), Chosen("pixel", Place(0, 4, 5), 1), details=details)
    assert layer.name == "4, 5: Gradient saliency - why W, layer 1 - m - image"
    assert layer.contrast_limits == [0, 0.5]
    assert layer.metadata["explanation"] == details
    assert layer.metadata[ORIGIN]["provenance"]["weights_sha256"] == "1" * 64


def test_a_signed_map_has_limits_about_zero_and_lets_the_image_through_there():
    data = np.zeros((8, 10), np.float32)
    data[4, 5], data[2, 2] = -2.0, 1.0
    details = DETAILS | {"method": "occlusion", "done": 0.4}
    layer = heatmap_layer(data, make_origin(), Chosen("slice", Place(0, 4, 5), 1), details=details)
    low, high = layer.contrast_limits
    assert (low, high) == (pytest.approx(-high), pytest.approx(1.98))
    below, zero, above = layer.colormap.map(np.array([0.0, 0.5, 1.0]))
    assert zero[3] == pytest.approx(0, abs=0.01)
    assert (below[2] > below[0], above[0] > above[2]) == (True, True)
    assert (below[3], above[3]) == (1, 1)
    assert layer.blending == "translucent"
    assert layer.name == "Slice: Occlusion, unfinished - why C, layer 1 - m - image"


@pytest.mark.parametrize("source", SOURCES)
def test_the_outline_of_a_region_lies_on_its_pixels_and_has_a_margin(source):
    shape, settings = SOURCES[source]
    origin = make_origin(shape, **settings)
    mask = np.zeros(shape[-2:], bool)
    mask[2:4, 5] = True
    frame = 2 if len(shape) == 3 else 0
    layer = region_layer(origin, Chosen("region", Place(frame, 2.5, 5), 1, mask))
    corner, own = ((2,), (0,)) if len(shape) == 3 else ((), ())
    assert np.allclose(layer.data_to_world((*own, 3, 6)), origin.image.data_to_world((*corner, 2, 5)))
    assert layer.data[..., 3, 6].all()
    assert layer.data.sum() == 2


def test_a_heatmap_of_zeros_can_be_shown():
    chosen = Chosen("pixel", Place(0, 4, 5), 1)
    layer = heatmap_layer(
        np.zeros((8, 10), np.float32), make_origin(), chosen, details=DETAILS | {"method": "grad-cam"}
    )
    assert layer.contrast_limits == [0, 1]
