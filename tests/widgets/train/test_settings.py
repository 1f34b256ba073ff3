import numpy as np
import pytest
from napari.layers._layer_actions import _duplicate_layer
from napari.layers.labels.labels import Labels

from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.widgets.layers.atom_points import new_atoms
from napari_strata.widgets.layers.label_layers import add_grey, new_labels
from napari_strata.widgets.layers.label_memory import new_group
from napari_strata.widgets.parts.layer_choice import RESULT
from napari_strata.widgets.train.settings import GOMBNET, LABELLED, SIMULATED, UNET, TrainSettings

STACK = np.random.default_rng(0).random((3, 24, 20)).astype(np.float32)
TABLE = ClassTable.from_names(("bubble",))


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def settings(qtbot, viewer):
    settings = TrainSettings(viewer)
    qtbot.addWidget(settings)
    return settings


def add_labelled(viewer, name: str, *, layers: int = 1) -> list[Labels]:
    """Add an image, and labels with a stroke of background and one of bubble in frame 1."""
    image = viewer.add_image(STACK, name=name)
    added = new_labels(viewer, image, layers=layers, table=TABLE)
    for labels in added:
        labels.data[1, 0], labels.data[1, 1] = 1, 2
    return added


def by_hand(box, text: str) -> None:
    box.setCurrentText(text)
    box.activated.emit(box.currentIndex())


def duplicate(viewer, labels: Labels) -> Labels:
    viewer.layers.selection = [labels]
    _duplicate_layer(viewer.layers)
    return viewer.layers[f"{labels.name} copy"]


def chosen(settings, layers: int) -> list[Labels]:
    return [choice.layer for choice in settings.labels[:layers]]


def test_labels_bring_their_image(viewer, settings):
    (of_a,), (of_b,) = (add_labelled(viewer, name) for name in "ab")
    assert (settings.labels[0].layer, settings.image.layer.name) == (of_b, "b")
    viewer.layers.selection.active = of_a
    assert settings.image.layer.name == "a"
    by_hand(settings.labels[0], "b labels")
    assert settings.image.layer.name == "b"


def test_an_image_brings_its_labels(viewer, settings):
    (of_a,), _ = (add_labelled(viewer, name) for name in "ab")
    viewer.layers.selection.active = viewer.layers["a"]
    assert settings.labels[0].layer == of_a
    by_hand(settings.image, "b")
    assert settings.labels[0].layer.name == "b labels"


def test_what_was_chosen_by_hand_does_not_follow_the_active_layer(viewer, settings):
    for name in "abc":
        add_labelled(viewer, name)
    by_hand(settings.labels[0], "b labels")
    viewer.layers.selection.active = viewer.layers["a"]
    viewer.layers.selection.active = viewer.layers["c labels"]
    assert (settings.image.layer.name, settings.labels[0].layer.name) == ("b", "b labels")


def test_strokes_of_one_image_are_not_trained_on_the_pixels_of_another(viewer, settings):
    add_labelled(viewer, "a")
    viewer.add_image(STACK, name="b")
    by_hand(settings.image, "b")
    with pytest.raises(LabelsError, match=r"a labels was made for the image a, not for b\. Choose a"):
        settings.take()
    viewer.layers.remove("a")
    with pytest.raises(LabelsError, match=r"a labels was made for the image a, not for b\. Open a"):
        settings.take()


def test_an_image_that_was_closed_and_opened_again_takes_its_labels_back(viewer, settings):
    add_labelled(viewer, "a")
    viewer.layers.remove("a")
    viewer.add_image(STACK, name="a")
    assert settings.take().labels[0].shape == (1, 1, 24, 20)


def test_labels_made_elsewhere_need_only_have_the_shape(viewer, settings):
    viewer.add_image(STACK, name="a")
    viewer.add_labels(np.ones((3, 24, 20), np.uint8), name="other").data[0, 0] = 2
    settings.source.setCurrentText(LABELLED)
    assert settings.take().images[0].name == "a"


def test_every_crystal_layer_must_be_painted(viewer, settings):
    _first, second = add_labelled(viewer, "a", layers=2)
    second.data[:] = 0
    with pytest.raises(LabelsError, match="Nothing is painted in a layer 1 labels"):
        settings.take()


def test_labels_that_look_like_numbered_objects_are_refused_in_words(viewer, settings):
    viewer.add_image(STACK[0], name="a")
    viewer.add_labels(np.full((24, 20), 255, np.uint8), name="mask")
    settings.source.setCurrentText(LABELLED)
    with pytest.raises(LabelsError, match="mask holds codes up to 255"):
        settings.take()


def test_labels_are_proposed_with_a_network_of_as_many_layers(viewer, settings):
    assert (settings.source.currentText(), settings.network.currentText()) == (SIMULATED, GOMBNET)
    added = add_labelled(viewer, "a")
    assert (settings.source.currentText(), settings.network.currentText()) == (LABELLED, UNET)
    for labels in added:
        viewer.layers.remove(labels)
    assert (settings.source.currentText(), settings.network.currentText()) == (SIMULATED, GOMBNET)
    added = add_labelled(viewer, "b", layers=3)
    assert (settings.source.currentText(), settings.network.currentText()) == (LABELLED, GOMBNET)
    assert chosen(settings, 3) == added
    assert settings.take().config.model.layers == 3


