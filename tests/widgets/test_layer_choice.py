import numpy as np
import pytest
from napari.layers import Image, Labels
from qtpy.compat import isalive

from napari_strata.widgets.layer_choice import RESULT, LayerChoice

PICTURE = np.arange(64.0).reshape(8, 8)


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


def test_the_choice_is_kept_while_layers_come_go_and_change_names(viewer, choice):
    told = []
    choice.chosen.connect(told.append)
    first = viewer.add_image(PICTURE, name="a")
    second = viewer.add_image(PICTURE, name="b")
    second.name = "renamed"
    assert texts(choice) == ["renamed", "a"]
    assert choice.layer == first
    viewer.layers.remove(first)
    assert choice.layer == second
    viewer.layers.remove(second)
    assert choice.layer is None
    assert told == [first, second, None]


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
