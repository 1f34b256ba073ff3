import numpy as np
import pytest
from napari.layers import Image, Labels
from qtpy.compat import isalive
from qtpy.QtCore import Qt

from napari_strata.widgets.parts.layer_choice import GREY_OF, RESULT, LayerChoice

PICTURE = np.arange(64.0).reshape(8, 8)


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


def choose_by_hand(choice: LayerChoice, text: str) -> None:
    choice.setCurrentText(text)
    choice.activated.emit(choice.currentIndex())


def texts(choice: LayerChoice) -> list[str]:
    return [choice.itemText(i) for i in range(choice.count())]


@pytest.fixture
def choice(qtbot, viewer):
    choice = LayerChoice(viewer, Image)
    qtbot.addWidget(choice)
    return choice


def test_only_layers_of_the_kind_that_are_no_results_are_offered(viewer, choice):
    viewer.add_image(PICTURE, name="a")
    viewer.add_labels(PICTURE.astype(int), name="b")
    viewer.add_image(PICTURE, name="c", metadata={RESULT: True})
    assert texts(choice) == ["a"]


def test_the_choice_follows_the_active_layer(viewer, choice):
    told = []
    choice.chosen.connect(told.append)
    first, second = (viewer.add_image(PICTURE, name=name) for name in "ab")
    viewer.layers.selection.active = first
    second.name = "renamed"
    assert texts(choice) == ["renamed", "a"]
    viewer.layers.remove(first)
    viewer.layers.remove(second)
    assert told == [first, second, first, second, None]


def test_a_result_or_another_kind_of_layer_that_becomes_active_is_not_followed(viewer, choice):
    first = viewer.add_image(PICTURE, name="a")
    viewer.add_image(PICTURE, name="b", metadata={RESULT: True})
    viewer.add_labels(PICTURE.astype(int), name="c")
    viewer.layers.selection.active = None
    assert choice.layer == first


def test_a_choice_by_hand_holds_until_the_layer_is_removed(viewer, choice):
    first, second, _third = (viewer.add_image(PICTURE, name=name) for name in "abc")
    choose_by_hand(choice, "a")
    viewer.layers.selection.active = second
    viewer.add_image(PICTURE, name="d")
    assert choice.layer == first
    viewer.layers.remove(first)
    viewer.layers.selection.active = second
    assert choice.layer == second


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_colour_image_gives_way_to_its_grey_copy_and_comes_back_without_it(viewer, choice, by_hand):
    colour = viewer.add_image(np.zeros((8, 8, 3)), rgb=True, name="colour")
    if by_hand:
        choose_by_hand(choice, "colour")
    viewer.add_image(PICTURE, name="other")
    grey = viewer.add_image(PICTURE, name="grey", metadata={GREY_OF: colour.unique_id})
    assert texts(choice) == ["grey", "other"]
    assert choice.layer == grey
    viewer.layers.remove(grey)
    assert texts(choice) == ["other", "colour"]


def test_none_can_be_offered(qtbot, viewer):
    choice = LayerChoice(viewer, Labels, none_text="none")
    qtbot.addWidget(choice)
    layer = viewer.add_labels(PICTURE.astype(int), name="b")
    assert texts(choice) == ["none", "b"]
    assert choice.layer == layer
    choice.choose(None)
    viewer.add_labels(PICTURE.astype(int), name="c")
    assert choice.layer is None


def test_a_destroyed_choice_no_longer_listens(qtbot, viewer):
    choice = LayerChoice(viewer, Image)
    choice.deleteLater()
    qtbot.waitUntil(lambda: not isalive(choice))
    viewer.add_image(PICTURE)


def test_what_the_names_of_results_all_end_with_is_left_out_and_whole_in_the_tool_tip(qtbot, viewer):
    choice = LayerChoice(viewer, Image, offers=lambda _layer: True)
    qtbot.addWidget(choice)
    for what in ("Why C: Occlusion", "Why C: LIME"):
        viewer.add_image(PICTURE, name=f"{what} - model - image", metadata={RESULT: True})
    assert texts(choice) == ["Why C: LIME", "Why C: Occlusion"]
    assert choice.itemData(0, Qt.ItemDataRole.ToolTipRole) == "Why C: LIME - model - image"
    viewer.add_image(PICTURE, name="Why C: LIME - model - other", metadata={RESULT: True})
    assert texts(choice)[1] == "Why C: LIME - model - image"
    viewer.add_image(PICTURE, name="raw - image")  # an input is called what the user calls it
    assert texts(choice)[0] == "raw - image"