def test_neither_labels_from_elsewhere_nor_a_source_chosen_by_hand_are_followed_by_a_proposal(viewer, settings):
    viewer.add_labels(STACK.astype(int))
    assert settings.source.currentText() == SIMULATED
    by_hand(settings.source, SIMULATED)
    add_labelled(viewer, "a")
    assert settings.source.currentText() == SIMULATED


def test_a_unet_learns_from_the_labels_of_any_one_crystal_layer(viewer, settings):
    first, second = add_labelled(viewer, "a", layers=2)
    by_hand(settings.network, UNET)
    viewer.layers.selection.active = second
    assert settings.labels[0].layer == second
    by_hand(settings.labels[0], first.name)
    by_hand(settings.labels[0], second.name)
    assert settings.labels[0].layer == second


def test_a_gombnet_takes_the_crystal_layers_in_order_whichever_is_active_or_uppermost(viewer, settings):
    first, second = add_labelled(viewer, "a", layers=2)
    viewer.layers.selection.active = second
    viewer.layers.move(viewer.layers.index(second), 0)
    assert chosen(settings, 2) == [first, second]
    by_hand(settings.network, UNET)
    viewer.layers.selection.active = second
    by_hand(settings.network, GOMBNET)
    assert chosen(settings, 2) == [first, second]


@pytest.mark.parametrize("layer", [0, 1])
def test_a_copy_of_labels_can_be_chosen(viewer, settings, layer):
    added = add_labelled(viewer, "a", layers=2)
    copy = duplicate(viewer, added[layer])
    by_hand(settings.labels[layer], copy.name)
    settings.layers.setValue(3)
    settings.layers.setValue(2)
    expected = [copy, added[1]] if layer == 0 else [added[0], copy]
    assert chosen(settings, 2) == expected
    assert settings.take().labels[0].shape == (1, 2, 24, 20)


def test_a_copy_of_the_only_labels_is_no_second_crystal_layer(viewer, settings):
    (labels,) = add_labelled(viewer, "a")
    duplicate(viewer, labels)
    assert settings.network.currentText() == UNET


def test_results_never_become_the_image_to_learn_from(viewer, settings):
    image = viewer.add_image(STACK, name="a")
    viewer.add_image(STACK, name="heatmap", metadata={RESULT: True})
    assert settings.image.layer == image


def test_the_grey_copy_takes_the_place_of_a_colour_image(viewer, settings):
    colour = viewer.add_image(np.zeros((8, 9, 3)), rgb=True, name="photo")
    by_hand(settings.image, "photo")
    add_grey(viewer, colour)
    assert settings.image.layer.name == "photo grey"


def test_no_image_chosen_by_hand_stays_no_image(viewer, settings):
    by_hand(settings.image, "none (no live preview)")
    viewer.add_image(STACK, name="a")
    assert settings.image.layer is None


def test_a_typed_grid_stays_while_the_proposal_is_the_same(viewer, settings):
    settings.model.set_value("pixel_size", 0.1)
    settings.layers.setValue(3)
    settings.network.setCurrentText(UNET)
    viewer.add_image(STACK[0], scale=(0.3, 0.3), units=("angstrom", "angstrom"))
    assert settings.model.value("pixel_size") == pytest.approx(0.1)
    settings.source.setCurrentText(LABELLED)
    assert settings.model.value("pixel_size") is None


def test_what_is_learned_from_says_where_in_the_stack_it_was_painted(viewer, settings, tmp_path):
    add_labelled(viewer, "a")
    inputs = settings.take().inputs(tmp_path)
    assert (inputs.painted.frames, inputs.painted.depth) == ((1,), 3)
    assert inputs.classes == TABLE
    settings.source.setCurrentText(SIMULATED)
    viewer.layers.remove("a labels")
    viewer.layers.remove("a")
    assert settings.take().inputs(tmp_path).painted is None


def test_atoms_are_learned_from_as_they_are_clicked(viewer, settings):
    length = {"scale": (1, 0.5, 0.5), "units": ("pixel", "angstrom", "angstrom")}
    image = viewer.add_image(STACK, name="a", **length)
    first, second = new_atoms(viewer, image, layers=2, table=TABLE, group=new_group())
    first.add((1, 5, 5))
    second.add((1, 5, 6))
    viewer.layers.selection.active = first
    by_hand(settings.network, GOMBNET)
    assert chosen(settings, 2) == [first, second]
    plan = settings.take()
    (labels,) = plan.labels
    assert (plan.learned.frames, labels.shape, plan.classes) == ((1,), (1, 2, 24, 20), TABLE)
    assert [np.argwhere(layer == 2).mean(axis=0).tolist() for layer in labels[0]] == [[5, 5], [5, 6]]
    assert [(layer == 1).sum() for layer in labels[0]] == [24 * 20 - 5] * 2


def test_points_that_were_not_made_for_labelling_are_not_offered(viewer, settings):
    viewer.add_image(STACK, name="a")
    viewer.add_points(np.zeros((1, 3)), name="results")
    assert settings.labels[0].findText("results") == -1


def test_how_much_corrections_count_and_how_fast_that_fades_can_be_set(qtbot, settings):
    corrections = settings.training.editor("corrections")
    for name, value in {"share": 0.25, "half_life": 4.0}.items():
        box = corrections.editor(name)
        assert not box.isHidden()
        box.setValue(value)
    chosen_ones = settings.training.values().corrections
    assert (chosen_ones.share, chosen_ones.half_life) == (0.25, 4.0)
